package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cloudlet/actions"
	"cloudlet/engine"
	"cloudlet/engine/language/source"
)

// actionsCommand is `cloudlet actions`.
type actionsCommand struct {
	Name   string `arg:"" optional:"" help:"The action to explain."`
	Format string `enum:"text,json" default:"text" help:"How actions are printed: ${enum}."`
}

// Help is what --help says besides the flags.
func (actionsCommand) Help() string {
	return `The composite actions of the app are listed too.

Example:

    cloudlet actions sql.one
`
}

// Run lists the actions or explains one.
func (c *actionsCommand) Run(ctx context.Context, t *terminal, f *folder) error {
	list, err := catalogue(ctx, t, f)
	if err != nil {
		return err
	}
	switch {
	case c.Name != "":
		return c.explain(t, list)
	case c.Format == "json":
		return printJSON(t.out, list)
	}
	return listActions(t, list)
}

// catalogue is every action that the app may use, as documentation shows it. The
// built-in ones need no app.
func catalogue(ctx context.Context, t *terminal, f *folder) ([]actionPage, error) {
	var list []actionPage
	for _, family := range actions.Families() {
		for _, a := range family.Actions {
			list = append(list, pageOf(family.Name, a))
		}
	}
	if f.given == "" && !isApp(".") {
		return list, nil
	}
	dir, err := f.dir("")
	if err != nil {
		return nil, err
	}
	composites, problems, err := engine.Composites(ctx, dir, engine.WithActions(actions.All()))
	if err != nil {
		return nil, err
	}
	if failed(problems) {
		t.notef("the app has problems, so its own actions may be incomplete; see: cloudlet check\n")
	}
	for _, composite := range composites {
		list = append(list, pageOfComposite(composite))
	}
	return list, nil
}

// listActions prints a line for each action.
func listActions(t *terminal, list []actionPage) error {
	family := ""
	var rows [][]string
	for _, p := range list {
		if p.Family != family {
			if family != "" {
				rows = append(rows, nil)
			}
			family = p.Family
			rows = append(rows, []string{familyTitle(p)})
		}
		rows = append(rows, []string{"  " + p.Name, p.Summary})
	}
	return alignActions(t, rows)
}

func familyTitle(p actionPage) string {
	for _, f := range actions.Families() {
		if f.Name == p.Family {
			return f.Name + ": " + f.Summary
		}
	}
	return p.Family + ": the app's own, made of the others"
}

// alignActions aligns the summaries of all families alike; titles take part in no column.
func alignActions(t *terminal, rows [][]string) error {
	widest := 0
	for _, r := range rows {
		if len(r) == 2 {
			widest = max(widest, len(r[0]))
		}
	}
	for _, r := range rows {
		switch len(r) {
		case 2:
			t.printf("%-*s  %s\n", widest, r[0], r[1])
		case 1:
			t.printf("%s\n", r[0])
		default:
			t.printf("\n")
		}
	}
	return nil
}

// family are the names of the actions of a family, or of those whose names begin with a word and a point.
func family(list []actionPage, name string) []string {
	var names []string
	for _, p := range list {
		if p.Family == name || strings.HasPrefix(p.Name, name+".") {
			names = append(names, p.Name)
		}
	}
	return names
}

// explain prints all about the action of a name; composites of several folders
// may share one.
func (c *actionsCommand) explain(t *terminal, list []actionPage) error {
	names := make([]string, 0, len(list))
	var found []actionPage
	for _, p := range list {
		names = append(names, p.Name)
		if p.Name == c.Name {
			found = append(found, p)
		}
	}
	if len(found) == 0 {
		text := fmt.Sprintf("there is no action %q", c.Name)
		if of := family(list, c.Name); len(of) > 0 {
			text += "; " + c.Name + " has " + strings.Join(of, ", ")
		} else if hint := source.Meant(c.Name, slices.Compact(names)); hint != "" {
			text += "; " + hint
		}
		return errors.New(text)
	}
	if c.Format == "json" {
		return printJSON(t.out, found)
	}
	for i, p := range found {
		if i > 0 {
			t.printf("\n")
		}
		p.print(t)
	}
	return nil
}
