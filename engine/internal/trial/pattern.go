package trial

import (
	"fmt"

	"cloudlet/engine/internal/plan"
	"cloudlet/engine/language/document"
	"cloudlet/engine/language/expression"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// pattern is what a value is expected to be: a map whose fields are compared, a list
// of the same length, a condition over value, or a value that it equals.
type pattern struct {
	at        source.Span
	condition bool                // program is a condition over the value
	slot      int                 // of value, for a condition
	program   *expression.Program // of a condition, or of a value that is computed
	source    string              // of the condition
	value     any                 // of a constant
	decimal   bool                // a number is compared with the text of a decimal
	fields    []patternField
	items     []*pattern
	kind      document.Kind
}

type patternField struct {
	name string
	*pattern
}

// pattern compiles an expectation of a value whose type is t, nil where nothing is
// known of it. What names the value in problems. It is nil after a problem.
func (s *scene) pattern(n *document.Node, t *schema.Type, what string) *pattern {
	if n.Refused() {
		return nil
	}
	p := &pattern{at: n.Span, kind: n.Kind}
	switch n.Kind {
	case document.Mapping:
		return s.fields(p, n, t, what)
	case document.Sequence:
		return s.items(p, n, t, what)
	}
	if plan.Lone(n) {
		return s.condition(p, n, t, what)
	}
	p.program = s.names.Value(n, what)
	if p.program == nil {
		return nil
	}
	v, constant := p.program.Constant()
	if !constant {
		return p
	}
	p.program, p.value = nil, v
	p.decimal = t != nil && t.Kind == schema.String && number(v)
	if !s.possible(n, v, t, what) {
		return nil
	}
	return p
}

// condition compiles ${…} alone: it is a condition over value.
func (s *scene) condition(p *pattern, n *document.Node, t *schema.Type, what string) *pattern {
	if t == nil {
		t = schema.AnyType
	}
	inner := s.names.Inner()
	p.slot = inner.Declare("value", t)
	p.condition, p.source = true, n.Value
	if p.program = inner.Value(n, what); p.program == nil {
		return nil
	}
	if k := p.program.Type.Kind; k != schema.Bool && k != schema.JSON {
		s.problems.Add(source.Problem{Span: n.Span, Code: "not_a_condition", Text: "${…} is a condition over value here, and this is " + plan.Describe(p.program.Type),
			Hint: "write ${value == …}"})
		return nil
	}
	return p
}

func (s *scene) fields(p *pattern, n *document.Node, t *schema.Type, what string) *pattern {
	if t != nil && t.Kind != schema.ObjectK && t.Kind != schema.JSON {
		s.never(n, what, "an object", t)
		return nil
	}
	ok := true
	for _, e := range n.Entries {
		var of *schema.Type
		if t != nil && t.Kind == schema.ObjectK {
			f, known := t.Field(e.Key.Value)
			switch {
			case known:
				of = f.Type
			case !t.Open:
				s.suggest(e.Key.Span, "unknown_field", fmt.Sprintf("%s has no field %q", what, e.Key.Value), e.Key.Value, t.FieldNames())
				ok = false
				continue
			}
		}
		field := s.pattern(e.Value, of, what+"."+e.Key.Value)
		if field == nil {
			ok = false
			continue
		}
		p.fields = append(p.fields, patternField{e.Key.Value, field})
	}
	if !ok {
		return nil
	}
	return p
}

func (s *scene) items(p *pattern, n *document.Node, t *schema.Type, what string) *pattern {
	var of *schema.Type
	switch {
	case t == nil || t.Kind == schema.JSON:
	case t.Kind != schema.List:
		s.never(n, what, "a list", t)
		return nil
	default:
		of = t.Elem
	}
	ok := true
	for i, item := range n.Items {
		q := s.pattern(item, of, fmt.Sprintf("%s[%d]", what, i))
		ok = ok && q != nil
		p.items = append(p.items, q)
	}
	if !ok {
		return nil
	}
	return p
}

// possible reports whether a value of the type can equal a constant. That it cannot
// is a problem.
func (s *scene) possible(n *document.Node, v any, t *schema.Type, what string) bool {
	if t == nil || t.Kind == schema.JSON {
		return true
	}
	ok := true
	switch v.(type) {
	case nil: // a field may be absent
	case string:
		ok = t.Kind == schema.String
	case bool:
		ok = t.Kind == schema.Bool
	case int, float64:
		ok = t.Kind == schema.Int || t.Kind == schema.String && t.Limits == decimalText
	}
	if !ok {
		s.never(n, what, "this", t)
		return false
	}
	text, isText := v.(string)
	if t.Limits == nil || !isText || len(t.Limits.Enum) == 0 {
		return true
	}
	known := make([]string, len(t.Limits.Enum))
	for i, e := range t.Limits.Enum {
		if known[i], _ = e.(string); known[i] == text {
			return true
		}
	}
	s.suggest(n.Span, "never_answered", fmt.Sprintf("%s is never %q", what, text), text, known)
	return false
}

func (c *compiler) never(n *document.Node, what, is string, t *schema.Type) {
	c.problems.Addf(n.Span, "wrong_type", "%s is never %s: it is %s", what, is, plan.Describe(t))
}

// decimalText marks the text of a decimal, which may be compared with a number.
var decimalText = &schema.Limits{}

func number(v any) bool {
	switch v.(type) {
	case int, float64:
		return true
	}
	return false
}

// asJSON is the type of a value after it was written as JSON and read again.
func asJSON(t *schema.Type) *schema.Type {
	if t == nil {
		return schema.AnyType
	}
	out := &schema.Type{Kind: t.Kind, Nullable: t.Nullable}
	switch t.Kind {
	case schema.Bool, schema.Int, schema.Null, schema.JSON:
	case schema.Float:
		return schema.AnyType // 1.0 is read as 1
	case schema.List:
		out.Elem = asJSON(t.Elem)
	case schema.ObjectK, schema.File:
		out.Kind, out.Open, out.Fold = schema.ObjectK, t.Open, t.Fold
		for _, f := range t.Fields {
			of := asJSON(f.Type)
			if f.Optional && !f.HasDefault {
				of = of.OrNull()
			}
			out.Fields = append(out.Fields, schema.Field{Name: f.Name, Type: of})
		}
	default:
		out.Kind = schema.String
		if t.Kind == schema.DecimalK {
			out.Limits = decimalText
		} else if t.Limits != nil && len(t.Limits.Enum) > 0 {
			out.Limits = &schema.Limits{Enum: t.Limits.Enum}
		}
	}
	return out
}
