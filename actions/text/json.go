package text

import (
	"errors"
	"fmt"
	"strings"

	"cloudlet/engine/action"
	"cloudlet/engine/language/document"
	"cloudlet/engine/language/schema"
)

var (
	invalidJSON = action.Outcome{Status: 400, Code: "invalid_json", When: "the text is no JSON, holds a key twice or nests over 64 levels deep"}
	invalidYAML = action.Outcome{Status: 400, Code: "invalid_yaml", When: "the text is no YAML, or has tags, anchors, aliases, merge keys or a key twice"}
)

// JSONParse reads JSON (RFC 8259).
var JSONParse = action.Define(action.Spec[textInput, any]{
	Name: "json.parse", Summary: "Reads a text as JSON.", Main: "text",
	Gives:   "json: any value, whose fields are not known at load",
	Doc:     "As strictly as the body of a request: no key twice, nothing behind the value, no more than 64 levels. `validate` then makes sure of the type.",
	Example: "- json.parse: ${args.text}\n  as: parsed\n", Failures: []action.Outcome{invalidJSON, tooLarge},
	Prepare: func(l action.Load, in *textInput) action.Result { return gives(schema.AnyType, in.Text.Type()) },
	Run: func(c *action.Call, in *textInput) (any, error) {
		text, err := given(c, &in.Text, mostText)
		if err != nil {
			return nil, err
		}
		v, err := schema.DecodeAny([]byte(text))
		var wrong *schema.SyntaxError
		switch {
		case err == nil:
			return v, nil
		case errors.As(err, &wrong):
			at := min(int(wrong.Offset), len(text))
			line := 1 + strings.Count(text[:at], "\n")
			return nil, action.Fail(invalidJSON.Status, invalidJSON.Code, fmt.Sprintf("The text is no JSON in line %d.", line))
		}
		return nil, action.Fail(invalidJSON.Status, invalidJSON.Code, "A number in the JSON cannot be kept.")
	},
})

const mostYAML = document.MaxSize

// YAMLParse reads YAML.
var YAMLParse = action.Define(action.Spec[textInput, any]{
	Name: "yaml.parse", Summary: "Reads a text as YAML.", Main: "text",
	Gives:   "json: any value, whose fields are not known at load",
	Doc:     "One document of at most 1 MiB, in the core schema of YAML 1.2, without tags, anchors, aliases and merge keys: yes and 2026-01-02 are texts.",
	Example: "- yaml.parse: ${args.text}\n  as: parsed\n", Failures: []action.Outcome{invalidYAML, tooLarge},
	Prepare: func(l action.Load, in *textInput) action.Result { return gives(schema.AnyType, in.Text.Type()) },
	Run: func(c *action.Call, in *textInput) (any, error) {
		text, err := given(c, &in.Text, mostYAML)
		if err != nil {
			return nil, err
		}
		v, line, ok := document.ParseData([]byte(text))
		if !ok {
			return nil, action.Fail(invalidYAML.Status, invalidYAML.Code, fmt.Sprintf("The text is no YAML that is taken here; look at line %d.", line))
		}
		return v, nil
	},
})
