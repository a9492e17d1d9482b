package web

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
	"cloudlet/engine/outgoing"
)

// HTTP asks another service.
var HTTP = action.Define(action.Spec[httpInputs, any]{
	Name: "http", Summary: "Asks another service over HTTP.", Main: "url",
	Doc: "The answer's body is decoded by its type: JSON is a value, text in UTF-8 a text, anything else bytes, and an empty body null; the names of headers are in lower case. " +
		"A status that `expect` does not have is a failure, of which the client learns nothing more. " +
		"In the text of `url` each ${…} behind the host is one segment of the path or one value of the query, and escaped as such; a host that is computed has to be the whole address in one ${…}, or among `hosts`. " +
		"A secret goes into headers, the query or the body, not into `url`; the answer to it is a token, since it may hold it. " +
		"Private and local addresses are refused when they are dialled, unless `http.allow` of cloudlet.yaml names them. " +
		"A redirect to another host takes neither the headers nor the body along, and none leads from https to http. " +
		"A host that fails five times in a row is not asked for half a minute. The request's trace goes along as `traceparent` (W3C Trace Context). " +
		"Nothing is tried again but by `retry`, which `timeout` bounds as a whole.",
	Example: "- http: {url: \"https://api.example.com/films/${args.id}\", expect: [200, 404], timeout: 5s}\n",
	Result:  httpType(schema.Public),
	Failures: append([]action.Outcome{
		{Status: 502, Code: unexpectedStatus, When: "the service answers with a status that is not expected"},
		{Status: 500, Code: "invalid_header", When: "a header's name or value is not valid"},
	}, askingFails...),
	Prepare: prepareHTTP, Limit: limitHTTP, Run: runHTTP,
})

// askingFails is what asking another service may fail with.
var askingFails = []action.Outcome{
	action.OutcomeOf(outgoing.ErrInvalidURL, "a computed address is none of a service"),
	action.OutcomeOf(outgoing.ErrRefused, "the address is private or local, or of a host that is not permitted"),
	action.OutcomeOf(outgoing.ErrUnreachable, "the service cannot be reached, or the connection broke"),
	action.OutcomeOf(outgoing.ErrTooLarge, "the answer is larger than `max_size`"),
	action.OutcomeOf(outgoing.ErrInvalidAnswer, "the answer is cut off, or is no JSON though it says so"),
	action.OutcomeOf(outgoing.ErrRedirect, "a redirect leads to where it is not followed, or there are too many"),
	action.OutcomeOf(outgoing.ErrCircuitOpen, "the service failed too often and is left alone for a while"),
	action.OutcomeOf(outgoing.ErrTimeout, "the service took too long"),
}

const unexpectedStatus = "unexpected_status"

type httpInputs struct {
	URL     action.Expr[string]        `doc:"The address: http:// or https://." leak:"would stand in logs of others; put it into query, headers or the body"`
	Method  string                     `doc:"The method." enum:"GET,HEAD,POST,PUT,PATCH,DELETE,OPTIONS" default:"GET"`
	Query   action.Expr[action.Map]    `doc:"Further values of the query by name; a list repeats the name, null is left out." class:"secret" optional:""`
	Headers action.Expr[action.Map]    `doc:"Headers by name; null is left out." class:"secret" optional:""`
	JSON    action.Expr[any]           `name:"json" doc:"The body as JSON." class:"secret" optional:""`
	Form    action.Expr[action.Map]    `doc:"The body as a form; a list repeats the name." class:"secret" optional:""`
	Body    action.Expr[any]           `doc:"The body as it is: a text or bytes. Its Content-Type stands in headers." class:"secret" optional:""`
	Files   action.Expr[action.Map]    `doc:"Files that came with the request by name, or lists of them, sent as multipart/form-data with the values of form." class:"secret" optional:""`
	Bearer  action.Expr[string]        `doc:"A token, sent as Authorization: Bearer." class:"secret" optional:""`
	Basic   action.Expr[action.Map]    `doc:"{username, password}, sent as Authorization: Basic." class:"secret" optional:""`
	Expect  action.Expr[any]           `doc:"The statuses that are no failure: 2xx, 404, 200-204, or a list of such. 2xx where it is left out." optional:""`
	Hosts   []string                   `doc:"The only hosts that are asked, by redirects too: api.example.com, or *.example.com for all below it." optional:""`
	MaxSize string                     `doc:"How large the answer's body may be once it is decompressed, 256MiB at most." default:"10MiB"`
	Follow  int                        `doc:"How many redirects are followed, 20 at most; at 0 a redirect is an answer as any other." default:"5"`
	Timeout action.Expr[time.Duration] `doc:"How long it may take, all tries and redirects together." optional:""`

	address address
	expect  []statuses
	maxSize int64
}

