package database

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"cloudlet/engine/language/source"
)

// TestLookIsOfOneMoment: while another applies migrations, the schema that is seen is
// that of the history that is seen.
func TestLookIsOfOneMoment(t *testing.T) {
	t.Parallel()
	dir, ctx := t.TempDir(), context.Background()
	db, err := Open(ctx, Config{Name: "main", URL: "sqlite:look.db", Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var list []Migration
	for i := 1; i <= 60; i++ {
		name := fmt.Sprintf("%04d.sql", i)
		list = append(list, Migration{int64(i), name, source.NewFile(name, fmt.Appendf(nil, "CREATE TABLE t%d (n INTEGER);", i))})
	}
	done := make(chan struct{})
	var lookers sync.WaitGroup
	for range 2 {
		lookers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				schema, applied, err := lookAt(ctx, filepath.Join(dir, "look.db"))
				if err != nil {
					t.Error(err)
					return
				}
				tables := 0
				for _, d := range schema {
					if d.kind == "table" && d.name != historyTable {
						tables++
					}
				}
				if tables != len(applied) {
					t.Errorf("%d tables, and %d migrations were applied", tables, len(applied))
					return
				}
			}
		})
	}
	for i := range list {
		problems, err := db.Migrate(ctx, []Set{{Folder: ".", Migrations: list[:i+1]}})
		if err != nil || len(problems) > 0 {
			t.Error(problems, err)
		}
	}
	close(done)
	lookers.Wait()
}
