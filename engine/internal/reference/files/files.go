// Package files describes the files of an app in JSON Schema, for editors.
package files

import (
	"slices"
	"strings"

	"cloudlet/engine/action"
	"cloudlet/engine/internal/plan"
	"cloudlet/engine/internal/settings"
	"cloudlet/engine/language/document"
	"cloudlet/engine/language/schema"
)

// Kinds are the kinds of files that have a schema.
var Kinds = []string{"endpoint", "module", "action", "job", "test", "settings"}

// Keys are the keys of a kind of file, or of an argument or a step in one; nil for what is none.
func Keys(kind string) []document.Key {
	switch kind {
	case "endpoint":
		return document.EndpointKeys()
	case "module":
		return document.ModuleKeys()
	case "action":
		return document.CompositeKeys()
	case "job":
		return document.JobKeys()
	case "test":
		return document.TestKeys()
	case "settings":
		return settings.Keys()
	case "argument":
		return document.DeclarationKeys(true, true)
	case "step":
		return plan.Modifiers()
	}
	return nil
}

// builder builds the JSON Schemas of an app's files, for editors. They are of draft-07,
// which the language servers for YAML know best. The keys come from package document,
// the actions from their declarations: nothing is said here that is not said there.
type builder struct {
	actions    []*action.Action
	composites []plan.Composite
	secrets    bool // a single value may be ${secrets.NAME}
}

// Schema is the JSON Schema (draft-07) of a kind of file, nil for a kind that is
// none of Kinds. Composites are actions like any other.
func Schema(kind string, actions []*action.Action, composites []plan.Composite) *schema.Object {
	f := &builder{actions, composites, kind == "settings"}
	var root *schema.Object
	switch kind {
	case "endpoint", "module", "settings":
		root = f.mapping(Keys(kind), nil)
	case "action", "job":
		root = f.mapping(Keys(kind), []string{"actions"})
	case "test":
		root = object("type", "array", "items", f.mapping(Keys(kind), []string{"name"}))
	default:
		return nil
	}
	head := object("$schema", "http://json-schema.org/draft-07/schema#", "title", "Cloudlet: "+kind)
	return merged(merged(head, root), object("definitions", f.definitions(kind)))
}

func object(namesAndValues ...any) *schema.Object { return schema.NewObject(namesAndValues...) }

// merged has the fields of a, then those of b.
func merged(a, b *schema.Object) *schema.Object {
	var names []string
	var values []any
	for _, o := range []*schema.Object{a, b} {
		for name, v := range o.All() {
			names, values = append(names, name), append(values, v)
		}
	}
	return schema.NewShape(names...).New(values)
}

func list[T any](items ...T) []any {
	all := make([]any, len(items))
	for i, item := range items {
		all[i] = item
	}
	return all
}

func ref(name string) *schema.Object { return object("$ref", "#/definitions/"+name) }

// documented is a schema with what a key or input means. A reference stands in allOf:
// draft-07 knows nothing beside $ref.
func documented(doc, markdown string, s *schema.Object) *schema.Object {
	if _, is := s.Lookup("$ref"); is {
		s = object("allOf", list(s))
	}
	if _, has := s.Lookup("description"); doc == "" || has {
		return s
	}
	text := object("description", doc)
	if markdown != "" {
		text = object("description", doc, "markdownDescription", markdown)
	}
	return merged(text, s)
}

// mapping is the schema of a mapping with some keys.
func (f *builder) mapping(keys []document.Key, required []string) *schema.Object {
	var names []string
	var values []any
	for _, k := range keys {
		names, values = append(names, k.Name), append(values, documented(k.Doc, "", f.shape(k.Shape)))
	}
	o := object("type", "object", "properties", schema.NewShape(names...).New(values), "additionalProperties", false)
	if len(required) > 0 {
		o = merged(o, object("required", list(required...)))
	}
	return o
}

// durationPattern and sizePattern are what schema.ParseDuration and ParseSize read.
const (
	durationPattern = `^\+?([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h|d|w))+$`
	sizePattern     = `^[0-9]+(B|KiB|MiB|GiB)$`
	ratePattern     = `^(none|[0-9]+/[a-z0-9.]+)$`
)

// scalars are the types of what YAML takes for a text: version: 1.0 is one.
var scalars = list("string", "number", "boolean")

// shape is the schema of a key's value.
func (f *builder) shape(s document.Shape) *schema.Object {
	switch s.Kind {
	case document.CountShape, document.DurationShape, document.ChoiceShape:
		if f.secrets {
			return object("anyOf", list(f.written(s), ref("secret")))
		}
	}
	return f.written(s)
}

