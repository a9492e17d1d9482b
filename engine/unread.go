package engine

import (
	"fmt"
	"io/fs"

	"cloudlet/engine/internal/settings"
	"cloudlet/engine/language/source"
)

// warnUnread warns of a name that is nearly one that the engine reads, and is not: such a file would be missed
// without a word. Other names that begin with _ are the author's own business.
func warnUnread(a *app, name, base string, known ...string) {
	if near := source.Nearest(base, known); near != "" && base[0] == '_' {
		a.problems.Add(source.Problem{Span: source.NewFile(name, nil).Span(0, 0), Code: "not_read", Warning: true,
			Text: fmt.Sprintf("%q is not read", base), Hint: fmt.Sprintf("did you mean %q?", near)})
	}
}

// warnOtherSettings warns of settings in a file that is not the one that is read.
func warnOtherSettings(fsys fs.FS, a *app) {
	for _, other := range []string{"cloudlet.yml", "cloudlet.json"} {
		if _, err := fs.Stat(fsys, other); err == nil {
			a.problems.Add(source.Problem{Span: source.NewFile(other, nil).Span(0, 0), Code: "not_read", Warning: true,
				Text: "this file is not read", Hint: "the settings stand in " + settings.FileName})
		}
	}
}
