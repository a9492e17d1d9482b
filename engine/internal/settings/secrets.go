package settings

import (
	"os"
	"path/filepath"
	"strings"

	"cloudlet/engine/language/document"
	"cloudlet/engine/language/expression"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// secretSize bounds the file of a secret, in bytes.
const secretSize = 64 << 10

func (r *reader) secrets(n *document.Node) {
	if n.IsNull() {
		return
	}
	if n.Kind != document.Mapping {
		r.secretsUnread = true
		r.problems.Addf(n.Span, "wrong_type", "secrets is a map of names to {env: NAME} or {file: PATH}")
		return
	}
	var names []string
	var values []any
	for _, e := range n.Entries {
		name := e.Key.Value
		value, why := r.secret(e.Value)
		if why != "" && !e.Value.Refused() {
			r.problems.Addf(e.Key.Span, "missing_secret", "the secret %q %s", name, why)
		}
		names, values = append(names, name), append(values, value)
		r.given["secrets."+name] = origin{span: e.Value.Span, secret: true, refused: why != ""}
	}
	r.settings.Secrets = schema.NewShape(names...).New(values)
}

// secret reads one secret, or says why it cannot be had.
func (r *reader) secret(n *document.Node) (string, string) {
	if n.Kind != document.Mapping || len(n.Entries) != 1 {
		return "", "comes from {env: NAME} or {file: PATH}"
	}
	key, value := n.Entries[0].Key, n.Entries[0].Value
	if value.Kind != document.Scalar || value.IsNull() {
		return "", "comes from {env: NAME} or {file: PATH}"
	}
	switch key.Value {
	case "env":
		if text := r.env(value.Value); text != "" {
			return text, ""
		}
		return "", "is missing: the environment variable " + value.Value + " is not set"
	case "file":
		path := value.Value
		if !filepath.IsAbs(path) {
			path = filepath.Join(r.dir, path)
		}
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() || info.Size() > secretSize {
			return "", "is missing: the file " + value.Value + " cannot be read"
		}
		text, err := os.ReadFile(path)
		if err != nil || strings.TrimRight(string(text), "\r\n") == "" {
			return "", "is missing: the file " + value.Value + " cannot be read or is empty"
		}
		return strings.TrimRight(string(text), "\r\n"), ""
	}
	return "", "comes from {env: NAME} or {file: PATH}, and not from " + key.Value
}

// fill puts secrets in the place of ${secrets.NAME}, and reports whether there were
// any. It is not ok where one cannot be had; that is a problem already.
func (r *reader) fill(n *document.Node) (text string, secret, ok bool) {
	if !strings.Contains(n.Value, "${") {
		return n.Value, false, true
	}
	parts, fault := expression.Split(n.Value)
	if fault != nil {
		r.problems.Add(source.Problem{Span: n.Place(fault.From, fault.To), Code: fault.Code, Text: fault.Text, Hint: fault.Hint})
		return "", false, false
	}
	var b strings.Builder
	ok = true
	for _, p := range parts {
		if !p.Expression {
			b.WriteString(p.Literal)
			continue
		}
		value, found := r.reference(p.Source, n.Place(p.Offset, p.Offset+len(p.Source)))
		b.WriteString(value)
		secret, ok = true, ok && found
	}
	return b.String(), secret, ok
}

// reference is the secret that stands between ${ and }.
func (r *reader) reference(text string, at source.Span) (string, bool) {
	name, is := strings.CutPrefix(strings.TrimSpace(text), "secrets.")
	if !is {
		r.problems.Addf(at, "wrong_value", "only secrets can be read in %s, as in ${secrets.NAME}", FileName)
		return "", false
	}
	value, declared := r.settings.Secrets.Lookup(name)
	if !declared {
		if !r.secretsUnread {
			var names []string
			for known := range r.settings.Secrets.All() {
				names = append(names, known)
			}
			r.problems.Add(source.Problem{Span: at, Code: "unknown_secret", Text: "secrets does not name " + quote(clip(name)), Hint: source.DidYouMean(name, names)})
		}
		return "", false
	}
	secret, _ := value.(string)
	return secret, secret != ""
}
