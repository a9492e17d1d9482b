package database

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// batch is how many waiting statements share one commit at most.
const batch = 64

// writer is the one connection that writes, and the queue before it.
//
// Whoever holds it works on the connection; when it lets go, the first in the
// queue holds it. A single statement that comes to hold it takes those single
// statements with it that wait right behind, runs all of them in one
// transaction, and tells them their results after its commit.
type writer struct {
	connection *connection

	mu     sync.Mutex
	held   bool
	closed bool
	queue  []*waiter
}

// waiter is one goroutine in the queue.
type waiter struct {
	ctx context.Context
	// run is the single statement it waits to run, nil where it wants the
	// connection for itself. It may run more than once and starts anew each time.
	run    func(*connection) error
	signal chan event // of size 1: the one who sends never waits
	err    error      // of run
}

// event is what a waiter learns.
type event uint8

const (
	granted event = iota // it holds the writer now
	done                 // its statement ran, err is its result
)

// acquire waits for the writer, at most five seconds.
func (w *writer) acquire(ctx context.Context) error {
	_, err := w.enter(ctx, nil)
	return err
}

// drain waits for the writer without end and keeps it for good.
func (w *writer) drain() {
	w.mu.Lock()
	w.closed = true
	if !w.held {
		w.held = true
		w.mu.Unlock()
		return
	}
	last := &waiter{signal: make(chan event, 1)}
	w.queue = append(w.queue, last)
	w.mu.Unlock()
	<-last.signal
}

// enter takes the writer, or waits for it. With run, somebody else may run that
// meanwhile: then it returns the waiter, whose err is the result.
func (w *writer) enter(ctx context.Context, run func(*connection) error) (*waiter, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return nil, ErrClosed
	}
	if !w.held {
		w.held = true
		w.mu.Unlock()
		return nil, nil
	}
	me := &waiter{ctx: ctx, run: run, signal: make(chan event, 1)}
	w.queue = append(w.queue, me)
	w.mu.Unlock()

	patience := time.NewTimer(wait)
	defer patience.Stop()
	select {
	case e := <-me.signal:
		return me.after(e), nil
	case <-ctx.Done():
		return w.leave(me, ctx.Err())
	case <-patience.C:
		return w.leave(me, ErrBusy)
	}
}

func (me *waiter) after(e event) *waiter {
	if e == done {
		return me
	}
	return nil
}

// leave gives up waiting for why. Who was taken by then waits for its result:
// it may be committed already, and its caller must not be told otherwise.
func (w *writer) leave(me *waiter, why error) (*waiter, error) {
	w.mu.Lock()
	if i := slices.Index(w.queue, me); i >= 0 {
		w.queue = slices.Delete(w.queue, i, i+1)
		w.mu.Unlock()
		return nil, why
	}
	w.mu.Unlock()
	return me.after(<-me.signal), nil
}

// release hands the writer to the first in the queue.
func (w *writer) release() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) == 0 {
		w.held = false
		return
	}
	first := w.queue[0]
	w.queue = slices.Delete(w.queue, 0, 1)
	first.signal <- granted
}

// take removes the single statements at the head of the queue.
func (w *writer) take(most int) []*waiter {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for n < len(w.queue) && n < most && w.queue[n].run != nil {
		n++
	}
	taken := slices.Clone(w.queue[:n])
	w.queue = slices.Delete(w.queue, 0, n)
	return taken
}

// write runs a single statement and returns when it is committed or has failed.
func (w *writer) write(ctx context.Context, run func(*connection) error) error {
	me, err := w.enter(ctx, run)
	if err != nil {
		return err
	}
	if me != nil {
		return me.err
	}
	defer w.release()
	others := w.take(batch - 1)
	if len(others) == 0 {
		return run(w.connection)
	}
	own := &waiter{ctx: ctx, run: run}
	all := append([]*waiter{own}, others...)
	// Whatever happens to this goroutine, the others must not wait for ever.
	defer func() {
		for _, o := range others {
			o.signal <- done
		}
	}()
	w.together(all)
	return own.err
}

// together runs statements in one transaction. A statement that fails alone
// undoes only itself. Where the whole transaction is lost, by one of them or at
// its commit, nothing of it is there, and each runs again by itself.
func (w *writer) together(all []*waiter) {
	c := w.connection
	switch err := c.control("BEGIN IMMEDIATE"); {
	case errors.Is(err, ErrBusy):
		// Another process has had the file for five seconds: to wait as long again for
		// each of them would keep the last for minutes.
		fail(all, err)
		return
	case err != nil:
		w.apart(all)
		return
	}
	lost := w.through(all)
	if !lost {
		lost = c.control("COMMIT") != nil
	}
	if !lost {
		return
	}
	if c.inTransaction() {
		_ = c.control("ROLLBACK") // only fails where there is nothing left to undo
	}
	w.apart(all)
}

// through runs each statement of a shared transaction until the transaction is lost.
func (w *writer) through(all []*waiter) (lost bool) {
	finished := false
	defer func() {
		if finished {
			return
		}
		// A panic passes. The connection stays usable, and nothing is there.
		fail(all, ErrFailed)
		if w.connection.inTransaction() {
			_ = w.connection.control("ROLLBACK")
		}
	}()
	for _, o := range all {
		if o.err = o.ctx.Err(); o.err != nil {
			continue
		}
		o.err = o.run(w.connection)
		if !w.connection.inTransaction() {
			lost = true
			break
		}
	}
	finished = true
	return lost
}

// apart runs each statement in a transaction of its own.
func (w *writer) apart(all []*waiter) {
	fail(all, ErrFailed) // what the rest is told if one panics
	for _, o := range all {
		if o.err = o.ctx.Err(); o.err == nil {
			o.err = o.run(w.connection)
		}
	}
}

// fail tells all of them that nothing of theirs is there.
func fail(all []*waiter, err error) {
	for _, o := range all {
		o.err = err
	}
}
