package main

import (
	"context"
	"os"

	"cloudlet/actions"
	"cloudlet/engine"
)

// openAPICommand is `cloudlet openapi`.
type openAPICommand struct {
	Folder string `arg:"" optional:"" name:"app" help:"The app's folder."`
	Output string `placeholder:"FILE" help:"Write the document into a file."`
	Format string `enum:"json" default:"json" help:"How the document is written: ${enum}."`
}

// Help is what --help says besides the flags.
func (openAPICommand) Help() string {
	return `Prints an OpenAPI document (version 3.1) of all endpoints, whoever may call them: arguments
with their limits, results, every problem that can come, and who may call. A running
engine shows each caller what it may call at /-/openapi.json, and at /-/docs as a page.

Example:

    cloudlet openapi myapp --output openapi.json
`
}

// Run prints the document.
func (c *openAPICommand) Run(ctx context.Context, t *terminal, f *folder) error {
	dir, err := f.dir(c.Folder)
	if err != nil {
		return err
	}
	document, problems, err := engine.OpenAPI(ctx, dir, engine.WithActions(actions.All()))
	switch {
	case err != nil:
		return err
	case document == nil:
		return &engine.ProblemsError{Problems: problems}
	case c.Output != "":
		return os.WriteFile(c.Output, document, 0o644)
	}
	_, err = t.out.Write(document)
	return err
}
