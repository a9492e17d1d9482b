package reference

import (
	"slices"
	"strings"

	"cloudlet/engine/language/schema"
)

// What follows is about values that are written as text: in a path, a query, a
// header, a cookie or a form. There null cannot be written, an empty list neither,
// and objects are JSON.

// isPlain reports whether the values are written as one text that is no JSON.
func isPlain(t *schema.Type) bool {
	if t == nil {
		return false
	}
	switch t.Kind {
	case schema.JSON, schema.ObjectK, schema.List:
		return false
	}
	return true
}

func isList(t *schema.Type) bool { return t != nil && t.Kind == schema.List }

// written is the type of what text can say of a type: all but null.
func written(t *schema.Type) *schema.Type {
	if t == nil {
		return nil
	}
	t = t.NotNull()
	if t.Kind == schema.List && t.Elem != nil && t.Elem.Nullable {
		c := *t
		c.Elem = t.Elem.NotNull()
		t = &c
	}
	return t
}

// sendable is the type of a list that is written as its name for each item: one
// that is required has an item, or it would not be there.
func sendable(f *schema.Field) *schema.Type {
	if f.Optional {
		return f.Type
	}
	limits := schema.Limits{}
	if f.Type.Limits != nil {
		limits = *f.Type.Limits
	}
	if limits.MinItems != nil && *limits.MinItems > 0 {
		return f.Type
	}
	one := 1
	limits.MinItems = &one
	c := *f.Type
	c.Limits = &limits
	return &c
}

// notEmpty is the type of a text that stands between two slashes.
func notEmpty(t *schema.Type) *schema.Type {
	if t == nil || t.Kind != schema.String || t.Limits != nil && (t.Limits.MinLength != nil && *t.Limits.MinLength > 0 || t.Limits.Enum != nil) {
		return t
	}
	limits := schema.Limits{}
	if t.Limits != nil {
		limits = *t.Limits
	}
	one := 1
	limits.MinLength = &one
	c := *t
	c.Limits = &limits
	return &c
}

// requestBody describes the body, nil where there is none to be sent.
func (args *arguments) requestBody() *schema.Object {
	if args.verb.TakesRawBody() {
		return schema.NewObject("required", true, "content", schema.NewObject("application/json", schema.NewObject("schema", schema.NewObject())))
	}
	open := args.verb.IgnoresUnknown()
	if !args.verb.TakesBody() || len(args.body) == 0 && !open {
		return nil
	}
	var body object
	for i := range args.body {
		if !args.body[i].Optional {
			body.put("required", true)
			break
		}
	}
	body.put("content", args.bodies(open))
	return body.done()
}

// bodies describes the body by its media type. Files come in multipart/form-data alone: what
// else there is goes without them, unless one has to be there.
func (args *arguments) bodies(open bool) *schema.Object {
	plain := *args
	plain.body = slices.DeleteFunc(slices.Clone(args.body), func(f schema.Field) bool { return f.Type.HoldsFile() })
	form := plain.media(open)
	var o object
	if !slices.ContainsFunc(args.body, func(f schema.Field) bool { return f.Type.HoldsFile() && !f.Optional }) {
		whole := &schema.Type{Kind: schema.ObjectK, Fields: plain.body, Open: open}
		o.put("application/json", schema.NewObject("schema", whole.JSONSchema(schema.Sent)))
		o.put("application/x-www-form-urlencoded", form)
	}
	if len(plain.body) < len(args.body) {
		form = args.media(open)
	}
	o.put("multipart/form-data", form)
	return o.done()
}

// media is a form with what it says of the encoding of its fields.
func (args *arguments) media(open bool) *schema.Object {
	if encoding := args.encoding(); encoding != nil {
		return schema.NewObject("schema", args.form(open), "encoding", encoding)
	}
	return schema.NewObject("schema", args.form(open))
}

// form describes the fields of a form.
func (args *arguments) form(open bool) *schema.Object {
	var fields object
	var required []any
	for _, f := range args.body {
		if f.Type = written(f.Type); isList(f.Type) {
			f.Type = sendable(&f)
		}
		s := f.JSONSchema(schema.Sent)
		if isList(f.Type) && !isPlain(f.Type.Elem) {
			s = embedded(s)
		}
		fields.put(f.Name, s)
		if !f.Optional {
			required = append(required, f.Name)
		}
	}
	var o object
	o.put("type", "object")
	if len(fields.names) > 0 {
		o.put("properties", fields.done())
	}
	o.some("required", required)
	if !open {
		o.put("additionalProperties", false)
	}
	return o.done()
}

// embedded describes a list whose items are JSON texts.
func embedded(list *schema.Object) *schema.Object {
	items, rest := cut(list, "items")
	var text object
	text.put("type", "string")
	text.put("contentMediaType", "application/json")
	if items != nil {
		text.put("contentSchema", items)
	}
	var o object
	for name, value := range rest.All() {
		if name != "default" && name != "examples" { // they are of the list itself
			o.put(name, value)
		}
	}
	o.put("items", text.done())
	return o.done()
}

// encoding says which fields of a form are JSON texts, and what files may be.
func (args *arguments) encoding() *schema.Object {
	var o object
	for _, f := range args.body {
		if types := contentTypes(f.Type); types != nil {
			o.put(f.Name, schema.NewObject("contentType", strings.Join(types, ", ")))
			continue
		}
		if !isPlain(f.Type) && !isList(f.Type) {
			o.put(f.Name, schema.NewObject("contentType", "application/json"))
		}
	}
	if len(o.names) == 0 {
		return nil
	}
	return o.done()
}

// contentTypes are what a file, or those in a list, may be; nil where nothing is said.
func contentTypes(t *schema.Type) []string {
	if isList(t) {
		t = t.Elem
	}
	if t == nil || t.Kind != schema.File || t.Limits == nil {
		return nil
	}
	return t.Limits.ContentTypes
}
