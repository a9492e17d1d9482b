package route

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"cloudlet/engine/language/source"
)

// Entry is an endpoint that wants to be found.
type Entry struct {
	// Pattern comes from [FromPath].
	Pattern *Pattern
	// At is the place in its file that a conflict points to.
	At source.Span
	// Handler gets every method; r.Pattern is Pattern.Text, and the path arguments
	// are read with [Pattern.Value].
	Handler http.Handler
}

// Table finds the handler for a request's path. It never changes after [Build],
// so any number of goroutines may use it. It is two ServeMuxes, because one sends
// a redirect to /files/ for /files where only /files/{path...} exists, which is
// not what the files say, and loses escaped slashes in it:
//
//	flat  paths that do not end in a slash; {name...} is {p0} and {p0}/{rest...}
//	deep  paths that end in a slash: "/" itself and what {name...} takes
type Table struct {
	flat, deep http.ServeMux
	fallback   http.Handler
}

// Build makes a table. Everything that matches no entry goes to the fallback, as
// does all below /-/, CONNECT and "OPTIONS *"; nil is a plain 404. Entries are
// taken in the order of their files: each one that conflicts with an earlier one
// is left out of the table and is one problem of the code route_conflict, which
// names both patterns and a path that both match, and relates to the other file.
func Build(entries []Entry, fallback http.Handler) (*Table, []source.Problem) {
	if fallback == nil {
		fallback = http.NotFoundHandler()
	}
	t := &Table{fallback: fallback}
	sorted := slices.Clone(entries)
	sortEntries(sorted)
	var problems source.Problems
	found, accepted := newIndex(), make([]*Entry, 0, len(sorted))
	for i := range sorted {
		e := &sorted[i]
		if other := found.add(e); other != nil {
			problems.Add(conflict(e, other))
			continue
		}
		accepted = append(accepted, e)
	}
	for _, e := range accepted {
		t.register(e, found)
	}
	t.flat.Handle("/", target{handler: fallback})
	if found.shapes["/{...}"] == nil {
		t.deep.Handle("/", target{handler: fallback})
	}
	return t, problems.All()
}

// sortEntries puts entries into the order of their files, so that the problems do
// not depend on who listed the files.
func sortEntries(list []Entry) {
	slices.SortStableFunc(list, func(a, b Entry) int {
		if c := strings.Compare(a.At.Path(), b.At.Path()); c != 0 {
			return c
		}
		return strings.Compare(a.Pattern.Text, b.Pattern.Text)
	})
}

// register puts an accepted entry into the ServeMuxes. What is registered for
// {name...} beside the pattern itself cannot conflict where the pattern does not:
// it is the same set of paths, cut by their number of segments.
func (t *Table) register(e *Entry, found *index) {
	p, h := e.Pattern, target{e.Pattern.Text, e.Handler}
	var b strings.Builder
	n := 0
	for _, s := range p.segments {
		if s.wild {
			b.WriteString("/{" + p.keys[n] + "}")
			n++
		} else {
			b.WriteString("/" + url.PathEscape(s.text))
		}
	}
	switch above := b.String(); {
	case p.Rest:
		// films/{id}.yaml is more specific than films/{path...}.yaml.
		one := append(slices.Clip(p.segments), segment{wild: true})
		if found.shapes[shape(one, false)] == nil {
			t.flat.Handle(above+"/{"+p.keys[n]+"}", h)
		}
		t.flat.Handle(above+"/{"+p.keys[n]+"}/{"+restKey+"...}", h)
		t.deep.Handle(above+"/{"+p.keys[n]+"...}", h)
	case above == "":
		t.deep.Handle("/{$}", h)
	default:
		t.flat.Handle(above, h)
	}
}

// target hands a request over with the author's pattern instead of ServeMux's.
type target struct {
	pattern string
	handler http.Handler
}

func (t target) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Pattern = t.pattern
	t.handler.ServeHTTP(w, r)
}

// ServeHTTP serves the request with the most specific entry for its path, or with
// the fallback. /films/ is not /films: a slash at the end counts. Empty segments and
// unescaped "." and ".." are answered with a redirect (307) to the path without
// them; escaped ones (%2e%2e) match nothing, since people and file systems would
// take them for what they look like. An escaped slash (%2F) is part of its segment,
// and one that is a whole segment matches no {name}.
func (t *Table) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p := r.URL.Path
	rooted := strings.HasPrefix(p, "/") && (r.URL.RawPath == "" || strings.HasPrefix(r.URL.RawPath, "/"))
	if r.Method == http.MethodConnect || !rooted || strings.HasPrefix(p, "/-/") {
		t.fallback.ServeHTTP(w, r)
		return
	}
	// Decoding never makes a path cleaner, so that a clean one needs no second look.
	// ServeMux would redirect too, but it escapes what is escaped once more.
	if empty, dots := unclean(p); empty || dots {
		escaped := r.URL.EscapedPath()
		if clean := cleaned(escaped); clean != escaped {
			redirect(w, r, clean)
			return
		}
		if dots {
			t.fallback.ServeHTTP(w, r)
			return
		}
	}
	if strings.HasSuffix(p, "/") && strings.HasSuffix(r.URL.EscapedPath(), "/") {
		t.deep.ServeHTTP(w, r)
		return
	}
	t.flat.ServeHTTP(w, r)
}

// unclean reports whether a path has an empty segment before its end, and whether
// it has a segment "." or "..".
func unclean(p string) (empty, dots bool) {
	for i := 0; i < len(p); i++ {
		if p[i] != '/' {
			continue
		}
		rest := p[i+1:]
		if strings.HasPrefix(rest, "/") {
			empty = true
		}
		if !strings.HasPrefix(rest, ".") {
			continue
		}
		rest = strings.TrimPrefix(rest[1:], ".")
		if rest == "" || rest[0] == '/' {
			dots = true
		}
	}
	return empty, dots
}

// cleaned is path.Clean that keeps a slash at the end.
func cleaned(p string) string {
	clean := path.Clean(p)
	if clean != "/" && (strings.HasSuffix(p, "/") || strings.HasSuffix(p, "/.") || strings.HasSuffix(p, "/..")) {
		clean += "/"
	}
	return clean
}

// redirect sends the client to another path of this server; it begins with just
// one slash, so that no browser takes it for another host.
func redirect(w http.ResponseWriter, r *http.Request, escaped string) {
	if r.URL.RawQuery != "" {
		escaped += "?" + visible(r.URL.RawQuery)
	}
	http.Redirect(w, r, escaped, http.StatusTemporaryRedirect)
}

// visible escapes what has no place in a header. A request that came over HTTP
// holds none of it; one that another handler made may.
func visible(query string) string {
	var b strings.Builder
	for i := range len(query) {
		if c := query[i]; c <= ' ' || c == '\\' || c >= 0x7f {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}
