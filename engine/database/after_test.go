package database

import (
	"errors"
	"slices"
	"testing"
)

func TestAfterCommit(t *testing.T) {
	t.Parallel()
	db, _ := start(t, "")
	var told []string
	tell := func(what string) func() { return func() { told = append(told, what) } }
	no := errors.New("no")
	if err := db.Write(t.Context(), func(tx *Tx) error { tx.AfterCommit(tell("rolled back")); return no }); !errors.Is(err, no) {
		t.Fatal(err)
	}
	err := db.Write(t.Context(), func(tx *Tx) error {
		tx.AfterCommit(tell("first"))
		undone, err := tx.Savepoint()
		if err != nil {
			return err
		}
		tx.AfterCommit(tell("undone"))
		inner, err := tx.Savepoint()
		if err != nil {
			return err
		}
		tx.AfterCommit(tell("kept inside what is undone"))
		if err := errors.Join(inner.Commit(), undone.Rollback()); err != nil {
			return err
		}
		kept, err := tx.Savepoint()
		if err != nil {
			return err
		}
		tx.AfterCommit(func() {
			told = append(told, "kept")
			if _, err := db.Exec(t.Context(), "SELECT 1"); err != nil { // the writer is free again
				t.Error(err)
			}
		})
		if len(told) > 0 {
			t.Errorf("told before the commit: %q", told)
		}
		return kept.Commit()
	})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(told, []string{"first", "kept"}) {
		t.Errorf("told %q", told)
	}
}
