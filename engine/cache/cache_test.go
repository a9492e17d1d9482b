package cache

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func TestKeeps(t *testing.T) {
	t.Parallel()
	s := New[string]()
	s.Set("a", "x", 1, start.Add(time.Minute))
	if v, ok := s.Get("a", start.Add(time.Minute-1)); !ok || v != "x" {
		t.Error(v, ok)
	}
	if _, ok := s.Get("a", start.Add(time.Minute)); ok {
		t.Error("kept too long")
	}
	if _, ok := s.Get("a", start); ok {
		t.Error("what has expired comes back")
	}
	s.Set("b", "y", 1, start.Add(time.Minute))
	s.Delete("b")
	s.Set("c", "z", 1, start.Add(time.Minute))
	s.Set("c", "larger", Heaviest+1, start.Add(time.Minute))
	for _, key := range []string{"b", "c", "d"} {
		if v, ok := s.Get(key, start); ok {
			t.Error(key, v)
		}
	}
}

func TestBounded(t *testing.T) {
	t.Parallel()
	s := New[string]()
	text := strings.Repeat("x", Largest)
	for i := range 200 {
		s.Set(fmt.Sprint(i), text, len(text), start.Add(time.Hour))
	}
	n := 0
	for i := range 200 {
		if _, ok := s.Get(fmt.Sprint(i), start); ok {
			n++
		}
	}
	if n == 0 || n > Size/Largest {
		t.Errorf("%d MiB are kept", n)
	}
}

func TestAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New[int]()
		var computed atomic.Int32
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				v, shared, err := s.Alone(t.Context(), "k", func() (int, bool) {
					time.Sleep(time.Second)
					return int(computed.Add(1)), true
				})
				if v != 1 || !shared || err != nil {
					t.Error(v, shared, err)
				}
			})
		}
		all.Wait()
		if n := computed.Load(); n != 1 {
			t.Errorf("computed %d times", n)
		}
	})
}

// TestAloneNotShared gives nobody what is for one alone.
func TestAloneNotShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New[int]()
		var without atomic.Int32
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				_, shared, err := s.Alone(t.Context(), "k", func() (int, bool) { time.Sleep(time.Second); return 1, false })
				if err != nil {
					t.Error(err)
				}
				if !shared {
					without.Add(1)
				}
			})
		}
		all.Wait()
		if n := without.Load(); n != 4 {
			t.Errorf("%d do without", n)
		}
	})
}

func TestAloneGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New[int]()
		var all sync.WaitGroup
		defer all.Wait()
		all.Go(func() {
			if v, _, err := s.Alone(t.Context(), "k", func() (int, bool) { time.Sleep(time.Minute); return 1, true }); v != 1 || err != nil {
				t.Error(v, err)
			}
		})
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, _, err := s.Alone(ctx, "k", func() (int, bool) { return 2, true }); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

// TestAlonePanics leaves nobody waiting.
func TestAlonePanics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New[int]()
		go func() {
			defer func() { _ = recover() }()
			s.Alone(t.Context(), "k", func() (int, bool) { time.Sleep(time.Second); panic("oh") })
		}()
		synctest.Wait()
		if v, shared, err := s.Alone(t.Context(), "k", func() (int, bool) { return 2, true }); v != 0 || shared || err != nil {
			t.Error(v, shared, err)
		}
	})
}
