package plan

import (
	"net"
	"net/http"
	"net/url"
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
		return requestShape.New([]any{v.Method, v.Path, v.Path, "127.0.0.1", empty, empty, c.TraceID()})
	}
	return requestShape.New([]any{r.Method, v.maskedPath(r.URL), v.maskedURL(r.URL), Address(r), headers(r), cookies(r), c.TraceID()})
}

// Address is the client's address without its port.
func Address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
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

// maskedPath is the path as it was sent, unescaped; where a secret argument is in
// it, masked.
func (v *Verb) maskedPath(u *url.URL) string {
	if v.hidesPath() {
		return v.shownPath(u)
	}
	return u.Path
}

func (v *Verb) hidesPath() bool {
	return len(v.secrets) > 0 && slices.ContainsFunc(v.Arguments, func(f schema.Field) bool {
		return f.In == schema.InPath && slices.Contains(v.secrets, f.Name)
	})
}

// maskedURL is the path and query as they were sent, but for the values of
// secret arguments.
func (v *Verb) maskedURL(u *url.URL) string {
	if u.RawQuery == "" {
		return v.shownPath(u)
	}
	return v.shownPath(u) + "?" + MaskQuery(u.RawQuery, v.secrets)
}

// MaskQuery replaces the values of the named parameters by [secret]; so too
// where a query cannot be read.
func MaskQuery(query string, secrets []string) string {
	if len(secrets) == 0 {
		return query
	}
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		name, _, _ := strings.Cut(pair, "=")
		plain, err := url.QueryUnescape(name)
		if err != nil || slices.Contains(secrets, plain) {
			pairs[i] = name + "=[secret]"
		}
	}
	return strings.Join(pairs, "&")
}