// httpType is the type of an answer; the class is that of what may be echoed.
func httpType(class schema.Class) *schema.Type {
	return schema.ObjectOf(
		schema.Field{Name: "status", Type: schema.IntType},
		schema.Field{Name: "headers", Type: (&schema.Type{Kind: schema.ObjectK, Open: true, Fold: true}).WithClass(class)},
		schema.Field{Name: "body", Type: schema.AnyType.WithClass(class)},
	)
}

// mostAnswer is the largest max_size: an answer is held in memory.
const mostAnswer = 256 << 20

func prepareHTTP(l action.Load, in *httpInputs) action.Result {
	if l.Transaction() != "" {
		l.Problem(source.Problem{Span: l.At(""), Code: "not_in_transaction", Text: "http inside a transaction would keep others from writing", Hint: "put it ahead of the transaction, or behind it"})
	}
	p := httpCheck{l, in}
	in.address.check(l, &in.URL, in.Hosts, in.sent() == schema.Secret)
	p.headers()
	p.bodies()
	p.files()
	p.credentials()
	p.numbers()
	p.retried()
	class := schema.Public
	if in.sent() > schema.Public {
		class = schema.Token
	}
	return action.Gives(httpType(class))
}

// sent is the highest class of what goes out.
func (in *httpInputs) sent() schema.Class {
	class := schema.Public
	for _, input := range []interface {
		Given() bool
		Type() *schema.Type
	}{&in.Query, &in.Headers, &in.JSON, &in.Form, &in.Body, &in.Files, &in.Bearer, &in.Basic} {
		if input.Given() {
			class = max(class, input.Type().Highest())
		}
	}
	return class
}

// httpCheck checks the inputs of http at load.
type httpCheck struct {
	action.Load
	in *httpInputs
}

func (p httpCheck) problem(input, code, hint, format string, args ...any) {
	p.Problem(source.Problem{Span: p.At(input), Code: code, Text: fmt.Sprintf(format, args...), Hint: hint})
}

// owned are headers that are written from other inputs, or that the client needs to be its own.
var owned = []string{"Accept-Encoding", "Expect", "Host", "Proxy-Authorization", "Proxy-Connection"}

// checkSent says what is wrong with a header that is sent, or "".
func checkSent(name, value string) string {
	for _, o := range owned {
		if strings.EqualFold(o, name) {
			return "the header " + o + " is written by the client"
		}
	}
	return strings.Replace(action.CheckHeader(name, value), "by the server", "by the client", 1)
}

func (p httpCheck) headers() {
	if !p.in.Headers.Given() {
		return
	}
	for _, f := range p.in.Headers.Type().Fields {
		if wrong := checkSent(f.Name, ""); wrong != "" {
			p.problem("headers", "invalid_header", "", "%s", wrong)
		}
	}
}

// names reports whether the author wrote a header of the name.
func (in *httpInputs) names(header string) bool {
	return in.Headers.Given() && slices.ContainsFunc(in.Headers.Type().Fields, func(f schema.Field) bool { return strings.EqualFold(f.Name, header) })
}

