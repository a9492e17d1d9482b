package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"go.uber.org/goleak"

	"cloudlet/actions"
	"cloudlet/engine"
	"cloudlet/engine/database"
)

// live is an app that is served while its files change.
type live struct {
	t      *testing.T
	dir    string
	engine *engine.Engine
	server *httptest.Server
	log    *logBuffer
	events chan engine.Event
}

func openLive(t *testing.T, files map[string]string, options ...engine.Option) *live {
	t.Helper()
	l := &live{t: t, dir: makeApp(t, files), log: &logBuffer{}, events: make(chan engine.Event, 1000)}
	options = append([]engine.Option{engine.WithActions(actions.All()), engine.WithLog(slog.New(slog.NewTextHandler(l.log, nil))),
		engine.WithEnvironment(func(string) string { return "" }), engine.WithEvents(func(e engine.Event) { l.events <- e })}, options...)
	e, err := engine.Open(l.dir, options...)
	fatal(t, err)
	l.engine, l.server = e, httptest.NewServer(e)
	t.Cleanup(func() {
		l.server.Close()
		fatal(t, e.Close())
	})
	return l
}

func (l *live) write(name, text string) {
	l.t.Helper()
	name = filepath.Join(l.dir, filepath.FromSlash(name))
	fatal(l.t, os.MkdirAll(filepath.Dir(name), 0o755))
	half := filepath.Join(l.dir, "half-written")
	fatal(l.t, os.WriteFile(half, []byte(text), 0o644))
	fatal(l.t, os.Rename(half, name)) // at once, so that nobody reads half of it
}

func (l *live) remove(name string) {
	l.t.Helper()
	fatal(l.t, os.RemoveAll(filepath.Join(l.dir, filepath.FromSlash(name))))
}

// get answers "200 body" for a path; ticket may be empty.
func (l *live) get(path, ticket string) string {
	r, err := http.NewRequest("GET", l.server.URL+path, nil)
	if err != nil {
		return err.Error()
	}
	if ticket != "" {
		r.Header.Set("Authorization", "Bearer "+ticket)
	}
	w, err := client.Do(r)
	if err != nil {
		return err.Error()
	}
	defer w.Body.Close()
	body, err := io.ReadAll(w.Body)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%d %s", w.StatusCode, body)
}

func (l *live) want(path, want string) {
	l.t.Helper()
	if got := l.get(path, ""); got != want {
		l.t.Errorf("%s answers %s; wanted %s", path, got, want)
	}
}

// becomes waits until what is asked for is so; a slow machine may take its time.
func (l *live) becomes(what string, is func() bool) {
	l.t.Helper()
	began := time.Now()
	for !is() {
		if time.Since(began) > 20*time.Second {
			l.t.Fatalf("%s: not so after %v", what, time.Since(began))
		}
		time.Sleep(10 * time.Millisecond)
	}
	l.t.Logf("%s after %v", what, time.Since(began).Round(time.Millisecond))
}

func (l *live) reload() error { return l.engine.Reload(context.Background()) }

// health is /-/health.
func (l *live) health() (h struct {
	Status     string
	Generation int
	Endpoints  int
	Problems   int
}) {
	l.t.Helper()
	status, body, _ := strings.Cut(l.get("/-/health", ""), " ")
	if err := json.Unmarshal([]byte(body), &h, json.MatchCaseInsensitiveNames(true)); err != nil || status != "200" {
		l.t.Fatalf("health answers %s %s, %v", status, body, err)
	}
	return h
}

func version(n int) string { return fmt.Sprintf("get:\n  actions:\n    - return: v%d\n", n) }

