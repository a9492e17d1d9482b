package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"cloudlet/engine/database"
)

// put enqueues a text, with what n says besides.
func (b *bench) put(tx *database.Tx, text string, n New) int64 {
	b.t.Helper()
	n.Kind = b.kind
	n.Args, _ = json.Marshal(map[string]string{"text": text})
	id, err := b.queue.Enqueue(b.t.Context(), tx, n)
	if err != nil {
		b.t.Fatal(err)
	}
	return id
}

func TestDelay(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, url string) {
		b := newBench(t, url, t.TempDir(), func(context.Context, *Job, string) error { return nil })
		began := time.Now()
		b.put(nil, "in an hour", New{Delay: time.Hour})
		b.put(nil, "soon", New{Delay: 300 * time.Millisecond})
		b.put(nil, "long ago", New{Delay: -time.Hour})
		b.queue.Start(b.kind)
		eventually(t, "two", func() bool { return b.doneCount() == 2 })
		if took := time.Since(began); took < 300*time.Millisecond {
			t.Errorf("one was done after %s", took)
		}
		list := b.list()
		if len(list) != 1 || list[0].State != Waiting || list[0].Next.Before(began.Add(59*time.Minute)) {
			t.Errorf("%+v", list)
		}
	})
}

func TestUnique(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, url string) {
		hold, working := make(chan struct{}), make(chan struct{}, 9)
		b := newBench(t, url, t.TempDir(), func(_ context.Context, _ *Job, text string) error {
			working <- struct{}{}
			<-hold
			if text == "hopeless" {
				return &Failure{Reason: "never", Permanent: true}
			}
			return nil
		})
		first := b.put(nil, "a", New{Unique: "k"})
		if second := b.put(nil, "b", New{Unique: "k", Delay: time.Hour}); second != first {
			t.Errorf("while it waited: %d, want %d", second, first)
		}
		if other := b.put(nil, "hopeless", New{Unique: "l"}); other == first {
			t.Error("another key is another job")
		}
		b.queue.Start(b.kind)
		<-working
		<-working
		if second := b.put(nil, "b", New{Unique: "k"}); second != first {
			t.Errorf("while it was worked: %d, want %d", second, first)
		}
		close(hold)
		eventually(t, "the first", func() bool {
			list := b.list()
			return b.doneCount() == 1 && len(list) == 1 && list[0].State == Dead
		})
		for _, key := range []string{"k", "l"} { // done, and given up
			b.put(nil, "again", New{Unique: key})
		}
		eventually(t, "both again", func() bool { return b.doneCount() == 3 })
	})
}

// TestUniqueWithinTransactions sees that a job whose savepoint or transaction was rolled
// back does not keep another from being enqueued.
func TestUniqueWithinTransactions(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, url string) {
		b := newBench(t, url, t.TempDir(), func(context.Context, *Job, string) error { return nil })
		no := errors.New("no")
		if err := b.db.Write(t.Context(), func(tx *database.Tx) error {
			if first := b.put(tx, "never", New{Unique: "k"}); b.put(tx, "never", New{Unique: "k"}) != first {
				t.Error("two within one transaction")
			}
			return no
		}); !errors.Is(err, no) {
			t.Fatal(err)
		}
		if list := b.list(); len(list) != 0 {
			t.Errorf("%+v", list)
		}
		if err := b.db.Write(t.Context(), func(tx *database.Tx) error {
			sp, err := tx.Savepoint()
			if err != nil {
				return err
			}
			b.put(tx, "never", New{Unique: "k"})
			if err := sp.Rollback(); err != nil {
				return err
			}
			b.put(tx, "committed", New{Unique: "k"})
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		b.queue.Start(b.kind)
		eventually(t, "it", func() bool { return b.doneCount() == 1 && len(b.list()) == 0 })
		if b.done[0] != "committed" {
			t.Error(b.done)
		}
	})
}
