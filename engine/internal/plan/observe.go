package plan

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"
)

// Observer is a ResponseWriter that wants to know whose answer it wrote. It is
// told when the answer has been written, with the verb where one took the
// request; of a failure it is told before that too, without the verb.
type Observer interface {
	Observe(v *Verb, x *action.Exchange)
}

func observe(w http.ResponseWriter, v *Verb, x *action.Exchange) {
	if o, ok := w.(Observer); ok {
		o.Observe(v, x)
	}
}

// ShownURL is the path and query of a request as a log may show them. Of the path
// the values of secret arguments are masked; of the query every value but those of
// declared public arguments, since a misspelled passwrod is a secret too.
func (v *Verb) ShownURL(u *url.URL) (path, query string) {
	return v.shownPath(u), v.shownQuery(u.RawQuery)
}

func (v *Verb) shownPath(u *url.URL) string {
	if !strings.Contains(v.Path, "{") {
		return u.EscapedPath()
	}
	have := strings.Split(u.EscapedPath(), "/")
	for i, want := range strings.Split(v.Path, "/") {
		name, isName := strings.CutPrefix(strings.TrimSuffix(want, "}"), "{")
		name, rest := strings.CutSuffix(name, "...")
		if !isName || i >= len(have) || !slices.Contains(v.secrets, name) {
			continue
		}
		have[i] = schema.Masked
		if rest {
			have = have[:i+1]
		}
	}
	return strings.Join(have, "/")
}

func (v *Verb) shownQuery(query string) string {
	if query == "" {
		return ""
	}
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		name, _, _ := strings.Cut(pair, "=")
		plain, err := url.QueryUnescape(name)
		if err != nil || !v.takesPublic(plain) {
			pairs[i] = name + "=" + schema.Masked
		}
	}
	return strings.Join(pairs, "&")
}

func (v *Verb) takesPublic(name string) bool {
	return slices.ContainsFunc(v.Arguments, func(f schema.Field) bool {
		return f.Name == name && f.Type.Highest() == schema.Public
	})
}