// bodies checks that there is one body at most, where the method takes one.
func (p httpCheck) bodies() {
	first := ""
	for _, b := range []struct {
		name  string
		given bool
	}{{"json", p.in.JSON.Given()}, {"form", p.in.Form.Given()}, {"body", p.in.Body.Given()}} {
		switch {
		case !b.given:
		case first != "":
			p.problem(b.name, "conflict", "", "a request has one body, and this one has %s and %s", first, b.name)
		case p.in.Method == "GET" || p.in.Method == "HEAD":
			first = b.name
			p.problem(b.name, "conflict", "say method: POST, or what it is", "a request with the method %s has no body", p.in.Method)
		default:
			first = b.name
		}
	}
	if first == "body" {
		if k := p.in.Body.Type().Kind; k == schema.ObjectK || k == schema.List {
			p.problem("body", "wrong_type", "write json in place of body", "body takes a text or bytes, and this is %s", p.in.Body.Type())
		}
	}
}

// credentials checks bearer, basic and the header that they become.
func (p httpCheck) credentials() {
	in := p.in
	basic := in.Basic.Given()
	if in.Bearer.Given() && basic || (in.Bearer.Given() || basic) && in.names("Authorization") {
		name := "basic"
		if !basic {
			name = "bearer"
		}
		p.problem(name, "conflict", "", "a request has one Authorization: bearer, basic, or the header")
	}
	t := in.Basic.Type()
	if !basic || t.Open {
		return
	}
	for _, f := range t.Fields {
		if f.Name != "username" && f.Name != "password" {
			p.problem("basic", "unknown_field", source.DidYouMean(f.Name, []string{"username", "password"}), "basic has no field %q", f.Name)
		}
	}
	for _, name := range []string{"username", "password"} {
		if _, ok := t.Field(name); !ok {
			p.problem("basic", "missing_field", "", "basic needs %q", name)
		}
	}
}

func (p httpCheck) numbers() {
	in := p.in
	size, err := schema.ParseSize(in.MaxSize)
	if err != nil || size < 1 || size > mostAnswer {
		p.problem("max_size", "out_of_range", "", "max_size is a size from 1B to 256MiB, as in 10MiB")
	}
	if in.maxSize = size; in.Follow < 0 || in.Follow > 20 {
		p.problem("follow", "out_of_range", "", "follow is from 0 to 20")
	}
	if d, known := in.Timeout.Constant(); known && in.Timeout.Given() && d <= 0 {
		p.problem("timeout", "out_of_range", "", "a timeout is longer than nothing")
	}
	in.expect = []statuses{{200, 299}}
	if !in.Expect.Given() {
		return
	}
	v, known := in.Expect.Constant()
	if !known {
		p.problem("expect", "not_constant", "", "http.expect has to be known when the file is loaded, so it cannot be computed")
		return
	}
	list, wrong := statusesOf(v)
	if wrong != "" {
		p.problem("expect", "wrong_value", "one is 2xx, 404, 200-204, or a list of such", "%s is no status or range of statuses", wrong)
	}
	in.expect = list
}

// idempotent are the methods that can be sent twice (RFC 9110, section 9.2.2).
var idempotent = []string{"GET", "HEAD", "OPTIONS", "PUT", "DELETE"}

func (p httpCheck) retried() {
	if p.Retried() && !slices.Contains(idempotent, p.in.Method) && !p.in.names("Idempotency-Key") {
		p.problem("", "not_idempotent", "send a header Idempotency-Key where the service knows it: {Idempotency-Key: \"${request.id}\"}",
			"%s that is tried again could be done twice", p.in.Method)
	}
}

// limitHTTP is the time of all tries.
func limitHTTP(c *action.Call, in *httpInputs) (time.Duration, bool, error) {
	return in.Timeout.Optional(c)
}
