package document

import (
	"fmt"
	"strings"

	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// Argument is one declared argument of a chain. A short optional one has a
// Nullable type and is Optional; one with a default is Optional, HasDefault and
// not Nullable.
type Argument struct {
	schema.Field
	Span source.Span // of the name
}

// ParseArguments reads a mapping of names and declarations. One whose name is wrong
// is left out, one whose type is wrong is json, and a wrong default, example or
// limit is as if it were not there.
// A node without a value declares nothing.
func ParseArguments(node *Node, problems *source.Problems) []Argument {
	return reader{problems}.arguments(node, true)
}

// ParseType reads a type where nothing is declared: what returns and validate.as
// take. It is written as an argument is, short or long, without a default. It is
// nil where it cannot be read.
func ParseType(node *Node, problems *source.Problems) *schema.Type {
	d := reader{problems}.declaration(node, false, nil)
	if d == nil {
		return nil
	}
	return d.Type
}

func (r reader) arguments(n *Node, outermost bool) []Argument {
	if n.IsNull() {
		return nil
	}
	if n.Kind != Mapping {
		r.expected(n, "names and their types")
		return nil
	}
	list := make([]Argument, 0, len(n.Entries))
	for _, e := range n.Entries {
		name := e.Key.Value
		if !isName(name) {
			r.problems.Addf(e.Key.Span, CodeInvalidName, "a name has letters, digits, _ and -, and begins with a letter or _; found %q", shorten(name))
			continue
		}
		place := schema.Anywhere
		at := &place
		if !outermost {
			at = nil
		}
		f := r.declaration(e.Value, true, at)
		if f == nil { // reading it is no second mistake, and neither is leaving it out
			f = &schema.Field{Type: schema.AnyType, Optional: true}
		}
		f.Name, f.In, f.Type = name, place, fewFiles(f.Type)
		r.fileStands(f, e.Value, outermost)
		list = append(list, Argument{*f, e.Key.Span})
	}
	return list
}

// isName matches [A-Za-z_][A-Za-z0-9_-]*.
func isName(s string) bool {
	for i, c := range []byte(s) {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
		if !letter && (i == 0 || c != '-' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != ""
}

// declaration reads a type in its short or long form. Named ones may be optional
// and have a default; place, where it is not nil, may be said with in.
func (r reader) declaration(n *Node, named bool, place *schema.Place) *schema.Field {
	switch {
	case n.IsNull():
		r.expected(n, "a type, such as string")
		return nil
	case n.Kind == Scalar:
		return r.short(n, named)
	case n.Kind == Sequence:
		if t := r.listOf(n); t != nil {
			return &schema.Field{Type: t}
		}
		return nil
	}
	return r.long(n, named, place)
}

// listOf reads [T].
func (r reader) listOf(n *Node) *schema.Type {
	if len(n.Items) != 1 {
		r.problems.Addf(mark(n), CodeWrongType, "a list is declared with the one type of its items, such as [string]")
		return nil
	}
	d := r.declaration(n.Items[0], false, nil)
	if d == nil {
		return nil
	}
	return schema.ListOf(d.Type)
}

// short reads `string`, `int?`, `int = 1` and, where they are quoted, `[string]?`
// and `[string] = [a]`.
func (r reader) short(n *Node, named bool) *schema.Field {
	text, value, hasDefault := strings.Cut(n.Value, " = ")
	if rest, ok := strings.CutSuffix(n.Value, " ="); ok && !hasDefault {
		r.problems.Add(source.Problem{Span: n.Place(len(rest)+1, len(n.Value)), Code: CodeInvalidValue,
			Text: `expected a default behind "="`, Hint: `the empty text is written ""`})
		text = rest
	}
	name := strings.TrimSpace(text)
	name, optional := strings.CutSuffix(name, "?")
	from := strings.Index(n.Value, name)
	t := r.typeNamed(name, n.Place(from, from+len(name)), 0)
	if t == nil {
		return nil
	}
	f := &schema.Field{Type: t, Optional: optional || hasDefault}
	at := n.Place(len(text), len(n.Value))
	switch {
	case hasDefault && !named:
		r.problems.Addf(at, CodeInvalidValue, "a default has no meaning here: only arguments and fields have one")
	case hasDefault && optional:
		r.problems.Addf(at, CodeConflict, `an argument with a default is optional already: leave out the "?"`)
	case hasDefault:
		r.shortDefault(f, n, len(text)+len(" = "), value)
	}
	if optional {
		f.Type = t.OrNull()
	}
	return f
}

// shortDefault reads the YAML value behind " = ".
func (r reader) shortDefault(f *schema.Field, n *Node, from int, text string) {
	at := n.Place(from, len(n.Value))
	var wrong source.Problems
	value := Parse(source.NewFile(n.Span.Path(), []byte(text)), &wrong)
	if list := wrong.All(); len(list) > 0 {
		// The places are those of the text alone.
		r.problems.Add(source.Problem{Span: at, Code: CodeInvalidValue, Text: "the default cannot be read: " + list[0].Text, Hint: list[0].Hint})
		f.Optional = false
		return
	}
	r.setDefault(f, value, at)
}

// typeNamed reads a type's name, or [T] as a text.
func (r reader) typeNamed(name string, at source.Span, depth int) *schema.Type {
	if strings.HasPrefix(name, "[") && strings.HasSuffix(name, "]") && depth < MaxDepth {
		inner := strings.TrimSpace(name[1 : len(name)-1])
		inner, optional := strings.CutSuffix(inner, "?")
		t := r.typeNamed(inner, at, depth+1)
		if t == nil {
			return nil
		}
		if optional {
			t = t.OrNull()
		}
		return schema.ListOf(t)
	}
	if t := simpleType(name); t != nil {
		return t
	}
	p := source.Problem{Span: at, Code: CodeUnknownType, Text: fmt.Sprintf("unknown type %q", shorten(name)), Hint: typeHint(name)}
	r.problems.Add(p)
	return nil
}

// simpleType is a type that a name alone says, without limits, or nil.
func simpleType(name string) *schema.Type {
	switch name {
	case "string":
		return schema.StringType
	case "int":
		return schema.IntType
	case "float":
		return schema.FloatType
	case "decimal":
		return schema.DecimalType
	case "bool":
		return schema.BoolType
	case "date":
		return &schema.Type{Kind: schema.Date}
	case "time":
		return &schema.Type{Kind: schema.Time}
	case "datetime":
		return schema.DateTimeType
	case "duration":
		return schema.DurationType
	case "uuid":
		return schema.UUIDType
	case "email":
		return &schema.Type{Kind: schema.Email}
	case "url":
		return &schema.Type{Kind: schema.URL}
	case "timezone":
		return &schema.Type{Kind: schema.Timezone}
	case "secret":
		return schema.SecretType
	case "token":
		return schema.TokenType
	case "json":
		return schema.AnyType
	case "file":
		return fileType()
	case "object":
		return &schema.Type{Kind: schema.ObjectK, Open: true}
	}
	return nil
}

func typeNames() []string {
	return []string{"string", "int", "float", "decimal", "bool", "date", "time", "datetime", "duration",
		"uuid", "email", "url", "timezone", "secret", "token", "json", "file", "object"}
}

// typeHint knows what other languages call the types.
func typeHint(name string) string {
	other := map[string]string{"integer": "int", "number": "float", "double": "float", "boolean": "bool", "text": "string", "str": "string",
		"timestamp": "datetime", "password": "secret", "jwt": "token", "uri": "url", "map": "object", "any": "json", "numeric": "decimal", "upload": "file", "binary": "file", "tz": "timezone", "zone": "timezone"}
	if t, ok := other[strings.ToLower(name)]; ok {
		return fmt.Sprintf("did you mean %q?", t)
	}
	inner, isList := strings.CutSuffix(name, "[]")
	if generic, ok := strings.CutPrefix(strings.ToLower(name), "list<"); ok {
		inner, isList = strings.TrimSuffix(generic, ">"), true
	}
	either, orNull := strings.CutSuffix(strings.ReplaceAll(name, " ", ""), "|null")
	switch lower := strings.ToLower(name); {
	case isList && simpleType(inner) != nil:
		return fmt.Sprintf("a list is written [%s]", inner)
	case orNull && simpleType(either) != nil:
		return fmt.Sprintf("write %s?, or required: false", either)
	case strings.HasPrefix(lower, "enum"):
		return "write {type: string, enum: [a, b]}"
	case lower == "list" || lower == "array":
		return "a list is written [string], or with items: what each of them is"
	case strings.Contains(name, "="):
		return `a default is written "int = 1", with a space on both sides`
	}
	return source.DidYouMean(name, typeNames())
}
