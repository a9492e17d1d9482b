package document

import (
	"cloudlet/engine/language/source"
)

// ParseData reads a text that is no file of an app as one YAML document, as strictly as
// Parse: its value as Node.Data gives it, nil for a text without content. Where it is not
// ok, line is where the first mistake is, counted from 1.
func ParseData(text []byte) (value any, line int, ok bool) {
	var problems source.Problems
	root := Parse(source.NewFile("", text), &problems)
	if list := problems.All(); root == nil || len(list) > 0 {
		if len(list) > 0 {
			line = list[0].Start().Line
		}
		return nil, max(1, line), false
	}
	if root.Kind == Mapping && len(root.Entries) == 0 && root.Span.From == root.Span.To {
		return nil, 0, true // no content
	}
	value, err := root.Data()
	if err != nil {
		return nil, root.Span.Start().Line, false
	}
	return value, 0, true
}
