package plan

import (
	"fmt"
	"slices"
	"strings"

	"cloudlet/engine/action"
	"cloudlet/engine/language/document"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// checkResult holds what the chain gives against what `returns` declares and what the
// requester may receive. late is what after and on_error put in its place, nil where
// they do not. That a value may be null is no problem here, as it is none where it is
// read: one that always is null is.
func (b *builder) checkResult(src *Source, v *Verb, d *document.Verb, late *schema.Type) {
	if v.Result.Type.Highest() >= schema.Secret {
		b.problems.Addf(d.Key, "secret_flow", "the result of %s holds a secret and would be sent to the requester", d.Method)
	}
	r := v.final
	if d.Returns == nil {
		if d.Status == 204 && r.Has == action.Always {
			b.problems.Addf(d.StatusSpan, "status_without_body", "status 204 has no body, and this chain has a result")
		}
		return
	}
	if r.Has == action.Never && !r.Ends && late == nil {
		b.problems.Addf(d.ReturnsSpan, "no_result", "returns declares a result, and this chain has none")
	}
	c := resultCheck{builder: b, at: d.ReturnsSpan, node: src.Document.Root.Get(strings.ToLower(d.Method)).Get("returns")}
	if r.Type != nil && !r.Ends {
		c.subject = "the chain's result"
		c.check(r.Type, d.Returns, nil)
	}
	if late != nil {
		c.subject = "the result that after or on_error gives"
		c.check(late, d.Returns, nil)
	}
}

// resultCheck compares the type of a result with a declared one, and reports each part
// that does not fit at the place where it is declared.
type resultCheck struct {
	*builder
	subject string
	at      source.Span
	node    *document.Node // of returns
}

// items stands in a path for whatever is in a list.
const items = "[]"

// check compares what stands at a path.
func (c *resultCheck) check(have, want *schema.Type, path []string) {
	switch {
	case have == nil || want == nil:
	case have.Kind == schema.Null && !want.Nullable && want.Kind != schema.JSON && want.Kind != schema.Null:
		c.problem(path, fmt.Sprintf("%s is always null, and returns declares %s", c.name(path), describe(want)), "")
	case have.Kind == schema.List && want.Kind == schema.List:
		c.check(have.Elem, want.Elem, append(slices.Clip(path), items))
	case have.Kind == schema.ObjectK && want.Kind == schema.ObjectK:
		c.fields(have, want, path)
	case schema.Fits(have, want) == schema.Never:
		c.problem(path, fmt.Sprintf("%s is %s, and returns declares %s", c.name(path), describe(have), describe(want)), "")
	}
}

// fields compares objects. What the declared one does not name is filtered from the
// answer, so it may have any type.
func (c *resultCheck) fields(have, want *schema.Type, path []string) {
	for _, f := range want.Fields {
		inner := append(slices.Clip(path), f.Name)
		field, ok := have.Field(f.Name)
		switch {
		case ok && f.Optional && f.Type != nil:
			c.check(field.Type, f.Type.OrNull(), inner)
		case ok:
			c.check(field.Type, f.Type, inner)
		case !have.Open && !f.Optional:
			c.problem(inner, fmt.Sprintf("%s has no field %q, which returns declares", c.name(path), f.Name), source.DidYouMean(f.Name, have.FieldNames()))
		}
	}
}

// name says what stands at a path.
func (c *resultCheck) name(path []string) string {
	subject := c.subject
	for len(path) > 0 && path[0] == items {
		subject, path = "an item of "+subject, path[1:]
	}
	if len(path) == 0 {
		return subject
	}
	text := strings.ReplaceAll(strings.Join(path, "."), "."+items, items)
	if outer, ok := strings.CutSuffix(text, items); ok {
		return fmt.Sprintf("an item of %q in %s", outer, subject)
	}
	return fmt.Sprintf("%q in %s", text, subject)
}

// problem reports what is wrong with the result at the declaration of a path.
func (c *resultCheck) problem(path []string, text, hint string) {
	at, node := c.at, c.node
	for _, name := range path {
		if name == items {
			if node = node.Get("items"); node != nil {
				at = node.Span
			}
			continue
		}
		fields := node.Get("fields")
		if node = fields.Get(name); node == nil {
			break
		}
		at = fields.Entries[slices.IndexFunc(fields.Entries, func(e document.Entry) bool { return e.Key.Value == name })].Key.Span
	}
	c.problems.Add(source.Problem{Span: at, Code: "wrong_type", Text: text, Hint: hint})
}
