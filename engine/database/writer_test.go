package database

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
)

// queued lets statements wait for the writer together and tells how each ended.
func queued(t *testing.T, db *DB, statements []string) []error {
	t.Helper()
	ctx := context.Background()
	tx, err := db.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	errs := make([]error, len(statements))
	var group sync.WaitGroup
	for i, sql := range statements {
		group.Go(func() { _, errs[i] = db.Exec(ctx, sql) })
		for { // one after the other, so that their order is known
			db.writer.mu.Lock()
			n := len(db.writer.queue)
			db.writer.mu.Unlock()
			if n == i+1 {
				break
			}
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	group.Wait()
	return errs
}

func TestGroupCommit(t *testing.T) {
	t.Parallel()
	insert := func(title string) string { return fmt.Sprintf("INSERT INTO films (title) VALUES ('%s')", title) }
	tests := []struct {
		name   string
		guilty string
		want   error
	}{
		{"a statement fails", insert("b"), ErrExists},
		{"the commit fails", "INSERT INTO roles VALUES (99, 'x')", ErrReferenced},
		{"the transaction is undone", "INSERT OR ROLLBACK INTO films (title) VALUES ('b')", ErrExists},
		{"a statement keeps what it did before it failed", "INSERT OR FAIL INTO films (title) VALUES ('f'), ('b')", ErrExists},
		{"the statement is none", "INSERT INTO nothing VALUES (1)", ErrFailed},
	}
	for _, test := range tests {
		for _, url := range []string{"", file} {
			db, _ := start(t, url)
			errs := queued(t, db, []string{insert("a"), insert("b"), test.guilty, insert("c"), insert("d")})
			for i, err := range errs {
				if i == 2 && !errors.Is(err, test.want) {
					t.Errorf("%s: the guilty one gives %v, want %v", test.name, err, test.want)
				}
				if i != 2 && err != nil {
					t.Errorf("%s: number %d gives %v", test.name, i, err)
				}
			}
			row, err := db.QueryRow(context.Background(), "SELECT group_concat(title, '') FROM (SELECT title FROM films WHERE title <> 'f' ORDER BY title)")
			if err != nil || row[0] != "abcd" {
				t.Errorf("%s: %v %v", test.name, row, err)
			}
		}
	}
}

// TestGroupCommitPanics: what was undone because another statement panicked is
// not told to be there.
func TestGroupCommitPanics(t *testing.T) {
	t.Parallel()
	db, _ := start(t, file)
	ctx := context.Background()
	tx, err := db.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	insert := func(c *connection) error {
		_, _, err := c.execute(ctx, "INSERT INTO films (title) VALUES (random())", nil)
		return err
	}
	panics := func(*connection) error { panic("a mistake") }
	runs := []func(*connection) error{insert, insert, panics, insert}
	var there atomic.Int64
	var group sync.WaitGroup
	for i, run := range runs {
		group.Go(func() {
			defer func() { _ = recover() }() // of whoever ran the others' statements
			if db.writer.write(ctx, run) == nil {
				there.Add(1)
			}
		})
		for waiting := -1; waiting != i+1; {
			db.writer.mu.Lock()
			waiting = len(db.writer.queue)
			db.writer.mu.Unlock()
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	group.Wait()
	row, err := db.QueryRow(ctx, "SELECT count(*) FROM films")
	if err != nil || row[0] != int(there.Load()) {
		t.Errorf("%d are told to be there, %v are: %v", there.Load(), row, err)
	}
}

// TestGroupCommitBusy: while another process has the file, each waits for it once,
// not once for everybody who came with it.
func TestGroupCommitBusy(t *testing.T) {
	t.Parallel()
	db, _ := start(t, file)
	ctx := context.Background()
	other, err := Open(ctx, Config{Name: "other", URL: "sqlite:" + db.File()})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	tx, err := other.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	ran := 0
	all := make([]*waiter, 3)
	for i := range all {
		all[i] = &waiter{ctx: ctx, run: func(*connection) error { ran++; return nil }}
	}
	db.writer.together(all)
	for _, o := range all {
		if !errors.Is(o.err, ErrBusy) || ran > 0 {
			t.Errorf("%v after %d statements", o.err, ran)
		}
	}
}

// TestGroupCommitShares counts commits: those that wait together share one.
func TestGroupCommitShares(t *testing.T) {
	t.Parallel()
	db, s := start(t, file)
	ctx := context.Background()
	count := func() int64 {
		v, err := db.DataVersion(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	before := count()
	if again := count(); again != before {
		t.Errorf("the data version went from %d to %d without a write", before, again)
	}
	var statements []string
	for i := range 20 {
		statements = append(statements, fmt.Sprintf("INSERT INTO films (title) VALUES ('%d')", i))
	}
	for _, err := range queued(t, db, statements) {
		if err != nil {
			t.Error(err)
		}
	}
	if after := count(); after == before {
		t.Error("the data version did not change")
	}
	// RETURNING rows belong to the statement's own caller, also when it ran again.
	returning := statementOf(t, db, s, "INSERT INTO films (title) VALUES (?) RETURNING title")
	tx, err := db.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for i := range 30 {
		group.Go(func() {
			got, err := returning.AppendRows(ctx, nil, nil, []any{fmt.Sprint("r", i)})
			if want := fmt.Sprintf(`[{"title":"r%d"}]`, i); err != nil || string(got) != want {
				t.Errorf("%s %v, want %s", got, err, want)
			}
		})
	}
	group.Go(func() {
		if _, err := db.Exec(ctx, "INSERT INTO roles VALUES (99, 'x')"); !errors.Is(err, ErrReferenced) {
			t.Error(err)
		}
	})
	if err := tx.Rollback(); err != nil {
		t.Error(err)
	}
	group.Wait()
}

func TestTransactions(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", file} {
		db, _ := start(t, url)
		ctx := context.Background()
		tx, err := db.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		add := func(title string) {
			t.Helper()
			if _, err := tx.Exec(ctx, "INSERT INTO films (title) VALUES (?)", title); err != nil {
				t.Error(err)
			}
		}
		savepoint := func() *Savepoint {
			t.Helper()
			s, err := tx.Savepoint()
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Error(err)
			}
		}
		add("a")
		outer := savepoint()
		add("b")
		inner := savepoint()
		add("c")
		must(inner.Rollback())
		add("d")
		must(outer.Commit())
		must(outer.Rollback()) // after Commit it does nothing
		lost := savepoint()
		add("e")
		must(lost.Rollback())
		if _, err := tx.Exec(ctx, "INSERT INTO films (title) VALUES ('a')"); !errors.Is(err, ErrExists) {
			t.Error(err)
		}
		must(tx.Commit())
		must(tx.Rollback())
		if err := tx.Commit(); !errors.Is(err, ErrEnded) {
			t.Error(err)
		}
		var titles string
		row, err := db.QueryRow(ctx, "SELECT group_concat(title, '') FROM films")
		must(err)
		must(row.Scan(&titles))
		if titles != "abd" {
			t.Errorf("the transaction left %q, want abd", titles)
		}
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	db, _ := start(t, file)
	ctx := context.Background()
	add := func(then func() error) error {
		return db.Write(ctx, func(tx *Tx) error {
			if _, err := tx.Exec(ctx, "INSERT INTO films (title) VALUES ('z')"); err != nil {
				return err
			}
			return then()
		})
	}
	if err := add(func() error { return errors.ErrUnsupported }); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = add(func() error { panic("an action's mistake") })
	}()
	if err := add(func() error { return nil }); err != nil {
		t.Error("what failed before was kept, or still holds the writer:", err)
	}
}

func TestClose(t *testing.T) {
	t.Parallel()
	db, err := Open(context.Background(), Config{Name: "main", URL: file, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.Begin(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan error)
	go func() { closed <- db.Close() }()
	<-db.closed
	if _, err := tx.Exec(context.Background(), "CREATE TABLE t (x)"); err != nil {
		t.Error("Close did not wait for the transaction:", err)
	}
	if err := tx.Commit(); err != nil {
		t.Error(err)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	if _, err := db.Query(context.Background(), "SELECT 1"); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if _, err := db.Exec(context.Background(), "SELECT 1"); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}
