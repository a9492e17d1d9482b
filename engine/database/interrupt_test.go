package database

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// endless runs for minutes when nothing stops it.
const endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 2000000000) SELECT count(*) FROM n"

func TestInterrupt(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", file} {
		db, s := start(t, url)
		read := statementOf(t, db, s, endless)
		write := statementOf(t, db, s, "INSERT INTO films (title, year) SELECT hex(randomblob(8)), 2000 WHERE ("+endless+") > 0")
		quick := statementOf(t, db, s, "SELECT 1 AS one")
		for range readers + 1 { // so that each connection was interrupted once
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
			if _, err := read.Rows(ctx, nil, nil); !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
			cancel()
			ctx, cancel = context.WithCancel(context.Background())
			time.AfterFunc(30*time.Millisecond, cancel)
			if _, _, err := write.Execute(ctx, nil, nil); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			cancel()
		}
		for range 2 * readers {
			if v, err := quick.Value(context.Background(), nil, nil); v != 1 || err != nil {
				t.Error(v, err)
			}
		}
		if _, err := db.Exec(context.Background(), "INSERT INTO films (title) VALUES ('after')"); err != nil {
			t.Error(err)
		}
	}
}

// TestInterruptSparesLater ends contexts at about the time when their statements
// end; the statement after must never notice.
func TestInterruptSparesLater(t *testing.T) {
	t.Parallel()
	db, s := start(t, "")
	some := statementOf(t, db, s, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT ?) SELECT count(*) FROM n")
	for i := range 30 {
		ctx, cancel := context.WithTimeout(context.Background(), patience+time.Duration(i)*time.Millisecond/2)
		if _, err := some.Value(ctx, nil, []any{100000}); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if v, err := some.Value(context.WithoutCancel(ctx), nil, []any{1000}); v != 1000 || err != nil {
			t.Errorf("a later statement was hit: %v %v", v, err)
		}
		cancel()
	}
}

func TestInterruptInTransaction(t *testing.T) {
	t.Parallel()
	db, s := start(t, file)
	tx, err := db.Begin(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(context.Background(), "INSERT INTO films (title) VALUES ('lost')"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer cancel()
	write := statementOf(t, db, s, "INSERT INTO films (title) SELECT 'x' WHERE ("+endless+") > 0")
	if _, _, err := write.Execute(ctx, tx, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	// SQLite undid the whole transaction: what comes later must not be committed by itself.
	if _, err := tx.Exec(context.Background(), "INSERT INTO films (title) VALUES ('stray')"); !errors.Is(err, ErrEnded) {
		t.Error(err)
	}
	if err := tx.Commit(); !errors.Is(err, ErrEnded) {
		t.Error(err)
	}
	if row, err := db.QueryRow(context.Background(), "SELECT count(*) FROM films"); err != nil || row[0] != 0 {
		t.Error(row, err)
	}
}

func TestWaitingHonoursTheContext(t *testing.T) {
	t.Parallel()
	db, _ := start(t, file)
	tx, err := db.Begin(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			if _, err := db.Exec(ctx, "INSERT INTO films (title) VALUES ('x')"); !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if err := tx.Rollback(); err != nil {
		t.Error(err)
	}
	if _, err := db.Exec(context.Background(), "INSERT INTO films (title) VALUES ('x')"); err != nil {
		t.Error(err)
	}
}

// TestDriverVersions: the driver's C library must be the one it was built with.
func TestDriverVersions(t *testing.T) {
	t.Parallel()
	ours, err := os.ReadFile(filepath.Join("..", "..", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	sqlite, libc := version(t, ours, "modernc.org/sqlite"), version(t, ours, "modernc.org/libc")
	cache, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(cache)), "modernc.org", "sqlite@"+sqlite, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if want := version(t, theirs, "modernc.org/libc"); libc != want {
		t.Errorf("go.mod has modernc.org/libc %s; modernc.org/sqlite %s asks for %s", libc, sqlite, want)
	}
}

func version(t *testing.T, mod []byte, module string) string {
	t.Helper()
	words := regexp.MustCompile(`(?m)^\s*(?:require )?` + regexp.QuoteMeta(module) + ` (v\S+)`).FindSubmatch(mod)
	if words == nil {
		t.Fatalf("go.mod does not name %s", module)
	}
	return string(words[1])
}
