package main

import (
	"context"

	"cloudlet/actions"
	"cloudlet/engine"
)

// checkCommand is `cloudlet check`.
type checkCommand struct {
	Folder string `arg:"" optional:"" name:"app" help:"The app's folder."`
	Format string `enum:"text,json,github" default:"text" help:"How problems are printed: ${enum}."`
}

// Help is what --help says besides the flags.
func (checkCommand) Help() string {
	return `Reads the app as serve would, changes nothing, and exits 1 where something is wrong. Warnings alone are no reason.

Example:

    cloudlet check myapp --format github
`
}

// Run prints all problems of the app.
func (c *checkCommand) Run(ctx context.Context, t *terminal, f *folder) error {
	dir, err := f.dir(c.Folder)
	if err != nil {
		return err
	}
	problems, err := engine.Check(ctx, dir, engine.WithActions(actions.All()))
	if err != nil {
		return err
	}
	if err := engine.PrintProblems(t.out, c.Format, problems); err != nil {
		return err
	}
	if c.Format == engine.FormatText {
		t.notef("%s\n", tally(problems))
	}
	if failed(problems) {
		return errNo
	}
	return nil
}
