// Package cache keeps values in memory for a while: answers of endpoints, and what chains
// keep themselves. It is bounded by how much it holds; what is used least goes first.
package cache

import (
	"context"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"
)

const (
	// Size is how much a Store holds at most, in bytes.
	Size = 64 << 20
	// Largest is how many bytes one value may have where it is written.
	Largest = 1 << 20
	// Heaviest is how much one value may weigh: in memory it may take many times what it does on paper.
	Heaviest = Size / 4
	// overhead is what an entry costs besides its key and value, in bytes.
	overhead = 256
)

// Store keeps values of one type by keys. It is safe for use by several goroutines at once.
type Store[V any] struct {
	kept *otter.Cache[string, *entry[V]]

	mu    sync.Mutex
	under map[string]*flight[V] // what is being computed
}

type entry[V any] struct {
	value   V
	weight  uint32
	expires time.Time
}

// flight is a value that is being computed.
type flight[V any] struct {
	done   chan struct{}
	value  V
	shared bool // others may have the value
}

// New is an empty store.
func New[V any]() *Store[V] {
	return &Store[V]{under: map[string]*flight[V]{}, kept: otter.Must(&otter.Options[string, *entry[V]]{
		MaximumWeight: Size,
		Weigher:       func(key string, e *entry[V]) uint32 { return uint32(len(key)) + e.weight + overhead },
		Executor:      func(f func()) { f() }, // no goroutine of its own
	})}
}

// Get is the value of a key that is kept at a time.
func (s *Store[V]) Get(key string, now time.Time) (value V, ok bool) {
	e, ok := s.kept.GetIfPresent(key)
	if !ok {
		return value, false
	}
	if !now.Before(e.expires) {
		s.kept.Invalidate(key)
		return value, false
	}
	return e.value, true
}

// Set keeps a value of a weight in bytes until a time. What weighs more than Heaviest is not kept.
func (s *Store[V]) Set(key string, value V, weight int, until time.Time) {
	if weight > Heaviest {
		s.kept.Invalidate(key)
		return
	}
	s.kept.Set(key, &entry[V]{value, uint32(weight), until})
}

// Delete forgets a key.
func (s *Store[V]) Delete(key string) { s.kept.Invalidate(key) }

// Alone has one of those that ask for a key at once compute its value, while the others
// wait for it. Whoever computes says whether the others may have the value. Where they may
// not, or the computation panics, shared is false for them: each has to do without. A caller
// that waits fails with its context's error.
func (s *Store[V]) Alone(ctx context.Context, key string, compute func() (value V, shared bool)) (value V, shared bool, err error) {
	s.mu.Lock()
	f := s.under[key]
	if f == nil {
		f = &flight[V]{done: make(chan struct{})}
		s.under[key] = f
		s.mu.Unlock()
		s.fly(key, f, compute)
		return f.value, true, nil
	}
	s.mu.Unlock()
	select {
	case <-f.done:
		return f.value, f.shared, nil
	case <-ctx.Done():
		return value, false, ctx.Err()
	}
}

func (s *Store[V]) fly(key string, f *flight[V], compute func() (V, bool)) {
	defer func() {
		s.mu.Lock()
		delete(s.under, key)
		s.mu.Unlock()
		close(f.done)
	}()
	f.value, f.shared = compute()
}
