package schema

import "strings"

// narrow adds a type's limits.
func (t *Type) narrow(m *members, side Side) {
	l := t.Limits
	if len(l.Enum) > 0 {
		t.enum(m)
	}
	t.bounds(m, side)
	count := func(name string, n *int) {
		if n != nil {
			m.add(name, *n)
		}
	}
	count("minLength", l.MinLength)
	count("maxLength", l.MaxLength)
	count("minItems", l.MinItems)
	count("maxItems", l.MaxItems)
	if l.Pattern != nil {
		if text, ok := ECMAScript(l.Pattern); ok {
			m.add("pattern", text)
		} else {
			m.note("It matches the regular expression (RE2) " + l.Pattern.String() + " .")
		}
	}
	if len(l.ContentTypes) > 0 && side == Sent {
		m.note("Content types: " + strings.Join(l.ContentTypes, ", ") + ".")
	}
}

// enum lists the allowed values, unless they are as secret as what is sent.
func (t *Type) enum(m *members) {
	if t.Class > Public {
		m.note("Only certain values are allowed.")
		return
	}
	list := append([]any(nil), t.Limits.Enum...)
	if t.null() {
		list = append(list, nil)
	}
	m.add("enum", list)
}

// bounds adds min and max: as keywords for numbers, in words for what JSON writes
// as text.
func (t *Type) bounds(m *members, side Side) {
	bound := func(keyword, words string, v any) {
		if v == nil {
			return
		}
		number := v
		if d, ok := v.(Decimal); ok {
			number = nil
			if f := d.Float(); side == Sent {
				if same, err := fromFloat(f); err == nil && same.Compare(d) == 0 {
					number = f
				}
			}
		}
		switch number.(type) {
		case int, float64:
			m.add(keyword, number)
		}
		if t.Kind != Int && t.Kind != Float {
			m.note(words + " " + Text(v) + ".")
		}
	}
	bound("minimum", "At least", t.Limits.Min)
	bound("maximum", "At most", t.Limits.Max)
}
