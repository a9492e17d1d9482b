package action

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"sync"
	"time"
)

// Context is a context with a deadline that costs nothing until somebody asks
// for Done: short chains never do, so they pay for no timer and no goroutine.
// Close it when the chain has ended.
type Context struct {
	parent   context.Context
	deadline time.Time

	mu     sync.Mutex
	made   context.Context
	cancel context.CancelFunc
	closed bool
}

var _ context.Context = (*Context)(nil)

// NewContext ends at the deadline, or with the parent, whichever comes first.
func NewContext(parent context.Context, deadline time.Time) *Context {
	c := &Context{}
	c.Init(parent, deadline)
	return c
}

// Init is NewContext in place, for a Context that lives in another struct.
func (c *Context) Init(parent context.Context, deadline time.Time) {
	if d, ok := parent.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	c.parent, c.deadline = parent, deadline
}

// Deadline is when the context ends at the latest.
func (c *Context) Deadline() (time.Time, bool) { return c.deadline, true }

// Done is closed when the context has ended.
func (c *Context) Done() <-chan struct{} { return c.real().Done() }

// Err is nil until the context has ended.
func (c *Context) Err() error {
	// The deadline goes first: one for reading the body passes at about the same
	// time, and net/http then ends the parent.
	if !time.Now().Before(c.deadline) {
		return context.DeadlineExceeded
	}
	if err := c.parent.Err(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.made != nil {
		return c.made.Err()
	}
	if c.closed {
		return context.Canceled
	}
	return nil
}

// Value is the parent's.
func (c *Context) Value(key any) any { return c.parent.Value(key) }

// Close frees what Done made and ends whoever waits on it.
func (c *Context) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	if c.cancel != nil {
		c.cancel()
	}
}

func (c *Context) real() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.made == nil {
		c.made, c.cancel = context.WithDeadline(c.parent, c.deadline)
		if c.closed {
			c.cancel()
		}
	}
	return c.made
}

// traceID reads the trace id of a W3C traceparent header (version 00), or makes one.
func traceID(r *http.Request) string {
	if r != nil {
		const zero = "00000000000000000000000000000000"
		if p := r.Header.Get("Traceparent"); len(p) >= 55 && p[:3] == "00-" && p[35] == '-' && lowerHex(p[3:35]) && p[3:35] != zero {
			return p[3:35]
		}
	}
	var id [16]byte
	rand.Read(id[:]) // never fails: crypto/rand ends the process instead
	return hex.EncodeToString(id[:])
}

func lowerHex(s string) bool {
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// Sleep waits; it returns early, with the context's error, when the context ends.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
