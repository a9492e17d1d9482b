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
	Idempotency          *Duration    // nil: not said
	Returns              *schema.Type // nil: not said
	ReturnsSpan          source.Span
	IgnoreUnknown        bool  // unknown: ignore
	Actions              *Node // a list of steps, or nil where the author gave none
	Events               *Node // a scalar: the topic of a stream, which has no actions; or nil
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
	r.mapping(root, r.endpointKeys(e), endpointHint)
	said := slices.ContainsFunc(verbs, func(name string) bool { return root.Get(name) != nil })
	if !said && !misspelt(root, verbs...) {
		problems.Add(source.Problem{Span: file.Span(0, 0), Code: CodeMissingVerb, Text: "the file has no verb",
			Hint: "it needs at least one of get, post, put, patch and delete"})
	}
	return e
}

// verbs are the keys of an endpoint that are HTTP methods.
var verbs = []string{"get", "post", "put", "patch", "delete"}

func (r reader) endpointKeys(e *Endpoint) []key {
	keys := append([]key{
		{"description", "What the endpoint is for.", text, r.into(&e.Description)},
		{"arguments", "Arguments of all verbs of the file, such as those of the path.", arguments,
			func(_, n *Node) { e.Arguments = ParseArguments(n, r.problems) }},
	}, r.settings(&e.Settings)...)
	for _, name := range verbs {
		keys = append(keys, key{name, "What " + strings.ToUpper(name) + " does.", Shape{Kind: MappingShape, Keys: func() []Key { return exported(r.verbKeys(&Verb{})) }}, func(key, n *Node) {
			if v := r.verb(key, n); v != nil {
				e.Verbs = append(e.Verbs, v)
			}
		}})
	}
	return keys
}

// ParseModule reads a _module.yaml, as ParseEndpoint reads an endpoint.
func ParseModule(file *source.File, problems *source.Problems) *Module {
	r := reader{problems}
	root := r.root(file)
	if root == nil {
		return nil
	}
	m := &Module{File: file, Root: root}
	r.mapping(root, r.moduleKeys(m), moduleHint)
	return m
}

func (r reader) moduleKeys(m *Module) []key {
	return append([]key{{"description", "What the folder is for.", text, r.into(&m.Description)}}, r.settings(&m.Settings)...)
}

// ParseComposite reads a file of _actions, as ParseEndpoint reads an endpoint.
func ParseComposite(file *source.File, problems *source.Problems) *Composite {
	r := reader{problems}
	root := r.root(file)
	if root == nil {
		return nil
	}
	c := &Composite{File: file, Root: root}
	r.mapping(root, r.compositeKeys(c), compositeHint)
	if root.Get("actions") == nil && !misspelt(root, "actions") {
		problems.Addf(file.Span(0, 0), CodeMissingActions, "the file has no actions")
	}
	return c
}

func (r reader) compositeKeys(c *Composite) []key {
	return []key{
		{"description", "What the action does.", text, r.into(&c.Description)},
		{"arguments", "What the action is given.", arguments, func(_, n *Node) { c.Arguments = ParseArguments(n, r.problems) }},
		{"actions", "The steps, in order. The result of the last is the action's.", steps, r.steps(&c.Actions)},
	}
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
	r.mapping(n, r.verbKeys(v), verbHint)
	if v.Idempotency != nil && v.Method == "GET" {
		r.problems.Add(source.Problem{Span: v.Idempotency.Span, Code: CodeConflict, Text: "get changes nothing, so that it can be sent again as it is", Hint: "idempotency belongs into post, put, patch and delete"})
	}
	if n.Get("events") != nil {
		r.stream(key, n)
	} else if n.Get("actions") == nil && !misspelt(n, "actions", "events") {
		r.problems.Addf(key.Span, CodeMissingActions, "%s has no actions", key.Value)
	}
	return v
}

// notInStream are the keys that a verb with events cannot have, and why.
var notInStream = []struct{ name, hint string }{
	{"actions", "steps that are to run ahead of the stream belong into before, beside the verbs"},
	{"status", "a stream answers 200"},
	{"returns", "what is published has whatever type it was published with"},
	{"timeout", "a stream lasts as long as its reader wants"},
	{"cache", "a stream cannot be kept"},
	{"idempotency", "a stream changes nothing"},
}

// stream reports what a verb with events cannot have.
func (r reader) stream(key, n *Node) {
	events := n.Entries[slices.IndexFunc(n.Entries, func(e Entry) bool { return e.Key.Value == "events" })].Key
	if key.Value != "get" {
		r.problems.Add(source.Problem{Span: events.Span, Code: CodeConflict, Text: fmt.Sprintf("%s cannot be a stream of events", key.Value), Hint: "events belong into get"})
	}
	for _, e := range n.Entries {
		for _, not := range notInStream {
			if e.Key.Value == not.name {
				r.problems.Add(source.Problem{Span: e.Key.Span, Code: CodeConflict, Text: fmt.Sprintf("a verb with events takes no %s", not.name), Hint: not.hint,
					Related: []source.Related{{Span: events.Span, Text: "here"}}})
			}
		}
	}
}

// topic reads the topic of a stream.
func (r reader) topic(v *Verb) func(_, n *Node) {
	return func(_, n *Node) {
		if n.Kind != Scalar || n.IsNull() {
			r.expected(n, "a topic, as in films or orders/${args.id}")
			return
		}
		v.Events = n
	}
}

func (r reader) verbKeys(v *Verb) []key {
	return append(r.shared(&v.Settings),
		key{"summary", "What the verb does, in a line.", text, r.into(&v.Summary)},
		key{"description", "What else there is to know of the verb.", text, r.into(&v.Description)},
		key{"deprecated", "Whether the verb should not be used any more.", flag, r.flag(&v.Deprecated)},
		key{"arguments", "What the verb is given: from the path, else the query of GET and DELETE, else the body.", arguments,
			func(_, n *Node) { v.Arguments = ParseArguments(n, r.problems) }},
		key{"actions", "The steps, in order. The result of the last is the answer.", steps, r.steps(&v.Actions)},
		key{"events", "The topic whose events the verb streams, as Server-Sent Events, in place of actions: films, or orders/${args.id}.", text, r.topic(v)},
		key{"idempotency", "How long the answer to a request with an Idempotency-Key is kept: who sends it again gets that answer, and no second effect. The chain runs as one transaction of the main database. Where nobody is logged in, what a chain reads of cookies and of headers that say who asks (auth, cookie, key, session, token or secret in their names) counts as a part of the request: another client's is 422.",
			Shape{Kind: DurationShape}, func(_, n *Node) { v.Idempotency = r.duration(n) }},
		key{"status", "The status of a success, 200 to 299. Left out: 200, or 204 without a result.", Shape{Kind: StatusShape},
			func(_, n *Node) { v.Status, v.StatusSpan = r.status(n), n.Span }},
		key{"returns", "The type of the result: it is checked, and fields that it does not name are left out of the answer.", declared,
			func(_, n *Node) { v.Returns, v.ReturnsSpan = ParseType(n, r.problems), n.Span }},
		key{"unknown", "What to do with arguments that are not declared.", Shape{Kind: ChoiceShape, Values: []string{"refuse", "ignore"}},
			func(_, n *Node) { v.IgnoreUnknown = r.unknown(n) }},
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
		return !slices.Contains(names, e.Key.Value) && source.Meant(e.Key.Value, names) != ""
	})
}
