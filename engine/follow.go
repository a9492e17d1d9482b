package engine

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"cloudlet/engine/database"
)

// Reload loads the app anew and swaps it in. The error is a *ProblemsError where
// something is wrong in the files: then the running generation stays. After Close
// it is ErrClosed.
func (e *Engine) Reload(ctx context.Context) error {
	return e.reload(ctx, false)
}

// follow reloads the app when its files change, until the context ends.
func (e *Engine) follow(ctx context.Context) {
	defer close(e.stopped)
	if e.watcher == nil {
		<-ctx.Done()
		return
	}
	if err := e.watcher.Err(); err != nil {
		e.o.log.Warn("files are looked at every second, since the system does not tell of changes", "reason", err)
	}
	var again <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.watcher.Changes():
		case <-again:
		}
		again = nil
		err := e.reload(ctx, true)
		var u *unsettled
		switch {
		case errors.As(err, &u):
			again = time.After(u.rest)
		case errors.Is(err, database.ErrBusy): // with a transaction, or another process
			again = time.After(e.o.settle)
		}
	}
}

// refuse notes and tells that the running generation is not what the files say.
func (e *Engine) refuse(err error) {
	h := *e.health.Load()
	event := Event{Generation: h.generation, Endpoints: h.endpoints}
	h.problems = 1
	var p *ProblemsError
	if errors.As(err, &p) {
		h.problems, event.Problems = wrong(p.Problems), p.Problems
	} else {
		event.Err = err
	}
	e.health.Store(&h)
	e.o.tell(event)
}

// wrong counts the problems that are no warnings.
func wrong(list []Problem) (n int) {
	for _, p := range list {
		if !p.Warning {
			n++
		}
	}
	return n
}

func (e *Engine) dataDir() string { return filepath.Join(e.dir, "data") }
