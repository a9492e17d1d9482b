package plan

import (
	"net/http"
	"time"
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
