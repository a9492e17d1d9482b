package trial

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"cloudlet/engine/internal/plan"
	"cloudlet/engine/language/document"
	"cloudlet/engine/language/expression"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// request is a request to be made.
type request struct {
	at     source.Span // of its method
	method string
	path   []pathPart
	whole  *expression.Program // the path with its query, or an address of the app, where it is ${…} alone
	as     string              // the user whose ticket it brings; "" is nobody

	query, headers, cookies, body, form, text *expression.Program
	hasBody                                   bool
	files                                     []upload
	signature                                 *signature // nil: it is not signed
	job                                       string     // that is done in place of a request; "": none
}

// pathPart is a piece of the path and query as it is written, or a value in it.
type pathPart struct {
	literal string
	program *expression.Program
	query   bool // it stands behind the ?
}

// request compiles a request and says which verb takes it; nil where none does, or
// it is not known.
func (s *scene) request(d *document.TestRequest, into *request, status int) *plan.Verb {
	into.at, into.method = d.Key, d.Method
	if d.Method == document.TestJob {
		s.job(d, into)
		if d.Body != nil {
			into.body = s.names.Value(d.Body, "body")
		}
		return nil
	}
	address := s.path(d.Path, into)
	into.query = s.optional(d.Query, "query")
	into.headers = s.optional(d.Headers, "headers")
	into.cookies = s.optional(d.Cookies, "cookies")
	into.form = s.optional(d.Form, "form")
	into.files = s.uploads(d.Files)
	into.text = s.optional(d.Text, "text")
	if d.Body != nil {
		into.hasBody = true
		into.body = s.names.Value(d.Body, "body")
	}
	into.signature = s.signature(d.Sign)
	if d.As != nil {
		into.as = s.user(d.As)
	}
	if address == "" || strings.HasPrefix(address, "/-/") {
		return nil
	}
	v, known := s.verb(d, address, status)
	if v != nil && status < 400 && !v.IgnoresUnknown() && !v.TakesRawBody() {
		s.arguments(d, v)
	}
	if !known {
		return nil
	}
	return v
}

func (s *scene) optional(n *document.Node, what string) *expression.Program {
	if n == nil {
		return nil
	}
	return s.names.Value(n, what)
}

// path compiles the path and gives one as it may look, its query cut off.
func (s *scene) path(n *document.Node, into *request) string {
	if plan.Lone(n) {
		if into.whole = s.names.Value(n, "path"); into.whole != nil && schema.Fits(into.whole.Type, schema.StringType) == schema.Never {
			s.problems.Add(source.Problem{Span: n.Span, Code: "wrong_type", Text: "a path is a text, and this is " + plan.Describe(into.whole.Type), Hint: linkHint(into.whole.Type)})
		}
		return ""
	}
	if !strings.HasPrefix(n.Value, "/") {
		s.problems.Add(source.Problem{Span: n.Span, Code: "invalid_value", Text: "a path begins with /, or is one ${…} alone"})
		return ""
	}
	parts, fault := expression.Split(n.Value)
	if fault != nil {
		s.problems.Add(source.Problem{Span: n.Place(fault.From, fault.To), Code: fault.Code, Text: fault.Text, Hint: fault.Hint})
		return ""
	}
	example, query := "", false
	for _, part := range parts {
		if !part.Expression {
			into.path = append(into.path, pathPart{literal: part.Literal})
			example, query = example+part.Literal, query || strings.Contains(part.Literal, "?")
			continue
		}
		p := s.names.Part(n, part)
		if p == nil {
			return ""
		}
		into.path = append(into.path, pathPart{program: p, query: query})
		example += "0"
	}
	u, err := url.ParseRequestURI(example)
	if err != nil {
		s.problems.Addf(n.Span, "invalid_url", "this is no path of a URL")
		return ""
	}
	return u.EscapedPath()
}

// linkHint says how a link is followed, to whoever names the link itself.
func linkHint(t *schema.Type) string {
	if _, is := t.Field("url"); is {
		return "write its url"
	}
	return ""
}

// verb finds what takes the request. That nothing does is a problem, unless that is
// what the test expects.
func (s *scene) verb(d *document.TestRequest, address string, status int) (v *plan.Verb, known bool) {
	if d.Method == http.MethodOptions {
		return nil, false
	}
	v, _ = s.env.Plan.Find(d.Method, address)
	if v != nil || status == http.StatusNotFound || status == http.StatusMethodNotAllowed {
		return v, v != nil
	}
	name := d.Method + " " + address
	all := s.env.Plan.Names()
	for _, n := range all {
		if method, path, _ := strings.Cut(n, " "); path == address {
			s.problems.Addf(d.Key, "unknown_endpoint", "%s takes no %s; it takes %s", address, d.Method, method)
			return nil, false
		}
	}
	s.suggest(d.Path.Span, "unknown_endpoint", fmt.Sprintf("there is no endpoint %s", name), name, all)
	return nil, false
}

