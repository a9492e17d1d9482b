package plan

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"cloudlet/engine/action"
	"cloudlet/engine/internal/arguments"
	"cloudlet/engine/internal/route"
	"cloudlet/engine/language/schema"
)

// Handler answers the requests of one endpoint.
type Handler struct {
	Endpoint *Endpoint
	Pattern  *route.Pattern
	Services *action.Services
	Log      *slog.Logger
	Answers  *Answers        // those that are kept
	Cover    []atomic.Uint32 // for each exchange; nil where nobody counts
	Retired  <-chan struct{} // closed when another generation takes over; nil where none does
}

// ServeHTTP runs the verb of the request, or says which there are.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if c := h.Endpoint.others; c != nil && c.admit(w.Header(), r) {
		w.WriteHeader(http.StatusNoContent)
		observe(w, nil, &action.Exchange{Request: r, Address: &h.Endpoint.mask})
		return
	}
	v := h.Endpoint.lookup[r.Method]
	if v == nil {
		switch {
		case r.Method == http.MethodHead && h.Endpoint.head:
			v = h.Endpoint.lookup[http.MethodGet]
		case r.Method == http.MethodOptions:
			w.Header().Set("Allow", h.Endpoint.allow)
			w.WriteHeader(http.StatusNoContent)
			observe(w, nil, &action.Exchange{Request: r, Address: &h.Endpoint.mask})
			return
		default:
			w.Header().Set("Allow", h.Endpoint.allow)
			x := &action.Exchange{Request: r, Log: h.Log, Address: &h.Endpoint.mask}
			WriteFailure(w, x, action.Fail(http.StatusMethodNotAllowed, "method_not_allowed", "This address does not take "+safeMethod(r.Method)+"."))
			return
		}
	}
	x := &exchange{}
	x.Streams = v.cache == 0 && v.idempotency == 0 && r.Method != http.MethodHead
	x.Request, x.Services, x.Log, x.Encodes, x.Cover = r, h.Services, h.Log, true, h.Cover
	x.Address = &v.mask
	x.begin(v, r.Context())
	BoundBody(w, r, v.Timeout) // after begin: when it passes first, net/http cancels the chain and no 504 comes of it
	buffer := buffers.Get().(*[]byte)
	x.Out = *buffer
	h.guarded(w, v, x)
	observe(w, v, &x.Exchange)
	x.context.Close()
	if cap(x.Out) <= largest {
		*buffer = x.Out[:0]
		buffers.Put(buffer)
	}
	if x.Out = nil; x.streams { // here, since it lasts: nothing is kept that others could use
		h.stream(w, v, x)
	}
}

func safeMethod(m string) string {
	if len(m) > 20 {
		return "this method"
	}
	return m
}

// guarded answers even where something panics outside the chain.
func (h *Handler) guarded(w http.ResponseWriter, v *Verb, x *exchange) {
	defer x.discard()
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler {
				observe(w, v, &x.Exchange)
				x.context.Close()
				panic(p)
			}
			WriteFailure(w, &x.Exchange, action.Panicked(p))
		}
	}()
	h.answer(w, v, x)
}

// discard gives up what the request held, such as files that came with it and were not kept.
func (x *exchange) discard() {
	if err := x.Discard(); err != nil && x.Log != nil {
		x.Log.Error("what a request held could not be given up", "reason", err, "trace_id", x.TraceID())
	}
}

// answer is the order of a request (language.md, section 2).
func (h *Handler) answer(w http.ResponseWriter, v *Verb, x *exchange) {
	r := x.Request
	if v.noStore {
		w.Header()["Cache-Control"] = noStore
	}
	if f := v.admit(&x.Exchange, action.Bearer(r)); f != nil {
		WriteFailure(w, &x.Exchange, f)
		return
	}
	values := x.room(v)
	var path func(name string) string
	if names := h.Pattern.Names; len(names) > 0 {
		path = func(name string) string { return h.Pattern.Value(r, slices.Index(names, name)) }
	}
	var receive arguments.Receive
	if v.set.TakesFiles() {
		receive = x.Receive
	}
	if f := v.set.Decode(r, path, v.BodyLimit, receive, values); f != nil {
		WriteFailure(w, &x.Exchange, argumentsFailure(f))
		return
	}
	if v.raw {
		body, f := arguments.RawBody(r, v.BodyLimit)
		if f != nil {
			WriteFailure(w, &x.Exchange, argumentsFailure(f))
			return
		}
		x.Body = body
	}
	err := v.ready(&x.call, v.set.Shape().New(values))
	if err == nil && v.limit != nil {
		err = v.limit.admit(w.Header(), v, &x.call)
	}
	if err == nil {
		err = v.allowed(&x.call)
	}
	switch {
	case err == nil && v.cache > 0:
		h.kept(w, v, x)
		return
	case err == nil && v.idempotency > 0:
		h.idempotent(w, v, x)
		return
	}
	var result any
	if err == nil {
		result, err = v.perform(&x.call)
	}
	status, body, has, f := v.conclude(x, result, err)
	if f != nil {
		fail(w, x, f)
		return
	}
	if x.topic, x.streams = body.(streamOf); x.streams {
		return
	}
	write(w, &x.Exchange, status, body, has)
}

// conclude is finish, and the end of what waited for it.
func (v *Verb) conclude(x *exchange, result any, err error) (status int, body any, has bool, f *action.Failure) {
	status, body, has, f = v.finish(&x.call, result, err)
	if e := x.End(f == nil && status < 400); e != nil && f == nil {
		f = action.FailureOf(e)
	}
	return status, body, has, f
}

