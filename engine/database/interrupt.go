package database

import (
	"context"
	"sync"
	"time"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

const (
	// patience is how long a statement runs before its context's Done is asked
	// for: making that channel costs more than most statements take.
	patience = 20 * time.Millisecond
	// insistence is the time between interrupts: one that comes while SQLite has
	// nothing running is lost.
	insistence = 10 * time.Millisecond
)

// interrupter ends a connection's statement when its context ends, with one
// timer for all of them instead of a goroutine for each. The lock and the
// generation see to it that an interrupt never reaches a later statement.
type interrupter struct {
	handle uintptr

	mu         sync.Mutex
	timer      *time.Timer
	generation uint64          // counts statements
	ctx        context.Context // of the running statement; nil: none runs
	ended      chan struct{}   // closed when the watched statement ends; nil: nobody watches
	watchers   sync.WaitGroup
}

func (x *interrupter) init(handle uintptr) {
	x.handle = handle
	x.timer = time.AfterFunc(time.Hour, x.watch)
	x.timer.Stop()
}

// begin notes that a statement runs for ctx. Only ctx.Err is asked on the way.
func (x *interrupter) begin(ctx context.Context) {
	if ctx == context.Background() {
		return
	}
	x.mu.Lock()
	x.generation++
	x.ctx = ctx
	x.timer.Reset(patience)
	x.mu.Unlock()
}

// end notes that no statement runs any more. After it returns nothing interrupts.
func (x *interrupter) end() {
	x.mu.Lock()
	if x.ctx != nil {
		x.ctx = nil
		x.timer.Stop()
		if x.ended != nil {
			close(x.ended)
			x.ended = nil
		}
	}
	x.mu.Unlock()
}

// close waits for watchers, so that none touches a closed connection.
func (x *interrupter) close() {
	x.end()
	x.timer.Stop()
	x.watchers.Wait()
}

// watch waits for the end of the running statement's context, or of the statement.
func (x *interrupter) watch() {
	x.mu.Lock()
	if x.ctx == nil || x.ended != nil {
		x.mu.Unlock() // the timer came just as its statement ended, or a second time
		return
	}
	ctx, generation, ended := x.ctx, x.generation, make(chan struct{})
	x.ended = ended
	x.watchers.Add(1)
	x.mu.Unlock()
	defer x.watchers.Done()

	select {
	case <-ended:
		return
	case <-ctx.Done():
	}
	again := time.NewTicker(insistence)
	defer again.Stop()
	for x.interrupt(generation) {
		select {
		case <-ended:
			return
		case <-again.C:
		}
	}
}

// interrupt reports whether the statement is still the one to be interrupted.
func (x *interrupter) interrupt(generation uint64) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.ctx == nil || x.generation != generation {
		return false
	}
	// The connection's own TLS is in use by the statement that runs.
	tls := libc.NewTLS()
	lib.Xsqlite3_interrupt(tls, x.handle)
	tls.Close()
	return true
}
