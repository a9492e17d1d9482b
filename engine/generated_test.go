package engine_test

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"cloudlet/actions"
	"cloudlet/engine"
	"cloudlet/engine/internal/plan"
	"cloudlet/engine/language/schema"
)

// Requests are made of what the plan of the shipped app says of its arguments: good
// ones, and ones with a mistake in one place. Each answer is held against the OpenAPI
// document, good requests are never refused for their arguments, and bad ones always.
func TestGeneratedRequests(t *testing.T) {
	t.Parallel()
	e, err := engine.Open(copiedApp(t), engine.WithActions(actions.All()))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	g := &generator{T: t, engine: e, contract: contractOf(t, e), tickets: map[string]string{"nobody": ""}}
	for name, roles := range map[string][]string{"root": {"root"}, "guest": {"guest"}} {
		if err := engine.UsersOf(e).AddUser(t.Context(), engine.CommandLine, engine.NewUser{Name: "a-" + name, Password: "correct horse battery", Roles: roles}); err != nil {
			t.Fatal(err)
		}
		ticket, err := engine.UsersOf(e).Issue(t.Context(), "a-"+name)
		if err != nil {
			t.Fatal(err)
		}
		g.tickets[name] = ticket.Text
	}
	g.server = httptest.NewServer(e)
	defer g.server.Close()
	verbs := 0
	for _, endpoint := range g.contract.plan.Endpoints {
		for _, v := range endpoint.Verbs {
			verbs++
			g.verb(v)
		}
	}
	if verbs < 6 || g.good < 2*verbs || g.bad < 5*verbs {
		t.Errorf("%d verbs got %d good requests and %d bad ones", verbs, g.good, g.bad)
	}
	t.Logf("%d verbs, %d good requests, %d bad ones", verbs, g.good, g.bad)
}

type generator struct {
	*testing.T
	engine    *engine.Engine
	contract  *contract
	server    *httptest.Server
	tickets   map[string]string
	good, bad int
}

// sent is a request: values by argument, and what else may be wrong with it.
type sent struct {
	values  map[string]string // as JSON for the body, as text elsewhere
	extra   string            // an argument that nobody knows
	content string            // of the body; application/json where it is ""
	raw     string            // in place of the body
	ticket  string
}

// verb sends everything that can be made of a verb's arguments, as root with a ticket
// of its own: a logout ends it.
func (g *generator) verb(v *plan.Verb) {
	ticket, err := engine.UsersOf(g.engine).Issue(g.Context(), "a-root")
	fatal(g.T, err)
	g.tickets["root"] = ticket.Text
	base := sent{values: map[string]string{}, ticket: g.tickets["root"]}
	for i := range v.Arguments {
		good, _ := samples(&v.Arguments[i])
		base.values[v.Arguments[i].Name] = good[0]
	}
	g.send(v, base, true)
	for i := range v.Arguments {
		a := &v.Arguments[i]
		good, bad := samples(a)
		for _, text := range good {
			g.send(v, base.with(a.Name, text), true)
		}
		for _, text := range bad {
			if a.In != schema.InPath || text != "" {
				g.send(v, base.with(a.Name, text), false)
			}
		}
		if a.In != schema.InPath {
			g.send(v, base.without(a.Name), a.Optional)
		}
	}
	more := base
	more.extra = "nobody_knows"
	g.send(v, more, false)
	if v.TakesBody() {
		broken, other := base, base
		broken.raw, other.content = `{"a": 1`, "text/csv"
		g.send(v, broken, false)
		g.send(v, other, false)
	}
	if !v.Public() {
		for _, name := range []string{"nobody", "guest"} {
			refused := base
			refused.ticket = g.tickets[name]
			g.send(v, refused, name == "guest" && v.Auth.User)
		}
		forged := base
		forged.ticket = g.tickets["root"] + "x"
		g.send(v, forged, false)
	}
}

func (s sent) with(name, text string) sent {
	values := map[string]string{}
	for n, v := range s.values {
		values[n] = v
	}
	values[name] = text
	s.values = values
	return s
}

func (s sent) without(name string) sent {
	s = s.with(name, "")
	delete(s.values, name)
	return s
}

