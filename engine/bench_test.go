package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"cloudlet/actions"
	"cloudlet/engine"
)

// The benchmarks hold the engine beside a handler written by hand that does the
// same work with the same libraries, in process and through a real listener:
//
//	go test ./engine -run '^$' -bench 'InProcess|OverHTTP' -benchmem
//
// The hand-written one is what a careful Go programmer writes: prepared
// statements, typed structs, all errors of the arguments at once, no framework.

var benchApp = map[string]string{
	"endpoints/_migrations/0001.sql": `CREATE TABLE films (id INTEGER PRIMARY KEY, title TEXT NOT NULL, year INTEGER NOT NULL, rating REAL NOT NULL);
CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
INSERT INTO films (title, year, rating)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
SELECT 'The film number ' || i, 1900 + i % 120, (i % 100) / 10.0 FROM n;
`,
	"endpoints/echo.yaml": `get:
  arguments:
    name: {type: string, min_length: 1, max_length: 100}
    age: {type: int, min: 0, max: 150}
  actions:
    - return: {name: "${args.name}", age: "${args.age}"}
`,
	"endpoints/cached.yaml": `cache: 1h
get:
  arguments:
    name: {type: string, min_length: 1, max_length: 100}
    age: {type: int, min: 0, max: 150}
  actions:
    - return: {name: "${args.name}", age: "${args.age}"}
`,
	"endpoints/limited.yaml": `rate_limit: 1000000/second
get:
  arguments:
    name: {type: string, min_length: 1, max_length: 100}
    age: {type: int, min: 0, max: 150}
  actions:
    - return: {name: "${args.name}", age: "${args.age}"}
`,
	"endpoints/films/{id}.yaml": `get:
  arguments: {id: int}
  actions:
    - sql.one: {sql: "SELECT id, title, year, rating FROM films WHERE id = ${args.id}", missing: 404}
`,
	"endpoints/protected/{id}.yaml": `get:
  auth: [admin]
  arguments: {id: int}
  actions:
    - sql.one: {sql: "SELECT id, title, year, rating FROM films WHERE id = ${args.id}", missing: 404}
`,
	"endpoints/films/index.yaml": `get:
  arguments:
    from: {type: int, min: 1}
  actions:
    - sql.select: SELECT id, title, year, rating FROM films WHERE id >= ${args.from} ORDER BY id LIMIT 100
`,
	"endpoints/pages.yaml": `get:
  arguments:
    from: {type: int, min: 1}
  actions:
    - data.list: {table: films, where: {id: {gte: "${args.from}"}}, limit: 100}
`,
	"endpoints/notes.yaml": `post:
  arguments:
    text: {type: string, min_length: 1, max_length: 1000}
  actions:
    - sql.execute: INSERT INTO notes (text) VALUES (${args.text})
`,
}

// benchCase is one request that both answer alike.
type benchCase struct {
	name, method, target, body string
	ticket                     bool
}

var benchCases = []benchCase{
	{name: "echo", method: "GET", target: "/echo?name=Ripley&age=38"},
	{name: "point", method: "GET", target: "/films/500"},
	{name: "protected", method: "GET", target: "/protected/500", ticket: true},
	{name: "list", method: "GET", target: "/films?from=300"},
	{name: "pages", method: "GET", target: "/pages?from=300"},
	{name: "insert", method: "POST", target: "/notes", body: `{"text":"In space no one can hear you scream."}`},
}

func (c benchCase) request(ticket string) *http.Request {
	var body io.Reader
	if c.body != "" {
		body = strings.NewReader(c.body)
	}
	r := httptest.NewRequest(c.method, c.target, body)
	if c.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.ticket {
		r.Header.Set("Authorization", "Bearer "+ticket)
	}
	return r
}

// discard is a ResponseWriter that costs next to nothing.
type discard struct {
	header http.Header
	status int
	bytes  int
}

func (d *discard) Header() http.Header { return d.header }
func (d *discard) WriteHeader(s int)   { d.status = s }
func (d *discard) Write(b []byte) (int, error) {
	if d.status == 0 {
		d.status = 200
	}
	d.bytes += len(b)
	return len(b), nil
}

// benchPair opens the engine and the hand-written handler, each on its own database.
func benchPair(b testing.TB) (engineHandler, byHand http.Handler, ticket string) {
	b.Helper()
	dir := makeApp(b, benchApp)
	e, err := engine.Open(dir, engine.WithActions(actions.All()), engine.WithLog(slog.New(slog.DiscardHandler)))
	fatal(b, err)
	b.Cleanup(func() { e.Close() })
	accounts, err := engine.OpenAccounts(context.Background(), dir)
	fatal(b, err)
	defer accounts.Close()
	fatal(b, accounts.AddUser(context.Background(), engine.CommandLine, engine.NewUser{Name: "ripley", Password: "correct horse battery", Roles: []string{"admin"}}))
	t, err := accounts.Issue(context.Background(), "ripley")
	fatal(b, err)
	secret, err := os.ReadFile(filepath.Join(dir, "data", "secret.key"))
	fatal(b, err)
	return e, newHandWritten(b, strings.Fields(string(secret))[1]), t.Text
}

func fatal(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		var p *engine.ProblemsError
		if errors.As(err, &p) {
			engine.PrintProblems(os.Stderr, engine.FormatText, p.Problems)
		}
		t.Fatal(err)
	}
}

func makeApp(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		fatal(t, os.MkdirAll(filepath.Dir(name), 0o755))
		fatal(t, os.WriteFile(name, []byte(text), 0o644))
	}
	return dir
}

