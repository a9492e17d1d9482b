package plan

import (
	"net/http"
	"strings"
)

// Whoever sends HEAD only looks, as mail scanners and previews of links do. A verb whose
// chain does something that can be done only once, be it in a composite action or in an
// endpoint that it calls, must not do it then; it does not take HEAD.

// allowed is the Allow header of an endpoint, when all are compiled; and notes whether it takes HEAD.
func (p *Plan) allowed(e *Endpoint) string {
	get := e.lookup[http.MethodGet]
	e.head = get != nil && !p.once(get, map[*Verb]bool{})
	list := ""
	for _, m := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
		if e.lookup[m] != nil || m == "HEAD" && e.head {
			list += m + ", "
		}
	}
	return list + "OPTIONS"
}

// once reports whether a verb, or one that it calls, does what can be done only once.
func (p *Plan) once(v *Verb, seen map[*Verb]bool) bool {
	if v.once || seen[v] {
		return v.once
	}
	seen[v] = true
	for _, name := range v.calls {
		method, path, _ := strings.Cut(name, " ")
		if called := p.find(method, path); called != nil && p.once(called, seen) {
			return true
		}
	}
	return false
}
