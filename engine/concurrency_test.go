package engine_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"cloudlet/engine"
	"cloudlet/engine/action"
)

const countMigration = "CREATE TABLE counts (n INTEGER NOT NULL);\nINSERT INTO counts VALUES (0);\n"

// TestTransactionsLoseNoUpdate reads and writes in many transactions at once.
func TestTransactionsLoseNoUpdate(t *testing.T) {
	t.Parallel()
	l := openLive(t, map[string]string{"endpoints/_migrations/1.sql": countMigration,
		"endpoints/add.yaml": "get:\n  actions:\n    - transaction:\n        - sql.value: SELECT n FROM counts\n          as: n\n" +
			"        - sql.execute: UPDATE counts SET n = ${int(n) + 1}\n    - return: added\n"})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 10 {
				if got := l.get("/add", ""); got != `200 "added"` {
					t.Errorf("adding answers %s", got)
				}
			}
		})
	}
	wg.Wait()
	if got, err := engine.Look(context.Background(), l.engine, "main", "SELECT n FROM counts"); err != nil || got != "[[80]]" {
		t.Errorf("80 transactions counted to %s, %v", got, err)
	}
}

// TestTransactionLocksLate: until its first statement a transaction keeps nobody
// from writing.
func TestTransactionLocksLate(t *testing.T) {
	t.Parallel()
	const forever = "        - while: true\n          limit: 1000000\n          do:\n            - set: {n: 0}\n            - while: ${n < 900000}\n              limit: 1000000\n              do:\n                - set: {n: \"${n + 1}\"}\n"
	const write = "        - sql.execute: UPDATE counts SET n = n + 1\n"
	l := openLive(t, map[string]string{"endpoints/_migrations/1.sql": countMigration,
		"endpoints/late.yaml":  "get:\n  timeout: 2s\n  actions:\n    - set: {n: 0}\n    - transaction:\n        - log: began\n" + forever + write,
		"endpoints/write.yaml": "get:\n  actions:\n    - transaction:\n" + write + "    - return: written\n"})
	answered := make(chan string, 1)
	go func() { answered <- l.get("/late", "") }()
	l.becomes("the transaction began", func() bool { return strings.Contains(l.log.all(), "msg=began") })
	if got := l.get("/write", ""); got != `200 "written"` {
		t.Errorf("writing beside it answers %s", got)
	}
	select {
	case got := <-answered:
		t.Errorf("writing waited until the transaction was over: %s", got)
	default:
	}
	if got := <-answered; !strings.HasPrefix(got, "504 ") {
		t.Errorf("the transaction answers %s", got)
	}
	if got, err := engine.Look(context.Background(), l.engine, "main", "SELECT n FROM counts"); err != nil || got != "[[1]]" {
		t.Errorf("there is %s, %v", got, err)
	}
}

// TestClientGoes: nobody waits for what nobody reads any more, and it is no error.
func TestClientGoes(t *testing.T) {
	t.Parallel()
	const endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
	l := openLive(t, map[string]string{"endpoints/_migrations/1.sql": countMigration,
		"endpoints/wait.yaml": "get:\n  timeout: 1h\n  actions:\n    - log: began\n    - try: [wait: 1h]\n      catch: [log: caught]\n      finally: [log: ended]\n",
		"endpoints/sql.yaml":  "get:\n  timeout: 1h\n  actions:\n    - log: began\n    - try: [sql.value: " + endless + "]\n      finally: [log: ended]\n",
		"endpoints/write.yaml": "get:\n  timeout: 1h\n  actions:\n    - try:\n        - transaction:\n            - sql.execute: UPDATE counts SET n = 7\n            - log: began\n" +
			"            - sql.value: " + endless + "\n      finally: [log: ended]\n"})
	for _, path := range []string{"/wait", "/sql", "/write"} {
		l.log.mark()
		ctx, goes := context.WithCancel(context.Background())
		r, err := http.NewRequestWithContext(ctx, "GET", l.server.URL+path, nil)
		fatal(t, err)
		answered := make(chan error, 1)
		go func() {
			w, err := client.Do(r)
			if err == nil {
				w.Body.Close()
			}
			answered <- err
		}()
		l.becomes(path+" began", func() bool { return strings.Contains(l.log.since(), "msg=began") })
		goes()
		if err := <-answered; err == nil {
			t.Errorf("%s answers a client that went", path)
		}
		l.becomes(path+" ended", func() bool { return strings.Contains(l.log.since(), "msg=ended") })
	}
	if written := l.log.all(); strings.Contains(written, "level=ERROR") || strings.Contains(written, "msg=caught") {
		t.Errorf("the log has\n%s", written)
	}
	if got, err := engine.Look(context.Background(), l.engine, "main", "SELECT n FROM counts"); err != nil || got != "[[0]]" {
		t.Errorf("a transaction that was given up left %s, %v", got, err)
	}
}

