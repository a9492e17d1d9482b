package engine

import (
	"io"
	"net/http"
	"slices"

	"cloudlet/engine/outgoing"
)

// carry makes what carries requests anew where another list of private services is
// allowed: no connection of the old list is used by the new generation.
func (e *Engine) carry(allow []string, before *generation) {
	if e.outgoing != nil && slices.Equal(e.allowed, allow) {
		return
	}
	if before != nil {
		before.old = append(before.old, idle{e.outgoing})
	}
	e.outgoing, e.allowed = outgoing.NewTransport(outgoing.Dialing{Allow: allow}), allow
	e.http = outgoing.New(e.outgoing)
}

// idle closes the connections that a transport keeps for later.
type idle struct{ *http.Transport }

var _ io.Closer = idle{}

// Close implements io.Closer.
func (t idle) Close() error {
	t.CloseIdleConnections()
	return nil
}
