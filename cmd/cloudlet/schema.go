package main

import (
	"context"
	"slices"
	"strings"

	"cloudlet/actions"
	"cloudlet/engine"
)

// schemaCommand is `cloudlet schema`.
type schemaCommand struct {
	Kind   string `arg:"" optional:"" default:"endpoint" help:"Of which files: endpoint, module, action, job, test or settings."`
	Output string `placeholder:"DIR" help:"Write the schemas of all kinds into a folder, as endpoint.json, module.json and so on."`
}

// Help is what --help says besides the flags.
func (schemaCommand) Help() string {
	return `Prints the JSON Schema (draft-07) of the app's files: every key, and every action with its
inputs, the app's own too. Editors complete and check with it. While the app is served
the schemas are kept in data/schema, and a file says at its top where they are:

    # yaml-language-server: $schema=../../data/schema/endpoint.json

People read the same with "cloudlet keys".

Examples:

    cloudlet schema test
    cloudlet schema --output data/schema
`
}

// Run prints or writes the schemas.
func (c *schemaCommand) Run(ctx context.Context, t *terminal, f *folder) error {
	kinds := engine.SchemaKinds()
	i := slices.Index(kinds, c.Kind)
	if i < 0 {
		return usagef("there are no files of the kind %q: it is one of %s", c.Kind, strings.Join(kinds, ", "))
	}
	dir, err := f.dir("")
	if err != nil {
		return err
	}
	list, err := engine.Schemas(ctx, dir, engine.WithActions(actions.All()))
	if err != nil {
		return err
	}
	if c.Output != "" {
		return engine.WriteSchemas(c.Output, list)
	}
	t.printf("%s", list[i].JSON)
	return nil
}