// send makes a request and looks at its answer.
func (g *generator) send(v *plan.Verb, s sent, good bool) {
	g.Helper()
	path, query, body := v.Path, url.Values{}, []string{}
	for _, a := range v.Arguments {
		text, ok := s.values[a.Name]
		switch {
		case !ok:
		case a.In == schema.InPath:
			path = strings.Replace(path, "{"+a.Name+"}", url.PathEscape(text), 1)
		case a.In == schema.InQuery || a.In == schema.Anywhere && !v.TakesBody():
			query.Add(a.Name, text)
		default:
			body = append(body, fmt.Sprintf("%q: %s", a.Name, asJSON(&a, text)))
		}
	}
	if s.extra != "" {
		query.Add(s.extra, "1")
	}
	address, payload := g.server.URL+path, ""
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	if v.TakesBody() {
		payload = cmp.Or(s.raw, "{"+strings.Join(body, ", ")+"}")
	}
	content := "application/json"
	if takesFiles(v) && s.raw == "" {
		payload, content = asMultipart(v, s)
	}
	r, err := http.NewRequestWithContext(g.Context(), v.Method, address, bytes.NewReader([]byte(payload)))
	fatal(g.T, err)
	if v.TakesBody() {
		r.Header.Set("Content-Type", cmp.Or(s.content, content))
	}
	if s.ticket != "" {
		r.Header.Set("Authorization", "Bearer "+s.ticket)
	}
	w, err := client.Do(r)
	fatal(g.T, err)
	defer w.Body.Close()
	text, err := io.ReadAll(begin(w))
	fatal(g.T, err)
	what := fmt.Sprintf("%s %s with %s is answered %d %s", v.Method, address, payload, w.StatusCode, text)
	if complaint := g.contract.complaint(v.Method, r.URL.EscapedPath(), w.StatusCode, w.Header, string(text)); complaint != "" {
		g.Errorf("%s\nthe OpenAPI document says otherwise: %s", what, complaint)
	}
	refused := strings.Contains(string(text), `"invalid_arguments"`)
	switch {
	case good:
		if g.good++; refused || w.StatusCode >= 500 {
			g.Error(what)
		}
	default:
		if g.bad++; w.StatusCode < 400 || w.StatusCode >= 500 {
			g.Error(what)
		}
	}
}

// begin is the body of an answer, or what a stream begins with: it has no end.
func begin(w *http.Response) io.Reader {
	if w.Header.Get("Content-Type") == plan.StreamContent {
		return io.LimitReader(w.Body, int64(len("retry: ")))
	}
	return w.Body
}

// asJSON is a sample as it stands in a JSON body.
func asJSON(a *schema.Field, text string) string {
	switch a.Type.Kind {
	case schema.List:
		return string(schema.AppendJSON(nil, []any{text}))
	case schema.ObjectK:
		if strings.HasPrefix(text, "{") {
			return text
		}
	case schema.Int, schema.Float, schema.Bool:
		if text != "" && !strings.ContainsAny(text, "xy") {
			return text
		}
	}
	return string(schema.AppendJSON(nil, text))
}

// samples are texts that an argument takes, and texts that it does not.
func samples(a *schema.Field) (good, bad []string) {
	l := a.Type.Limits
	if l == nil {
		l = &schema.Limits{}
	}
	switch a.Type.Kind {
	case schema.Int:
		return numbers(l)
	case schema.String:
		if l.Enum != nil {
			for _, v := range l.Enum {
				good = append(good, v.(string))
			}
			return good, []string{"none of them", ""}
		}
		return wordings(l)
	case schema.Bool:
		return []string{"true", "false"}, []string{"maybe", "yes", ""}
	case schema.Email:
		return []string{"a@example.com", "ä.b+c@sub.example.com"}, []string{"a", "@example.com", "a@b@c", "a@example.com\r\nBcc: b@example.com", ""}
	case schema.Duration:
		return []string{"90s", "1h30m", "90d"}, []string{"90", "soon", ""}
	case schema.DateTime:
		return []string{"2026-01-02T03:04:05Z", "2026-01-02T03:04:05+02:00"}, []string{"2026-01-02", "now", ""}
	case schema.List:
		if a.Type.HoldsFile() {
			return samples(&schema.Field{Type: a.Type.Elem})
		}
		return wordings(&schema.Limits{})
	case schema.File:
		return contents(l)
	case schema.ObjectK:
		return []string{`{}`, `{"a": {"b": [1, null]}}`}, []string{`x`}
	case schema.JSON:
		return []string{`null`, `{}`, `{"title": {"like": "%"}}`, `[1, "a"]`}, []string{`{"a": `, `x`}
	}
	panic("no samples of " + a.Type.String() + " yet: say here what they are")
}

func numbers(l *schema.Limits) (good, bad []string) {
	good, bad = []string{"7"}, []string{"x", "1.5", "", "99999999999999999999"}
	if l.Min != nil {
		n := l.Min.(int)
		good, bad = []string{fmt.Sprint(n), fmt.Sprint(n + 1)}, append(bad, fmt.Sprint(n-1))
	}
	if l.Max != nil {
		n := l.Max.(int)
		good, bad = append(good, fmt.Sprint(n)), append(bad, fmt.Sprint(n+1))
	}
	return good, bad
}

func wordings(l *schema.Limits) (good, bad []string) {
	good = []string{"a text", "ä'; DROP TABLE films; --"}
	if l.MinLength != nil && *l.MinLength > 0 {
		good, bad = append(good, strings.Repeat("y", *l.MinLength)), append(bad, strings.Repeat("y", *l.MinLength-1))
	}
	if l.MaxLength != nil {
		good, bad = append(good, strings.Repeat("ß", *l.MaxLength)), append(bad, strings.Repeat("ß", *l.MaxLength+1))
	}
	return good, bad
}
