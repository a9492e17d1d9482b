package plan

import (
	"fmt"
	"net/http"
	"slices"

	"cloudlet/engine/language/document"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// rawBody leaves the body of a verb to the step that asked for it: no argument comes from there.
func (b *builder) rawBody(src *Source, d *document.Verb, v *Verb) {
	if v.Method == http.MethodGet || v.Method == http.MethodDelete {
		b.problems.Add(source.Problem{Span: v.At, Code: "no_body", Text: "a step of this verb reads the body, and " + v.Method + " has none", Hint: "use post"})
		return
	}
	for _, a := range slices.Concat(src.Document.Arguments, d.Arguments) {
		if a.In == schema.InBody || a.In == schema.Anywhere && !slices.Contains(src.PathNames, a.Name) {
			b.problems.Add(source.Problem{Span: a.Span, Code: "wrong_place", Text: fmt.Sprintf("a step of this verb reads the whole body, so %q cannot come from there", a.Name),
				Hint: "say in: query or in: header"})
		}
	}
	v.set = v.set.WithoutBody()
}
