package document

import (
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// constant reads a node as a value of a type and within its limits. What names it
// in the problem, which stands at a place.
func (r reader) constant(n *Node, t *schema.Type, at source.Span, what string) (any, bool) {
	if n.refused {
		return nil, false
	}
	v, err := typed(n, t)
	if err != nil {
		r.problems.Addf(at, CodeValueDoesNotFit, "%s: %s", what, err)
		return nil, false
	}
	v, fault := check(t, v)
	if fault != "" {
		r.problems.Addf(at, CodeValueDoesNotFit, "%s%s", what, fault)
		return nil, false
	}
	return v, true
}

// check holds a value against a type; the fault begins with a path and a blank.
func check(t *schema.Type, v any) (any, string) {
	var faults []schema.Fault
	v = t.Check(v, "", &faults)
	if len(faults) == 0 {
		return v, ""
	}
	if faults[0].Path == "" {
		return nil, " " + faults[0].Message
	}
	return nil, " at " + faults[0].Path + " " + faults[0].Message
}

// typed is Data where the type is known: a plain scalar that stands for a text is
// that text, so 0042 keeps its zeros, and a decimal is read digit by digit.
func typed(n *Node, t *schema.Type) (any, error) {
	if t == nil {
		return n.Data()
	}
	switch {
	case n.Kind == Scalar && n.Plain && !n.IsNull() && (t.Kind.Textual() || t.Kind == schema.DecimalK):
		return n.Value, nil
	case n.Kind == Sequence && t.Kind == schema.List:
		list := make([]any, len(n.Items))
		for i, item := range n.Items {
			v, err := typed(item, t.Elem)
			if err != nil {
				return nil, err
			}
			list[i] = v
		}
		return list, nil
	case n.Kind == Mapping && t.Kind == schema.ObjectK:
		names, values := make([]string, len(n.Entries)), make([]any, len(n.Entries))
		for i, e := range n.Entries {
			var of *schema.Type
			if f, ok := t.Field(e.Key.Value); ok {
				of = f.Type
			}
			v, err := typed(e.Value, of)
			if err != nil {
				return nil, err
			}
			names[i], values[i] = e.Key.Value, v
		}
		return schema.NewShape(names...).New(values), nil
	}
	return n.Data()
}
