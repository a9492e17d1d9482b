package schema

import (
	"strings"
	"unicode/utf8"
)

// MarshalText is String, so that JSON shows a type as an author would write it.
func (t *Type) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// Layout is String in lines of at most width characters where the names allow it: an
// object that is wider has one field a line, indented by two.
func (t *Type) Layout(width int) string {
	flat := t.String()
	if t == nil || utf8.RuneCountInString(flat) <= width {
		return flat
	}
	var b strings.Builder
	switch {
	case t.Kind == List && t.Elem != nil:
		b.WriteString("[" + t.Elem.Layout(width-2) + "]")
	case t.Kind == ObjectK && len(t.Fields) > 0:
		b.WriteString("{\n")
		for _, f := range t.Fields {
			inner := f.Type.Layout(width - len("  : ") - utf8.RuneCountInString(f.Name))
			b.WriteString("  " + f.Name + ": " + strings.ReplaceAll(inner, "\n", "\n  ") + "\n")
		}
		if t.Open {
			b.WriteString("  …\n")
		}
		b.WriteString("}")
	default:
		return flat
	}
	if t.Nullable {
		b.WriteString("?")
	}
	return b.String()
}
