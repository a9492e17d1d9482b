package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"cloudlet/actions"
	"cloudlet/engine"
)

// attackedApp takes arguments of every kind from every place.
var attackedApp = map[string]string{
	"cloudlet.yaml":                  "databases: {main: \"sqlite::memory:\"}\n",
	"endpoints/_migrations/1.sql":    "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL, data JSON);\n",
	"endpoints/index.yaml":           "get:\n  actions:\n    - return: home\n",
	"endpoints/login.yaml":           accountsApp["endpoints/login.yaml"],
	"endpoints/me.yaml":              accountsApp["endpoints/me.yaml"],
	"endpoints/files/{path...}.yaml": "get:\n  arguments: {path: string}\n  actions:\n    - return: ${args.path}\n",
	"endpoints/echo.yaml": `get:
  arguments:
    text: string?
    n: int?
    f: float?
    d: decimal?
    when: datetime?
    id: uuid?
    json: json?
    many: {type: "[string]", required: false}
    X-Token: {type: string, in: header, required: false}
    session: {type: string, in: cookie, required: false}
  actions:
    - return: {args: "${args}", path: "${request.path}", headers: "${request.headers}", cookies: "${request.cookies}", url: "${request.url}"}
`,
	"endpoints/notes/{id}.yaml": `arguments: {id: int}
get:
  actions:
    - sql.one: {sql: "SELECT id, text, data FROM notes WHERE id = ${args.id}", missing: 404}
put:
  body_limit: 4KiB
  arguments:
    text: string
    data: json?
    tags: {type: "[string]", required: false}
    deep: {type: object, required: false, fields: {a: "int?", b: {type: object, required: false, fields: {c: "[string]"}}}}
  actions:
    - sql.execute: INSERT INTO notes VALUES (${args.id}, ${args.text}, ${args.data}) ON CONFLICT DO UPDATE SET text = excluded.text, data = excluded.data
    - sql.select: SELECT id FROM notes WHERE text IN (${args.tags ?? []})
`,
}

// attacked is the app, and its log.
func attacked(t testing.TB) (*engine.Engine, *logBuffer) {
	t.Helper()
	log := &logBuffer{}
	e, err := engine.Open(makeApp(t, attackedApp), engine.WithActions(actions.All()), engine.WithLog(slog.New(slog.NewTextHandler(log, nil))),
		engine.WithEnvironment(func(string) string { return "" }))
	fatal(t, err)
	t.Cleanup(func() { fatal(t, e.Close()) })
	return e, log
}

// garbage is a request as an attacker makes it, past what net/http checks.
type garbage struct {
	method, path, query, name, value, contentType, body string
}

func (g garbage) request() *http.Request {
	u := &url.URL{Path: g.path, RawQuery: g.query}
	if plain, err := url.PathUnescape(g.path); err == nil && plain != g.path {
		u.Path, u.RawPath = plain, g.path
	}
	r := &http.Request{Method: g.method, URL: u, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{},
		Host: "localhost", RemoteAddr: "192.0.2.1:1234", RequestURI: g.path, Body: io.NopCloser(strings.NewReader(g.body)), ContentLength: int64(len(g.body))}
	if g.contentType != "" {
		r.Header["Content-Type"] = []string{g.contentType}
	}
	if g.name != "" {
		r.Header[http.CanonicalHeaderKey(g.name)] = []string{g.value}
	}
	return r.WithContext(context.Background())
}

// complaint says what is wrong with the answer to a request, whatever the request was.
func (g garbage) complaint(h http.Handler, log *logBuffer) string {
	log.mark()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, g.request())
	switch logged := log.since(); {
	case strings.Contains(logged, "panic"):
		return "something panicked: " + logged
	case w.Code >= 500:
		return fmt.Sprintf("status %d: %s\n%s", w.Code, w.Body, logged)
	case w.Code >= 400:
		return notProblem(w.Code, w.Header(), w.Body.String(), "")
	case w.Code >= 300:
		if to := w.Header().Get("Location"); !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\r\n\\") {
			return "it is sent to " + to
		}
	case w.Code < 200:
		return fmt.Sprintf("status %d", w.Code)
	case w.Code == 200 && !jsontext.Value(w.Body.Bytes()).IsValid():
		return fmt.Sprintf("the answer is no JSON: %.500q", w.Body)
	}
	return ""
}

