// Package lock lets one holder of a key in at a time, in the order in which they came.
// It holds within one process.
package lock

import (
	"container/list"
	"context"
	"sync"
)

// Locks are locks by their keys; one that nobody holds or waits for costs nothing. The
// zero value is ready. It is safe for use by several goroutines at once.
type Locks[K comparable] struct {
	mu     sync.Mutex
	queues map[K]*queue
}

// queue are those who wait for a key that somebody holds, in their order. Each waits
// until its channel is closed. Who gives up leaves at once, however many wait.
type queue struct{ waiting list.List } // of chan struct{}

// Enter waits for the key. Whoever gets it calls leave, once. It fails with the context's error.
func (l *Locks[K]) Enter(ctx context.Context, key K) (leave func(), err error) {
	l.mu.Lock()
	q := l.queues[key]
	if q == nil {
		if l.queues == nil {
			l.queues = map[K]*queue{}
		}
		l.queues[key] = &queue{}
		l.mu.Unlock()
		return func() { l.leave(key) }, nil
	}
	turn := make(chan struct{})
	place := q.waiting.PushBack(turn)
	l.mu.Unlock()
	select {
	case <-turn:
		return func() { l.leave(key) }, nil
	case <-ctx.Done():
		if !l.withdraw(q, place) {
			l.leave(key) // it was given meanwhile
		}
		return nil, ctx.Err()
	}
}

// leave hands the key on.
func (l *Locks[K]) leave(key K) {
	l.mu.Lock()
	defer l.mu.Unlock()
	q := l.queues[key]
	first := q.waiting.Front()
	if first == nil {
		delete(l.queues, key)
		return
	}
	close(q.waiting.Remove(first).(chan struct{}))
	first.Value = nil // its turn has come
}

// withdraw takes a place out of the queue; it is false where its turn has come.
func (l *Locks[K]) withdraw(q *queue, place *list.Element) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if place.Value == nil {
		return false
	}
	q.waiting.Remove(place)
	return true
}
