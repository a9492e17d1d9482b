package main

import (
	"context"
	"errors"

	"cloudlet/engine"
)

// secretCommands are `cloudlet secret …`.
type secretCommands struct {
	ShowPath secretPathCommand   `cmd:"" help:"Say which file holds the secret."`
	Rotate   secretRotateCommand `cmd:"" help:"Sign with a new secret from now on."`
}

type secretPathCommand struct {
	Format string `enum:"text,json" default:"text" help:"How the path is printed: ${enum}."`
}

// Help is what --help says besides the flags.
func (secretPathCommand) Help() string {
	return `The file is made when the app is first served. The secret itself is never printed.

Example:

    cloudlet secret show-path --app myapp
`
}

// Run prints the path.
func (c *secretPathCommand) Run(t *terminal, f *folder) error {
	dir, err := f.dir("")
	if err != nil {
		return err
	}
	path, err := engine.SecretPath(dir)
	switch {
	case err != nil:
		return err
	case path == "":
		return errors.New("no file holds the secret: the environment variable CLOUDLET_SECRET gives it")
	case c.Format == "json":
		return printJSON(t.out, struct {
			Path string `json:"path"`
		}{path})
	}
	t.printf("%s\n", path)
	return nil
}

type secretRotateCommand struct{}

// Help is what --help says besides the flags.
func (secretRotateCommand) Help() string {
	return `Tickets that the old secret signed stay valid until they expire. A server that is running signs with the new one within a second.

Example:

    cloudlet secret rotate --app myapp
`
}

// Run makes a new secret.
func (c *secretRotateCommand) Run(ctx context.Context, t *terminal, f *folder) error {
	return withAccounts(ctx, f, func(a *engine.Accounts) error {
		if err := a.RotateSecret(); err != nil {
			return err
		}
		t.notef("a new secret signs from now on; tickets of the old one stay valid until they expire\n")
		return nil
	})
}