var garbageCases = []garbage{
	{method: "GET", path: "/"},
	{method: "GET", path: ""},
	{method: "GET", path: "*"},
	{method: "OPTIONS", path: "*"},
	{method: "CONNECT", path: "example.com:443"},
	{method: "", path: "/echo"},
	{method: "GET\r\nX: 1", path: "/echo"},
	{method: strings.Repeat("A", 100_000), path: "/echo"},
	{method: "GET", path: "/" + strings.Repeat("a/", 50_000)},
	{method: "GET", path: "//evil.example/%2e%2e"},
	{method: "GET", path: "/\\evil.example"},
	{method: "GET", path: "/files//../../etc/passwd"},
	{method: "GET", path: "/files/%2e%2e/%2e%2e/etc/passwd"},
	{method: "GET", path: "/files/..%2f..%2fetc/passwd"},
	{method: "GET", path: "/files/\x00\xff"},
	{method: "GET", path: "/notes/9999999999999999999"},
	{method: "GET", path: "/notes/%zz"},
	{method: "GET", path: "/echo", query: "text=%zz&n=1;n=2&%ff=%ff&=&&&&"},
	{method: "GET", path: "/echo", query: "text=\xff\xfe"},
	{method: "GET", path: "/echo", query: "text=%ff%fe"},
	{method: "GET", path: "/echo", query: strings.Repeat("many=a&", 100_000)},
	{method: "GET", path: "/echo", query: "unknown" + strings.Repeat("&unknown", 100_000)},
	{method: "GET", path: "/echo", query: "json=" + strings.Repeat("[", 100_000)},
	{method: "GET", path: "/echo", query: "d=1e999999999&f=1e999&n=1e3"},
	{method: "GET", path: "/echo", query: "d=" + strings.Repeat("9", 100_000)},
	{method: "GET", path: "/echo", name: "X-Token", value: "\xff\r\n\x00"},
	{method: "GET", path: "/echo", name: "X-Token", value: strings.Repeat("a", 1<<20)},
	{method: "GET", path: "/echo", name: "Cookie", value: strings.Repeat("a=b; ", 50_000)},
	{method: "GET", path: "/echo", name: "Cookie", value: "session=\"\xff;;;=;="},
	{method: "GET", path: "/echo", name: "Traceparent", value: "00-\xff" + strings.Repeat("0", 60)},
	{method: "GET", path: "/me", name: "Authorization", value: "Bearer"},
	{method: "GET", path: "/me", name: "Authorization", value: "Bearer \x00"},
	{method: "GET", path: "/me", name: "Authorization", value: "Bearer " + strings.Repeat("a.", 100_000)},
	{method: "GET", path: "/me", name: "Authorization", value: "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290In0."},
	{method: "PUT", path: "/notes/1", body: "{}"},
	{method: "PUT", path: "/notes/1", contentType: "application/json", body: "{" + strings.Repeat(`"a":{`, 500)},
	{method: "PUT", path: "/notes/1", contentType: "application/json", body: `{"text":"a","deep":{"a":1,"b":{"c":[1]}}}`},
	{method: "PUT", path: "/notes/1", contentType: "application/json", body: `{"text":"a","data":` + strings.Repeat("[", 60) + strings.Repeat("]", 60) + `}`},
	{method: "PUT", path: "/notes/1", contentType: "application/json", body: `{"text":"\u0000","data":1e400}`},
	{method: "PUT", path: "/notes/1", contentType: "application/json", body: "\xef\xbb\xbf{}"},
	{method: "PUT", path: "/notes/1", contentType: "application/json; charset=\"", body: "{}"},
	{method: "PUT", path: "/notes/1", contentType: "multipart/form-data; boundary=" + strings.Repeat("b", 1000), body: "--b"},
	{method: "PUT", path: "/notes/1", contentType: "multipart/form-data; boundary=b", body: strings.Repeat("--b\r\n\r\n\r\n", 400)},
	{method: "PUT", path: "/notes/1", contentType: "application/x-www-form-urlencoded", body: "text=a&tags=" + strings.Repeat("a&tags=", 500)},
	{method: "PUT", path: "/notes/1", contentType: "application/json", body: strings.Repeat(" ", 5000)},
	{method: "POST", path: "/login", contentType: "application/json", body: `{"username":"\ud800","password":"x"}`},
	{method: "POST", path: "/login", contentType: "application/json", body: `{"username":"` + strings.Repeat("a", 100_000) + `","password":"` + strings.Repeat("b", 100_000) + `"}`},
}

