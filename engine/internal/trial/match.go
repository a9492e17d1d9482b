package trial

import (
	"errors"
	"fmt"
	"strings"

	"cloudlet/engine/language/document"
	"cloudlet/engine/language/expression"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// Mismatch is one difference between what was expected and what came.
type Mismatch struct {
	At       source.Span // of the expectation
	What     string      // "status", "body.items[2].title"
	Expected string      // may have several lines
	Got      string
}

// matching compares values and collects what differs.
type matching struct {
	frame *expression.Frame
	list  []Mismatch
}

func (m *matching) differ(p *pattern, what, expected string, got any) {
	m.list = append(m.list, Mismatch{p.at, what, expected, shown(got)})
}

// absent is what a field is that is not there.
var absent = &struct{ _ byte }{}

// match holds a value against a pattern.
func (m *matching) match(p *pattern, what string, got any) {
	switch {
	case p.condition:
		m.condition(p, what, got)
	case p.kind == document.Mapping:
		o, ok := got.(*schema.Object)
		if !ok {
			m.differ(p, what, "an object", got)
			return
		}
		for _, f := range p.fields {
			var v any = absent
			if field, ok := o.Lookup(f.name); ok {
				v = field
			}
			m.match(f.pattern, what+"."+f.name, v)
		}
	case p.kind == document.Sequence:
		list, ok := got.([]any)
		if !ok || len(list) != len(p.items) {
			m.differ(p, what, items(len(p.items)), got)
			return
		}
		for i, q := range p.items {
			m.match(q, fmt.Sprintf("%s[%d]", what, i), list[i])
		}
	default:
		m.equal(p, what, got)
	}
}

func items(n int) string {
	if n == 1 {
		return "a list of 1 item"
	}
	return fmt.Sprintf("a list of %d items", n)
}

// condition evaluates ${…} over the value.
func (m *matching) condition(p *pattern, what string, got any) {
	m.frame.Slots[p.slot] = got
	if got == absent {
		m.frame.Slots[p.slot] = nil
	}
	v, err := p.program.Run(m.frame)
	if err != nil {
		var e *expression.Error
		reason := err.Error()
		if errors.As(err, &e) {
			reason = e.Text
		}
		m.differ(p, what, p.source+" ("+reason+")", got)
		return
	}
	if v != true {
		m.differ(p, what, p.source, got)
	}
}

// equal compares single values; null is expected of what is absent, too.
func (m *matching) equal(p *pattern, what string, got any) {
	want := p.value
	if p.program != nil {
		var err error
		if want, err = p.program.Run(m.frame); err != nil {
			m.differ(p, what, "a value that cannot be computed: "+err.Error(), got)
			return
		}
	}
	if want == nil && got == absent || got != absent && schema.Equal(want, got) {
		return
	}
	if text, ok := got.(string); ok && p.decimal && sameDecimal(want, text) {
		return
	}
	m.differ(p, what, shown(want), got)
}

// sameDecimal compares a number with the text of a decimal.
func sameDecimal(want any, got string) bool {
	a, err1 := schema.ParseDecimal(schema.Text(want))
	b, err2 := schema.ParseDecimal(got)
	return err1 == nil && err2 == nil && schema.Equal(a, b)
}

const (
	longestShown = 2000 // bytes of a value in a difference
	longestToken = 60   // of a text that looks like a ticket
)

// shown is a value as a difference shows it.
func shown(v any) string {
	if v == absent {
		return "nothing"
	}
	if text, ok := v.(string); ok && len(text) > longestToken && !strings.ContainsAny(text, " \n") {
		v = text[:longestToken/2] + "…"
	}
	return clipped(string(schema.AppendJSON(nil, v)))
}

func clipped(text string) string {
	if len(text) <= longestShown {
		return text
	}
	return strings.ToValidUTF8(text[:longestShown], "") + "…"
}
