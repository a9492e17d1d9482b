package main

import (
	"context"
	"io"
	"strings"

	"cloudlet/actions"
	"cloudlet/engine"
)

// routesCommand is `cloudlet routes`.
type routesCommand struct {
	Folder string `arg:"" optional:"" name:"app" help:"The app's folder."`
	Format string `enum:"text,json" default:"text" help:"How routes are printed: ${enum}."`
}

// Help is what --help says besides the flags.
func (routesCommand) Help() string {
	return `Verbs that write to a database and ask nobody for a ticket are marked: public, writes.

Example:

    cloudlet routes myapp --format json
`
}

// Run prints every verb of the app.
func (c *routesCommand) Run(ctx context.Context, t *terminal, f *folder) error {
	dir, err := f.dir(c.Folder)
	if err != nil {
		return err
	}
	routes, problems, err := engine.Inspect(ctx, dir, engine.WithActions(actions.All()))
	if err != nil {
		return err
	}
	if failed(problems) {
		return &engine.ProblemsError{Problems: problems}
	}
	if c.Format == "json" {
		if routes == nil {
			routes = []engine.Route{}
		}
		return printJSON(t.out, routes)
	}
	return printRoutes(t.out, routes)
}

// printRoutes prints routes as a table.
func printRoutes(w io.Writer, routes []engine.Route) error {
	rows := make([][]string, len(routes))
	for i, r := range routes {
		rows[i] = []string{r.Method, r.Path, access(r), r.File, r.Summary}
	}
	return table(w, rows)
}

// access says who may call a route.
func access(r engine.Route) string {
	text := strings.Join(r.Auth, " or ")
	if r.PublicWrite {
		text += ", writes"
	}
	return text
}
