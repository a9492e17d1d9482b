package files

import (
	"slices"
	"strings"

	"cloudlet/engine/action"
	"cloudlet/engine/internal/plan"
	"cloudlet/engine/language/schema"
)

// action is the schema of what stands behind an action's name.
func (f *builder) action(a *action.Action) *schema.Object {
	var forms []any
	var main *action.Input
	if a.Main != "" {
		main, _ = a.Input(a.Main)
		forms = append(forms, f.plain(a, main))
	}
	if !a.Beside && !swallows(a, main) {
		forms = append(forms, f.inputs(a))
	}
	if !slices.ContainsFunc(a.Inputs, func(in action.Input) bool { return in.Required }) {
		forms = append(forms, object("type", "null"))
	}
	s := forms[0].(*schema.Object)
	if len(forms) > 1 {
		s = object("anyOf", forms)
	}
	return documented(sentence(a), markdown(a), s)
}

// plain is the schema of a main input without its name. A map would be read as the
// inputs by name, unless there is no other.
func (f *builder) plain(a *action.Action, main *action.Input) *schema.Object {
	if a.Beside || swallows(a, main) || main.Form != action.Expression {
		return f.input(main)
	}
	switch main.Type.Kind {
	case schema.JSON:
		return object("type", list("string", "number", "boolean", "array", "null"))
	case schema.ObjectK:
		return ref("expression")
	}
	return f.input(main)
}

// swallows reports whether a map behind the action is its main input, and not one of
// its inputs by name.
func swallows(a *action.Action, main *action.Input) bool {
	if main == nil || len(a.Inputs) != 1 {
		return false
	}
	switch main.Form {
	case action.Bindings, action.NamedSteps, action.Steps:
		return true
	case action.Expression:
		return main.Type.Kind == schema.JSON || main.Type.Kind == schema.ObjectK
	}
	return false
}

func sentence(a *action.Action) string {
	if a.Doc == "" {
		return a.Summary
	}
	return a.Summary + " " + a.Doc
}

func markdown(a *action.Action) string {
	text := sentence(a)
	if a.Example != "" {
		text += "\n\n```yaml\n" + a.Example + "```"
	}
	return text
}

// inputs is the schema of an action's inputs by name.
func (f *builder) inputs(a *action.Action) *schema.Object {
	var names, required []string
	var values []any
	for i := range a.Inputs {
		in := &a.Inputs[i]
		names, values = append(names, in.Name), append(values, documented(in.Doc, "", f.input(in)))
		if in.Required {
			required = append(required, in.Name)
		}
	}
	o := object("type", "object", "properties", schema.NewShape(names...).New(values), "additionalProperties", false)
	if len(required) > 0 {
		o = merged(o, object("required", list(required...)))
	}
	return o
}

// input is the schema of one input.
func (f *builder) input(in *action.Input) *schema.Object {
	var s *schema.Object
	switch in.Form {
	case action.Steps:
		return ref("steps")
	case action.NamedSteps:
		return object("type", "object", "additionalProperties", ref("steps"))
	case action.Bindings:
		return object("type", "object", "propertyNames", object("pattern", "^[A-Za-z_][A-Za-z0-9_]*$"), "minProperties", 1)
	case action.Statement:
		return object("type", "string")
	case action.Nested:
		return object("anyOf", list(object("type", "object"), object("type", "array"), ref("expression")))
	case action.TypeForm:
		return ref("declaration")
	case action.FieldsForm:
		return ref("fields")
	case action.Constant:
		s = constant(in)
	case action.Expression:
		if s = constant(in); in.Type.Kind != schema.JSON && in.Type.Kind != schema.String {
			s = object("anyOf", list(s, ref("expression")))
		} else if len(in.Enum) > 0 {
			s = object("anyOf", list(s, ref("expression")))
		}
	}
	if in.Default != "" {
		s = merged(s, object("default", in.Default))
	}
	return s
}

// constant is the schema of an input's value as it is written without ${…}.
func constant(in *action.Input) *schema.Object {
	if len(in.Enum) > 0 {
		return object("enum", list(in.Enum...))
	}
	switch in.Type.Kind {
	case schema.Bool:
		return object("type", "boolean")
	case schema.Int:
		return object("type", "integer")
	case schema.Float:
		return object("type", "number")
	case schema.Duration:
		return ref("duration")
	case schema.List:
		if in.Lone {
			return object("type", append(list("array"), scalars...), "items", object("type", scalars))
		}
		if in.Type.Elem != nil && in.Type.Elem.Kind == schema.String {
			return object("type", "array", "items", object("type", scalars))
		}
		return object("type", "array")
	case schema.ObjectK:
		return object("type", "object")
	case schema.JSON:
		return object()
	}
	return object("type", scalars)
}

// composite is the schema of what stands behind the name of a composite action.
func (f *builder) composite(c *plan.Composite) *schema.Object {
	var names, required []string
	var values []any
	for i := range c.Arguments {
		a := &c.Arguments[i]
		s := object("anyOf", list(a.JSONSchema(schema.Sent), ref("expression")))
		names, values = append(names, a.Name), append(values, documented(a.Description, "", s))
		if !a.Optional {
			required = append(required, a.Name)
		}
	}
	o := object("type", "object", "properties", schema.NewShape(names...).New(values), "additionalProperties", false)
	if len(required) > 0 {
		o = merged(o, object("required", list(required...)))
	}
	forms := []any{o}
	if len(required) == 0 {
		forms = append(forms, object("type", "null"))
	}
	if len(names) == 1 {
		forms = append(forms, values[0])
	}
	where := "In " + c.File.Path + "."
	doc := strings.TrimSpace(c.Description + " " + where)
	if len(forms) == 1 {
		return documented(doc, "", o)
	}
	return documented(doc, "", object("anyOf", forms))
}