func TestReloadFollowsEdits(t *testing.T) {
	t.Parallel()
	l := openLive(t, map[string]string{"endpoints/v.yaml": version(1)}, engine.WithWatch())
	l.want("/v", `200 "v1"`)
	if e := <-l.events; e.Generation != 1 || e.Endpoints != 1 || len(e.Problems) > 0 || e.Err != nil {
		t.Errorf("the first event is %+v", e)
	}
	l.write("endpoints/v.yaml", version(2))
	l.becomes("an edit is live", func() bool { return l.get("/v", "") == `200 "v2"` })
	l.write("endpoints/deep/er/new.yaml", version(3))
	l.becomes("a new folder is live", func() bool { return l.get("/deep/er/new", "") == `200 "v3"` })
	l.write("endpoints/_actions/say.yaml", "actions:\n  - return: composite\n")
	l.write("endpoints/v.yaml", "get:\n  actions:\n    - say:\n")
	l.becomes("a composite action is live", func() bool { return l.get("/v", "") == `200 "composite"` })
	l.write("endpoints/_actions/say.yaml", "actions:\n  - return: changed\n")
	l.becomes("a change of a composite action is live", func() bool { return l.get("/v", "") == `200 "changed"` })
	l.remove("endpoints/deep")
	l.becomes("a removed folder is gone", func() bool { return strings.HasPrefix(l.get("/deep/er/new", ""), "404 ") })
	l.write("cloudlet.yaml", "config: {name: a}\n")
	l.write("endpoints/v.yaml", "get:\n  actions:\n    - return: ${config.name}\n")
	l.becomes("configuration is live", func() bool { return l.get("/v", "") == `200 "a"` })
	if h := l.health(); h.Status != "ok" || h.Problems != 0 || h.Endpoints != 1 || h.Generation != l.engine.Generation() || h.Generation < 5 {
		t.Errorf("the health is %+v", h)
	}
}

func TestReloadKeepsTheOldWhole(t *testing.T) {
	t.Parallel()
	l := openLive(t, map[string]string{"endpoints/a.yaml": version(1), "endpoints/b.yaml": version(1)}, engine.WithWatch())
	<-l.events
	l.write("endpoints/b.yaml", "get:\n  actions:\n    - retrun: x\n    - log: ${nothing}\n")
	e := <-l.events
	if len(e.Problems) != 2 || e.Generation != 1 || e.Err != nil {
		t.Fatalf("the event is %+v", e)
	}
	if p := e.Problems[0]; p.Path() != "endpoints/b.yaml" || p.Start().Line != 3 || !strings.Contains(p.Text+p.Hint, "return") {
		t.Errorf("the problem is %s", p)
	}
	if h := l.health(); h.Status != "degraded" || h.Problems != 2 || h.Generation != 1 || h.Endpoints != 2 {
		t.Errorf("the health is %+v", h)
	}
	// Not even the file that is right is taken.
	l.write("endpoints/a.yaml", version(2))
	<-l.events
	l.want("/a", `200 "v1"`)
	l.want("/b", `200 "v1"`)
	l.write("endpoints/b.yaml", version(2))
	l.becomes("the mended app is live", func() bool { return l.get("/b", "") == `200 "v2"` })
	l.want("/a", `200 "v2"`)
	if h := l.health(); h.Status != "ok" || h.Problems != 0 || h.Generation != 2 {
		t.Errorf("the health is %+v", h)
	}
	l.write("cloudlet.yaml", "listne: 1\n")
	l.becomes("a mistake in cloudlet.yaml degrades", func() bool { return l.health().Status == "degraded" })
	l.want("/a", `200 "v2"`)
	l.remove("cloudlet.yaml")
	l.becomes("it is mended by removing the file", func() bool { return l.health().Status == "ok" })
}

