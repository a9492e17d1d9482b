// Package lock lets one holder of a key in at a time, in the order in which they came.
// It holds within one process.
package lock

import (
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
// until its channel is closed.
type queue struct{ waiting []chan struct{} }

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
	q.waiting = append(q.waiting, turn)
	l.mu.Unlock()
	select {
	case <-turn:
		return func() { l.leave(key) }, nil
	case <-ctx.Done():
		if !l.withdraw(q, turn) {
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
	if len(q.waiting) == 0 {
		delete(l.queues, key)
		return
	}
	close(q.waiting[0])
	q.waiting = q.waiting[1:]
}

// withdraw takes a place out of the queue; it is false where its turn has come.
func (l *Locks[K]) withdraw(q *queue, turn chan struct{}) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, w := range q.waiting {
		if w == turn {
			q.waiting = append(q.waiting[:i:i], q.waiting[i+1:]...)
			return true
		}
	}
	return false
}
