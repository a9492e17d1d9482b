package database

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"

	"cloudlet/engine/failure"
)

func TestSnapshot(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db, err := Open(ctx, Config{Name: "main", URL: "sqlite::memory:"})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	exec := func(sql string, args ...any) {
		t.Helper()
		if _, err := db.Exec(ctx, sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec("CREATE TABLE films (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL)")
	exec("INSERT INTO films (title) VALUES ('Alien')")
	image, err := db.Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		exec("INSERT INTO films (title) VALUES (?)", "Film "+strconv.Itoa(i))
		exec("DELETE FROM films WHERE title = 'Alien'")
		exec("CREATE TABLE more (id INTEGER)")
		if err := db.Restore(ctx, image); err != nil {
			t.Fatal(err)
		}
		rows, err := db.Query(ctx, "SELECT id, title FROM films ORDER BY id")
		if err != nil || len(rows) != 1 || rows[0][1] != "Alien" {
			t.Fatalf("after going back there is %v, %v", rows, err)
		}
		if rows, err := db.Query(ctx, "SELECT name FROM sqlite_schema WHERE name = 'more'"); err != nil || len(rows) != 0 {
			t.Fatalf("a table that was made since is still there: %v, %v", rows, err)
		}
		r, err := db.Exec(ctx, "INSERT INTO films (title) VALUES ('Next')")
		if err != nil || r.LastInsertID != 2 {
			t.Fatalf("the next id is %d, %v", r.LastInsertID, err)
		}
		if err := db.Restore(ctx, image); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRestoreKeepsTheConnection: what was set on the connection holds, and the
// database can grow past what it was.
func TestRestoreKeepsTheConnection(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db, err := Open(ctx, Config{Name: "main", URL: "sqlite::memory:"})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, sql := range []string{"CREATE TABLE films (id INTEGER PRIMARY KEY)", "CREATE TABLE notes (film INTEGER NOT NULL REFERENCES films (id), text TEXT)"} {
		if _, err := db.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	image, err := db.Snapshot(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := db.Restore(ctx, image); err != nil {
			t.Fatal(err)
		}
		var refused *failure.Error
		if _, err := db.Exec(ctx, "INSERT INTO notes (film) VALUES (7)"); !errors.As(err, &refused) || refused.Code != "still_referenced" {
			t.Errorf("a row that refers to nothing: %v", err)
		}
		err := db.Write(ctx, func(tx *Tx) error {
			_, err := tx.Exec(ctx, "INSERT INTO films (id) VALUES (7)")
			for range 100 {
				if err == nil {
					_, err = tx.Exec(ctx, "INSERT INTO notes (film, text) VALUES (7, ?)", strings.Repeat("x", 10_000))
				}
			}
			return err
		})
		if err != nil {
			t.Errorf("a database that grows: %v", err)
		}
	}
}

func TestSnapshotOfFile(t *testing.T) {
	t.Parallel()
	db, err := Open(context.Background(), Config{Name: "main", URL: "sqlite:a.db", Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Snapshot(t.Context()); err == nil {
		t.Error("a database in a file gave a snapshot")
	}
	if err := db.Restore(t.Context(), []byte("x")); err == nil {
		t.Error("a database in a file was replaced")
	}
}
