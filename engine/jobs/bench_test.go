package jobs

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// BenchmarkJobs tells how many jobs that do nothing are enqueued and worked in a second, on a
// database in a file: each is its own transaction when it is enqueued, when it begins and when it is gone.
func BenchmarkJobs(b *testing.B) {
	const n = 1000
	db := openDB(b, "sqlite:data/x.db", b.TempDir())
	defer db.Close()
	for b.Loop() {
		q, err := Open(db, Options{Dir: b.TempDir()})
		if err != nil {
			b.Fatal(err)
		}
		kind := &Kind{Name: "note", Workers: 4, Attempts: 1, Timeout: time.Minute, Backoff: func(int) time.Duration { return time.Second },
			Work: func(context.Context, *Job) error { return nil }}
		began := time.Now()
		for i := range n {
			if _, err := q.Enqueue(b.Context(), nil, New{Kind: kind, Args: fmt.Appendf(nil, `{"n":%d}`, i)}); err != nil {
				b.Fatal(err)
			}
		}
		enqueued := time.Now()
		q.Start(kind)
		if err := q.Settle(b.Context()); err != nil {
			b.Fatal(err)
		}
		done := time.Now()
		if err := q.Close(); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(n/enqueued.Sub(began).Seconds(), "enqueued/s")
		b.ReportMetric(n/done.Sub(enqueued).Seconds(), "done/s")
	}
}
