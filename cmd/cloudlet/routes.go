package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"cloudlet/actions"
	"cloudlet/engine"
)

// routesCommand is `cloudlet routes`.
type routesCommand struct {
	Folder string `arg:"" optional:"" name:"app" help:"The app's folder."`
	Types  bool   `help:"Also print the types of arguments and results."`
	Format string `enum:"text,json" default:"text" help:"How routes are printed: ${enum}; JSON always has the types."`
}

// Help is what --help says besides the flags.
func (routesCommand) Help() string {
	return `Verbs that write to a database and ask nobody for a ticket are marked: public, writes.
Verbs that are streams of events are marked too: stream.
With --types each verb is followed by its arguments, and by what it answers with behind an arrow:
the type of the result as it was inferred, or as "returns" declares it.

Example:

    cloudlet routes myapp --types
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
	if c.Types {
		return printTypes(t.out, routes)
	}
	return printRoutes(t.out, routes)
}

// printTypes prints each route with its types below it.
func printTypes(w io.Writer, routes []engine.Route) error {
	for i := range routes {
		if i > 0 {
			if _, err := fmt.Fprintln(w); err != nil {
				return err
			}
		}
		if err := printRoutes(w, routes[i:i+1]); err != nil {
			return err
		}
		if err := printRouteTypes(w, &routes[i]); err != nil {
			return err
		}
	}
	return nil
}

// widest is how wide a type may be before it is printed with one field a line.
const widest = 90

func printRouteTypes(w io.Writer, r *engine.Route) error {
	var b strings.Builder
	for _, a := range r.Arguments {
		fmt.Fprintf(&b, "%s: %s", a.Name, a.Type.Layout(widest))
		if a.Default != nil {
			fmt.Fprintf(&b, " = %s", a.Default)
		}
		if a.In != "query" && a.In != "body" {
			fmt.Fprintf(&b, "  (%s)", a.In)
		}
		b.WriteByte('\n')
	}
	for _, a := range r.Answers {
		b.WriteString("→ " + describe(a) + "\n")
	}
	for line := range strings.Lines(b.String()) {
		if _, err := io.WriteString(w, "    "+line); err != nil {
			return err
		}
	}
	return nil
}

// describe is the status and type of one answer.
func describe(a engine.RouteAnswer) string {
	text := "any status"
	if a.Status != 0 {
		text = strconv.Itoa(a.Status)
	}
	if a.Type == nil {
		return text
	}
	switch a.Content {
	case "application/json":
	case "":
		text += " of any media type"
	default:
		text += " " + a.Content
	}
	return text + " " + a.Type.Layout(widest)
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
	if r.Stream {
		text += ", stream"
	}
	return text
}