// TestReloadFailsNoRequest reloads 50 times under constant load: every answer is
// whole, of one generation, and never older than one before it on the same connection.
func TestReloadFailsNoRequest(t *testing.T) {
	t.Parallel()
	l := openLive(t, map[string]string{"endpoints/v.yaml": version(0), "endpoints/_migrations/1.sql": "CREATE TABLE t (n INTEGER NOT NULL);\n",
		"endpoints/n.yaml": "get:\n  actions:\n    - sql.value: SELECT count(*) FROM t\npost:\n  actions:\n    - sql.execute: INSERT INTO t VALUES (1)\n"})
	var stop atomic.Bool
	var asked atomic.Int64
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			newest := 0
			for !stop.Load() {
				var n int
				got := l.get("/v", "")
				if _, err := fmt.Sscanf(got, `200 "v%d"`, &n); err != nil || n < newest {
					t.Errorf("after v%d: %s", newest, got)
					return
				}
				newest = n
				if got := l.get("/n", ""); got != "200 0" {
					t.Errorf("the database answers %s", got)
					return
				}
				asked.Add(2)
			}
		})
	}
	for i := 1; i <= 50; i++ {
		l.write("endpoints/v.yaml", version(i))
		fatal(t, l.reload())
		l.want("/v", fmt.Sprintf(`200 "v%d"`, i))
	}
	stop.Store(true)
	wg.Wait()
	if h := l.health(); h.Generation != 51 || h.Status != "ok" {
		t.Errorf("the health is %+v", h)
	}
	if strings.Contains(l.log.all(), "level=ERROR") || asked.Load() == 0 {
		t.Errorf("after %d requests the log has %s", asked.Load(), l.log.all())
	}
}

const slow = "get:\n  actions:\n    - log: began\n    - sql.execute: INSERT INTO t VALUES (%d)\n    - wait: 300ms\n    - sql.value: SELECT sum(n) FROM t\n    - return: {version: %d, sum: \"${last}\"}\n"

// TestReloadLetsRequestsFinish: what began on a generation ends on it, with its
// databases, whatever comes meanwhile: another database too, and Close.
func TestReloadLetsRequestsFinish(t *testing.T) {
	t.Parallel()
	migration := "CREATE TABLE t (n INTEGER NOT NULL);\n"
	l := openLive(t, map[string]string{"endpoints/slow.yaml": fmt.Sprintf(slow, 1, 1), "endpoints/_migrations/1.sql": migration})
	begin := func() chan string {
		l.log.mark()
		answered := make(chan string, 1)
		go func() { answered <- l.get("/slow", "") }()
		l.becomes("a request is in flight", func() bool { return strings.Contains(l.log.since(), "msg=began") })
		return answered
	}
	first := begin()
	l.write("endpoints/slow.yaml", fmt.Sprintf(slow, 10, 2))
	l.write("cloudlet.yaml", "databases: {main: \"sqlite:data/other.db\"}\n")
	fatal(t, l.reload())
	second := begin()
	if got := <-first; got != `200 {"version":1,"sum":1}` {
		t.Errorf("the first request answers %s", got)
	}
	closed := make(chan error, 1)
	go func() { closed <- l.engine.Close() }()
	if got := <-second; got != `200 {"version":2,"sum":10}` {
		t.Errorf("the second request answers %s", got)
	}
	fatal(t, <-closed)
	if got := l.get("/slow", ""); !strings.HasPrefix(got, "503 ") || !strings.Contains(got, "shutting_down") {
		t.Errorf("after Close: %s", got)
	}
	if err := l.reload(); !errors.Is(err, engine.ErrClosed) {
		t.Errorf("a closed engine reloads: %v", err)
	}
}

