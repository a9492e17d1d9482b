package engine

import (
	"net/http"
	"strings"
	"time"

	"cloudlet/engine/action"
	"cloudlet/engine/internal/plan"
)

// Access is one answered request, as an access log shows it. Nothing in it is
// above public.
type Access struct {
	Method string // at most 20 bytes
	Path   string // as it was sent, the values of secret arguments masked; at most 2048 bytes
	// Query is as it was sent, every value masked but those of declared public
	// arguments; at most 2048 bytes. It is "" where no endpoint took the request.
	Query   string
	Route   string // /films/{id}; "" where no endpoint took the request
	Status  int
	Bytes   int64 // of the body
	Took    time.Duration
	TraceID string // "" where the answer has none
	User    string // "" without a valid ticket
}

// WithAccess is told of every request once it is answered, from several
// goroutines at once.
func WithAccess(tell func(Access)) Option { return func(o *options) { o.access = tell } }

// Bounds of what a client can put into the access log, in bytes.
const (
	longestMethod = 20
	longestShown  = 2048
)

// serveObserved serves a request and tells the access log of it, also where the
// connection is given up.
func (e *Engine) serveObserved(w http.ResponseWriter, r *http.Request) {
	o := &observed{ResponseWriter: w, access: Access{Method: clipped(r.Method, longestMethod), Path: clipped(r.URL.EscapedPath(), longestShown)}}
	began := time.Now()
	defer func() {
		o.access.Took = time.Since(began)
		e.o.access(o.access)
	}()
	e.serve(o, r)
}

func clipped(text string, limit int) string {
	if len(text) > limit {
		return text[:limit] + "…"
	}
	return text
}

// observed notes what is written.
type observed struct {
	http.ResponseWriter
	access Access
}

var _ plan.Observer = (*observed)(nil)

// Unwrap gives http.ResponseController the writer below.
func (o *observed) Unwrap() http.ResponseWriter { return o.ResponseWriter }

// SetReadDeadline passes on to the connection.
func (o *observed) SetReadDeadline(t time.Time) error {
	return http.NewResponseController(o.ResponseWriter).SetReadDeadline(t)
}

// SetWriteDeadline passes on to the connection.
func (o *observed) SetWriteDeadline(t time.Time) error {
	return http.NewResponseController(o.ResponseWriter).SetWriteDeadline(t)
}

// WriteHeader notes the status; informational ones are not the answer's.
func (o *observed) WriteHeader(status int) {
	if o.access.Status == 0 && status >= 200 {
		o.access.Status = status
	}
	o.ResponseWriter.WriteHeader(status)
}

// Write counts the bytes of the body.
func (o *observed) Write(p []byte) (int, error) {
	if o.access.Status == 0 {
		o.access.Status = http.StatusOK
	}
	n, err := o.ResponseWriter.Write(p)
	o.access.Bytes += int64(n)
	return n, err
}

// Observe implements plan.Observer.
func (o *observed) Observe(v *plan.Verb, x *action.Exchange) {
	if v != nil || o.access.Status >= 400 {
		o.access.TraceID = x.TraceID()
	}
	if v == nil {
		if x.Address != nil {
			path, _, _ := strings.Cut(x.Address.URL(x.Request.URL), "?")
			o.access.Path = clipped(path, longestShown)
		}
		return
	}
	if caller := x.Caller(); caller != nil {
		o.access.User = caller.Name
	}
	path, query := v.ShownURL(x.Request.URL)
	o.access.Route, o.access.Path, o.access.Query = v.Path, clipped(path, longestShown), clipped(query, longestShown)
}
