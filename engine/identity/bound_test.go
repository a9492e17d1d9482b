package identity

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestTake(t *testing.T) {
	t.Parallel()
	s, c := openCheap(t)
	ctx := t.Context()
	take := func(of string, want time.Duration) {
		t.Helper()
		if wait, err := s.Take(ctx, Act{}, Bound{"mail", of, 2}); err != nil || wait != want {
			t.Fatalf("%s: %v, %v, want %v", of, wait, err, want)
		}
	}
	take("a", 0)
	c.move(10 * time.Minute)
	take("a", 0)
	take("a", 50*time.Minute)
	take("b", 0)
	c.move(50*time.Minute - time.Millisecond)
	take("a", time.Millisecond)
	c.move(time.Millisecond)
	take("a", 0)
	take("a", 10*time.Minute)
	c.move(-2 * time.Hour) // a clock that was set back locks nobody out
	take("a", 0)
	c.move(4 * time.Hour)
	take("c", 0)
	if n, err := count(ctx, s.db, "SELECT count(*) FROM cloudlet_bounds"); n != 1 || err != nil {
		t.Errorf("%d rows are kept, %v", n, err)
	}
}

// Those who come at once get no more than those who come in turn.
func TestTakeAtOnce(t *testing.T) {
	t.Parallel()
	s, _ := openCheap(t)
	var all sync.WaitGroup
	var had atomic.Int32
	for range 20 {
		all.Go(func() {
			if wait, err := s.Take(contextOf, Act{}, Bound{"mail", "a", 7}); err != nil {
				t.Error(err)
			} else if wait == 0 {
				had.Add(1)
			}
		})
	}
	all.Wait()
	if had.Load() != 7 {
		t.Errorf("%d had it, want 7", had.Load())
	}
}

func TestMailbox(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"Bob@Example.com": "bob@example.com", "b.o.b+x+y@example.com": "bob@example.com", "+bob@example.com": "+bob@example.com",
		"bob@a.b.example": "bob@a.b.example", "none": "none", "": "",
	} {
		if got := Mailbox(address); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}
