package plan

import (
	"net/http"
	"slices"
	"strings"

	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"
)

var requestShape = schema.NewShape("method", "path", "url", "ip", "headers", "cookies", "id")

// requestObject is ${request}. A call without a network has a method and a path.
func (v *Verb) requestObject(c *action.Call) *schema.Object {
	r := c.Request
	if r == nil {
		empty := schema.NewObject()
		return requestShape.New([]any{v.Method, v.Path, v.Path, c.ClientAddress(), empty, empty, c.TraceID()})
	}
	return requestShape.New([]any{r.Method, c.Address.Path(r.URL), c.Address.URL(r.URL), c.ClientAddress(), headers(r), cookies(r), c.TraceID()})
}

// headers are the request's headers, their names in lower case; of one that was
// sent several times the values are joined, as RFC 9110 section 5.3 says. net/http
// keeps Host apart.
func headers(r *http.Request) *schema.Object {
	names := make([]string, 0, len(r.Header)+1)
	for name := range r.Header {
		names = append(names, name)
	}
	if len(r.Header["Host"]) == 0 {
		names = append(names, "Host")
	}
	slices.Sort(names)
	values := make([]any, len(names))
	for i, name := range names {
		values[i] = strings.Join(r.Header[name], ", ")
		if name == "Host" {
			values[i] = r.Host
		}
		names[i] = strings.ToLower(name)
	}
	return schema.NewShape(names...).New(values)
}

func cookies(r *http.Request) *schema.Object {
	var names []string
	var values []any
	for _, c := range r.Cookies() {
		if !slices.Contains(names, c.Name) && len(names) < 100 {
			names, values = append(names, c.Name), append(values, c.Value)
		}
	}
	return schema.NewShape(names...).New(values)
}
