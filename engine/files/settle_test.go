package files

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cloudlet/engine/database"
)

func openDatabase(t *testing.T) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), database.Config{Name: "main", URL: "sqlite::memory:"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// change is what a transaction does to files.
type change func(ctx context.Context, s *Store, tx *database.Tx, r *Received) error

func adds(name string) change {
	return func(ctx context.Context, s *Store, tx *database.Tx, r *Received) error {
		_, err := s.KeepIn(ctx, tx, r, name, false, func(error) {})
		return err
	}
}

func replaces(name string) change {
	return func(ctx context.Context, s *Store, tx *database.Tx, r *Received) error {
		_, err := s.KeepIn(ctx, tx, r, name, true, func(error) {})
		return err
	}
}

func removes(name string) change {
	return func(ctx context.Context, s *Store, tx *database.Tx, _ *Received) error {
		return s.DeleteIn(ctx, tx, name, func(error) {})
	}
}

// dies ends a process between the commit of a transaction, or ahead of it, and what is done then.
func dies(t *testing.T, dir string, db *database.DB, commits bool, changes []change) {
	t.Helper()
	s := New(dir)
	r, _, err := s.Batch().Receive(strings.NewReader("mine"), 10, nil)
	if err != nil {
		t.Fatal(err)
	}
	tx, err := db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	for _, c := range changes {
		if err := c(t.Context(), s, tx, r); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(s.root.Close(), s.desk.lock.Close()); err != nil { // it reaches nothing any more
		t.Fatal(err)
	}
	if commits {
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestKilledTransactions settles what a killed process left: what was committed is done, anything else
// is taken back, and what somebody else did meanwhile stays.
func TestKilledTransactions(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name      string
		changes   []change
		since     string // what another process writes to old and new before the sweep
		committed string // what is at old and new then; - is nothing
		lost      string
	}{
		{"add", []change{adds("a/new")}, "", "old mine", "old -"},
		{"add, and another's since", []change{adds("a/new")}, "a/new", "old other", "old other"},
		{"replace", []change{replaces("a/old")}, "", "mine -", "old -"},
		{"replace nothing", []change{replaces("a/new")}, "", "old mine", "old -"},
		{"replace, and another's since", []change{replaces("a/old")}, "a/old", "other -", "other -"},
		{"remove", []change{removes("a/old")}, "", "- -", "old -"},
		{"remove, and another's since", []change{removes("a/old")}, "a/old", "other -", "other -"},
		{"remove nothing", []change{removes("a/new")}, "", "old -", "old -"},
		{"replace and remove", []change{replaces("a/old"), removes("a/old")}, "", "- -", "old -"},
		{"add and remove", []change{adds("a/new"), removes("a/new")}, "", "old -", "old -"},
		{"remove and replace", []change{removes("a/old"), replaces("a/old")}, "", "mine -", "old -"},
		{"replace twice", []change{replaces("a/old"), replaces("a/old")}, "", "mine -", "old -"},
	} {
		for commits, want := range map[bool]string{true: test.committed, false: test.lost} {
			t.Run(test.name, func(t *testing.T) {
				t.Parallel()
				s, db := newStore(t), openDatabase(t)
				put(t, s, "a/old", "old")
				dies(t, s.dir, db, commits, test.changes)
				if test.since != "" {
					put(t, s, test.since, "other")
				}
				for range 2 { // the second finds nothing
					if err := s.Sweep(t.Context(), map[string]*database.DB{"main": db}); err != nil {
						t.Fatal(err)
					}
				}
				if got := contentOf(s, "a/old") + " " + contentOf(s, "a/new"); got != want {
					t.Errorf("committed %v: %q, want %q", commits, got, want)
				}
				if err := s.Close(); err != nil || len(left(t, s)) > 0 {
					t.Error(err, left(t, s))
				}
				if !commits {
					return // there is no table
				}
				if row, err := db.QueryRow(t.Context(), "SELECT count(*) FROM cloudlet_file_notes"); err != nil || row[0] != 0 {
					t.Error(row, err)
				}
			})
		}
	}
}

func put(t *testing.T, s *Store, name, content string) {
	t.Helper()
	if _, err := s.Save(name, strings.NewReader(content), 10, true); err != nil {
		t.Fatal(err)
	}
}

func contentOf(s *Store, name string) string {
	content, err := s.Load(name, 10)
	if err != nil {
		return "-"
	}
	return string(content)
}

// TestUnsettled leaves what cannot be told for a later start.
func TestUnsettled(t *testing.T) {
	t.Parallel()
	s, db := newStore(t), openDatabase(t)
	dies(t, s.dir, db, false, []change{adds("a")})
	if err := s.Sweep(t.Context(), nil); err == nil || contentOf(s, "a") != "mine" {
		t.Error(err)
	}
	list, err := filepath.Glob(filepath.Join(s.dir, hidden, "*", "*"+noteEnding))
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	// Half a note was written ahead of everything else.
	half := filepath.Join(filepath.Dir(list[0]), "half"+noteEnding)
	if err := os.WriteFile(half, []byte(`{"path": `), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Sweep(t.Context(), map[string]*database.DB{"main": db}); err != nil || contentOf(s, "a") != "-" {
		t.Error(err)
	}
	if _, err := os.Lstat(half); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// TestNotesGo holds what is remembered of the transactions that have ended to a few rows.
func TestNotesGo(t *testing.T) {
	t.Parallel()
	s, db := newStore(t), openDatabase(t)
	for i := range 50 {
		err := db.Write(t.Context(), func(tx *database.Tx) error {
			b := s.Batch()
			tx.AfterCommit(func() { b.Close() })
			r, _, err := b.Receive(strings.NewReader("x"), 10, nil)
			if err == nil {
				err = replaces("a")(t.Context(), s, tx, r)
			}
			if err == nil && i%2 == 0 {
				err = errors.New("no")
			}
			return err
		})
		if err != nil && err.Error() != "no" {
			t.Fatal(err)
		}
	}
	row, err := db.QueryRow(t.Context(), "SELECT count(*) FROM cloudlet_file_notes")
	if n, _ := row[0].(int); err != nil || n > 2 {
		t.Error(row, err)
	}
	if list, err := filepath.Glob(filepath.Join(s.dir, hidden, "*", "*"+noteEnding)); err != nil || len(list) > 0 {
		t.Error(list, err)
	}
}

// TestReplacesFolder finds out ahead of the commit that a path cannot be had.
func TestReplacesFolder(t *testing.T) {
	t.Parallel()
	s, db := newStore(t), openDatabase(t)
	put(t, s, "a/b", "x")
	for _, name := range []string{"a", "a/b/c"} {
		err := db.Write(t.Context(), func(tx *database.Tx) error {
			r, _, err := s.Batch().Receive(strings.NewReader("x"), 10, nil)
			if err == nil {
				err = replaces(name)(t.Context(), s, tx, r)
			}
			return err
		})
		if !errors.Is(err, ErrExists) {
			t.Error(name, err)
		}
	}
}
