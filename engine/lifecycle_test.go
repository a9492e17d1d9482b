package engine_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cloudlet/actions"
	"cloudlet/engine"
	"cloudlet/engine/action"
)

// gate is an action `hold` that keeps a request where it is until the test lets it go.
type gate struct{ held, open chan struct{} }

func newGate() *gate { return &gate{make(chan struct{}, 100), make(chan struct{})} }

func (g *gate) actions() engine.Option {
	hold := action.Define(action.Spec[struct{}, action.None]{Name: "hold", Summary: "Waits for the test.",
		Run: func(c *action.Call, _ *struct{}) (action.None, error) {
			g.held <- struct{}{}
			select {
			case <-g.open:
			case <-c.Context.Done():
				return action.None{}, c.Context.Err()
			}
			return action.None{}, nil
		}})
	return engine.WithActions(append(actions.All(), hold))
}

// TestReloadTwiceUnderARequest: what a request began with stays open for it, though
// the generation that gave it up is not the one that the request runs in.
func TestReloadTwiceUnderARequest(t *testing.T) {
	t.Parallel()
	g := newGate()
	l := openLive(t, map[string]string{"endpoints/v.yaml": version(1),
		"cloudlet.yaml":                        "databases: {second: \"sqlite:data/second.db\"}\n",
		"endpoints/second/_module.yaml":        "database: second\n",
		"endpoints/second/_migrations/1.sql":   "CREATE TABLE t (n INTEGER NOT NULL);\n",
		"endpoints/second/slow.yaml":           "get:\n  actions:\n    - hold:\n    - sql.execute: INSERT INTO t VALUES (7)\n    - sql.value: SELECT max(n) FROM t\n",
		"endpoints/second/in_transaction.yaml": "get:\n  actions:\n    - transaction:\n        - sql.execute: INSERT INTO t VALUES (1)\n        - hold:\n        - sql.execute: INSERT INTO t VALUES (2)\n        - sql.value: SELECT count(*) FROM t\n",
	}, g.actions())
	second := engine.DatabasesOf(l.engine)["second"]
	answers := make(chan string, 2)
	for _, path := range []string{"/second/in_transaction", "/second/slow"} {
		go func() { answers <- path + " " + l.get(path, "") }()
		<-g.held
	}
	l.write("endpoints/v.yaml", version(2))
	fatal(t, l.reload())
	l.remove("endpoints/second")
	l.write("cloudlet.yaml", "databases: {main: \"sqlite:data/other.db\"}\n")
	fatal(t, l.reload())
	l.want("/v", `200 "v2"`)
	time.Sleep(50 * time.Millisecond) // in which a hasty engine would close it
	close(g.open)
	for range 2 {
		if got := <-answers; got != "/second/slow 200 7" && got != "/second/in_transaction 200 2" {
			t.Error(got)
		}
	}
	l.becomes("the database is closed in the end", func() bool {
		_, err := second.Query(context.Background(), "SELECT 1")
		return err != nil
	})
	if log := l.log.all(); strings.Contains(log, "level=ERROR") {
		t.Errorf("the log has %s", log)
	}
}

// TestLifecycleAtOnce does at once what an engine can be asked for.
func TestLifecycleAtOnce(t *testing.T) {
	t.Parallel()
	var telling, writing sync.Mutex
	events := 0
	l := openLive(t, map[string]string{"endpoints/v.yaml": version(1)}, engine.WithEvents(func(engine.Event) {
		if !telling.TryLock() {
			t.Error("two events were told at once")
			return
		}
		defer telling.Unlock()
		events++
		time.Sleep(time.Millisecond)
	}))
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for n := range 8 {
				main := fmt.Sprintf("databases: {main: \"sqlite:data/%d.db\"}\n", (n+i)%3)
				if i == 0 {
					main = "lisen: 1\n"
				}
				writing.Lock()
				l.write("cloudlet.yaml", main)
				writing.Unlock()
				if err := l.reload(); err != nil && !errors.Is(err, engine.ErrClosed) && !strings.Contains(err.Error(), "lisen") {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for range 8 {
				if _, err := l.engine.EnsureRoot(context.Background()); err != nil && !errors.Is(err, engine.ErrClosed) {
					t.Error(err)
				}
				_, _, _ = l.engine.Generation(), l.engine.Listen(), l.engine.Routes()
				if r, err := l.engine.Call(context.Background(), engine.CallRequest{Method: "GET", Path: "/v"}); err != nil && !errors.Is(err, engine.ErrClosed) || err == nil && r.Status != 200 {
					t.Error(r, err)
				}
				l.get("/-/health", "")
			}
			if i == 3 {
				fatal(t, l.engine.Close())
			}
		})
	}
	wg.Wait()
	fatal(t, l.engine.Close())
	if l.engine.Generation() < 1 || events == 0 || l.engine.Listen() == "" {
		t.Error("a closed engine forgets what it was")
	}
}

