package engine_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/pquerna/otp/totp"
	"golang.org/x/tools/txtar"

	"cloudlet/actions"
	"cloudlet/engine"
)

// A case is an archive testdata/http/NAME.txtar: an app's files, and beside them
//
//	users      who there is, one a line: a name, then roles. Everybody's password
//	           is "correct horse battery".
//	env        NAME=value, one a line
//	requests   what is asked and what is wanted
//
// A case without cloudlet.yaml has a database in memory. In `requests`, `>` begins what is
// sent and `<` what is wanted; headers stand before the body:
//
//	> GET /films/7
//	> as alice                        sends a ticket of alice
//	> Accept-Language: de
//	< 200
//	< Content-Type: application/json
//	< {"id": 7, "title": "…"}
//
//	> POST /films
//	> {"title": "Alien"}              without a Content-Type it is sent as application/json
//	< 400 invalid_arguments           the status, and the code of the problem
//
//	sql SELECT title FROM films       rows as JSON lists
//	= ["Alien"]
//	log … msg="a line of the log" …   some line matches, since the request before
//	nolog … text …                    none does
//	totp code $secret 30s             $code is what an authenticator app shows in 30 seconds
//	canary text                       nothing that the engine writes ever holds it
//
// In bodies to send, `raw "\xff"` is quoted as in Go and `repeat 9 [` stands for nine of them.
// What JSON may hold for unknown parts says matchJSON; an empty value wants a header not to be
// there. Whatever the case says, every status of 400 or more has to be a proper problem.

const casePassword = "correct horse battery"

func TestHTTP(t *testing.T) {
	t.Parallel()
	cases, err := filepath.Glob("testdata/http/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatalf("found %d cases, %v", len(cases), err)
	}
	for _, name := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(name)
			fatal(t, err)
			openCase(t, archive).run(t)
		})
	}
}

// httpCase is an app that is being served.
type httpCase struct {
	engine   *engine.Engine
	server   *httptest.Server
	document *contract
	script   []*step
	log      *logBuffer
	names    names
	tickets  map[string]string
	canaries []string
	answers  strings.Builder // all that was answered with a failure
}

