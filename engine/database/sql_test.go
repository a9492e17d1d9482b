package database

import (
	"context"
	"errors"
	"testing"
	"time"
)

// faces opens a database in memory and one in a file, each with a table.
func faces(t *testing.T, f func(t *testing.T, db *DB)) {
	for name, url := range map[string]string{"memory": "sqlite::memory:", "file": "sqlite:data/x.db"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, err := Open(context.Background(), Config{Name: "main", URL: url, Dir: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if _, err := db.Exec(t.Context(), "CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT UNIQUE, at TIMESTAMP, raw BLOB)"); err != nil {
				t.Fatal(err)
			}
			f(t, db)
		})
	}
}

func names(t *testing.T, db *DB) (list []any) {
	t.Helper()
	rows, err := db.Query(t.Context(), "SELECT name FROM things ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		list = append(list, r[0])
	}
	return list
}

func wantNames(t *testing.T, db *DB, want ...any) {
	t.Helper()
	got := names(t, db)
	if len(got) != len(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}

func TestSQLStatements(t *testing.T) {
	t.Parallel()
	faces(t, func(t *testing.T, db *DB) {
		face := db.SQL()
		defer face.Close()
		at := time.Date(2026, 7, 1, 10, 0, 0, 0, time.UTC)
		var id int64
		err := face.QueryRow("INSERT INTO things (name, at, raw) VALUES (?, ?, ?) RETURNING id", "a", at, []byte(nil)).Scan(&id)
		if err != nil || id != 1 {
			t.Fatal(id, err)
		}
		var name string
		var back time.Time
		var raw []byte
		if err := face.QueryRow("SELECT name, at, raw FROM things WHERE id = ?", id).Scan(&name, &back, &raw); err != nil {
			t.Fatal(err)
		}
		if name != "a" || !back.Equal(at) || raw != nil {
			t.Error(name, back, raw)
		}
		r, err := face.Exec("UPDATE things SET name = ?", "b")
		if err != nil {
			t.Fatal(err)
		}
		if n, _ := r.RowsAffected(); n != 1 {
			t.Error(n)
		}
		rows, err := face.Query("SELECT id, name FROM things WHERE id = 99")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		if columns, _ := rows.Columns(); len(columns) != 2 || rows.Next() {
			t.Error(columns)
		}
		if _, err := face.Exec("INSERT INTO things (id) VALUES (1)"); !errors.Is(err, ErrExists) {
			t.Error(err)
		}
		s, err := face.Prepare("SELECT count(*) FROM things")
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if err := s.QueryRow().Scan(&id); err != nil || id != 1 {
			t.Error(id, err)
		}
	})
}

func TestSQLTransactions(t *testing.T) {
	t.Parallel()
	faces(t, func(t *testing.T, db *DB) {
		face := db.SQL()
		defer face.Close()
		for _, commit := range []bool{true, false} {
			tx, err := face.Begin()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tx.Exec("INSERT INTO things (name) VALUES (?)", commit); err != nil {
				t.Fatal(err)
			}
			end := tx.Rollback
			if commit {
				end = tx.Commit
			}
			if err := end(); err != nil {
				t.Fatal(err)
			}
		}
		wantNames(t, db, "1")
		// A context that ends rolls back, and the writer is free again.
		ctx, cancel := context.WithCancel(t.Context())
		tx, err := face.BeginTx(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec("DELETE FROM things"); err != nil {
			t.Fatal(err)
		}
		cancel()
		if err := db.Write(t.Context(), func(*Tx) error { return nil }); err != nil {
			t.Fatal(err)
		}
		wantNames(t, db, "1")
	})
}

func TestSQLInsideTransaction(t *testing.T) {
	t.Parallel()
	faces(t, func(t *testing.T, db *DB) {
		insert := func(tx *Tx, name string, fail error) error {
			return tx.SQL(t.Context(), func(inner *SQLTx) error {
				for _, s := range []string{"SAVEPOINT outer", "INSERT INTO things (name) VALUES ('" + name + "')",
					"SAVEPOINT inner", "INSERT INTO things (name) VALUES ('gone')", "ROLLBACK TO inner", "RELEASE outer"} {
					if _, err := inner.Exec(s); err != nil {
						return err
					}
				}
				if fail == nil {
					return inner.Commit()
				}
				return fail
			})
		}
		if err := db.Write(t.Context(), func(tx *Tx) error { return insert(tx, "kept", nil) }); err != nil {
			t.Fatal(err)
		}
		wantNames(t, db, "kept")
		undo := errors.New("undo")
		err := db.Write(t.Context(), func(tx *Tx) error {
			if err := insert(tx, "undone", nil); err != nil {
				return err
			}
			return undo
		})
		if !errors.Is(err, undo) {
			t.Error(err)
		}
		wantNames(t, db, "kept")
		// What fails inside says so; the rest stays the outer transaction's.
		err = db.Write(t.Context(), func(tx *Tx) error {
			if err := insert(tx, "inside", undo); !errors.Is(err, undo) {
				t.Error(err)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		wantNames(t, db, "kept", "inside")
	})
}

func TestSQLRefusesControl(t *testing.T) {
	t.Parallel()
	faces(t, func(t *testing.T, db *DB) {
		face := db.SQL()
		defer face.Close()
		for _, s := range []string{"BEGIN", "-- x\ncommit", "END", "SAVEPOINT x", "RELEASE x", "ROLLBACK", "PRAGMA journal_mode=DELETE", "VACUUM"} {
			if _, err := face.Exec(s); !errors.Is(err, ErrFailed) {
				t.Errorf("%s: %v", s, err)
			}
		}
		err := db.Write(t.Context(), func(tx *Tx) error {
			return tx.SQL(t.Context(), func(inner *SQLTx) error {
				for _, s := range []string{"COMMIT", "ROLLBACK", "ROLLBACK TRANSACTION;", "BEGIN"} {
					if _, err := inner.Exec(s); !errors.Is(err, ErrFailed) {
						t.Errorf("%s: %v", s, err)
					}
				}
				_, err := inner.Exec("INSERT INTO things (name) VALUES ('a')")
				return err
			})
		})
		if err != nil {
			t.Error(err)
		}
		wantNames(t, db, "a")
	})
}