func TestGarbage(t *testing.T) {
	t.Parallel()
	e, log := attacked(t)
	for i, g := range garbageCases {
		if complaint := g.complaint(e, log); complaint != "" {
			t.Errorf("case %d, %.60q %.60q: %.1000s", i, g.method, g.path, complaint)
		}
	}
}

func FuzzRequest(f *testing.F) {
	e, log := attacked(f)
	for _, g := range garbageCases {
		if len(g.body)+len(g.path)+len(g.query)+len(g.value) < 10_000 {
			f.Add(g.method, g.path, g.query, g.name, g.value, g.contentType, g.body)
		}
	}
	f.Fuzz(func(t *testing.T, method, path, query, name, value, contentType, body string) {
		g := garbage{method, path, query, name, value, contentType, body}
		if complaint := g.complaint(e, log); complaint != "" {
			t.Errorf("%+q: %s", g, complaint)
		}
	})
}

// dial sends raw bytes, and answers what comes back until the server closes or
// nothing came for a while.
func dial(t *testing.T, server *httptest.Server, text string, patience time.Duration) string {
	t.Helper()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	fatal(t, err)
	defer conn.Close()
	_, err = conn.Write([]byte(text))
	fatal(t, err)
	conn.SetReadDeadline(time.Now().Add(patience))
	var answer bytes.Buffer
	io.Copy(&answer, conn) // what came until then is what counts
	return answer.String()
}

// TestSlowAndLargeRequests: a body that never ends to come, headers without end.
func TestSlowAndLargeRequests(t *testing.T) {
	t.Parallel()
	l := openLive(t, map[string]string{"endpoints/slow.yaml": "post:\n  timeout: 200ms\n  arguments: {text: string}\n  actions:\n    - return: ${args.text}\n"})
	const head = "POST /slow HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
	got := dial(t, l.server, head+"Content-Length: 100\r\n\r\n{\"text\":", 10*time.Second)
	if !strings.HasPrefix(got, "HTTP/1.1 408 ") || !strings.Contains(got, "Connection: close") || !strings.Contains(got, `"code":"body_timeout"`) {
		t.Errorf("a stalled body is answered with %q", got)
	}
	got = dial(t, l.server, head+"Transfer-Encoding: chunked\r\n\r\n5\r\n{\"tex\r\n", 10*time.Second)
	if !strings.HasPrefix(got, "HTTP/1.1 408 ") {
		t.Errorf("a stalled chunk is answered with %q", got)
	}
	// The same connection goes on after a body that came in time.
	whole := head + "Content-Length: 12\r\n\r\n{\"text\":\"a\"}"
	if got := dial(t, l.server, whole+whole, time.Second); strings.Count(got, "HTTP/1.1 200 ") != 2 {
		t.Errorf("two requests on one connection are answered with %q", got)
	}
	got = dial(t, l.server, head+"X-Large: "+strings.Repeat("a", 2<<20), 10*time.Second)
	if got != "" && !strings.HasPrefix(got, "HTTP/1.1 431 ") {
		t.Errorf("a header of 2 MiB is answered with %.100q", got)
	}
	if got := l.get("/-/health", ""); !strings.HasPrefix(got, "200 ") {
		t.Errorf("then health answers %s", got)
	}
}
