package plan

import (
	"io"
	"net/http"
	"time"

	"cloudlet/engine/action"
)

// A chain's timeout bounds what the chain does. A client that sends its body byte
// by byte, or never reads the answer, is bounded here: otherwise it would hold a
// request, and the generation it began in, for as long as it likes.

// connection is the part of net/http's ResponseWriter that can give up waiting
// (http.ResponseController finds it too, but not without an allocation).
type connection interface {
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// BoundBody gives the client so long to send the body. net/http sets another
// deadline before it reads the next request.
func BoundBody(w http.ResponseWriter, r *http.Request, limit time.Duration) {
	if r.ContentLength == 0 {
		return
	}
	if c, ok := w.(connection); ok {
		c.SetReadDeadline(time.Now().Add(limit))
	}
}

const (
	// smallBody is what net/http keeps until the request has ended, in bytes. All
	// else goes out at once, and the system's buffers may be full of earlier answers
	// that a client has asked for and never read.
	smallBody = 2 << 10
	// writeTimeout is how long a client may take to read a larger answer.
	writeTimeout = 2 * time.Minute
)

// writeBody writes a body; the client has to read it some day.
func writeBody(w http.ResponseWriter, body []byte) {
	if c, ok := w.(connection); ok && len(body) > smallBody {
		c.SetWriteDeadline(time.Now().Add(writeTimeout))
		defer c.SetWriteDeadline(time.Time{})
	}
	w.Write(body)
}

// pieces writes a large body piece by piece: the client has to read each within the time, and
// may take as long as it needs for all of them. A failure it writes as a problem.
type pieces struct {
	http.ResponseWriter
	x      *action.Exchange
	c      connection // nil: one that cannot have a deadline waits for nobody
	failed bool
}

// unsent are the failures of who sends a file (RFC 9110, sections 15.5.13 and 15.5.17).
var unsent = map[int]*action.Failure{
	http.StatusPreconditionFailed:           action.Fail(http.StatusPreconditionFailed, "precondition_failed", "The file is another by now."),
	http.StatusRequestedRangeNotSatisfiable: action.Fail(http.StatusRequestedRangeNotSatisfiable, "range_not_satisfiable", "The file has no such range."),
}

// WriteHeader writes the status, or the problem whole.
func (p *pieces) WriteHeader(status int) {
	f := unsent[status]
	if f == nil && status >= http.StatusBadRequest {
		f = action.Fail(status, "storage_failed", "The file could not be read.")
	}
	if f == nil {
		p.ResponseWriter.WriteHeader(status)
		return
	}
	p.failed = true
	for _, name := range []string{"Content-Disposition", "Content-Length", "Content-Security-Policy", "Accept-Ranges"} {
		p.Header().Del(name)
	}
	WriteFailure(p.ResponseWriter, p.x, f)
}

// Write implements io.Writer.
func (p *pieces) Write(b []byte) (int, error) {
	if p.failed {
		return len(b), nil // the words of who wanted to send it
	}
	if p.c != nil {
		_ = p.c.SetWriteDeadline(time.Now().Add(writeTimeout))
	}
	return p.ResponseWriter.Write(b)
}

// sendSlowly lets a step write its answer itself.
func sendSlowly(w http.ResponseWriter, x *action.Exchange) {
	c, _ := w.(connection)
	x.Answer.Send(&pieces{ResponseWriter: w, x: x, c: c}, x.Request)
	if c != nil {
		_ = c.SetWriteDeadline(time.Time{}) // of the next answer on the connection
	}
}

// writePieces has a result write itself, whose status is out already. Where it fails in
// the middle the connection is cut off, since there is no other way to say so.
func writePieces(w http.ResponseWriter, x *action.Exchange, result action.Pieces) {
	c, _ := w.(connection)
	to := &noted{Writer: &pieces{ResponseWriter: w, x: x, c: c}}
	if err := result(to); err != nil {
		if to.err == nil { // a client that went is nobody's error
			LogFailure(x, action.FailureOf(err))
		}
		panic(http.ErrAbortHandler)
	}
	if c != nil {
		_ = c.SetWriteDeadline(time.Time{}) // of the next answer on the connection
	}
}

// noted remembers that writing failed.
type noted struct {
	io.Writer
	err error
}

// Write implements io.Writer.
func (n *noted) Write(b []byte) (int, error) {
	size, err := n.Writer.Write(b)
	if err != nil {
		n.err = err
	}
	return size, err
}