func TestReloadAppliesMigrations(t *testing.T) {
	t.Parallel()
	l := openLive(t, map[string]string{"endpoints/_migrations/1.sql": "CREATE TABLE t (n INTEGER NOT NULL);\nINSERT INTO t VALUES (1), (1);\n",
		"endpoints/n.yaml": "get:\n  actions:\n    - sql.value: SELECT sum(n) FROM t\n"}, engine.WithWatch())
	l.want("/n", "200 2")
	l.write("endpoints/_migrations/2_more.sql", "ALTER TABLE t ADD COLUMN more INTEGER NOT NULL DEFAULT 20;\n")
	l.write("endpoints/n.yaml", "get:\n  actions:\n    - sql.value: SELECT sum(n + more) FROM t\n")
	l.becomes("a new migration was applied", func() bool { return l.get("/n", "") == "200 42" })
	if backups, err := filepath.Glob(filepath.Join(l.dir, "data", "backup", "*")); err != nil || len(backups) == 0 {
		t.Errorf("there is no backup: %v, %v", backups, err)
	}
	generation := l.engine.Generation()

	// It fails on the rows that there are, which no check of the schema could see.
	l.write("endpoints/_migrations/3_fails.sql", "CREATE TABLE half (n INTEGER);\nCREATE UNIQUE INDEX only ON t (n);\n")
	l.becomes("a failing migration degrades", func() bool { return l.health().Status == "degraded" })
	l.want("/n", "200 42")
	if got, err := engine.Look(context.Background(), l.engine, "main", "SELECT count(*) FROM sqlite_master WHERE name IN ('half', 'only')"); err != nil || got != "[[0]]" {
		t.Errorf("a failed migration left something behind: %s, %v", got, err)
	}
	l.remove("endpoints/_migrations/3_fails.sql")
	l.becomes("removing it mends", func() bool { return l.health().Status == "ok" })
	if l.engine.Generation() <= generation {
		t.Errorf("the generation is %d after %d", l.engine.Generation(), generation)
	}

	l.write("endpoints/_migrations/2_more.sql", "ALTER TABLE t ADD COLUMN other INTEGER;\n")
	l.becomes("an edited migration degrades", func() bool { return l.health().Status == "degraded" })
	var p *engine.ProblemsError
	if err := l.reload(); !errors.As(err, &p) || p.Problems[0].Path() != "endpoints/_migrations/2_more.sql" {
		t.Errorf("the problem is %v", err)
	}
	l.want("/n", "200 42")
}

func TestReloadOpensAndClosesDatabases(t *testing.T) {
	t.Parallel()
	l := openLive(t, map[string]string{"endpoints/v.yaml": version(1)})
	main := engine.DatabasesOf(l.engine)["main"]
	l.write("cloudlet.yaml", "databases: {second: \"sqlite:data/second.db\"}\n")
	l.write("endpoints/second/_module.yaml", "database: second\n")
	l.write("endpoints/second/_migrations/1.sql", "CREATE TABLE t (n INTEGER NOT NULL);\nINSERT INTO t VALUES (7);\n")
	l.write("endpoints/second/n.yaml", "get:\n  actions:\n    - sql.value: SELECT n FROM t\n")
	fatal(t, l.reload())
	l.want("/second/n", "200 7")
	all := engine.DatabasesOf(l.engine)
	second := all["second"]
	if all["main"] != main || second == nil {
		t.Fatal("a reload opens the same database anew")
	}
	// A generation with a mistake opens nothing for good.
	l.write("cloudlet.yaml", "databases: {third: \"sqlite:data/third.db\"}\n")
	if err := l.reload(); err == nil {
		t.Error("a database was taken away from its endpoints")
	}
	l.want("/second/n", "200 7")
	l.remove("endpoints/second")
	fatal(t, l.reload())
	l.becomes("a database that nothing names is closed", func() bool {
		_, err := second.Query(context.Background(), "SELECT 1")
		return errors.Is(err, database.ErrClosed)
	})
	if all := engine.DatabasesOf(l.engine); all["main"] != main || all["second"] != nil || all["third"] == nil {
		t.Errorf("the databases are %v", all)
	}
}

// TestCloseLeavesNothing is not parallel: other tests' goroutines would be seen.
func TestCloseLeavesNothing(t *testing.T) {
	before := goleak.IgnoreCurrent()
	l := openLive(t, map[string]string{"endpoints/v.yaml": version(1), "cloudlet.yaml": "databases: {second: \"sqlite:data/second.db\"}\n",
		"endpoints/p.yaml": "get:\n  timeout: 20ms\n  actions:\n    - parallel:\n        a: [wait: 1h]\n        b: [wait: 1h]\n"}, engine.WithWatch())
	for i := range 5 {
		l.write("endpoints/v.yaml", version(i))
		l.write("cloudlet.yaml", fmt.Sprintf("databases: {second: \"sqlite:data/second%d.db\"}\n", i))
		fatal(t, l.reload())
		l.get("/p", "")
	}
	l.server.Close()
	fatal(t, l.engine.Close())
	fatal(t, l.engine.Close())
	client.CloseIdleConnections()
	goleak.VerifyNone(t, before)
}
