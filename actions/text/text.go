// Package text holds the actions that read and write the formats of others: CSV, Markdown,
// HTML, XML, JSON and YAML, and hold values against types.
package text

import (
	"fmt"
	"html"

	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"
)

// mostText is how many bytes of a text are read or made.
const mostText = 8 << 20

var tooLarge = action.Outcome{Status: 413, Code: "too_large", When: fmt.Sprintf("the text is larger than %d MiB, or holds more than the action takes", mostText>>20)}

func large(detail string) error { return action.Fail(tooLarge.Status, tooLarge.Code, detail) }

// textInput is the one input of most actions here.
type textInput struct {
	Text action.Expr[action.Text] `doc:"The text." class:"any"`
}

// given is the text, where it is none too long.
func given(c *action.Call, e *action.Expr[action.Text], most int) (string, error) {
	text, err := e.Value(c)
	if err == nil && len(text) > most {
		err = large(fmt.Sprintf("The text is larger than %d KiB.", most>>10))
	}
	return string(text), err
}

// gives is a result that is as secret as what it was made of.
func gives(t *schema.Type, from *schema.Type) action.Result {
	return action.Gives(t.WithClass(from.Highest()))
}

// HTMLEscape makes a text one that can stand in HTML.
var HTMLEscape = action.Define(action.Spec[textInput, string]{
	Name: "html.escape", Summary: "Writes a text so that it can stand in HTML, between tags and in quoted attributes.", Main: "text",
	Doc:     "Templates do it by themselves.",
	Example: "- html.escape: ${args.title}\n  as: shown\n", Failures: []action.Outcome{tooLarge},
	Prepare: func(l action.Load, in *textInput) action.Result { return gives(schema.StringType, in.Text.Type()) },
	Run: func(c *action.Call, in *textInput) (string, error) {
		text, err := given(c, &in.Text, mostText)
		return html.EscapeString(text), err
	},
})
