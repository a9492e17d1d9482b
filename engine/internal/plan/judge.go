package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"cloudlet/engine/action"
	"cloudlet/engine/language/document"
	"cloudlet/engine/language/source"
)

// told is what the steps of a chain say that only their whole verb can judge.
type told struct {
	logins []source.Span // steps that let in whoever has no ticket yet
	sent   []sent
	labels []source.Span // media types of answers that are none of JSON
}

// sent are arguments that another service puts into the query of a request.
type sent struct {
	at    source.Span
	by    string // the action that reads them
	names []string
}

func (t *told) adopt(inner told) {
	t.logins = append(t.logins, inner.logins...)
	t.sent = append(t.sent, inner.sent...)
	t.labels = append(t.labels, inner.labels...)
}

// Sends implements action.Load.
func (bd *binder) Sends(names ...string) {
	bd.scope.frame.told.sent = append(bd.scope.frame.told.sent, sent{bd.written.key.Span, bd.written.name, names})
}

// Labels implements action.Load.
func (bd *binder) Labels(input, name string) {
	n := bd.nodes[input]
	if n == nil || n.Kind != document.Mapping {
		return
	}
	for _, e := range n.Entries {
		media, _, _ := strings.Cut(strings.ToLower(e.Value.Value), ";")
		if !strings.EqualFold(e.Key.Value, name) || e.Value.Kind != document.Scalar || hasExpression(e.Value) || !strings.Contains(media, "/") {
			continue
		}
		// What is JSON is also YAML and JavaScript.
		if !slices.ContainsFunc([]string{"json", "yaml", "javascript"}, func(of string) bool { return strings.Contains(media, of) }) {
			bd.scope.frame.told.labels = append(bd.scope.frame.told.labels, e.Key.Span)
		}
	}
}

// judge warns of what makes no sense in the verb as a whole.
func (b *builder) judge(v *Verb, f *frame) {
	for _, s := range f.told.sent {
		missing := slices.DeleteFunc(slices.Clone(s.names), v.Takes)
		if v.IgnoresUnknown() || len(missing) == 0 {
			continue
		}
		b.problems.Add(source.Problem{Span: s.at, Code: "refuses_callback", Warning: true,
			Text: fmt.Sprintf("%s reads what another service sends, and %s refuses it as unknown: every such request is a 400", s.by, v.name),
			Hint: "say `unknown: ignore` beside the verb's actions: services send more than " + strings.Join(s.names, " and ")})
	}
	if f.responds || v.Streams() || !slices.ContainsFunc(v.responses, func(r action.Response) bool { return r.Type != nil }) {
		return
	}
	for _, at := range f.told.labels {
		b.problems.Add(source.Problem{Span: at, Code: "json_all_the_same", Warning: true,
			Text: "the answer is JSON all the same, whatever its Content-Type says: a text stands in quotes",
			Hint: "send it as it is, by respond: {headers: {Content-Type: …}, body: …}"})
	}
}

// judgeLogins warns of logins that only let in who has a ticket, where no other lets
// anybody in. One that reads ${user} asks the caller for the password once more.
func (b *builder) judgeLogins(p *Plan) {
	if u := b.app.Unread; u.Settings || len(u.Paths) > 0 || slices.Contains(slices.Collect(maps.Values(u.Modules)), true) {
		return
	}
	var shut []*Verb
	var called []string
	for _, e := range p.Endpoints {
		for _, v := range e.Verbs {
			called = append(called, v.calls...)
			switch {
			case len(v.logins) == 0:
			case v.Public():
				return
			case !v.readsUser:
				shut = append(shut, v)
			}
		}
	}
	for _, v := range shut {
		if slices.Contains(called, v.name) {
			continue // with as_user, it may be
		}
		problem := source.Problem{Span: v.At, Code: "nobody_logs_in", Warning: true,
			Text: "this logs in, and asks for a ticket first: nobody can log in", Hint: "say auth: public here",
			Related: []source.Related{{Span: v.logins[0], Text: "the login"}}}
		if v.Auth.Span.File != nil {
			problem.Related = append(problem.Related, source.Related{Span: v.Auth.Span, Text: "the ticket is asked for here"})
		}
		b.problems.Add(problem)
	}
}

// NamedRole is a role that a step names as it is.
type NamedRole struct {
	Name string
	At   source.Span
}

// nameRoles notes the roles that an input names.
func (bd *binder) nameRoles(in *action.Input, n *document.Node) {
	if !in.Roles || n.Kind != document.Sequence {
		return
	}
	for _, item := range n.Items {
		if item.Kind == document.Scalar && !item.IsNull() && !hasExpression(item) {
			bd.roles = append(bd.roles, NamedRole{item.Value, item.Span})
		}
	}
}
