package plan

import (
	"net/url"
	"slices"
	"strings"

	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"
)

// mask knows what of an address is secret: the values of some arguments. It is that
// of the verb that took the request, also in the endpoints that its chain calls.
type mask struct {
	pattern string   // /films/{id}
	secrets []string // names of arguments
	inPath  bool     // one of them is in the path
}

var _ action.Address = (*mask)(nil)

// newMask is the mask of verbs at one address; a method that none of them takes is
// shown as if it were any of theirs.
func newMask(pattern string, inPath []string, verbs ...*Verb) mask {
	m := mask{pattern: pattern}
	for _, v := range verbs {
		for _, name := range v.secrets {
			m.secrets = append(m.secrets, name)
			m.inPath = m.inPath || slices.Contains(inPath, name)
		}
	}
	return m
}

// Path implements action.Address.
func (m *mask) Path(u *url.URL) string {
	if !m.inPath {
		return u.Path
	}
	shown, err := url.PathUnescape(m.escaped(u))
	if err != nil {
		return m.pattern
	}
	return shown
}

// URL implements action.Address.
func (m *mask) URL(u *url.URL) string {
	if u.RawQuery == "" {
		return m.escaped(u)
	}
	return m.escaped(u) + "?" + m.query(u.RawQuery)
}

// escaped is the path as it was sent, its secrets masked.
func (m *mask) escaped(u *url.URL) string {
	if !m.inPath {
		return u.EscapedPath()
	}
	have := strings.Split(u.EscapedPath(), "/")
	for i, want := range strings.Split(m.pattern, "/") {
		name, rest, isName := wildcard(want)
		if !isName || i >= len(have) || !slices.Contains(m.secrets, name) {
			continue
		}
		have[i] = schema.Masked
		if rest {
			have = have[:i+1]
		}
	}
	return strings.Join(have, "/")
}

// query replaces the values of secret arguments, and of names that cannot be read.
func (m *mask) query(query string) string {
	if len(m.secrets) == 0 {
		return query
	}
	return maskPairs(query, func(name string) bool { return !slices.Contains(m.secrets, name) })
}

// maskPairs replaces the values of a query by [secret] but for those to be shown.
func maskPairs(query string, shown func(name string) bool) string {
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		name, _, valued := strings.Cut(pair, "=")
		plain, err := url.QueryUnescape(name)
		switch {
		case err == nil && shown(plain) || pair == "":
		case valued:
			pairs[i] = name + "=" + schema.Masked
		default: // ?hunter2
			pairs[i] = schema.Masked
		}
	}
	return strings.Join(pairs, "&")
}
