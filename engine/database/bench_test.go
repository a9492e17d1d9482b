package database

import (
	"context"
	"database/sql"
	"encoding/json"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
)

// film is what a hand-written handler would scan into.
type film struct {
	ID     int     `json:"id"`
	Title  string  `json:"title"`
	Year   int     `json:"year"`
	Rating float64 `json:"rating"`
}

// full opens a database of a thousand films twice: with this package and, for
// comparison, as a program written by hand would.
func full(b *testing.B) (*DB, *Scratch, *sql.DB) {
	db, s := start(b, file)
	_, err := db.Exec(context.Background(), `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000)
		INSERT INTO films (id, title, year, rating) SELECT i, 'film number ' || i, 1900 + i % 100, i / 7.0 FROM n`)
	if err != nil {
		b.Fatal(err)
	}
	hand, err := sql.Open("sqlite", "file:"+filepath.ToSlash(db.File())+"?_busy_timeout=5000&_journal_mode=WAL&_synchronous=NORMAL&_foreign_keys=1&_txlock=immediate")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { hand.Close() })
	b.ReportAllocs()
	return db, s, hand
}

func BenchmarkPoint(b *testing.B) {
	db, s, hand := full(b)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	b.Run("ours", func(b *testing.B) {
		st := statementOf(b, db, s, "SELECT id, title, year, rating FROM films WHERE id = ?")
		b.ReportAllocs()
		var dst []byte
		args := []any{1}
		for i := 0; b.Loop(); i++ {
			args[0] = i%1000 + 1
			var ok bool
			var err error
			if dst, ok, err = st.AppendOne(ctx, nil, dst[:0], args); err != nil || !ok {
				b.Fatal(ok, err)
			}
		}
	})
	b.Run("hand", func(b *testing.B) {
		st, err := hand.Prepare("SELECT id, title, year, rating FROM films WHERE id = ?")
		if err != nil {
			b.Fatal(err)
		}
		defer st.Close()
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			var f film
			if err := st.QueryRowContext(ctx, i%1000+1).Scan(&f.ID, &f.Title, &f.Year, &f.Rating); err != nil {
				b.Fatal(err)
			}
			if _, err := json.Marshal(&f); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkHundredRows(b *testing.B) {
	db, s, hand := full(b)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	b.Run("ours", func(b *testing.B) {
		st := statementOf(b, db, s, "SELECT id, title, year, rating FROM films ORDER BY id LIMIT 100")
		b.ReportAllocs()
		var dst []byte
		for b.Loop() {
			var err error
			if dst, err = st.AppendRows(ctx, nil, dst[:0], nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("hand", func(b *testing.B) {
		st, err := hand.Prepare("SELECT id, title, year, rating FROM films ORDER BY id LIMIT 100")
		if err != nil {
			b.Fatal(err)
		}
		defer st.Close()
		b.ReportAllocs()
		for b.Loop() {
			rows, err := st.QueryContext(ctx)
			if err != nil {
				b.Fatal(err)
			}
			list := []film{}
			for rows.Next() {
				var f film
				if err := rows.Scan(&f.ID, &f.Title, &f.Year, &f.Rating); err != nil {
					b.Fatal(err)
				}
				list = append(list, f)
			}
			if err := rows.Err(); err != nil {
				b.Fatal(err)
			}
			if _, err := json.Marshal(list); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkInserts(b *testing.B) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var next atomic.Int64
	next.Store(1_000_000)
	b.Run("ours", func(b *testing.B) {
		db, s, _ := full(b)
		st := statementOf(b, db, s, "INSERT INTO films (id, title) VALUES (?, ?)")
		b.SetParallelism(16)
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				n := int(next.Add(1))
				if _, _, err := st.Execute(ctx, nil, []any{n, strconv.Itoa(n)}); err != nil {
					b.Error(err)
				}
			}
		})
	})
	b.Run("hand", func(b *testing.B) {
		_, _, hand := full(b)
		hand.SetMaxOpenConns(1)
		st, err := hand.Prepare("INSERT INTO films (id, title) VALUES (?, ?)")
		if err != nil {
			b.Fatal(err)
		}
		defer st.Close()
		b.SetParallelism(16)
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				n := int(next.Add(1))
				if _, err := st.ExecContext(ctx, n, strconv.Itoa(n)); err != nil {
					b.Error(err)
				}
			}
		})
	})
}
