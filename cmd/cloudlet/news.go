package main

import (
	"log/slog"
	"sync/atomic"
	"time"

	"cloudlet/engine"
)

// news tells whoever runs the server what became of each reload: people in lines
// with carets, programs in the log.
type news struct {
	t    *terminal
	log  *slog.Logger
	json bool

	engine atomic.Pointer[engine.Engine] // nil until it is open
	listen string                        // of cloudlet.yaml when it was opened; "" where the command line says it
}

// watch begins to tell of what happens after the start.
func (n *news) watch(e *engine.Engine, listens bool) {
	if listens {
		n.listen = e.Listen()
	}
	n.engine.Store(e)
}

func (n *news) tell(ev engine.Event) {
	e := n.engine.Load()
	if e == nil {
		return // the start tells of itself
	}
	switch {
	case ev.Err != nil:
		n.log.Error("the app could not be reloaded", "reason", ev.Err, "generation", ev.Generation)
	case len(ev.Problems) > 0:
		n.refused(ev)
	case n.json:
		n.log.Info("reloaded", "generation", ev.Generation, "endpoints", ev.Endpoints, "duration", ev.Took)
	default:
		n.t.notef("reloaded: generation %d, %s (%s)\n", ev.Generation, count(ev.Endpoints, "endpoint"), ev.Took.Round(time.Millisecond))
	}
	if now := e.Listen(); n.listen != "" && now != n.listen {
		n.log.Warn("listen has changed: that holds from the next start on", "listen", now)
		n.listen = now
	}
}

func (n *news) refused(ev engine.Event) {
	if !n.json {
		engine.PrintProblems(n.t.err, engine.FormatText, ev.Problems)
		n.t.notef("not reloaded: %s; generation %d goes on\n", tally(ev.Problems), ev.Generation)
		return
	}
	n.log.Error("not reloaded", "problems", len(ev.Problems), "generation", ev.Generation)
	for _, p := range ev.Problems {
		at := p.Start()
		n.log.Error("problem", "file", p.Path(), "line", at.Line, "column", at.Column, "code", p.Code, "message", p.Text, "hint", p.Hint)
	}
}
