package document

import (
	"fmt"

	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// long is what the long form of a declaration says, until all of it is known.
type long struct {
	typeNode, items, fields   *Node
	required, description     *Node
	defaultNode, example, in  *Node
	enum, min, max, minLength *Node
	maxLength, pattern        *Node
	minItems, maxItems        *Node
	maxSize, contentTypes     *Node
}

// long reads a mapping of type, limits and documentation.
func (r reader) long(n *Node, named bool, place *schema.Place) *schema.Field {
	l := &long{}
	if untyped(n) {
		r.problems.Add(source.Problem{Span: mark(n), Code: CodeMissingKey, Text: "expected a type", Hint: "the fields of an object stand under fields"})
		return nil
	}
	r.mapping(n, l.keys(named, place != nil), declarationHint(n))
	f := r.longType(n, l)
	if f == nil {
		return nil
	}
	if l.description != nil {
		t, _ := r.text(l.description)
		f.Description = t.Value
	}
	r.limits(f, l)
	r.optional(f, l)
	if l.example != nil {
		if v, ok := r.constant(l.example, f.Type, l.example.Span, "the example"); ok {
			f.Example = v
		}
	}
	if l.in != nil {
		*place = r.in(l.in)
	}
	return f
}

// untyped reports whether a declaration says nothing of a type: then its other
// keys, which may be meant as fields, are not judged.
func untyped(n *Node) bool {
	return n.Get("type") == nil && n.Get("items") == nil && n.Get("fields") == nil && !misspelt(n, "type")
}

func (l *long) keys(named, placed bool) []key {
	keep := func(target **Node) func(name, value *Node) {
		return func(_, n *Node) { *target = n }
	}
	of := func(k ShapeKind) Shape { return Shape{Kind: k} }
	keys := []key{
		{"type", "The type.", declared, keep(&l.typeNode)},
		{"required", "Whether it has to be there; true where nothing is said.", flag, keep(&l.required)},
		{"description", "What it means.", text, keep(&l.description)},
		{"example", "A value, for the documentation.", of(AnyShape), keep(&l.example)},
		{"enum", "The values that are allowed.", of(ListShape), keep(&l.enum)},
		{"min", "The least value.", of(AnyShape), keep(&l.min)},
		{"max", "The greatest value.", of(AnyShape), keep(&l.max)},
		{"min_length", "The least number of characters.", of(CountShape), keep(&l.minLength)},
		{"max_length", "The greatest number of characters.", of(CountShape), keep(&l.maxLength)},
		{"pattern", "A regular expression (RE2) that must match somewhere in the text.", text, keep(&l.pattern)},
		{"min_items", "The least number of items.", of(CountShape), keep(&l.minItems)},
		{"max_items", "The greatest number of items.", of(CountShape), keep(&l.maxItems)},
		{"max_size", "How large a file may be; 10MiB where nothing is said.", of(SizeShape), keep(&l.maxSize)},
		{"content_types", "What a file may be by its content, such as image/png or image/*; anything where nothing is said.", of(NamesShape), keep(&l.contentTypes)},
		{"items", "What each item of a list is.", declared, keep(&l.items)},
		{"fields", "The fields of an object, declared as arguments are.", of(FieldsShape), keep(&l.fields)},
	}
	if named {
		keys = append(keys, key{"default", "The value where it is left out.", of(AnyShape), keep(&l.defaultNode)})
	}
	if placed {
		keys = append(keys, key{"in", "Where it comes from.", Shape{Kind: ChoiceShape, Values: places}, keep(&l.in)})
	}
	return keys
}

// longType reads type, items and fields. Items alone declare a list, and fields
// alone an object.
func (r reader) longType(n *Node, l *long) *schema.Field {
	f := &schema.Field{}
	switch {
	case l.typeNode != nil:
		t := r.declaration(l.typeNode, false, nil)
		if t == nil {
			return nil
		}
		f = t
	case l.items != nil:
		f.Type = schema.ListOf(nil)
	case l.fields != nil:
		f.Type = &schema.Type{Kind: schema.ObjectK, Open: true}
	default:
		return nil // its name was mistyped
	}
	if l.items != nil {
		f.Type = r.withItems(f.Type, l.items)
	}
	if l.fields != nil {
		f.Type = r.withFields(f.Type, l.fields)
	}
	if f.Type == nil {
		return nil
	}
	return f
}

func (r reader) withItems(t *schema.Type, n *Node) *schema.Type {
	if t.Kind != schema.List {
		r.problems.Addf(mark(n), CodeLimitNotAllowed, "items go with a list, not with %s", t)
		return t
	}
	// {type: [string], items: {max_length: 5}} says the type once.
	if t.Elem != nil && n.Kind == Mapping && n.Get("type") == nil && n.Get("fields") == nil && n.Get("items") == nil {
		l, f := &long{}, &schema.Field{Type: t.Elem}
		r.mapping(n, l.keys(false, false), declarationHint(n))
		r.limits(f, l)
		return &schema.Type{Kind: schema.List, Nullable: t.Nullable, Elem: f.Type}
	}
	d := r.declaration(n, false, nil)
	if d == nil {
		return nil
	}
	if t.Elem != nil && t.Elem.String() != d.Type.String() {
		r.problems.Addf(mark(n), CodeConflict, "the items are said to be %s and %s", t.Elem, d.Type)
	}
	return &schema.Type{Kind: schema.List, Nullable: t.Nullable, Elem: d.Type}
}

func (r reader) withFields(t *schema.Type, n *Node) *schema.Type {
	if t == nil {
		return nil
	}
	if t.Kind != schema.ObjectK {
		r.problems.Addf(mark(n), CodeLimitNotAllowed, "fields go with an object, not with %s", t)
		return t
	}
	o := &schema.Type{Kind: schema.ObjectK, Nullable: t.Nullable}
	for _, a := range r.arguments(n, false) {
		o.Fields = append(o.Fields, a.Field)
	}
	return o
}

// optional reads required and default.
func (r reader) optional(f *schema.Field, l *long) {
	required, said := true, l.required != nil
	if said {
		r.flag(&required)(nil, l.required)
	}
	switch {
	case l.defaultNode != nil && said && required:
		r.problems.Addf(l.required.Span, CodeConflict, "a required argument cannot have a default")
	case l.defaultNode != nil:
		r.setDefault(f, l.defaultNode, mark(l.defaultNode))
	case !required:
		f.Optional, f.Type = true, f.Type.OrNull()
	case f.Type.Nullable && f.Type.Kind != schema.JSON:
		f.Optional = !said
	}
}

// setDefault gives a field its default, which must be a value of its type.
func (r reader) setDefault(f *schema.Field, n *Node, at source.Span) {
	f.Optional = true
	if v, ok := r.constant(n, f.Type, at, "the default"); ok {
		f.HasDefault, f.Default = true, v
	}
	if f.Type.Kind != schema.JSON {
		f.Type = f.Type.NotNull()
	}
}

// places are where an argument may come from, in the order of schema's.
var places = []string{"path", "query", "header", "cookie", "body"}

func (r reader) in(n *Node) schema.Place {
	for i, name := range places {
		if n.Kind == Scalar && n.Value == name {
			return schema.InPath + schema.Place(i)
		}
	}
	p := source.Problem{Span: mark(n), Code: CodeInvalidValue, Text: "expected path, query, header, cookie or body"}
	if n.Kind == Scalar {
		p.Text += fmt.Sprintf(", found %q", shorten(n.Value))
		p.Hint = source.DidYouMean(n.Value, places)
	}
	r.problems.Add(p)
	return schema.Anywhere
}