// fail answers with a failure, and with the headers that steps set before it.
func fail(w http.ResponseWriter, x *exchange, f *action.Failure) {
	copyHeader(w.Header(), x.Answer.Header)
	WriteFailure(w, &x.Exchange, f)
}

var (
	noStore     = []string{"no-store"}
	jsonContent = []string{"application/json"}
	nosniff     = []string{"nosniff"}
	bearer      = []string{"Bearer"}
	inert       = []string{"default-src 'none'; frame-ancestors 'none'"}
	sameOrigin  = []string{"same-origin"}
	noReferrer  = []string{"no-referrer"}
)

func copyHeader(into, from http.Header) {
	for name, values := range from {
		into[name] = append(into[name], values...)
	}
}

// shield keeps an answer from being taken for what it is not: no browser guesses its type,
// runs it as a page, frames it, or gives it to another site's page that includes it. A step
// may have said otherwise, as page does.
func shield(header http.Header) {
	header["X-Content-Type-Options"] = nosniff
	if header["Content-Security-Policy"] == nil {
		header["Content-Security-Policy"] = inert
	}
	if header["Cross-Origin-Resource-Policy"] == nil {
		header["Cross-Origin-Resource-Policy"] = sameOrigin
	}
	if header["Referrer-Policy"] == nil {
		header["Referrer-Policy"] = noReferrer
	}
}

// buffers are reused: what is encoded into one is written before it goes back.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 4096); return &b }}

// largest is the capacity of the largest buffer that is kept.
const largest = 1 << 20

// write sends a success.
func write(w http.ResponseWriter, x *action.Exchange, status int, body any, has bool) {
	header := w.Header()
	copyHeader(header, x.Answer.Header)
	if x.Answer.Token {
		header["Cache-Control"] = noStore
	}
	if x.Answer.Send != nil {
		shield(header)
		sendSlowly(w, x)
		return
	}
	if !has {
		w.WriteHeader(status)
		return
	}
	shield(header)
	if header["Content-Type"] == nil { // respond may say application/hal+json
		header["Content-Type"] = jsonContent
	}
	if result, ok := body.(action.Pieces); ok {
		w.WriteHeader(status)
		writePieces(w, x, result)
		return
	}
	send(w, status, encode(x, body))
}

// encode is a body as it is sent; it is in a buffer that is used again.
func encode(x *action.Exchange, body any) []byte {
	if x.Answer.Text != nil {
		return x.Answer.Text
	}
	if raw, ok := body.(schema.Raw); ok {
		x.Out = raw // it may have grown out of the buffer that it began in
	} else {
		x.Out = schema.AppendJSON(x.Out[:0], body)
	}
	return x.Out
}

// send writes a body. net/http counts the length of a short one itself.
func send(w http.ResponseWriter, status int, body []byte) {
	if len(body) > smallBody {
		w.Header()["Content-Length"] = []string{strconv.Itoa(len(body))}
	}
	w.WriteHeader(status)
	writeBody(w, body)
}

var (
	problemContent = []string{"application/problem+json"}
	problemShape   = schema.NewShape("type", "title", "status", "code", "detail", "trace_id")
	problemErrors  = schema.NewShape("type", "title", "status", "code", "detail", "errors", "trace_id")
)

// Problem is a failure as application/problem+json says it (RFC 9457).
func Problem(f *action.Failure, trace string) *schema.Object {
	title := http.StatusText(f.Status)
	if len(f.Errors) > 0 {
		return problemErrors.New([]any{"about:blank", title, f.Status, f.Code, f.Detail, f.Errors, trace})
	}
	return problemShape.New([]any{"about:blank", title, f.Status, f.Code, f.Detail, trace})
}

// WriteFailure answers with a failure and logs what the client must not see.
func WriteFailure(w http.ResponseWriter, x *action.Exchange, f *action.Failure) {
	LogFailure(x, f)
	header := w.Header()
	for name, value := range f.Header {
		header.Set(name, value)
	}
	if f.Status == http.StatusUnauthorized && header["Www-Authenticate"] == nil {
		header["Www-Authenticate"] = bearer // RFC 9110, section 15.5.2, asks for one; an author's fail has none
	}
	header["Content-Type"] = problemContent
	shield(header)
	if f.Status >= 400 {
		header["Cache-Control"] = noStore
	}
	w.WriteHeader(f.Status)
	writeBody(w, schema.AppendJSON(nil, Problem(f, x.TraceID())))
	observe(w, nil, x)
}

// LogFailure writes why a request failed: with the step's place, the trace id and
// the cause, at level error where it is the server's fault.
func LogFailure(x *action.Exchange, f *action.Failure) {
	if x.Log == nil {
		return
	}
	level := slog.LevelDebug
	if f.Status >= 500 && !(f.Code == "canceled" && errors.Is(f, context.Canceled)) { // a client that went is nobody's error
		level = slog.LevelError
	}
	ctx := context.Background()
	if !x.Log.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{slog.Int("status", f.Status), slog.String("code", f.Code), slog.String("trace_id", x.TraceID())}
	if x.Request != nil {
		path := x.Request.URL.Path
		if x.Address != nil {
			path = x.Address.Path(x.Request.URL)
		}
		attrs = append(attrs, slog.String("method", safeMethod(x.Request.Method)), slog.String("path", path))
	}
	if f.At.File != nil {
		at := f.At.Start()
		attrs = append(attrs, slog.String("at", f.At.Path()+":"+strconv.Itoa(at.Line)+":"+strconv.Itoa(at.Column)), slog.String("action", f.Action))
	}
	if reason := f.Error(); reason != f.Code {
		attrs = append(attrs, slog.String("reason", strings.TrimPrefix(reason, f.Code+": ")))
	}
	x.Log.LogAttrs(ctx, level, "request failed", attrs...)
}
