package database

import (
	"errors"
	"slices"
	"sync"
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

// TestOnCommit: what is done then is done ahead of the next transaction.
func TestOnCommit(t *testing.T) {
	t.Parallel()
	db, _ := start(t, "")
	var mu sync.Mutex
	var told, wrote []int
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			err := db.Write(t.Context(), func(tx *Tx) error {
				wrote = append(wrote, i) // the writer is ours alone
				tx.OnCommit(func() {
					mu.Lock()
					defer mu.Unlock()
					told = append(told, i)
				})
				if i%5 == 0 {
					return errors.New("rolled back")
				}
				return nil
			})
			if (err == nil) != (i%5 != 0) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	wrote = slices.DeleteFunc(wrote, func(i int) bool { return i%5 == 0 })
	if !slices.Equal(told, wrote) {
		t.Errorf("committed %v, told %v", wrote, told)
	}
}
