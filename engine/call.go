package engine

import (
	"bytes"
	"context"
	"io"
	"sync"

	"cloudlet/engine/action"
	"cloudlet/engine/internal/plan"
	"cloudlet/engine/language/schema"
)

// CallRequest is an endpoint to be run without a network.
type CallRequest struct {
	Method string
	Path   string      // an address, /films/7, or a pattern with its arguments among Arguments
	Args   [][2]string // names with texts, read as those of a query; a repeated name makes a list
	User   string      // whose roles it runs with; "" is nobody
	Trace  func(action.Traced)
	// Open opens the file that the text of a file argument names, and says what it is called.
	// Where it is nil no argument can be a file.
	Open func(text string) (name string, content io.ReadCloser, err error)
	// Body, where it is not nil, takes the body of an answer that is a file, in place of the
	// result's.
	Body io.Writer
}

// CallResult is an endpoint's answer.
type CallResult struct {
	Status int
	Body   []byte // JSON, or what respond and file.send gave; empty without a body
	Header map[string][]string
}

// Call runs an endpoint as a request would, its checks included. Failures are
// results too: a status of 400 or more, and the problem as the body.
func (e *Engine) Call(ctx context.Context, c CallRequest) (*CallResult, error) {
	g := e.enter()
	if g == nil {
		return nil, ErrClosed
	}
	defer g.leave()
	in := plan.Invocation{Method: c.Method, Path: c.Path, Args: c.Args, User: c.User, Services: g.services, Log: e.o.log, Trace: oneByOne(c.Trace), Open: c.Open, Body: c.Body}
	var file bytes.Buffer
	if in.Body == nil {
		in.Body = &file
	}
	out := g.plan.Call(ctx, in)
	r := &CallResult{Status: out.Status, Header: out.Header, Body: file.Bytes()}
	switch {
	case out.Text != nil:
		r.Body = out.Text
	case out.HasBody:
		r.Body = schema.AppendJSON(nil, out.Body)
	}
	return r, nil
}

// oneByOne tells of steps one after the other: parallel branches trace too.
func oneByOne(trace func(action.Traced)) func(action.Traced) {
	if trace == nil {
		return nil
	}
	var mu sync.Mutex
	return func(t action.Traced) {
		mu.Lock()
		defer mu.Unlock()
		trace(t)
	}
}
