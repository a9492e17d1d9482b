package control

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"time"

	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// Return ends the chain with a result.
var Return = action.Define(action.Spec[returnInputs, action.None]{
	Name: "return", Summary: "Ends the chain with a result.", Main: "result", Ends: true,
	Doc:     "A composite action's `return` ends the composite, not its caller. Inside a transaction what was done commits.",
	Example: "- return: {id: \"${film.id}\"}\n",
	Prepare: func(l action.Load, in *returnInputs) action.Result {
		refuseToEnd(l, l.Branch(), "return")
		l.Returns(in.Result.Type())
		return action.Result{Ends: true}
	},
	Run: func(c *action.Call, in *returnInputs) (action.None, error) {
		v, err := in.Result.Value(c)
		if err != nil {
			return action.None{}, err
		}
		c.Result = v
		return action.None{}, action.Return
	},
})

type returnInputs struct {
	Result action.Expr[any] `doc:"The chain's result." class:"token" leak:"would be sent to the requester"`
}

func refuseToEnd(l action.Load, parallel bool, name string) {
	if parallel {
		l.Problem(source.Problem{Span: l.At(""), Code: "not_in_parallel", Text: name + " cannot end what other branches still do",
			Hint: "let the branch's last step say it, as in value: ${args.id}, and decide behind the parallel steps"})
	}
}

// Respond ends the request with an answer of its own.
var Respond = action.Define(action.Spec[respondInputs, action.None]{
	Name: "respond", Summary: "Ends the request with a status, headers and a body.", Ends: true,
	Doc:     "The body is JSON, unless `headers` say another Content-Type: then it is written as text.",
	Example: "- respond: {status: 201, headers: {Location: \"/films/${film.id}\"}, body: \"${film}\"}\n",
	Failures: []action.Outcome{
		{Status: 500, Code: "invalid_header", When: "a header's name or value is not valid"},
		invalidStatus,
	},
	Prepare: func(l action.Load, in *respondInputs) action.Result {
		refuseToEnd(l, l.Parallel(), "respond")
		checkStatus(l, "status", &in.Status, 200)
		l.Responds(in.answer())
		return action.Result{Ends: true}
	},
	Run: runRespond,
})

var invalidStatus = action.Outcome{Status: 500, Code: "invalid_status", When: "the computed status is none"}

type respondInputs struct {
	Status  action.Expr[int]        `doc:"The status, 200 to 599." default:"200"`
	Headers action.Expr[action.Map] `doc:"Headers by name." class:"token" leak:"would be sent to the requester" optional:""`
	Body    action.Expr[any]        `doc:"The body." class:"token" leak:"would be sent to the requester" optional:""`
}

// answer is what is known of the answer at load.
func (in *respondInputs) answer() action.Response {
	r := action.Response{Content: "application/json"}
	if n, known := in.Status.Constant(); known {
		r.Status = n
	}
	if in.Body.Given() && r.Status != http.StatusNoContent && r.Status != http.StatusNotModified {
		r.Type = in.Body.Type()
	}
	if !in.Headers.Given() {
		return r
	}
	constant, known := in.Headers.Constant()
	t := in.Headers.Type()
	if t.Open || t.Kind != schema.ObjectK {
		r.Content = ""
	}
	for _, f := range t.Fields {
		if !strings.EqualFold(f.Name, "Content-Type") {
			r.Headers = append(r.Headers, http.CanonicalHeaderKey(f.Name))
			continue
		}
		r.Content = ""
		if known {
			v, _ := constant.Lookup(f.Name)
			r.Content = schema.Text(v)
		}
	}
	return r
}

// checkStatus reports a constant status that no answer can have.
func checkStatus(l action.Load, input string, status *action.Expr[int], lowest int) {
	if n, ok := status.Constant(); ok && status.Given() && (!action.Status(n) || n < lowest) {
		l.Problem(source.Problem{Span: l.At(input), Code: "out_of_range", Text: fmt.Sprintf("%d is no status from %d to 599", n, lowest)})
	}
}

func runRespond(c *action.Call, in *respondInputs) (action.None, error) {
	status, err := in.Status.Value(c)
	if err != nil {
		return action.None{}, err
	}
	if !action.Status(status) {
		return action.None{}, &action.Failure{Status: 500, Code: "invalid_status", Detail: "The answer has no valid status.", Reason: fmt.Sprintf("%d is no status", status)}
	}
	headers, ok, err := in.Headers.Optional(c)
	if err != nil {
		return action.None{}, err
	}
	if ok {
		for name, value := range headers.All() {
			if err := c.Answer.SetHeader(name, schema.Text(value)); err != nil {
				return action.None{}, err
			}
		}
	}
	a := &c.Answer
	if in.Body.Given() {
		if a.Body, err = in.Body.Value(c); err != nil {
			return action.None{}, err
		}
		a.HasBody = status != http.StatusNoContent && status != http.StatusNotModified
		if a.HasBody && !a.IsJSON() {
			a.Text = []byte(schema.Text(a.Body))
		}
	}
	a.Status = status
	a.Token = a.Token || in.Body.Type().Highest() >= schema.Token || in.Headers.Type().Highest() >= schema.Token
	return action.None{}, action.Respond
}

