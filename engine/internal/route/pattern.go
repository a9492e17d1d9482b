// Package route finds the endpoint for a URL's path: it turns the paths of files
// into patterns, explains which of them get in each other's way, and serves the
// rest through net/http's ServeMux.
package route

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"cloudlet/engine/language/source"
)

// Pattern is the set of URL paths that one endpoint file serves.
type Pattern struct {
	// Text is the pattern as an author writes it, unescaped: "/films/{id}".
	Text string
	// Names are the path arguments, in the order of the path.
	Names []string
	// Rest says that the last argument is {name...}: what follows the pattern's
	// last slash, slashes included, and maybe nothing. /files/{path...} matches
	// /files/ and everything below it, but not /files.
	Rest bool

	segments []segment // without that of Rest
	keys     []string  // what ServeMux calls the arguments: ours may hold "-", its may not
}

// segment is what stands between two slashes: a text, or one argument of that name.
type segment struct {
	text string
	wild bool
}

// FromPath makes a pattern from the path of a file under endpoints/, separated by
// slashes: "films/{id}.yaml" is /films/{id}, and "films/index.yaml" is /films.
//
// A file is no route where its ending is neither .yaml nor .yml, where it ends in
// .test.yaml, and where a name in its path begins with _ or "."; then all results
// are zero. A route that is written wrongly has no pattern but a problem, which
// stands at the given place; its code is invalid_route or reserved_route.
//
// Letter case counts. Characters that a URL must escape, such as spaces and
// letters beyond ASCII, are fine in a name and match percent-encoded; the bytes
// are compared as they are, without Unicode normalization. Control characters and
// \ ? # % are refused, since people and proxies read them in more than one way.
func FromPath(path string, at source.Span) (p *Pattern, isRoute bool, problem *source.Problem) {
	names, isRoute := routeNames(path)
	if !isRoute {
		return nil, false, nil
	}
	p = &Pattern{Text: "/" + strings.Join(names, "/")}
	for i, name := range names {
		if problem := p.add(name, i == len(names)-1); problem != nil {
			problem.Span = at
			return nil, true, problem
		}
	}
	return p, true, nil
}

// routeNames are the names on the way to a file, without the ending and "index".
func routeNames(path string) (names []string, isRoute bool) {
	names = strings.Split(path, "/")
	for _, name := range names {
		if strings.HasPrefix(name, "_") || strings.HasPrefix(name, ".") {
			return nil, false
		}
	}
	last := len(names) - 1
	stem, isYAML := strings.CutSuffix(names[last], ".yaml")
	if !isYAML {
		stem, isYAML = strings.CutSuffix(names[last], ".yml")
	}
	if !isYAML || strings.HasSuffix(stem, ".test") {
		return nil, false
	}
	if stem == "index" {
		return names[:last], true
	}
	names[last] = stem
	return names, true
}

// add appends one segment; last says that no other follows.
func (p *Pattern) add(name string, last bool) *source.Problem {
	switch {
	case name == "":
		return invalid("", "a name in the path is empty")
	case len(p.segments) == 0 && name == "-":
		return &source.Problem{Code: "reserved_route", Text: "URLs that begin with /-/ belong to the engine",
			Hint: `an endpoint or its folder cannot be named "-" here`}
	case strings.ContainsAny(name, "{}"):
		return p.addArgument(name, last)
	}
	if r, bad := unfit(name); bad {
		return invalid("rename the file or its folder", "the name %q holds %q, which has no place in a URL's path", name, r)
	}
	p.segments = append(p.segments, segment{text: name})
	return nil
}

// unfit finds the first character of a name that a URL's path should not hold.
func unfit(name string) (string, bool) {
	for i, r := range name {
		_, size := utf8.DecodeRuneInString(name[i:])
		if unicode.IsControl(r) || strings.ContainsRune(`\?#%`, r) || r == utf8.RuneError && size == 1 {
			return name[i : i+size], true
		}
	}
	return "", false
}

// addArgument appends {name} or {name...}.
func (p *Pattern) addArgument(text string, last bool) *source.Problem {
	name, opened := strings.CutPrefix(text, "{")
	name, closed := strings.CutSuffix(name, "}")
	if !opened || !closed || strings.ContainsAny(name, "{}") {
		return invalid(`as in "films/{id}.yaml"`, "the name %q mixes braces with text; a path argument is a whole name between slashes", text)
	}
	name, rest := strings.CutSuffix(name, "...")
	switch {
	case !isName(name):
		return invalid("", "%q is not a path argument: its name begins with a letter or _, and letters, digits, _ and - follow", text)
	case rest && !last:
		return invalid(fmt.Sprintf(`did you mean "{%s}"?`, name), "%q takes the whole rest of the URL, so nothing can follow it", text)
	case slices.Contains(p.Names, name):
		return invalid("give one of them another name", "the path argument %q stands twice in %q", name, p.Text)
	}
	p.keys = append(p.keys, "p"+strconv.Itoa(len(p.Names)))
	p.Names = append(p.Names, name)
	p.Rest = rest
	if !rest {
		p.segments = append(p.segments, segment{text: name, wild: true})
	}
	return nil
}

// isName reports whether s matches [A-Za-z_][A-Za-z0-9_-]*.
func isName(s string) bool {
	for i, c := range []byte(s) {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
		if !letter && (i == 0 || c != '-' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != ""
}

func invalid(hint, format string, args ...any) *source.Problem {
	return &source.Problem{Code: "invalid_route", Text: fmt.Sprintf(format, args...), Hint: hint}
}

// restKey is what ServeMux calls the part of {name...} after its first segment.
const restKey = "rest"

// Value is the path argument Names[i] of a request that a [Table] handed to this
// pattern's handler, percent-decoded: "a%2Fb" is "a/b". No value has a part between
// slashes that is "." or "..". It allocates only for a {name...} that took several
// segments; i must be less than len(Names).
func (p *Pattern) Value(r *http.Request, i int) string {
	value := r.PathValue(p.keys[i])
	if p.Rest && i == len(p.keys)-1 {
		if more := r.PathValue(restKey); more != "" {
			return value + "/" + more
		}
	}
	return value
}

// Escaped is Text with its literal names percent-encoded as in a URL, the arguments
// still in braces: "/my%20films/{id}". It is what OpenAPI wants, but for the dots
// of {name...}.
func (p *Pattern) Escaped() string {
	var b strings.Builder
	for _, s := range p.segments {
		if s.wild {
			b.WriteString("/{" + s.text + "}")
		} else {
			b.WriteString("/" + url.PathEscape(s.text))
		}
	}
	if p.Rest {
		b.WriteString("/{" + p.Names[len(p.Names)-1] + "...}")
	}
	if b.Len() == 0 {
		return "/"
	}
	return b.String()
}
