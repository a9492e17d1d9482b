package schema

import (
	"slices"
	"strings"
)

// Side says of which values a JSON Schema speaks.
type Side uint8

// The sides. Some types are written in more ways than they are answered: a
// decimal is sent as a string or a number, and answered as a string.
const (
	Sent     Side = iota // what a client or an author writes
	Answered             // what the engine writes
)

// JSONSchema describes the values of the type in the words of JSON Schema
// (2020-12; nothing in it is unknown to draft-07). What JSON Schema cannot say, such as the first date
// that is allowed, the description says in words. Of what is above Public only the
// form is told: neither defaults nor the values of an enum. The nil type is anything.
func (t *Type) JSONSchema(side Side) *Object {
	return t.jsonSchema(side).object()
}

// JSONSchema describes the values of the field as the type's JSONSchema does, with
// its description, default and example. That it may be absent is for whatever
// holds the field to say.
func (f *Field) JSONSchema(side Side) *Object {
	m := f.Type.jsonSchema(side)
	if f.Description != "" {
		m.notes = append([]string{f.Description}, m.notes...)
	}
	if f.Type.Highest() == Public {
		if f.HasDefault && side == Sent {
			m.add("default", f.Default)
		}
		if f.Example != nil {
			m.add("examples", []any{f.Example})
		}
	}
	return m.object()
}

// members are an object in the making.
type members struct {
	names  []string
	values []any
	notes  []string // sentences of the description
}

func (m *members) add(name string, value any) {
	m.names, m.values = append(m.names, name), append(m.values, value)
}

// note adds a sentence to the description.
func (m *members) note(text string) { m.notes = append(m.notes, text) }

// object is what was added, the description right behind the type.
func (m *members) object() *Object {
	if len(m.notes) > 0 {
		at := 0
		for at < len(m.names) && slices.Contains([]string{"type", "format", "contentEncoding"}, m.names[at]) {
			at++
		}
		m.names = slices.Insert(m.names, at, "description")
		m.values = slices.Insert(m.values, at, any(strings.Join(m.notes, " ")))
		m.notes = nil
	}
	return NewShape(m.names...).New(m.values)
}

func (t *Type) jsonSchema(side Side) *members {
	m := &members{}
	if t == nil {
		return m
	}
	t.form(m, side)
	if t.Limits != nil {
		t.narrow(m, side)
	}
	switch t.Kind {
	case ObjectK:
		t.properties(m, side)
	case List:
		if t.Elem != nil {
			m.add("items", t.Elem.JSONSchema(side))
		}
	}
	if t.Kind == String && t.Class == Secret && side == Sent {
		m.add("writeOnly", true)
	}
	return m
}

// Patterns of texts that JSON Schema has no format for, in what Go and ECMAScript read alike.
const (
	timePattern     = `^([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?$`
	durationPattern = `^[-+]?(0|(([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|ms|s|m|h|d|w))+)$`
	decimalPattern  = `^-?[0-9]+(\.[0-9]+)?$`
	anyDecimal      = `^-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]{1,4})?$`
)

// form says of which JSON type the values are, and what of them is known besides limits.
func (t *Type) form(m *members, side Side) {
	switch t.Kind {
	case JSON:
	case Null:
		m.add("type", "null")
	case Bool:
		m.add("type", t.orNull("boolean"))
	case Int:
		m.add("type", t.orNull("integer"))
		m.add("format", "int64")
	case Float:
		m.add("type", t.orNull("number"))
		m.add("format", "double")
	case DecimalK:
		t.decimal(m, side)
	case ObjectK:
		m.add("type", t.orNull("object"))
	case List:
		m.add("type", t.orNull("array"))
	case File:
		t.file(m, side)
	default:
		m.add("type", t.orNull("string"))
		t.text(m, side)
	}
}

func (t *Type) decimal(m *members, side Side) {
	m.note("An exact decimal number.")
	if side == Sent {
		m.add("type", t.orNull("string", "number"))
		m.add("pattern", anyDecimal)
		return
	}
	m.add("type", t.orNull("string"))
	m.add("pattern", decimalPattern)
}

// file is the content where one is sent, and what is known of it where one is answered.
func (t *Type) file(m *members, side Side) {
	if side == Sent {
		m.add("type", t.orNull("string"))
		m.add("format", "binary")
		m.note("A file of at most " + SizeText(t.MaxFileSize()) + ".")
		return
	}
	m.add("type", t.orNull("object"))
	(&Type{Kind: ObjectK, Fields: FileType.Fields}).properties(m, side)
}

// text says what is known of values that JSON writes as strings.
func (t *Type) text(m *members, side Side) {
	switch t.Kind {
	case Date:
		m.add("format", "date")
	case Time:
		m.add("pattern", timePattern)
		m.note("A time of day as HH:MM:SS.")
	case DateTime:
		m.add("format", "date-time")
	case Duration:
		m.add("pattern", durationPattern)
		m.note("A duration such as 1h30m.")
	case UUID:
		m.add("format", "uuid")
	case Email:
		m.add("format", "email")
	case URL:
		m.add("format", "uri")
		m.note("An absolute http or https URL.")
		if side == Sent && (t.Limits == nil || t.Limits.Pattern == nil) {
			m.add("pattern", "^https?://")
		}
	case Timezone:
		m.note("A name of the IANA time zone database, such as Europe/Berlin.")
	case Bytes:
		m.add("contentEncoding", "base64")
	case String:
		if t.Class == Secret && side == Sent {
			m.add("format", "password")
		}
	}
}

// orNull is the value of the keyword type: one name, or several where null is one too.
func (t *Type) orNull(names ...any) any {
	if t.Nullable {
		names = append(names, "null")
	}
	if len(names) == 1 {
		return names[0]
	}
	return names
}

// properties describes the fields of an object.
func (t *Type) properties(m *members, side Side) {
	names := make([]string, len(t.Fields))
	values := make([]any, len(t.Fields))
	required := []any{}
	for i := range t.Fields {
		f := &t.Fields[i]
		names[i], values[i] = f.Name, f.accepted(side).JSONSchema(side)
		if !f.Optional {
			required = append(required, f.Name)
		}
	}
	if len(names) > 0 {
		m.add("properties", NewShape(names...).New(values))
	}
	if len(required) > 0 {
		m.add("required", required)
	}
	if !t.Open {
		m.add("additionalProperties", false)
	}
}

// accepted is the field with the type that its value may have where it is given:
// null stands for absence where absence would give null.
func (f *Field) accepted(side Side) *Field {
	if !f.Optional || f.HasDefault && side == Sent || f.Type == nil {
		return f
	}
	c := *f
	c.Type = f.Type.OrNull()
	return &c
}
