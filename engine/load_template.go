package engine

import (
	"path"
	"strings"

	"cloudlet/engine/language/source"
	"cloudlet/engine/template"
)

// template reads a file of a _templates folder; other files there are ignored.
func (l *loader) template(a *app, set *template.Set, name string, text []byte) {
	f, _ := l.parse(a, name, text, func(f *source.File, p *source.Problems) any { return template.Parse(f, p) }).(*template.File)
	folder := path.Dir(path.Dir(name))
	set.Add(strings.TrimPrefix(strings.TrimPrefix(folder, endpointsFolder), "/"), f)
}
