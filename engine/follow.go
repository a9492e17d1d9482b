package engine

import (
	"context"
	"errors"
	"path/filepath"
	"time"
)

// Reload loads the app anew and swaps it in. The error is a *ProblemsError where
// something is wrong in the files: then the running generation stays. After Close
// it is ErrClosed.
func (e *Engine) Reload(ctx context.Context) error {
	err := e.reload(ctx, false)
	e.report(err)
	return err
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
		if errors.As(err, &u) {
			again = time.After(u.rest)
			continue
		}
		if ctx.Err() == nil {
			e.report(err)
		}
	}
}

// report tells of a reload that was refused.
func (e *Engine) report(err error) {
	if err == nil || errors.Is(err, ErrClosed) {
		return
	}
	event := Event{Generation: e.Generation(), Endpoints: e.health.Load().endpoints}
	var p *ProblemsError
	if errors.As(err, &p) {
		event.Problems = p.Problems
	} else {
		event.Err = err
	}
	e.o.tell(event)
}

func (e *Engine) dataDir() string { return filepath.Join(e.dir, "data") }