// cursors are sealed, each time in another way.
var cursors = regexp.MustCompile(`"next":"[0-9A-Za-z_.-]{40,}"`)

// TestHandWrittenAnswersAlike keeps the comparison honest.
func TestHandWrittenAnswersAlike(t *testing.T) {
	ours, theirs, ticket := benchPair(t)
	for _, c := range benchCases {
		a, b := httptest.NewRecorder(), httptest.NewRecorder()
		ours.ServeHTTP(a, c.request(ticket))
		theirs.ServeHTTP(b, c.request(ticket))
		if a.Code != 200 || a.Code != b.Code || cursors.ReplaceAllString(a.Body.String(), "") != cursors.ReplaceAllString(b.Body.String(), "") {
			t.Errorf("%s: the engine answers %d %.200s, the hand-written handler %d %.200s", c.name, a.Code, a.Body, b.Code, b.Body)
		}
	}
}

// TestAllocations guards the hot path: what a request allocates beyond this was
// not there when it was measured beside the hand-written handler.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	ours, _, ticket := benchPair(t)
	most := map[string]float64{"echo": 8, "point": 34, "protected": 34, "list": 640, "pages": 662, "insert": 24}
	for _, c := range benchCases {
		r := c.request(ticket)
		got := testing.AllocsPerRun(200, func() {
			if c.body != "" {
				r.Body = io.NopCloser(strings.NewReader(c.body))
			}
			ours.ServeHTTP(&discard{header: make(http.Header, 4)}, r)
		})
		if got > most[c.name] {
			t.Errorf("%s allocates %v times, at most %v were measured", c.name, got, most[c.name])
		}
	}
}

func BenchmarkInProcess(b *testing.B) {
	ours, theirs, ticket := benchPair(b)
	for _, c := range benchCases {
		for _, h := range []struct {
			name string
			http.Handler
		}{{"engine", ours}, {"hand", theirs}} {
			b.Run(c.name+"/"+h.name, func(b *testing.B) {
				b.ReportAllocs()
				r := c.request(ticket)
				for b.Loop() {
					if c.body != "" {
						r.Body = io.NopCloser(strings.NewReader(c.body))
					}
					w := &discard{header: make(http.Header, 4)}
					h.ServeHTTP(w, r)
					if w.status != 200 {
						b.Fatalf("status %d", w.status)
					}
				}
			})
		}
	}
}

// BenchmarkBesideEcho holds what a key of a verb costs against the same verb without it.
func BenchmarkBesideEcho(b *testing.B) {
	ours, _, _ := benchPair(b)
	for _, name := range []string{"echo", "cached", "limited"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			r := benchCase{method: "GET", target: "/" + name + "?name=Ripley&age=38"}.request("")
			for b.Loop() {
				w := &discard{header: make(http.Header, 4)}
				ours.ServeHTTP(w, r)
				if w.status != 200 && w.status != 429 {
					b.Fatalf("status %d", w.status)
				}
			}
		})
	}
}

func BenchmarkOverHTTP(b *testing.B) {
	ours, theirs, ticket := benchPair(b)
	for _, c := range benchCases {
		for _, h := range []struct {
			name string
			http.Handler
		}{{"engine", ours}, {"hand", theirs}} {
			b.Run(c.name+"/"+h.name, func(b *testing.B) { overHTTP(b, c, h, ticket) })
		}
	}
}

// overHTTP sends requests over connections that stay open, as fast as they are
// answered, without the cost of net/http's client: it would be most of the time.
func overHTTP(b *testing.B, c benchCase, h http.Handler, ticket string) {
	server := httptest.NewServer(h)
	defer server.Close()
	request := rawRequest(c, ticket)
	b.SetParallelism(8)
	var failed atomic.Int64
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			b.Error(err)
			return
		}
		defer conn.Close()
		answers := newAnswers(conn)
		for pb.Next() {
			if _, err := conn.Write(request); err != nil {
				b.Error(err)
				return
			}
			if status, err := answers.next(); err != nil || status != 200 {
				failed.Add(1)
				return
			}
		}
	})
	if failed.Load() > 0 {
		b.Fatal("some requests failed")
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
}

func rawRequest(c benchCase, ticket string) []byte {
	var s strings.Builder
	fmt.Fprintf(&s, "%s %s HTTP/1.1\r\nHost: localhost\r\n", c.method, c.target)
	if c.ticket {
		fmt.Fprintf(&s, "Authorization: Bearer %s\r\n", ticket)
	}
	if c.body != "" {
		fmt.Fprintf(&s, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(c.body))
	}
	s.WriteString("\r\n" + c.body)
	return []byte(s.String())
}

// answers reads HTTP/1.1 answers with a Content-Length off a connection.
type answers struct {
	conn net.Conn
	data []byte
	room [64 << 10]byte
}

func newAnswers(conn net.Conn) *answers { return &answers{conn: conn} }

func (a *answers) next() (int, error) {
	for {
		if head := strings.Index(string(a.data), "\r\n\r\n"); head >= 0 {
			text := string(a.data[:head])
			_, rest, ok := strings.Cut(text, "Content-Length: ")
			if !ok {
				return 0, errors.New("an answer without Content-Length")
			}
			number, _, _ := strings.Cut(rest, "\r\n")
			length, err := strconv.Atoi(number)
			if err != nil {
				return 0, err
			}
			if len(a.data) >= head+4+length {
				a.data = a.data[head+4+length:]
				return strconv.Atoi(text[9:12])
			}
		}
		n, err := a.conn.Read(a.room[:])
		if err != nil {
			return 0, err
		}
		a.data = append(a.data, a.room[:n]...)
	}
}