// written is the schema of a value that is no expression.
func (f *builder) written(s document.Shape) *schema.Object {
	switch s.Kind {
	case document.TextShape:
		return object("type", scalars)
	case document.FlagShape:
		return object("type", "boolean")
	case document.CountShape:
		return object("type", "integer", "minimum", 0)
	case document.StatusShape:
		return object("type", "integer", "minimum", 200, "maximum", 599)
	case document.DurationShape:
		if duration := object("type", "string", "pattern", durationPattern); len(s.Values) == 0 {
			return duration
		} else {
			return object("anyOf", list(duration, object("enum", list(s.Values...))))
		}
	case document.RateShape:
		return object("anyOf", list(object("type", "string", "pattern", ratePattern), f.mapping(s.Keys(), []string{"limit", "per"})))
	case document.SizeShape:
		return object("type", "string", "pattern", sizePattern)
	case document.NamesShape:
		return object("type", "array", "items", object("type", scalars))
	case document.ListShape:
		return object("type", "array")
	case document.ChoiceShape:
		return object("enum", list(s.Values...))
	case document.AuthShape:
		return object("anyOf", list(object("enum", list("public", "user")), object("type", "array", "items", object("type", "string"), "minItems", 1)))
	case document.ExpressionShape:
		return object("type", list("string", "boolean"))
	case document.MappingShape:
		return f.mapping(s.Keys(), nil)
	case document.ItemsShape:
		return object("type", "array", "items", f.mapping(s.Keys(), nil))
	case document.MapShape:
		if s.Keys != nil {
			return object("type", "object", "additionalProperties", f.mapping(s.Keys(), nil))
		}
		return object("type", "object")
	}
	if name, ok := shapeNames[s.Kind]; ok {
		return ref(name)
	}
	return object()
}

// shapeNames are the definitions of shapes that hold themselves.
var shapeNames = map[document.ShapeKind]string{document.StepsShape: "steps", document.ArgumentsShape: "arguments",
	document.FieldsShape: "fields", document.DeclarationShape: "declaration"}

// definitions are what the schema of a kind refers to.
func (f *builder) definitions(kind string) *schema.Object {
	if kind == "settings" {
		return object("secret", object("type", "string", "pattern", `\$\{\s*secrets\.`, "description", "A secret: ${secrets.NAME}."))
	}
	all := object(
		"expression", object("type", "string", "pattern", `\$\{`, "description", "An expression, evaluated for each request."),
		"duration", object("type", "string", "pattern", durationPattern),
		"arguments", declarations("argument"),
		"fields", declarations("field"),
		"argument", f.declaration(document.DeclarationKeys(true, true)),
		"field", f.declaration(document.DeclarationKeys(true, false)),
		"declaration", f.declaration(document.DeclarationKeys(false, false)),
	)
	if kind == "endpoint" || kind == "module" || kind == "action" || kind == "job" {
		all = merged(all, object("steps", object("type", "array", "items", ref("step")), "step", f.step()))
	}
	return all
}

func declarations(of string) *schema.Object {
	return object("type", list("object", "null"), "additionalProperties", ref(of),
		"propertyNames", object("pattern", "^[A-Za-z_][A-Za-z0-9_-]*$"))
}

// declaration is the schema of a declared type: its name, [T], or the long form.
func (f *builder) declaration(keys []document.Key) *schema.Object {
	names := document.TypeNames()
	short := `^\[*(` + strings.Join(names, "|") + `)[\]?]*( =.*)?$`
	return object("anyOf", list(
		object("enum", list(names...), "description", "The type alone: required, without limits."),
		object("type", "string", "pattern", short, "description", "The short form: int?, string = \"\", [string]."),
		object("type", "array", "items", ref("declaration"), "minItems", 1, "maxItems", 1, "description", "A list: [string]."),
		merged(f.mapping(keys, nil), object("description", "The long form, with limits.")),
	))
}

// step is the schema of a step: its action, the inputs that stand beside that, and
// the modifiers.
func (f *builder) step() *schema.Object {
	properties := map[string][]*schema.Object{}
	var order []string
	add := func(name string, s *schema.Object) {
		if len(properties[name]) == 0 {
			order = append(order, name)
		}
		properties[name] = append(properties[name], s)
	}
	for _, a := range f.actions {
		add(a.Name, f.action(a))
	}
	for _, a := range f.actions {
		if !a.Beside {
			continue
		}
		for i := range a.Inputs {
			if in := &a.Inputs[i]; in.Name != a.Main {
				add(in.Name, documented("Beside "+a.Name+": "+in.Doc, "", f.input(in)))
			}
		}
	}
	for _, m := range plan.Modifiers() {
		add(m.Name, documented(m.Doc, "", f.shape(m.Shape)))
	}
	for _, c := range f.composites {
		add(c.Name, f.composite(&c))
	}
	values := make([]any, len(order))
	for i, name := range order {
		values[i] = either(properties[name])
	}
	return object("type", "object", "properties", schema.NewShape(slices.Clip(order)...).New(values), "additionalProperties", false, "minProperties", 1)
}

// either is what one of some schemas takes, with all that they mean.
func either(of []*schema.Object) *schema.Object {
	if len(of) == 1 {
		return of[0]
	}
	var docs []string
	for _, s := range of {
		if doc, _ := s.Lookup("description"); doc != nil {
			docs = append(docs, doc.(string))
		}
	}
	return object("description", strings.Join(docs, "\n"), "anyOf", list(of...))
}
