package settings

import (
	"strconv"

	"cloudlet/engine/language/document"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

func quote(text string) string { return strconv.Quote(text) }

func (r *reader) config(n *document.Node) {
	if n.IsNull() {
		return
	}
	v, err := n.Data()
	o, ok := v.(*schema.Object)
	if err != nil || !ok {
		r.problems.Addf(n.Span, "wrong_type", "config is a map of values")
		return
	}
	r.settings.Config = o
	for _, e := range n.Entries {
		r.given["config."+e.Key.Value] = origin{span: e.Value.Span}
	}
}

// configVariables lets CLOUDLET_CONFIG_COMPANY override ${config.company}, where
// the file's value is a text, number or bool; the variable is read as its type.
func (r *reader) configVariables() {
	c := r.settings.Config
	values := make([]any, c.Len())
	for i := range values {
		name, v := c.At(i)
		values[i] = v
		variable := Variable("config." + name)
		text := r.env(variable)
		if text == "" {
			continue
		}
		var t *schema.Type
		switch v.(type) {
		case string:
			t = schema.StringType
		case int:
			t = schema.IntType
		case float64:
			t = schema.FloatType
		case bool:
			t = schema.BoolType
		default:
			continue
		}
		value, err := t.FromText(text)
		if err != nil {
			r.problems.Addf(source.Span{}, "wrong_value", "the environment variable %s %v", variable, err)
			continue
		}
		values[i] = value
		r.given["config."+name] = origin{variable: variable}
	}
	r.settings.Config = c.Shape().New(values)
}
