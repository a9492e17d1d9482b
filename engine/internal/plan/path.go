package plan

import (
	"fmt"
	"regexp"
	"slices"

	"cloudlet/engine/language/document"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// meantForPath reports an argument that nothing reads and whose name is near that of
// an argument of the path that is not declared: every request would lack it.
func (b *builder) meantForPath(src *Source, declared []document.Argument, name string) {
	for _, a := range declared {
		if a.In != schema.Anywhere || slices.Contains(src.PathNames, a.Name) || source.Nearest(a.Name, []string{name}) == "" || b.mayRead(src, a.Name) {
			continue
		}
		b.problems.Add(source.Problem{Span: a.Span, Code: "not_in_path",
			Text: fmt.Sprintf("nothing reads the argument %q, and the path's {%s} is not declared", a.Name, name), Hint: source.DidYouMean(a.Name, []string{name})})
	}
}

// bareArguments finds ${args} as a whole, which reads every argument.
var bareArguments = regexp.MustCompile(`\bargs\b(?:[^.?\["\w]|\?[^.\[]|\[[^"'])`)

// mayRead reports whether the text of an endpoint's file, or of a module above it,
// looks as if it read an argument. Text that only looks so does no harm.
func (b *builder) mayRead(src *Source, name string) bool {
	read := regexp.MustCompile(`\bargs\??(?:\.` + name + `\b|\.?\[["']` + name + `["']\])`)
	texts := [][]byte{src.Document.File.Text}
	for _, folder := range above(src.Folder) {
		if m := b.app.Modules[folder]; m != nil {
			texts = append(texts, m.File.Text)
		}
	}
	return slices.ContainsFunc(texts, func(text []byte) bool { return read.Match(text) || bareArguments.Match(text) })
}
