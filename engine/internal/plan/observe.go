package plan

import (
	"net/http"
	"net/url"
	"slices"

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
	if u.RawQuery != "" {
		query = maskPairs(u.RawQuery, v.takesPublic)
	}
	return v.mask.escaped(u), query
}

func (v *Verb) takesPublic(name string) bool {
	return slices.ContainsFunc(v.Arguments, func(f schema.Field) bool {
		return f.Name == name && f.Type.Highest() == schema.Public
	})
}
