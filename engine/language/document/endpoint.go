package document

import (
	"fmt"
	"slices"
	"strings"

	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// Endpoint is a file that is a route.
type Endpoint struct {
	File        *source.File
	Root        *Node
	Description string
	Settings
	Arguments []Argument // shared by all verbs
	Verbs     []*Verb    // in the order of the file
}

// Verb is what an endpoint does for one HTTP method.
type Verb struct {
	Method string      // "GET", "POST", "PUT", "PATCH" or "DELETE"
	Key    source.Span // where the verb's name stands
	Settings
	Summary, Description string
	Deprecated           bool
	Arguments            []Argument // its own, besides the endpoint's
	Status               int        // 200 to 299; 0: not said
	StatusSpan           source.Span
	Returns              *schema.Type // nil: not said
	ReturnsSpan          source.Span
	IgnoreUnknown        bool  // unknown: ignore
	Actions              *Node // a list of steps, or nil where the author gave none
}

// Module is a _module.yaml: defaults for its folder and below.
type Module struct {
	File        *source.File
	Root        *Node
	Description string
	Settings
}

// Composite is an action that is written as a chain.
type Composite struct {
	File        *source.File
	Root        *Node
	Description string
	Arguments   []Argument
	Actions     *Node // a list of steps, or nil where the author gave none
}

// ParseEndpoint reads an endpoint file. It is nil where nothing of it can be used;
// otherwise it is as much as can, and problems say what is missing.
func ParseEndpoint(file *source.File, problems *source.Problems) *Endpoint {
	r := reader{problems}
	root := r.root(file)
	if root == nil {
		return nil
	}
	e := &Endpoint{File: file, Root: root}
	keys := append([]key{
		{"description", r.into(&e.Description)},
		{"arguments", func(_, n *Node) { e.Arguments = ParseArguments(n, problems) }},
	}, r.settings(&e.Settings)...)
	verbs := []string{"get", "post", "put", "patch", "delete"}
	for _, name := range verbs {
		keys = append(keys, key{name, func(key, n *Node) {
			if v := r.verb(key, n); v != nil {
				e.Verbs = append(e.Verbs, v)
			}
		}})
	}
	r.mapping(root, keys, []string{"rate_limit", "cache", "cors"}, endpointHint)
	said := slices.ContainsFunc(verbs, func(name string) bool { return root.Get(name) != nil })
	if !said && !misspelt(root, verbs...) {
		problems.Add(source.Problem{Span: file.Span(0, 0), Code: CodeMissingVerb, Text: "the file has no verb",
			Hint: "it needs at least one of get, post, put, patch and delete"})
	}
	return e
}

// ParseModule reads a _module.yaml, as ParseEndpoint reads an endpoint.
func ParseModule(file *source.File, problems *source.Problems) *Module {
	r := reader{problems}
	root := r.root(file)
	if root == nil {
		return nil
	}
	m := &Module{File: file, Root: root}
	keys := append([]key{{"description", r.into(&m.Description)}}, r.settings(&m.Settings)...)
	r.mapping(root, keys, []string{"rate_limit", "cache", "cors"}, moduleHint)
	return m
}

// ParseComposite reads a file of _actions, as ParseEndpoint reads an endpoint.
func ParseComposite(file *source.File, problems *source.Problems) *Composite {
	r := reader{problems}
	root := r.root(file)
	if root == nil {
		return nil
	}
	c := &Composite{File: file, Root: root}
	said := false
	r.mapping(root, []key{
		{"description", r.into(&c.Description)},
		{"arguments", func(_, n *Node) { c.Arguments = ParseArguments(n, problems) }},
		{"actions", func(name, n *Node) { said = true; r.steps(&c.Actions)(name, n) }},
	}, nil, nil)
	if !said && !misspelt(root, "actions") {
		problems.Addf(file.Span(0, 0), CodeMissingActions, "the file has no actions")
	}
	return c
}

// root reads a file that must be a mapping.
func (r reader) root(file *source.File) *Node {
	root := Parse(file, r.problems)
	if root == nil {
		return nil
	}
	if root.Kind != Mapping {
		r.expected(root, "keys and their values")
		return nil
	}
	return root
}

func (r reader) verb(key, n *Node) *Verb {
	v := &Verb{Method: strings.ToUpper(key.Value), Key: key.Span}
	if n.IsNull() {
		n = &Node{Kind: Mapping, Span: n.Span}
	}
	if n.Kind != Mapping {
		r.expected(n, "the keys of a verb, such as arguments and actions")
		return nil
	}
	r.mapping(n, r.verbKeys(v), []string{"rate_limit", "cache", "idempotency", "events"}, verbHint)
	if n.Get("actions") == nil && n.Get("events") == nil && !misspelt(n, "actions") {
		r.problems.Addf(key.Span, CodeMissingActions, "%s has no actions", key.Value)
	}
	return v
}

func (r reader) verbKeys(v *Verb) []key {
	return append(r.shared(&v.Settings),
		key{"summary", r.into(&v.Summary)},
		key{"description", r.into(&v.Description)},
		key{"deprecated", r.flag(&v.Deprecated)},
		key{"arguments", func(_, n *Node) { v.Arguments = ParseArguments(n, r.problems) }},
		key{"actions", r.steps(&v.Actions)},
		key{"status", func(_, n *Node) { v.Status, v.StatusSpan = r.status(n), n.Span }},
		key{"returns", func(_, n *Node) { v.Returns, v.ReturnsSpan = ParseType(n, r.problems), n.Span }},
		key{"unknown", func(_, n *Node) { v.IgnoreUnknown = r.unknown(n) }},
	)
}

// status reads a success status; 0 where it is none.
func (r reader) status(n *Node) int {
	v, err := n.Data()
	status, ok := v.(int)
	if err != nil || !ok || status < 200 || status > 299 {
		r.problems.Add(source.Problem{Span: mark(n), Code: CodeInvalidValue, Text: "expected a success status, 200 to 299",
			Hint: "the respond and fail actions give others"})
		return 0
	}
	return status
}

func (r reader) unknown(n *Node) bool {
	if n.Kind == Scalar && (n.Value == "refuse" || n.Value == "ignore") {
		return n.Value == "ignore"
	}
	p := source.Problem{Span: mark(n), Code: CodeInvalidValue, Text: "expected refuse or ignore"}
	if n.Kind == Scalar {
		p.Text += fmt.Sprintf(", found %q", shorten(n.Value))
		p.Hint = source.DidYouMean(n.Value, []string{"refuse", "ignore"})
	}
	r.problems.Add(p)
	return false
}

// misspelt reports whether a key is missing because its name was mistyped, which
// is one mistake and said already.
func misspelt(n *Node, names ...string) bool {
	return slices.ContainsFunc(n.Entries, func(e Entry) bool {
		return !slices.Contains(names, e.Key.Value) && source.Nearest(e.Key.Value, names) != ""
	})
}
