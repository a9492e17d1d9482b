package engine_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cloudlet/engine"
)

// reader reads one stream of events as a browser's EventSource does.
type reader struct {
	t      *testing.T
	answer *http.Response
	lines  *bufio.Scanner
	stop   context.CancelFunc
	lastID string
	first  []string // the lines that the stream began with
}

// streamed is an event as a stream gave it.
type streamed struct{ id, event, data string }

// subscribe opens a stream; header are names and values.
func (l *live) subscribe(path, ticket string, header ...string) *reader {
	l.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	l.t.Cleanup(stop)
	r, err := http.NewRequestWithContext(ctx, "GET", l.server.URL+path, nil)
	fatal(l.t, err)
	if ticket != "" {
		r.Header.Set("Authorization", "Bearer "+ticket)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := client.Do(r)
	fatal(l.t, err)
	l.t.Cleanup(func() { answer.Body.Close() })
	s := &reader{t: l.t, answer: answer, lines: bufio.NewScanner(answer.Body), stop: stop}
	s.lines.Buffer(nil, 1<<20)
	if answer.StatusCode == 200 {
		s.first = s.block()
	}
	return s
}

// block reads the lines up to the next empty one. It is nil where the stream has ended.
func (s *reader) block() []string {
	list := []string{}
	for s.lines.Scan() {
		line := s.lines.Text()
		if line == "" {
			return list
		}
		if id, ok := strings.CutPrefix(line, "id: "); ok {
			s.lastID = id
		}
		list = append(list, line)
	}
	return nil
}

// next reads the next event.
func (s *reader) next() streamed {
	s.t.Helper()
	for {
		block := s.block()
		if block == nil {
			return streamed{event: "closed"}
		}
		e := streamed{id: s.lastID}
		for _, line := range block {
			name, value, _ := strings.Cut(line, ": ")
			switch name {
			case "event":
				e.event = value
			case "data":
				e.data += value
			}
		}
		if e.data != "" {
			return e
		}
	}
}

func (s *reader) want(event, data string) {
	s.t.Helper()
	if e := s.next(); e.event != event || e.data != data {
		s.t.Fatalf("got event %q %s, want %q %s", e.event, e.data, event, data)
	}
}

var streamApp = map[string]string{
	"endpoints/_migrations/1.sql": "CREATE TABLE films (title TEXT NOT NULL UNIQUE);\n",
	"endpoints/films.yaml": `
get:
  events: films
post:
  arguments: {title: string, fails: bool = false}
  actions:
    - transaction:
        - sql.execute: INSERT INTO films VALUES (${args.title})
        - publish: {topic: films, event: added, data: {title: "${args.title}"}}
        - if: ${args.fails}
          then:
            - fail: no
`,
	"endpoints/guests.yaml": `
get:
  allow: ${user == null || 'guest' in user.roles}
  events: guests
post:
  arguments: {text: string}
  actions:
    - publish: {topic: guests, data: "${args.text}"}
    - publish: {topic: guests, data: for guests, roles: [guest]}
`,
	"endpoints/orders/{id}.yaml": `
get:
  auth: user
  allow: ${args.id != 'forbidden'}
  events: orders/${args.id}
post:
  arguments: {id: string, users: '[string]', roles: '[string] = []'}
  actions:
    - publish: {topic: "orders/${args.id}", data: "${args.id}", users: "${args.users}", roles: "${args.roles}"}
`,
}

func (l *live) post(path, body string) {
	l.t.Helper()
	w, err := client.Post(l.server.URL+path, "application/json", strings.NewReader(body))
	fatal(l.t, err)
	w.Body.Close()
}

func TestStream(t *testing.T) {
	t.Parallel()
	l := openLive(t, streamApp)
	s := l.subscribe("/films", "")
	for name, want := range map[string]string{"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no", "X-Content-Type-Options": "nosniff"} {
		if got := s.answer.Header.Get(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	begin := s.lastID
	l.post("/films", `{"title": "Alien"}`)
	s.want("added", `{"title":"Alien"}`)
	l.post("/films", `{"title": "Brazil", "fails": true}`)
	l.post("/films", `{"title": "a\nid: 7\r\rdata: b"}`)
	s.want("added", `{"title":"a\nid: 7\r\rdata: b"}`)
	s.stop()
	l.post("/films", `{"title": "Cube"}`)
	again := l.subscribe("/films", "", "Last-Event-ID", s.lastID)
	again.want("added", `{"title":"Cube"}`)
	early := l.subscribe("/films", "", "Last-Event-ID", begin)
	for _, want := range []string{`{"title":"Alien"}`, `{"title":"a\nid: 7\r\rdata: b"}`, `{"title":"Cube"}`} {
		early.want("added", want)
	}
	head, err := client.Head(l.server.URL + "/films")
	fatal(t, err)
	if head.StatusCode != 200 || head.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("HEAD: %d %v", head.StatusCode, head.Header)
	}
}

// TestStreamSurvivesReload: what is published between two connections is not lost.
func TestStreamSurvivesReload(t *testing.T) {
	t.Parallel()
	l := openLive(t, streamApp)
	s := l.subscribe("/films", "")
	l.write("endpoints/v.yaml", version(1))
	fatal(t, l.reload())
	l.want("/v", `200 "v1"`)
	s.want("end", `{"reason":"reloaded","detail":"The app was changed."}`)
	l.post("/films", `{"title": "Alien"}`)
	again := l.subscribe("/films", "", "Last-Event-ID", s.lastID)
	again.want("added", `{"title":"Alien"}`)
	began := time.Now()
	l.engine.EndStreams()
	again.want("end", `{"reason":"shutting_down","detail":"The server is shutting down."}`)
	if e := again.next(); e.event != "closed" || time.Since(began) > 5*time.Second {
		t.Errorf("after the end came %+v", e)
	}
	if got := l.get("/films", ""); !strings.Contains(got, "shutting_down") {
		t.Errorf("a stream began in an engine that ends them: %s", got)
	}
}

// TestStreamKnowsItsReader: bound events reach those they are for, and whoever may not
// read any more is cut off ahead of the next event.
func TestStreamKnowsItsReader(t *testing.T) {
	t.Parallel()
	l := openLive(t, streamApp)
	tickets := map[string]string{}
	for _, name := range []string{"alice", "bob"} {
		fatal(t, engine.UsersOf(l.engine).AddUser(t.Context(), engine.CommandLine, engine.NewUser{Name: name, Password: casePassword, Roles: []string{"guest"}}))
		ticket, err := engine.UsersOf(l.engine).Issue(t.Context(), name)
		fatal(t, err)
		tickets[name] = ticket.Text
	}
	if got := l.get("/orders/7", ""); !strings.HasPrefix(got, "401") {
		t.Errorf("without a ticket: %s", got)
	}
	if got := l.get("/orders/forbidden", tickets["alice"]); !strings.HasPrefix(got, "403") {
		t.Errorf("where it is not allowed: %s", got)
	}
	alice, bob := l.subscribe("/orders/7", tickets["alice"]), l.subscribe("/orders/7", tickets["bob"])
	l.post("/orders/7", `{"users": ["alice"]}`)
	l.post("/orders/7", `{"users": [], "roles": ["guest"]}`)
	l.post("/orders/7", `{"users": []}`)
	l.post("/orders/7%2Finternal", `{"users": ["bob"]}`)
	l.post("/orders/7", `{"users": ["bob"]}`)
	alice.want("", `"7"`)
	first := alice.lastID
	alice.want("", `"7"`)
	bob.want("", `"7"`)
	if bob.lastID != alice.lastID || alice.lastID == first {
		t.Errorf("alice is at %s after %s, bob at %s", alice.lastID, first, bob.lastID)
	}
	bob.want("", `"7"`)
	fatal(t, engine.UsersOf(l.engine).Lock(t.Context(), engine.CommandLine, "bob"))
	l.post("/orders/7", `{"users": ["alice", "bob"]}`)
	bob.want("end", `{"reason":"invalid_ticket","detail":"The ticket is not valid; log in again."}`)
	alice.want("", `"7"`)
	for _, id := range []string{"bogus", first + "0", "-", strings.Split(first, "-")[0] + "-99999999999999999999", strings.Repeat("9", 4000), "\xff"} {
		reset := l.subscribe("/orders/7", tickets["alice"], "Last-Event-ID", id)
		if !slices.Contains(reset.first, "event: reset") || reset.lastID != alice.lastID {
			t.Errorf("after the id %q: %q", id, reset.first)
		}
		l.post("/orders/7", `{"users": ["alice"]}`)
		reset.want("", `"7"`)
		alice.want("", `"7"`)
		reset.stop()
	}
}

// TestStreamEndsWithWhatAllowedIt: a role that goes, a session that ends. Whoever came
// without a ticket stays, and gets what is for everybody.
func TestStreamEndsWithWhatAllowedIt(t *testing.T) {
	t.Parallel()
	l := openLive(t, streamApp, engine.WithAccess(func(engine.Access) {}))
	users := engine.UsersOf(l.engine)
	streams := map[string]*reader{"nobody": l.subscribe("/guests", "")}
	for _, name := range []string{"alice", "bob", "eve"} {
		fatal(t, users.AddUser(t.Context(), engine.CommandLine, engine.NewUser{Name: name, Password: casePassword, Roles: []string{"guest"}}))
		ticket, err := users.Issue(t.Context(), name)
		fatal(t, err)
		streams[name] = l.subscribe("/guests", ticket.Text)
	}
	l.post("/guests", `{"text": "1"}`)
	for name, s := range streams {
		if s.want("", `"1"`); name != "nobody" {
			s.want("", `"for guests"`)
		}
	}
	fatal(t, users.Revoke(t.Context(), engine.CommandLine, "alice", "guest"))
	fatal(t, users.DeleteUser(t.Context(), engine.CommandLine, "bob"))
	l.post("/guests", `{"text": "2"}`)
	streams["alice"].want("end", `{"reason":"not_allowed","detail":"This is not permitted to you."}`)
	streams["bob"].want("end", `{"reason":"invalid_ticket","detail":"The ticket is not valid; log in again."}`)
	streams["eve"].want("", `"2"`)
	streams["eve"].want("", `"for guests"`)
	streams["nobody"].want("", `"2"`)
}

// TestEventsComeInTheOrderOfCommits, however many publish at once; what is rolled back never comes.
func TestEventsComeInTheOrderOfCommits(t *testing.T) {
	t.Parallel()
	l := openLive(t, map[string]string{"endpoints/_migrations/1.sql": "CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT);\n",
		"endpoints/orders.yaml": `
get:
  events: orders
post:
  arguments: {fails: bool}
  actions:
    - transaction:
        - try:
            - transaction:
                - publish: {topic: orders, data: undone}
                - assert: ${1 > 2}
          catch: [{log: undone}]
        - sql.value: INSERT INTO orders DEFAULT VALUES RETURNING id
          as: id
        - publish: {topic: orders, data: "${id}"}
        - publish: {topic: orders, data: "${-id}"}
        - assert: ${!args.fails}
`})
	s := l.subscribe("/orders", "")
	var posts sync.WaitGroup
	const good = 60
	for worker := range 10 {
		posts.Go(func() {
			for i := range good / 10 {
				l.post("/orders", fmt.Sprintf(`{"fails": %v}`, (i+worker)%3 == 0))
				l.post("/orders", `{"fails": false}`)
			}
		})
	}
	posts.Wait()
	last := 0
	for range good {
		var id, again int
		first, second := s.next(), s.next()
		if _, err := fmt.Sscan(first.data+" "+second.data, &id, &again); err != nil || id <= last || again != -id {
			t.Fatalf("after %d came %q and %q", last, first.data, second.data)
		}
		last = id
	}
}