// TestTraceShowsNoSecret runs a chain with a trace, and looks for the password in it.
func TestTraceShowsNoSecret(t *testing.T) {
	t.Parallel()
	l := openLive(t, map[string]string{"endpoints/login.yaml": "post:\n  arguments: {username: string, password: secret}\n  actions:\n" +
		"    - set: {kept: \"${args.password}\", whole: \"${args}\"}\n    - inner: {password: \"${kept}\"}\n      on_error: []\n" +
		"    - hash: ${kept}\n      as: digest\n    - return: {digest: \"${digest}\", name: \"${args.username}\"}\n",
		"endpoints/_actions/inner.yaml": "arguments: {password: secret}\nactions:\n  - authenticate: {username: alice, password: \"${args.password}\"}\n"})
	const canary = "Canary-1234-canary"
	var written strings.Builder
	steps := 0
	result, err := l.engine.Call(context.Background(), engine.CallRequest{Method: "POST", Path: "/login",
		Args: [][2]string{{"username", "alice"}, {"password", canary}},
		Trace: func(s action.Traced) {
			steps++
			fmt.Fprintf(&written, "%s %+v %+v %v\n", s.Action, s.Inputs, s.Result, s.Failure)
			fmt.Fprintf(&written, "%#v\n", s)
		}})
	fatal(t, err)
	if result.Status != 200 || steps < 5 {
		t.Errorf("after %d steps it answers %d %s", steps, result.Status, result.Body)
	}
	if text := written.String() + l.log.all(); strings.Contains(text, canary) {
		t.Errorf("the password is in\n%s", text)
	}
	if !strings.Contains(written.String(), "[secret]") || !strings.Contains(written.String(), "invalid_credentials") {
		t.Errorf("the trace shows\n%s", written.String())
	}
	digest := strings.Split(string(result.Body), `"`)[3]
	if len(digest) != 64 || strings.Contains(written.String(), digest) {
		t.Errorf("the token %q is in\n%s", digest, written.String())
	}
}

// TestSameNamesTwice: what the engine joins and what it refuses.
func TestSameNamesTwice(t *testing.T) {
	t.Parallel()
	l := openLive(t, map[string]string{"endpoints/h.yaml": "get:\n  actions:\n    - return: {h: \"${request.headers[\\\"X-Many\\\"]}\", c: \"${request.cookies.a}\"}\n"})
	got := dial(t, l.server, "GET /h HTTP/1.1\r\nHost: localhost\r\nX-Many: a\r\nx-many: b\r\nCookie: a=1\r\nCookie: a=2\r\nConnection: close\r\n\r\n", 10*time.Second)
	if !strings.HasSuffix(got, `{"h":"a, b","c":"1"}`) {
		t.Errorf("the answer is %s", got)
	}
}

// TestWaitSinceTheRequest: an answer is padded to a time, not delayed by it.
func TestWaitSinceTheRequest(t *testing.T) {
	t.Parallel()
	l := openLive(t, map[string]string{
		"endpoints/slow.yaml": "get:\n  actions:\n    - wait: 150ms\n    - wait: {for: 200ms, since: request}\n    - return: 1\n",
		"endpoints/past.yaml": "get:\n  actions:\n    - wait: 10ms\n    - wait: {for: 5ms, since: request}\n    - return: 1\n",
	})
	for path, least := range map[string]time.Duration{"/slow": 200 * time.Millisecond, "/past": 10 * time.Millisecond} {
		began := time.Now()
		l.want(path, "200 1")
		if took := time.Since(began); took < least {
			t.Errorf("%s took %v, less than %v", path, took, least)
		}
	}
}
