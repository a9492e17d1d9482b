package limit

import (
	"fmt"
	"testing"
	"time"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func TestTake(t *testing.T) {
	t.Parallel()
	c := New()
	rule := Rule{Limit: 3, Per: time.Minute}
	now := start
	for _, want := range []struct {
		after time.Duration
		State
	}{
		{0, State{Remaining: 2, Reset: 20 * time.Second}},
		{0, State{Remaining: 1, Reset: 40 * time.Second}},
		{0, State{Remaining: 0, Reset: time.Minute}},
		{0, State{Refused: true, Wait: 20 * time.Second, Reset: time.Minute}},
		{19 * time.Second, State{Refused: true, Wait: time.Second, Reset: 41 * time.Second}},
		{time.Second, State{Remaining: 0, Reset: time.Minute}},
		{10 * time.Second, State{Refused: true, Wait: 10 * time.Second, Reset: 50 * time.Second}},
		{50 * time.Second, State{Remaining: 2, Reset: 20 * time.Second}},
		{24 * time.Hour, State{Remaining: 2, Reset: 20 * time.Second}},
	} {
		now = now.Add(want.after)
		if got := c.Take("GET /films", "alice", rule, now); got != want.State {
			t.Errorf("at %s: %+v, not %+v", now.Sub(start), got, want.State)
		}
	}
	for what, s := range map[string]State{
		"another user": c.Take("GET /films", "bob", rule, now),
		"another verb": c.Take("PUT /films", "alice", rule, now),
		"another rule": c.Take("GET /films", "alice", Rule{Limit: 3, Per: time.Hour}, now),
		"a cut name":   c.Take("GET /film", "salice", rule, now),
	} {
		if s.Refused || s.Remaining != 2 {
			t.Errorf("%s: %+v", what, s)
		}
	}
}

// TestClockSetBack has nobody wait for a time that has been already.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	c := New()
	rule := Rule{Limit: 1, Per: time.Minute}
	c.Take("a", "b", rule, start)
	if s := c.Take("a", "b", rule, start.Add(-24*time.Hour)); !s.Refused || s.Wait != time.Minute {
		t.Errorf("%+v", s)
	}
}

// TestEvenPace lets exactly as many through as the rule says, however often somebody asks.
func TestEvenPace(t *testing.T) {
	t.Parallel()
	c := New()
	passed := 0
	for i := range 100_000 {
		if !c.Take("a", "b", Rule{Limit: 10, Per: time.Second}, start.Add(time.Duration(i)*time.Millisecond)).Refused {
			passed++
		}
	}
	if want := 10 + 100*10 - 1; passed < want-1 || passed > want+1 {
		t.Errorf("%d passed in 100 seconds, and 10 at once", passed)
	}
}

// TestFloodOfNames comes under ever new names: memory stays bounded, and whoever is over a
// limit stays over it.
func TestFloodOfNames(t *testing.T) {
	t.Parallel()
	const room = 256
	c := newCounter(room)
	rule := Rule{Limit: 100, Per: time.Hour}
	for range 101 {
		c.Take("login", "guesser", rule, start)
	}
	for i := range 4 * shards * room / 3 {
		c.Take("login", fmt.Sprint(i), rule, start)
	}
	if s := c.Take("login", "guesser", rule, start); !s.Refused {
		t.Errorf("the flood washed it away: %+v", s)
	}
	for i := range c.shards {
		if n := len(c.shards[i].due); n > room {
			t.Fatalf("a shard keeps %d keys", n)
		}
	}
	// What has passed is not kept either.
	later := start.Add(3 * time.Hour)
	for i := range 2 * shards * room {
		if s := c.Take("login", fmt.Sprint("x", i), rule, later); s.Refused {
			t.Fatalf("%+v", s)
		}
	}
}

func TestAllocations(t *testing.T) {
	c := New()
	rule := Rule{Limit: 1 << 20, Per: time.Hour}
	c.Take("GET /films", "192.0.2.1", rule, start)
	if n := testing.AllocsPerRun(100, func() { c.Take("GET /films", "192.0.2.1", rule, start) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkTake(b *testing.B) {
	c := New()
	rule := Rule{Limit: 1 << 20, Per: time.Hour}
	b.ReportAllocs()
	for b.Loop() {
		c.Take("GET /films", "192.0.2.1", rule, start)
	}
}