// arguments reports names that the verb does not take, where the request is
// expected to succeed.
func (s *scene) arguments(d *document.TestRequest, v *plan.Verb) {
	var names []string
	for _, f := range v.Arguments {
		names = append(names, f.Name)
	}
	for _, n := range []*document.Node{d.Query, d.Form, d.Files, d.Body} {
		if n == nil || n.Kind != document.Mapping {
			continue
		}
		for _, e := range n.Entries {
			if !v.Takes(e.Key.Value) {
				s.suggest(e.Key.Span, "unknown_argument", fmt.Sprintf("%s %s has no argument %q", v.Method, v.Path, e.Key.Value), e.Key.Value, names)
			}
		}
	}
}

// build makes the request.
func (q *request) build(ctx context.Context, o *Outbox, f *expression.Frame) (*http.Request, error) {
	address, err := q.address(o, f)
	if err != nil {
		return nil, err
	}
	body, content, err := q.payload(f)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, q.method, "http://127.0.0.1"+address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if len(body) == 0 && !q.hasBody {
		r.Body, r.ContentLength = http.NoBody, 0
	}
	r.RequestURI, r.RemoteAddr = r.URL.RequestURI(), "127.0.0.1:1"
	if content != "" {
		r.Header.Set("Content-Type", content)
	}
	if q.signature != nil {
		if err := q.signature.sign(f, r.Header, body); err != nil {
			return nil, err
		}
	}
	err = each(q.headers, f, func(name, value string) { r.Header.Set(name, value) })
	if err == nil {
		err = each(q.cookies, f, func(name, value string) { r.AddCookie(&http.Cookie{Name: name, Value: value}) })
	}
	return r, err
}

// address is the path with the query.
func (q *request) address(o *Outbox, f *expression.Frame) (string, error) {
	var b strings.Builder
	if q.whole != nil {
		path, err := follow(q.whole, o, f)
		if err != nil {
			return "", err
		}
		b.WriteString(path)
	}
	for _, part := range q.path {
		if part.program == nil {
			b.WriteString(part.literal)
			continue
		}
		v, err := part.program.Run(f)
		if err != nil {
			return "", err
		}
		if part.query {
			b.WriteString(url.QueryEscape(schema.Text(v)))
		} else {
			b.WriteString(url.PathEscape(schema.Text(v)))
		}
	}
	values := url.Values{}
	if err := each(q.query, f, values.Add); err != nil {
		return "", err
	}
	if len(values) == 0 {
		return b.String(), nil
	}
	separator := "?"
	if strings.Contains(b.String(), "?") {
		separator = "&"
	}
	return b.String() + separator + values.Encode(), nil
}

// follow is the path and query that one ${…} gives.
func follow(p *expression.Program, o *Outbox, f *expression.Frame) (string, error) {
	v, err := p.Run(f)
	if err != nil {
		return "", err
	}
	text, _ := v.(string)
	if strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "//") {
		return text, nil
	}
	if path := o.path(text); path != "" {
		return path, nil
	}
	return "", fmt.Errorf("%s is neither a path nor an address that begins with %s", shown(v), o.PublicURL)
}

// payload is the body with its content type.
func (q *request) payload(f *expression.Frame) (body []byte, content string, err error) {
	switch {
	case len(q.files) > 0:
		return q.multipart(f)
	case q.hasBody:
		v, err := run(q.body, f)
		return schema.AppendJSON(nil, v), "application/json", err
	case q.form != nil:
		values := url.Values{}
		err := each(q.form, f, values.Add)
		return []byte(values.Encode()), "application/x-www-form-urlencoded", err
	case q.text != nil:
		v, err := q.text.Run(f)
		return []byte(schema.Text(v)), "text/plain; charset=utf-8", err
	}
	return nil, "", nil
}

// each goes through a map of names to values; a list repeats its name.
func each(p *expression.Program, f *expression.Frame, add func(name, value string)) error {
	v, err := run(p, f)
	if err != nil {
		return err
	}
	o, ok := v.(*schema.Object)
	if !ok {
		return nil
	}
	for name, value := range o.All() {
		list, ok := value.([]any)
		if !ok {
			list = []any{value}
		}
		for _, item := range list {
			add(name, schema.Text(item))
		}
	}
	return nil
}
