package plan

import (
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"

	"cloudlet/engine/language/document"
	"cloudlet/engine/language/schema"
)

// cors lets pages of other origins use an endpoint (Fetch standard, section 3.2). Without
// it nothing is said, and browsers let none in.
type cors struct {
	origins     []string // nil: any
	credentials bool
	methods     string
	headers     string
	age         string
}

// Headers that the pages of other origins may send and read where nothing else is said:
// those that endpoints of this engine take and give.
var (
	corsAccepted = []string{"Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-Modified-Since", "If-None-Match", "If-Range", "If-Unmodified-Since", "Last-Event-ID", "Range", "Traceparent"}
	corsExposed  = []string{"Accept-Ranges, Age, Content-Disposition, Content-Range, ETag, Idempotency-Replayed, Link, Location, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate"}
	corsAny      = []string{"*"}
	corsTrue     = []string{"true"}
	originVaries = "Origin"
)

// newCORS is what holds for an endpoint with some verbs, nil without any.
func newCORS(d *document.CORS, e *Endpoint) *cors {
	if d == nil {
		return nil
	}
	c := &cors{origins: d.Origins, credentials: d.Credentials, methods: strings.Join(d.Methods, ", "), age: strconv.FormatInt(seconds(d.MaxAge), 10)}
	if d.Any {
		c.origins = nil
	}
	if d.Methods == nil {
		c.methods = strings.TrimSuffix(strings.TrimSuffix(e.allow, "OPTIONS"), ", ")
	}
	headers := d.Headers
	if headers == nil {
		headers = slices.Clone(corsAccepted)
		for _, v := range e.Verbs {
			for _, a := range v.Arguments {
				if name := textproto.CanonicalMIMEHeaderKey(a.Name); a.In == schema.InHeader && !slices.Contains(headers, name) {
					headers = append(headers, name)
				}
			}
		}
	}
	c.headers = strings.Join(headers, ", ")
	return c
}

// admit says in the answer's header what the page may do that sent the request, and reports
// whether the request is a preflight, which only asks for that. A page that may nothing is
// told nothing; its browser keeps the answer from it.
func (c *cors) admit(header http.Header, r *http.Request) (preflight bool) {
	if c.origins != nil || c.credentials {
		header.Add("Vary", originVaries)
	}
	origin := r.Header["Origin"]
	if len(origin) != 1 {
		return false
	}
	preflight = r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
	switch {
	case c.origins == nil:
		header["Access-Control-Allow-Origin"] = corsAny
	case slices.Contains(c.origins, origin[0]):
		header["Access-Control-Allow-Origin"] = origin
	default:
		return preflight
	}
	if c.credentials {
		header["Access-Control-Allow-Credentials"] = corsTrue
	}
	if !preflight {
		header["Access-Control-Expose-Headers"] = corsExposed
		return false
	}
	header.Set("Access-Control-Allow-Methods", c.methods)
	header.Set("Access-Control-Allow-Headers", c.headers)
	header.Set("Access-Control-Max-Age", c.age)
	return true
}
