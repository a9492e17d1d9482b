package text

import (
	"bytes"
	"fmt"
	"regexp"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"
)

const (
	mostMarkdown = 256 << 10 // bytes
	mostHTML     = 4 << 20   // bytes
)

var invalidMarkdown = action.Outcome{Status: 400, Code: "invalid_markdown", When: "quotes, lists or brackets are nested deeper, a paragraph has more marks or the tables more cells than a text that is meant to be read"}

// Markdown makes HTML of a text.
var Markdown = action.Define(action.Spec[textInput, string]{
	Name: "markdown", Summary: "Makes HTML of Markdown (CommonMark with GitHub's tables, task lists, strikethrough and links).", Main: "text",
	Doc: "HTML in the text is left out, and what comes out is sanitised: no scripts, no handlers, no styles; links are http, https or mailto and rel=\"nofollow\". " +
		fmt.Sprintf("A text has at most 256 KiB, a paragraph or an item of a list %d links and %d marks of emphasis, all tables together %d cells.", mostBrackets, mostMarks, mostTableCells),
	Example: "- markdown: ${args.text}\n  as: html\n", Failures: []action.Outcome{tooLarge, invalidMarkdown},
	Prepare: func(l action.Load, in *textInput) action.Result { return gives(schema.StringType, in.Text.Type()) },
	Run: func(c *action.Call, in *textInput) (string, error) {
		text, err := given(c, &in.Text, mostMarkdown)
		if err != nil {
			return "", err
		}
		return render(text)
	},
})

// renderer has no state, and neither has the policy: both may be shared.
var (
	renderer = goldmark.New(goldmark.WithExtensions(extension.Strikethrough, extension.TaskList, extension.Linkify,
		extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute))))
	policy = newPolicy()
)

func newPolicy() *bluemonday.Policy {
	p := bluemonday.UGCPolicy()
	p.RequireNoFollowOnLinks(true)
	p.AllowAttrs("type").Matching(regexp.MustCompile("^checkbox$")).OnElements("input")
	p.AllowAttrs("checked", "disabled").Matching(regexp.MustCompile("^$")).OnElements("input")
	p.AllowAttrs("align").Matching(bluemonday.CellAlign).OnElements("th", "td")
	return p
}

// render makes sanitised HTML.
func render(text string) (string, error) {
	if why := excessive(text); why != "" {
		return "", action.Fail(invalidMarkdown.Status, invalidMarkdown.Code, why)
	}
	var out bytes.Buffer
	if err := renderer.Convert([]byte(text), &out); err != nil {
		return "", err
	}
	if out.Len() > mostHTML {
		return "", large("The Markdown makes too much HTML.")
	}
	return policy.Sanitize(out.String()), nil
}
