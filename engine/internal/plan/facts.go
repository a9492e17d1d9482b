package plan

import (
	"net/http"

	"cloudlet/engine/identity"
)

// TakesBody reports whether the verb reads the body of a request.
func (v *Verb) TakesBody() bool { return v.raw || v.set.TakesBody() }

// TakesRawBody reports whether a step reads the body itself: it is any JSON.
func (v *Verb) TakesRawBody() bool { return v.raw }

// IgnoresUnknown reports whether arguments that are not declared are passed over.
func (v *Verb) IgnoresUnknown() bool { return v.set.IgnoresUnknown() }

// ReadsUser reports whether ${user} is read, by the verb's own condition or its chain.
func (v *Verb) ReadsUser() bool { return v.readsUser }

// Permits reports whether the roles of a caller, nil for nobody, let it call the
// verb. What `allow` says depends on the request and is not asked.
func (v *Verb) Permits(caller *identity.Caller) bool { return v.permit(caller) == nil }

// Find finds the verb that takes a request, and what its address says for the
// arguments of the path; nil where there is none. HEAD is GET where the
// endpoint takes it.
func (p *Plan) Find(method, address string) (v *Verb, path map[string]string) {
	e, values := p.at(address)
	if e == nil {
		return nil, nil
	}
	if method == http.MethodHead && e.head {
		method = http.MethodGet
	}
	return e.lookup[method], values
}

// Takes reports whether the verb has an argument of a name.
func (v *Verb) Takes(name string) bool { return v.set.Shape().Index(name) >= 0 }

// Names lists what can be called, sorted: "GET /films/{id}".
func (p *Plan) Names() []string { return sortedKeys(p.verbs) }
