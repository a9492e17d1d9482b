package jobs

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
)

// TestAbortEndsWhatRuns aborts a job that is worked, from another process, and one whose worker
// was killed when that was wanted; both are forgotten, and what waits behind them is done.
func TestAbortEndsWhatRuns(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var begun atomic.Int32
	work := func(ctx context.Context, _ *Job, text string) error {
		if text != "slow" {
			return nil
		}
		begun.Add(1)
		<-ctx.Done()
		return &Failure{Reason: "cut off"}
	}
	b := newBench(t, "sqlite:data/x.db", dir, work)
	other := newBench(t, "sqlite:data/x.db", dir, work)
	b.queue.Start(b.kind)
	b.enqueue(nil, "slow")
	eventually(t, "its begin", func() bool { return begun.Load() == 1 })
	if err := other.queue.Abort(t.Context(), "mote", 1); !errors.Is(err, ErrNoSuchJob) {
		t.Error(err)
	}
	if err := other.queue.Abort(t.Context(), "note", 1); err != nil {
		t.Fatal(err)
	}
	eventually(t, "its end", func() bool { return len(b.list()) == 0 })
	if b.doneCount() != 0 || !strings.Contains(b.log.text(), "a job was aborted") {
		t.Errorf("%d jobs are done; the log: %s", b.doneCount(), b.log.text())
	}
	// A killed process leaves it running.
	b.enqueue(nil, "slow")
	b.enqueue(nil, "next")
	eventually(t, "the next", func() bool { return b.doneCount() == 1 && begun.Load() == 2 })
	if err := b.queue.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.db.Exec(t.Context(), "UPDATE river_job SET state = 'running'"); err != nil {
		t.Fatal(err)
	}
	if err := other.queue.Abort(t.Context(), "note", 2); err != nil {
		t.Fatal(err)
	}
	other.queue.Start(other.kind)
	eventually(t, "its end", func() bool { return len(other.list()) == 0 })
	if begun.Load() != 2 {
		t.Error("it was begun again")
	}
	// What waits goes at once.
	if err := other.queue.Close(); err != nil {
		t.Fatal(err)
	}
	other.enqueue(nil, "slow")
	if err := other.queue.Abort(t.Context(), "note", 4); err != nil || len(other.list()) != 0 {
		t.Error(err, other.list())
	}
}

// TestAbortOfWhatFails: the wish outlives an attempt that fails before it is seen.
func TestAbortOfWhatFails(t *testing.T) {
	t.Parallel()
	var b *bench
	var begun atomic.Int32
	b = newBench(t, "sqlite:data/x.db", t.TempDir(), func(ctx context.Context, j *Job, _ string) error {
		begun.Add(1)
		if err := b.queue.Abort(ctx, "note", j.ID); err != nil {
			t.Error(err)
		}
		return &Failure{Reason: "it fails anyway"}
	})
	// One that waits for its next attempt with the wish in it does not begin.
	b.enqueue(nil, "x")
	if _, err := b.db.Exec(t.Context(), "UPDATE river_job SET tags = jsonb_array('aborted')"); err != nil {
		t.Fatal(err)
	}
	b.enqueue(nil, "y")
	b.queue.Start(b.kind)
	eventually(t, "their end", func() bool { return len(b.list()) == 0 })
	if begun.Load() != 1 {
		t.Errorf("%d were begun", begun.Load())
	}
}