// TestMigrationFromTheFuture: the time of a file may be another machine's. It must
// not keep everything else from being reloaded.
func TestMigrationFromTheFuture(t *testing.T) {
	t.Parallel()
	l := openLive(t, map[string]string{"endpoints/v.yaml": version(1)}, engine.WithWatch())
	half := filepath.Join(l.dir, "half-written")
	fatal(t, os.WriteFile(half, []byte("CREATE TABLE t (n INTEGER);\n"), 0o644))
	future := time.Now().Add(24 * time.Hour)
	fatal(t, os.Chtimes(half, future, future))
	fatal(t, os.MkdirAll(filepath.Join(l.dir, "endpoints", "_migrations"), 0o755))
	fatal(t, os.Rename(half, filepath.Join(l.dir, "endpoints", "_migrations", "1.sql")))
	l.write("endpoints/v.yaml", "get:\n  actions:\n    - sql.value: SELECT count(*) FROM t\n")
	l.becomes("the migration is applied", func() bool { return l.get("/v", "") == "200 0" })
}

// TestEnginesOfOneFolder starts several at once on a new folder, as a restart that
// overlaps or an impatient operator does: all serve, and each migration ran once.
func TestEnginesOfOneFolder(t *testing.T) {
	t.Parallel()
	dir := makeApp(t, map[string]string{"endpoints/_migrations/1.sql": "CREATE TABLE t (n INTEGER);\n", "endpoints/_migrations/2.sql": "INSERT INTO t VALUES (1);\n",
		"endpoints/n.yaml": "get:\n  actions:\n    - sql.value: SELECT count(*) FROM t\n"})
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			e, err := engine.Open(dir, engine.WithActions(actions.All()), engine.WithEnvironment(func(string) string { return "" }))
			if err != nil {
				t.Error(err)
				return
			}
			r, err := e.Call(context.Background(), engine.CallRequest{Method: "GET", Path: "/n"})
			if err != nil || string(r.Body) != "1" {
				t.Errorf("%s, %v", r.Body, err)
			}
			if _, err := e.EnsureRoot(context.Background()); err != nil {
				t.Error(err)
			}
			fatal(t, e.Close())
		})
	}
	wg.Wait()
}

// TestBusyDatabaseIsNoBadTicket: who asks cannot be told while the users cannot be
// read, and a reload that has nothing to apply needs none of what requests hold.
func TestBusyDatabaseIsNoBadTicket(t *testing.T) {
	t.Parallel()
	l := openLive(t, map[string]string{
		"endpoints/may.yaml": "get:\n  actions:\n    - authorize:\n    - return: yes\n",
		"endpoints/who.yaml": "get:\n  actions:\n    - return: ${user?.name}\n",
	})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	users := engine.UsersOf(l.engine)
	fatal(t, users.AddUser(ctx, engine.CommandLine, engine.NewUser{Name: "alice", Password: casePassword}))
	ticket, err := users.Issue(ctx, "alice")
	fatal(t, err)
	db := engine.DatabasesOf(l.engine)["main"]
	var wg sync.WaitGroup
	for range 4 { // as many as there are readers
		wg.Go(func() {
			if _, err := db.Query(ctx, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
	}
	l.becomes("no reader is left", func() bool {
		soon, stop := context.WithTimeout(ctx, 20*time.Millisecond)
		defer stop()
		_, err := db.Query(soon, "SELECT 1")
		return err != nil
	})
	fatal(t, l.reload())
	var asked sync.WaitGroup
	for _, path := range []string{"/may", "/who"} {
		asked.Go(func() {
			if got := l.get(path, ticket.Text); !strings.HasPrefix(got, "503 ") {
				t.Errorf("%s answers %s", path, got)
			}
		})
	}
	asked.Wait()
	cancel()
	wg.Wait()
	if got := l.get("/who", ticket.Text); got != `200 "alice"` {
		t.Error(got)
	}
}
