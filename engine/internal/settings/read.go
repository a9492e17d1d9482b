package settings

import (
	"fmt"
	"slices"
	"strings"

	"cloudlet/engine/language/document"
	"cloudlet/engine/language/source"
)

// reader reads one file and the environment.
type reader struct {
	settings *Settings
	problems *source.Problems
	dir      string
	env      func(string) string
	// given are the values that have an origin, by their keys' paths.
	given map[string]origin
	// sections are the keys of the sections that the file has, by their paths.
	sections map[string]source.Span
	// torn are the sections that a part could not be read of, as a misspelt key; ""
	// is the file. What is missing there is not said.
	torn map[string]bool
	// secretsUnread says that which secrets there are is not known.
	secretsUnread bool
}

// origin is where a value comes from: a place in the file, a variable, or neither.
type origin struct {
	span     source.Span
	variable string
	value    any  // as it is in force
	secret   bool // a secret is in it
	standard bool // it is the default
	refused  bool // it is a problem already, and not in force
}

func (r *reader) root(n *document.Node) {
	if n.IsNull() {
		return
	}
	if n.Kind != document.Mapping {
		r.problems.Addf(n.Span, "wrong_type", "%s is a map of settings", FileName)
		return
	}
	if secrets := n.Get("secrets"); secrets != nil {
		r.secrets(secrets) // first, since the values of the other keys may hold them
	}
	r.mapping(place{}, all(), n)
}

// mapping reads a section, which must have no other keys.
func (r *reader) mapping(around place, keys []key, n *document.Node) {
	for _, e := range n.Entries {
		name := e.Key.Value
		p := around
		p.path = join(around.path, name)
		found := false
		for _, k := range keys {
			if k.name == name {
				p.key, found = k, true
			}
		}
		switch {
		case !found:
			r.torn[around.path] = true
			r.problems.Add(source.Problem{Span: e.Key.Span, Code: document.CodeUnknownKey, Text: fmt.Sprintf("unknown key %q", clip(name)), Hint: meantKey(name, around.path, keys)})
		case e.Value.Refused():
			r.refuse(p.path, e.Value.Span)
		case p.read != nil:
			if p.path != "secrets" {
				p.read(r, e.Value)
			}
		case p.keys != nil:
			r.section(p, e)
		default:
			r.value(p, e.Value)
		}
	}
}

// meantKey helps whoever wrote a key that is not there: the nearest one, else the
// section where there is such a key, else all that there are in this one.
func meantKey(name, path string, keys []key) string {
	if hint := source.DidYouMean(name, namesOf(keys)); hint != "" {
		return hint
	}
	if at := sectionOf(name, "", all()); at != "" && at != path {
		return "it belongs under " + at
	}
	if path == "" {
		return ""
	}
	return "the keys here are " + strings.Join(namesOf(keys), ", ")
}

// sectionOf is the path of the first section that has a key, "" where none has.
func sectionOf(name, path string, keys []key) string {
	if path != "" && slices.Contains(namesOf(keys), name) {
		return path
	}
	for _, k := range keys {
		below := join(path, k.name)
		if k.named != nil {
			below = join(below, "NAME")
		}
		if at := sectionOf(name, below, k.keys); at != "" {
			return at
		}
	}
	return ""
}

// clip keeps a key's name from filling a problem.
func clip(name string) string {
	const widest = 60
	if runes := []rune(name); len(runes) > widest {
		return string(runes[:widest]) + "…"
	}
	return name
}

// section reads a section, or a map of names to sections.
func (r *reader) section(p place, e document.Entry) {
	n := e.Value
	if n.IsNull() && p.of == "" {
		return
	}
	if n.Kind != document.Mapping {
		what := "a map of settings"
		if p.named != nil {
			what = "a map of names to settings"
		}
		r.problems.Addf(n.Span, "wrong_type", "%s is %s", p.path, what)
		return
	}
	if p.named == nil {
		r.sections[p.path] = e.Key.Span
		if p.optional != nil {
			p.optional.begin(r.settings, p.of)
		}
		r.mapping(p, p.keys, n)
		return
	}
	for _, inner := range n.Entries {
		if why := p.named.check(inner.Key.Value); why != "" {
			r.problems.Addf(inner.Key.Span, "invalid_name", "%s", why)
			continue
		}
		if inner.Value.Refused() {
			continue
		}
		one := p
		one.named, one.of, one.path = nil, inner.Key.Value, join(p.path, inner.Key.Value)
		r.section(one, inner)
	}
}

