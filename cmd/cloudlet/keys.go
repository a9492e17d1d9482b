package main

import (
	"fmt"
	"slices"
	"strings"

	"cloudlet/engine"
	"cloudlet/engine/language/document"
)

// keysCommand is `cloudlet keys`.
type keysCommand struct {
	Kind   string `arg:"" optional:"" default:"endpoint" help:"Of what: endpoint, argument, step, module, action, job, test or settings."`
	Format string `enum:"text,json" default:"text" help:"How the keys are printed: ${enum}."`
}

// Help is what --help says besides the flags.
func (keysCommand) Help() string {
	return `Lists the keys that may stand in a file, each with what it takes and means: of an endpoint, of
a _module.yaml, of an action of your own in _actions, of a job in _jobs, of a NAME.test.yaml and of
cloudlet.yaml (settings); and the keys of an argument, and of a step beside its action. Keys below
another are further in.

Examples:

    cloudlet keys
    cloudlet keys test
`
}

// keyKinds are what has keys, with where they stand.
var keyKinds = [][2]string{
	{"endpoint", "endpoints/PATH.yaml"},
	{"argument", "an argument, a field, or what a chain returns"},
	{"step", "a step, beside its action; the actions: cloudlet actions"},
	{"module", "_module.yaml, for a folder and those below it"},
	{"action", "_actions/NAME.yaml, an action for a folder and those below it"},
	{"job", "_jobs/NAME.yaml"},
	{"test", "NAME.test.yaml, for each of its tests"},
	{"settings", "cloudlet.yaml"},
}

// keyPage is a key as documentation shows it.
type keyPage struct {
	Name  string    `json:"name"`
	Takes string    `json:"takes"`
	Doc   string    `json:"doc"`
	Keys  []keyPage `json:"keys,omitempty"`
}

// Run lists the keys.
func (c *keysCommand) Run(t *terminal) error {
	i := slices.IndexFunc(keyKinds, func(k [2]string) bool { return k[0] == c.Kind })
	if i < 0 {
		var names []string
		for _, k := range keyKinds {
			names = append(names, k[0])
		}
		return usagef("nothing of the kind %q has keys: it is one of %s", c.Kind, strings.Join(names, ", "))
	}
	pages := keyPages(engine.FileKeys(c.Kind))
	if c.Format == "json" {
		return printJSON(t.out, pages)
	}
	t.printf("%s: %s\n", keyKinds[i][0], keyKinds[i][1])
	if err := table(t.out, keyRows(pages, "", map[string]string{}, nil)); err != nil {
		return err
	}
	if c.Kind == "argument" {
		t.printf("\nTypes\n  %s\n\nShort: int, int? where it may be missing, int = 20 with a default, [int] for a list.\n", strings.Join(document.TypeNames(), ", "))
	}
	return nil
}

func keyPages(list []document.Key) []keyPage {
	pages := make([]keyPage, len(list))
	for i, k := range list {
		pages[i] = keyPage{Name: k.Name, Takes: takes(k.Shape), Doc: k.Doc}
		if k.Shape.Keys != nil {
			pages[i].Keys = keyPages(k.Shape.Keys())
		}
	}
	return pages
}

// keyRows are the rows of keys and of those below them. What was listed already, as of the
// other verbs, is not listed again: seen has where by what.
func keyRows(list []keyPage, path string, seen map[string]string, rows [][]string) [][]string {
	indent := strings.Repeat("  ", strings.Count(path, ".")+1)
	for _, k := range list {
		at, what := path+k.Name, fmt.Sprint(k.Keys)
		takes, again := k.Takes, false
		if before, is := seen[what]; is && len(k.Keys) > 0 {
			takes, again = "as "+before, true
		}
		rows = append(rows, []string{indent + k.Name, takes, k.Doc})
		if !again {
			seen[what] = at
			rows = keyRows(k.Keys, at+".", seen, rows)
		}
	}
	return rows
}

// shapeWords are what keys take, in a word or two.
var shapeWords = map[document.ShapeKind]string{
	document.AnyShape: "any value", document.TextShape: "text", document.FlagShape: "true or false", document.CountShape: "number",
	document.StatusShape: "status", document.DurationShape: "time, as 30s", document.SizeShape: "size, as 5MiB",
	document.NamesShape: "list of texts", document.ListShape: "list", document.AuthShape: "public, user or [roles]",
	document.ExpressionShape: "${…}", document.StepsShape: "steps", document.ArgumentsShape: "arguments by name",
	document.FieldsShape: "fields by name", document.DeclarationShape: "type", document.MappingShape: "keys", document.ItemsShape: "list of keys",
	document.MapShape: "values by name", document.PatternShape: "expected value", document.RateShape: "rate, as 10/minute, or keys",
}

func takes(s document.Shape) string {
	switch {
	case s.Kind == document.ChoiceShape:
		return strings.Join(s.Values, " or ")
	case s.Kind == document.MapShape && s.Keys != nil:
		return "names with keys"
	case len(s.Values) > 0:
		return fmt.Sprintf("%s, or %s", shapeWords[s.Kind], strings.Join(s.Values, " or "))
	}
	return shapeWords[s.Kind]
}
