package plan

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"cloudlet/engine/action"
)

// Invocation is a verb to be run without a network.
type Invocation struct {
	Method, Path string
	Args         [][2]string
	User         string
	Services     *action.Services
	Log          *slog.Logger
	Trace        func(action.Traced)
	// Open opens the file that the text of a file argument names; nil: there are none.
	Open func(text string) (name string, content io.ReadCloser, err error)
	// Body is where a body goes that a step writes itself, such as a file.
	Body io.Writer
}

// Outcome is what came of it.
type Outcome struct {
	Status  int
	Body    any
	HasBody bool
	Text    []byte
	Header  http.Header
}

// Call runs the verb of a method and path.
func (p *Plan) Call(ctx context.Context, in Invocation) Outcome {
	x := &exchange{}
	x.Services, x.Log, x.Trace = in.Services, in.Log, in.Trace
	v, path, f := p.match(in.Method, in.Path)
	if f != nil {
		return failed(x, f)
	}
	x.SetCaller(nil)
	if in.User != "" {
		caller, err := in.Services.Identity.Caller(ctx, in.User)
		if err != nil {
			return failed(x, action.FailureOf(err))
		}
		x.SetCaller(caller)
	}
	x.begin(v, ctx)
	defer x.context.Close()
	defer x.discard()
	if f := v.permit(x.Caller()); f != nil {
		return failed(x, f)
	}
	values := x.room(v)
	if f := v.set.FromTexts(in.Args, path, x.opened(in.Open), values); f != nil {
		return failed(x, argumentsFailure(f))
	}
	result, err := v.execute(&x.call, v.set.Shape().New(values))
	status, body, has, f := v.finish(&x.call, result, err)
	if f != nil {
		return failed(x, f)
	}
	if x.Answer.Send != nil && in.Body != nil {
		return x.sent(ctx, in)
	}
	return Outcome{Status: status, Body: body, HasBody: has, Text: x.Answer.Text, Header: x.Answer.Header}
}

func failed(x *exchange, f *action.Failure) Outcome {
	LogFailure(&x.Exchange, f)
	return Outcome{Status: f.Status, Body: Problem(f, x.TraceID()), HasBody: true, Header: x.Answer.Header}
}

// match finds the verb for an address, and how its path arguments are read from
// it. An address that is the pattern itself takes them from the other arguments.
func (p *Plan) match(method, address string) (*Verb, func(string) string, *action.Failure) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	best, values := p.at(address)
	if best == nil {
		return nil, nil, action.Fail(http.StatusNotFound, "not_found", "There is nothing at this address.")
	}
	v := best.lookup[method]
	if v == nil {
		return nil, nil, action.Fail(http.StatusMethodNotAllowed, "method_not_allowed", "This address takes "+best.allow+".")
	}
	if values == nil {
		return v, nil, nil
	}
	return v, func(name string) string { return values[name] }, nil
}

// at finds the endpoint of an address, and what it says for the arguments of the
// path: nil where the address is the pattern itself.
func (p *Plan) at(address string) (best *Endpoint, values map[string]string) {
	for _, e := range p.Endpoints {
		if e.Path == address {
			return e, nil
		}
		if v, ok := matchPath(e.Path, address); ok && (best == nil || moreSpecific(e.Path, best.Path)) {
			best, values = e, v
		}
	}
	return best, values
}

// wildcard reads a segment of a pattern that is an argument: {name} or {name...}.
func wildcard(segment string) (name string, rest, ok bool) {
	name, ok = strings.CutPrefix(strings.TrimSuffix(segment, "}"), "{")
	name, rest = strings.CutSuffix(name, "...")
	return name, rest, ok
}

// matchPath holds an address against a pattern, segment by segment.
func matchPath(pattern, address string) (map[string]string, bool) {
	want, have := strings.Split(pattern, "/"), strings.Split(address, "/")
	values := map[string]string{}
	for i, w := range want {
		name, rest, isName := wildcard(w)
		switch {
		case i >= len(have):
			return nil, false
		case isName && rest:
			values[name] = unescape(strings.Join(have[i:], "/"))
			return values, true
		case isName && have[i] != "":
			values[name] = unescape(have[i])
		case unescape(have[i]) != w:
			return nil, false
		}
	}
	return values, len(want) == len(have)
}

func unescape(s string) string {
	if plain, err := url.PathUnescape(s); err == nil {
		return plain
	}
	return s
}

// moreSpecific prefers the pattern that has a literal where the other has an argument.
func moreSpecific(a, b string) bool {
	as, bs := strings.Split(a, "/"), strings.Split(b, "/")
	for i := range min(len(as), len(bs)) {
		aName, bName := strings.HasPrefix(as[i], "{"), strings.HasPrefix(bs[i], "{")
		if aName != bName {
			return bName
		}
		if aRest, bRest := strings.HasSuffix(as[i], "...}"), strings.HasSuffix(bs[i], "...}"); aRest != bRest {
			return bRest
		}
	}
	return len(as) > len(bs)
}
