// Package trial runs endpoint tests: a test file is checked against the plan of the
// app that it tests, and each of its tests runs in a world of its own.
package trial

import (
	"net/http"
	"sync"
	"time"

	"cloudlet/engine/database"
	"cloudlet/engine/identity"
	"cloudlet/engine/internal/plan"
)

// World is what one test runs in: the app's routes, on databases that hold nothing
// but what the migrations made. A test has it to itself.
type World struct {
	Handler  http.Handler
	Database func(name string) *database.DB
	Identity *identity.Service
	Clock    *Clock
	Log      *Recorder
	Outgoing *Outgoing
	Mail     *Outbox
	Events   *Published
	Webhooks *Webhooks
	Tasks    *Tasks
	Plan     *plan.Plan // whose jobs are done
	Doing    plan.Doing // with what
	Files    string     // the folder of the app's files
}

// Clock tells the time, or the one that it was set to. The zero value tells the time.
type Clock struct {
	mu    sync.Mutex
	fixed time.Time
}

// Now is what time it is.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fixed.IsZero() {
		return time.Now()
	}
	return c.fixed
}

// Set stops the clock at a time; the zero time lets it go on.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fixed = t
}