func openCase(t *testing.T, archive *txtar.Archive) *httpCase {
	t.Helper()
	files, env := map[string]string{"cloudlet.yaml": "databases: {main: \"sqlite::memory:\"}\n"}, map[string]string{}
	c := &httpCase{log: &logBuffer{}, names: names{}, tickets: map[string]string{}}
	var users string
	for _, f := range archive.Files {
		switch f.Name {
		case "users":
			users = string(f.Data)
		case "env":
			for line := range strings.Lines(string(f.Data)) {
				name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
				env[name] = value
			}
		case "requests":
			script, err := parseScript(string(f.Data))
			fatal(t, err)
			c.script = script
		default:
			files[f.Name] = string(f.Data)
		}
	}
	if len(c.script) == 0 {
		t.Fatal("the archive has no requests")
	}
	e, err := engine.Open(makeApp(t, files), engine.WithActions(actions.All()),
		engine.WithLog(slog.New(slog.NewTextHandler(c.log, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		engine.WithEnvironment(func(name string) string { return env[name] }))
	fatal(t, err)
	t.Cleanup(func() { fatal(t, e.Close()) })
	c.engine, c.document = e, contractOf(t, e)
	c.server = httptest.NewServer(e)
	t.Cleanup(c.server.Close)
	c.addUsers(t, users)
	return c
}

func (c *httpCase) addUsers(t *testing.T, list string) {
	t.Helper()
	ctx := context.Background()
	for line := range strings.Lines(list) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		fatal(t, engine.UsersOf(c.engine).AddUser(ctx, engine.CommandLine, engine.NewUser{Name: words[0], Password: casePassword, Roles: words[1:], CreateRoles: true}))
		ticket, err := engine.UsersOf(c.engine).Issue(ctx, words[0])
		fatal(t, err)
		c.tickets[words[0]] = ticket.Text
		c.canaries = append(c.canaries, ticket.Text)
	}
}

func (c *httpCase) run(t *testing.T) {
	t.Helper()
	for _, s := range c.script {
		switch s.word {
		case "":
			c.log.mark()
			c.ask(t, s)
		case "sql":
			got, err := engine.Look(context.Background(), c.engine, "main", s.rest)
			fatal(t, err)
			if err := c.names.matchJSON("["+strings.Join(s.rows, ",")+"]", got); err != nil {
				t.Errorf("line %d: %v\n%s", s.line, err, got)
			}
		case "log", "nolog":
			if found := c.logged(s.rest, s.word == "log"); found != (s.word == "log") {
				t.Errorf("line %d: %s %s; the log has\n%s", s.line, s.word, c.names.expand(s.rest), c.log.since())
			}
		case "totp":
			words := strings.Fields(c.names.expand(s.rest))
			ahead, err := time.ParseDuration(words[2])
			fatal(t, err)
			c.names[words[0]], err = totp.GenerateCode(words[1], time.Now().Add(ahead))
			fatal(t, err)
		case "canary":
			c.canaries = append(c.canaries, s.rest)
		}
	}
	written := c.log.all() + c.answers.String()
	for _, text := range c.canaries {
		if strings.Contains(written, text) {
			t.Errorf("%q was written:\n%s", text, written)
		}
	}
	if strings.Contains(written, "panic") || strings.Contains(written, "goroutine ") {
		t.Errorf("something panicked:\n%s", written)
	}
}

// logged reports whether a line since the last request matches. What is written
// when the answer has gone out already may take a moment: it is waited for.
func (c *httpCase) logged(want string, wait bool) bool {
	for tries := 0; ; tries++ {
		for line := range strings.Lines(c.log.since()) {
			if c.names.matchText(want, strings.TrimSuffix(line, "\n")) {
				return true
			}
		}
		if !wait || tries == 200 {
			return false
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// client follows no redirect and asks for no compression.
var client = &http.Client{
	Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 16},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func (c *httpCase) ask(t *testing.T, s *step) {
	t.Helper()
	r, err := http.NewRequest(s.method, c.server.URL+c.names.expand(s.target), bytes.NewReader([]byte(c.names.expand(string(s.body)))))
	fatal(t, err)
	if len(s.body) > 0 {
		r.Header.Set("Content-Type", "application/json")
	}
	if s.as != "" {
		if c.tickets[s.as] == "" {
			t.Fatalf("line %d: there is no user %s", s.line, s.as)
		}
		r.Header.Set("Authorization", "Bearer "+c.tickets[s.as])
	}
	own := map[string]bool{}
	for _, h := range s.header {
		if !own[h[0]] {
			r.Header.Del(h[0])
		}
		if own[h[0]] = true; h[1] != "" {
			r.Header.Add(h[0], c.names.expand(h[1]))
		}
	}
	if host := r.Header.Get("Host"); host != "" {
		r.Host = host
	}
	w, err := client.Do(r)
	fatal(t, err)
	defer w.Body.Close()
	body, err := io.ReadAll(w.Body)
	fatal(t, err)
	c.check(t, s, w, string(body))
}

// check holds an answer against what a step wants.
func (c *httpCase) check(t *testing.T, s *step, w *http.Response, body string) {
	t.Helper()
	failed := func(format string, args ...any) {
		t.Helper()
		t.Errorf("line %d, %s %s: "+format+"\n%d %s\n%.2000s\n%s", append(append([]any{s.line, s.method, s.target}, args...), w.StatusCode, w.Header, body, c.log.since())...)
	}
	if complaint := c.document.complaint(s.method, w.Request.URL.EscapedPath(), w.StatusCode, w.Header, body); complaint != "" {
		failed("the OpenAPI document says otherwise: %s", complaint)
	}
	if w.StatusCode != s.want.status {
		failed("wants %d", s.want.status)
		return
	}
	if w.StatusCode >= 400 && w.Request.Method != http.MethodHead {
		c.answers.WriteString(body)
		if complaint := notProblem(w.StatusCode, w.Header, body, s.want.code); complaint != "" {
			failed("%s", complaint)
		}
	}
	for _, h := range s.want.header {
		switch values := w.Header.Values(h[0]); {
		case h[1] == "" && len(values) > 0:
			failed("wants no %s", h[0])
		case h[1] != "" && !slices.ContainsFunc(values, func(v string) bool { return c.names.matchText(h[1], v) }):
			failed("wants %s: %s", h[0], c.names.expand(h[1]))
		}
	}
	switch want := s.want.body; {
	case want == "" && (w.StatusCode == 204 || w.StatusCode == 304):
		if body != "" {
			failed("wants no body")
		}
	case want == "":
	case want == "(empty)":
		if body != "" {
			failed("wants an empty body")
		}
	case strings.HasSuffix(w.Header.Get("Content-Type"), "json"):
		if err := c.names.matchJSON(want, body); err != nil {
			failed("%v", err)
		}
	case !c.names.matchText(want, body):
		failed("wants %s", c.names.expand(want))
	}
}

// notProblem says why an answer is no proper problem (RFC 9457), or "". Where code
// is not empty, it has to be the problem's.
func notProblem(status int, header http.Header, body, code string) string {
	var p struct {
		Type, Title, Code, Detail string
		Status                    int
		TraceID                   string `json:"trace_id"`
	}
	if t := header.Get("Content-Type"); t != "application/problem+json" {
		return "a failure has the Content-Type " + t
	}
	if err := json.Unmarshal([]byte(body), &p, json.MatchCaseInsensitiveNames(true)); err != nil {
		return "the problem is no JSON: " + err.Error()
	}
	switch {
	case p.Status != status:
		return "the problem has another status than the answer"
	case code != "" && p.Code != code:
		return "wants the code " + code
	case p.Code == "" || p.Code != strings.ToLower(p.Code) || strings.ContainsAny(p.Code, " -"):
		return "the problem has no code"
	case len(p.TraceID) != 32 || p.Title == "" || p.Type == "":
		return "the problem has no trace_id, type or title"
	}
	return ""
}

// logBuffer keeps what is logged.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
	from int
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logBuffer) mark() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.from = l.text.Len()
}

// since is what was logged since the mark.
func (l *logBuffer) since() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()[l.from:]
}

func (l *logBuffer) all() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