// value reads a single value, or a list of them.
func (r *reader) value(p place, n *document.Node) {
	if p.list != nil {
		r.items(p, n)
		return
	}
	if n.Kind != document.Scalar || n.IsNull() {
		r.problems.Addf(n.Span, "wrong_type", "%s is a single value", p.path)
		r.refuse(p.path, n.Span)
		return
	}
	text, secret, ok := r.fill(n)
	if p.hidden && !secret {
		n.Span.File.Hide(n.Span.From, n.Span.To)
	}
	if !ok {
		r.refuse(p.path, n.Span)
		return
	}
	v, err := p.single(r.settings, p.of, text)
	if err != nil {
		r.problems.Addf(n.Span, "wrong_value", "%s %v", p.path, err)
		r.refuse(p.path, n.Span)
		return
	}
	if p.hidden && !secret {
		r.problems.Add(source.Problem{Span: n.Span, Code: "secret_in_file", Warning: true, Text: p.path + " stands here for everybody who reads the file",
			Hint: `write "${secrets.NAME}", and under secrets where it comes from: {NAME: {env: VARIABLE}} or {NAME: {file: PATH}}`})
	}
	r.given[p.path] = origin{span: n.Span, value: v, secret: secret}
}

// items reads a list of texts.
func (r *reader) items(p place, n *document.Node) {
	if n.IsNull() {
		return
	}
	if n.Kind != document.Sequence {
		r.problems.Addf(n.Span, "wrong_type", "%s is a list, as in [a, b]", p.path)
		r.refuse(p.path, n.Span)
		return
	}
	var texts []string
	taken, tainted := true, false
	for _, item := range n.Items {
		if item.Kind != document.Scalar || item.IsNull() {
			if !item.Refused() {
				r.problems.Addf(item.Span, "wrong_type", "%s is a list of single values", p.path)
			}
			taken = false
			continue
		}
		text, secret, ok := r.fill(item)
		texts, tainted, taken = append(texts, text), tainted || secret, taken && ok
	}
	if !taken {
		r.refuse(p.path, n.Span)
		return
	}
	v, wrong, err := p.list(r.settings, p.of, texts)
	if err != nil {
		r.problems.Addf(n.Items[wrong].Span, "wrong_value", "%s %v", p.path, err)
		r.refuse(p.path, n.Span)
		return
	}
	r.given[p.path] = origin{span: n.Span, value: v, secret: tainted}
}

// environment lets CLOUDLET_… variables override the file. A list's has commas.
func (r *reader) environment() {
	for _, p := range r.places() {
		if p.single == nil && p.list == nil {
			continue
		}
		name := Variable(p.path)
		text := r.env(name)
		if text == "" {
			continue
		}
		if p.around != nil {
			p.around.begin(r.settings, p.of)
		}
		v, err := r.take(p, text)
		if err != nil {
			r.problems.Addf(source.Span{}, "wrong_value", "the environment variable %s %v", name, err)
			r.refuse(p.path, source.Span{})
			continue
		}
		r.given[p.path] = origin{variable: name, value: v}
	}
	r.databaseVariables()
	r.configVariables()
}

// take reads a value that is one text.
func (r *reader) take(p place, text string) (any, error) {
	if p.list == nil {
		return p.single(r.settings, p.of, text)
	}
	var items []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	v, _, err := p.list(r.settings, p.of, items)
	return v, err
}

// complete gives what is not set its default, and says what is missing.
func (r *reader) complete() {
	places := r.places()
	for _, p := range places {
		if p.single == nil && p.list == nil || !p.there(r.settings) {
			continue
		}
		o, known := r.given[p.path]
		switch {
		case known && !o.refused:
		case p.standard != nil:
			if v, err := r.take(p, p.standard(r.settings, p.of)); err == nil && !known {
				r.given[p.path] = origin{value: v, standard: true, secret: p.derived != "" && r.given[p.derived].secret}
			}
		case p.needed && !known && r.lacks(p.path):
			r.complain(p.section, "missing_key", "%s needs %s", p.section, p.name)
		}
	}
	for _, p := range places {
		if p.check != nil && p.there(r.settings) {
			p.check(r, p.path, p.of)
		}
	}
}

// refuse notes that a key has a value, which is a problem already.
func (r *reader) refuse(path string, at source.Span) {
	if _, known := r.given[path]; !known {
		r.given[path] = origin{span: at, refused: true}
	}
}

// lacks reports whether a key is missing for good: it has no value, and nothing
// around it could be it.
func (r *reader) lacks(path string) bool {
	if r.has(path) || r.torn[""] {
		return false
	}
	for i, c := range path {
		if c == '.' && r.torn[path[:i]] {
			return false
		}
	}
	return true
}

// has reports whether a key was given a value.
func (r *reader) has(path string) bool {
	o, ok := r.given[path]
	return ok && !o.standard
}

// spanOf is where a value or section stands in the file.
func (r *reader) spanOf(path string) source.Span {
	if o, ok := r.given[path]; ok {
		return o.span
	}
	return r.sections[path]
}

// complain notes a problem of a value or section at the place that it comes from.
func (r *reader) complain(path, code, format string, args ...any) {
	p := source.Problem{Span: r.spanOf(path), Code: code, Text: fmt.Sprintf(format, args...)}
	if name := r.given[path].variable; name != "" {
		p.Hint = "it comes from the environment variable " + name
	}
	r.problems.Add(p)
}