// Fail ends the chain with a problem.
var Fail = action.Define(action.Spec[failInputs, action.None]{
	Name: "fail", Summary: "Ends the chain with a problem (RFC 9457).", Main: "detail", Ends: true,
	Doc:     "A surrounding `try` or `on_error` can catch it; a transaction rolls back.",
	Example: "- fail: {status: 404, code: no_such_film, detail: \"There is no film ${args.id}.\"}\n",
	Prepare: func(l action.Load, in *failInputs) action.Result {
		checkStatus(l, "status", &in.Status, 400)
		checkCode(l, in.Code)
		in.Code = codeOf(&in.Status, in.Code)
		fails(l, &in.Status, in.Code, &in.Detail)
		return action.Result{Ends: true}
	},
	Run: func(c *action.Call, in *failInputs) (action.None, error) {
		f, err := in.failure(c)
		if err != nil {
			return action.None{}, err
		}
		return action.None{}, f
	},
})

type failInputs struct {
	Detail action.Expr[action.Text] `doc:"What went wrong, in a sentence for the client." optional:"" leak:"would be sent to the requester"`
	Status action.Expr[int]         `doc:"The status, 400 to 599." default:"400"`
	Code   string                   `doc:"A stable code for programs, in snake_case; left out, that of the status, as not_found of 404." optional:""`
	Errors action.Expr[[]any]       `doc:"Single errors, each {argument, message}." optional:"" leak:"would be sent to the requester"`
}

// fails tells of a failure that the author words. A status that is computed may be any.
func fails(l action.Load, status *action.Expr[int], code string, detail *action.Expr[action.Text]) {
	o := action.Outcome{Code: code}
	n, known := status.Constant()
	if known {
		o.Status = n
	} else {
		l.Fails(invalidStatus)
	}
	said, _ := detail.Constant()
	o.When = string(said)
	l.Fails(o)
}

// codeOf is the code of a failure that the author gives none: the standard's name of its status
// in snake_case, and bad_request where the status is computed.
func codeOf(status *action.Expr[int], code string) string {
	n, known := status.Constant()
	if code != "" || !known || http.StatusText(n) == "" {
		return cmp.Or(code, "bad_request")
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '-':
			return '_'
		case r < 'a' || r > 'z':
			return -1
		}
		return r
	}, strings.ToLower(http.StatusText(n)))
}

func checkCode(l action.Load, code string) {
	for i, r := range code {
		if (r < 'a' || r > 'z') && r != '_' && (i == 0 || r < '0' || r > '9') || len(code) > 64 {
			l.Problem(source.Problem{Span: l.At("code"), Code: "invalid_name", Text: "a code is written in snake_case, as no_such_film"})
			return
		}
	}
}

func (in *failInputs) failure(c *action.Call) (*action.Failure, error) {
	detail, _, err := in.Detail.Optional(c)
	if err != nil {
		return nil, err
	}
	status, err := in.Status.Value(c)
	if err != nil {
		return nil, err
	}
	if !action.Status(status) || status < 400 {
		return nil, &action.Failure{Status: 500, Code: "invalid_status", Detail: "The problem has no valid status.", Reason: fmt.Sprintf("%d is no status of a problem", status)}
	}
	f := action.Fail(status, in.Code, string(detail))
	if f.Errors, _, err = in.Errors.Optional(c); err != nil {
		return nil, err
	}
	return f, nil
}

// Assert fails where a condition does not hold.
var Assert = action.Define(action.Spec[assertInputs, action.None]{
	Name: "assert", Summary: "Fails where a condition does not hold.", Main: "that",
	Example: "- assert: {that: \"${film.owner == user.name}\", status: 403, code: not_yours, detail: This film is not yours.}\n",
	Prepare: func(l action.Load, in *assertInputs) action.Result {
		checkStatus(l, "status", &in.Status, 400)
		checkCode(l, in.Code)
		in.Code = codeOf(&in.Status, in.Code)
		fails(l, &in.Status, in.Code, &in.Detail)
		return action.Effect
	},
	Run: runAssert,
})

type assertInputs struct {
	That   action.Expr[bool]        `doc:"What has to hold." class:"any"`
	Status action.Expr[int]         `doc:"The status otherwise, 400 to 599." default:"400"`
	Code   string                   `doc:"A stable code for programs, in snake_case; left out, that of the status, as not_found of 404." optional:""`
	Detail action.Expr[action.Text] `doc:"What went wrong, in a sentence for the client." optional:"" leak:"would be sent to the requester"`
}

func runAssert(c *action.Call, in *assertInputs) (action.None, error) {
	holds, err := in.That.Value(c)
	if err != nil || holds {
		return action.None{}, err
	}
	fail := failInputs{Detail: in.Detail, Status: in.Status, Code: in.Code}
	f, err := fail.failure(c)
	if err != nil {
		return action.None{}, err
	}
	return action.None{}, f
}

// Wait pauses the chain.
var Wait = action.Define(action.Spec[waitInputs, action.None]{
	Name: "wait", Summary: "Pauses the chain.", Main: "for",
	Doc: "The chain's timeout ends it with 504. With `since: request` the chain goes on that long after the request began: so that " +
		"how long an answer takes does not tell what was found, as whether an address is known.",
	Example: "- wait: {for: 200ms, since: request}\n",
	Prepare: func(l action.Load, in *waitInputs) action.Result {
		if l.Transaction() != "" {
			l.Problem(source.Problem{Span: l.At(""), Code: "not_in_transaction", Text: "wait inside a transaction would keep others from writing"})
		}
		return action.Effect
	},
	Run: func(c *action.Call, in *waitInputs) (action.None, error) {
		d, err := in.For.Value(c)
		if in.Since == "request" {
			d -= time.Since(c.Began)
		}
		if err != nil || d <= 0 {
			return action.None{}, err
		}
		return action.None{}, action.Sleep(c.Context, d)
	},
})

type waitInputs struct {
	For   action.Expr[time.Duration] `doc:"How long."`
	Since string                     `doc:"From when on: now, or when the request began." enum:"now,request" default:"now"`
}
