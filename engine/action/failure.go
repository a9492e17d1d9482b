package action

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"cloudlet/engine/database"
	"cloudlet/engine/events"
	"cloudlet/engine/files"
	"cloudlet/engine/idempotency"
	"cloudlet/engine/identity"
	"cloudlet/engine/language/expression"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
	"cloudlet/engine/mail"
	"cloudlet/engine/outgoing"
	"cloudlet/engine/template"
	"cloudlet/engine/webhook"
)

// Failure is what a client is told when a chain does not succeed: a status, a
// stable code and a sentence (RFC 9457). Why it happened stays in the log.
type Failure struct {
	Status int
	Code   string
	Detail string
	Errors []any             // values of the language, shown as `errors`
	Header map[string]string // of the answer: Retry-After, WWW-Authenticate
	// Lasting says that trying again does not help, though the status looks so.
	Lasting bool

	// For the log:
	Reason string // what happened, in words
	Cause  error
	Action string
	At     source.Span
}

// Error is what the log says: never shown to a client.
func (f *Failure) Error() string {
	text := f.Code
	if f.Reason != "" {
		text += ": " + f.Reason
	}
	if f.Cause != nil {
		text += ": " + f.Cause.Error()
	}
	return text
}

// Unwrap is the cause, or nil.
func (f *Failure) Unwrap() error { return f.Cause }

// Fail is a failure with a status, a code and a sentence for the client.
func Fail(status int, code, detail string) *Failure {
	return &Failure{Status: status, Code: code, Detail: detail}
}

// Panicked is the failure of an action that panicked.
func Panicked(p any) *Failure {
	return &Failure{Status: 500, Code: "internal_error", Detail: "Something went wrong here. It has been logged.",
		Reason: fmt.Sprintf("an action panicked: %v\n%s", p, debug.Stack())}
}

// Signals end a chain without being failures: nothing catches them.
var (
	// Return ends the chain with Call.Result.
	//lint:ignore ST1012 a signal is named by what it does
	Return = errors.New("return")
	// Respond ends the request with Exchange.Answer.
	//lint:ignore ST1012 a signal is named by what it does
	Respond = errors.New("respond")
)

// Ends reports whether an error is a signal.
func Ends(err error) bool { return err == Return || err == Respond }

// FailureOf turns whatever a step failed with into a failure. The client's words
// never hold the cause's.
func FailureOf(err error) *Failure {
	var f *Failure
	if errors.As(err, &f) {
		return f
	}
	var d *database.Error
	if errors.As(err, &d) {
		f = &Failure{Status: d.Status, Code: d.Code, Detail: d.Detail, Reason: d.Reason(), Cause: err}
		if d.Status == http.StatusServiceUnavailable {
			f.Header = map[string]string{"Retry-After": "1"}
		}
		return f
	}
	var e *expression.Error
	if errors.As(err, &e) {
		return &Failure{Status: 500, Code: e.Code, Detail: expressionDetail(e.Code), Reason: e.Text}
	}
	var t *template.Error
	if errors.As(err, &t) {
		return &Failure{Status: 500, Code: TemplateFailed.Code, Detail: "Something went wrong here. It has been logged.", Reason: t.Error()}
	}
	var i *identity.Error
	if errors.As(err, &i) {
		return identityFailure(i)
	}
	if f := refused(err); f != nil {
		return f
	}
	var p *events.Error
	if errors.As(err, &p) {
		f = &Failure{Status: p.Status, Code: p.Code, Detail: p.Detail, Reason: p.Reason}
		if p.RetryAfter > 0 {
			f.Header = map[string]string{"Retry-After": strconv.Itoa(int(p.RetryAfter / time.Second))}
		}
		return f
	}
	var h *webhook.Error
	if errors.As(err, &h) {
		return &Failure{Status: h.Status, Code: h.Code, Detail: h.Detail, Reason: h.Reason}
	}
	var o *outgoing.Error
	if errors.As(err, &o) {
		return outgoingFailure(o)
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return &Failure{Status: 504, Code: "timeout", Detail: "The request took too long.", Cause: err}
	case errors.Is(err, context.Canceled):
		return &Failure{Status: 503, Code: "canceled", Detail: "The request was given up.", Cause: err}
	}
	return &Failure{Status: 500, Code: "internal_error", Detail: "Something went wrong here. It has been logged.", Cause: err}
}

// refused is what a service has refused, with its own words for the client; nil for another error.
func refused(err error) *Failure {
	var once *idempotency.Error
	if errors.As(err, &once) {
		return &Failure{Status: once.Status, Code: once.Code, Detail: once.Detail, Cause: once}
	}
	var stored *files.Error
	if errors.As(err, &stored) {
		return &Failure{Status: stored.Status, Code: stored.Code, Detail: stored.Detail, Cause: stored.Cause}
	}
	var m *mail.Error
	if errors.As(err, &m) {
		return &Failure{Status: m.Status, Code: m.Code, Detail: m.Detail, Cause: m}
	}
	return nil
}

// TemplateFailed is what a step that renders a template may fail with.
var TemplateFailed = Outcome{Status: 500, Code: "template_failed", When: "the template asks its data for what they do not have, or makes too much of them"}

func expressionDetail(code string) string {
	switch code {
	case "null_value":
		return "A value is missing."
	case "arithmetic":
		return "A calculation has no result."
	case "expression_too_expensive":
		return "A calculation is too large."
	}
	return "A value has an unexpected type."
}

func identityFailure(e *identity.Error) *Failure {
	f := &Failure{Status: e.Status, Code: e.Code, Detail: e.Detail, Cause: e}
	switch e.Status {
	case http.StatusTooManyRequests:
		seconds := max(1, (e.RetryAfter+time.Second-1)/time.Second)
		f.Header = map[string]string{"Retry-After": strconv.Itoa(int(seconds))}
	case http.StatusUnauthorized:
		f.Header = map[string]string{"WWW-Authenticate": "Bearer"}
	}
	return f
}

func outgoingFailure(e *outgoing.Error) *Failure {
	f := &Failure{Status: e.Status, Code: e.Code, Detail: e.Detail, Reason: e.Reason, Lasting: e.Is(outgoing.ErrTooLarge) || e.Is(outgoing.ErrRedirect)}
	if e.RetryAfter > 0 {
		f.Header = map[string]string{"Retry-After": strconv.Itoa(int((e.RetryAfter + time.Second - 1) / time.Second))}
	}
	return f
}

// Passing reports whether trying again may help (language.md, section 4).
func (f *Failure) Passing() bool {
	return !f.Lasting && (slices.Contains([]int{408, 429, 502, 503, 504}, f.Status) || f.Code == "database_busy")
}

// Object is the failure as ${error} shows it.
func (f *Failure) Object() *schema.Object {
	return errorShape.New([]any{f.Status, f.Code, f.Detail, f.Action})
}

var errorShape = schema.NewShape("status", "code", "detail", "action")

// ErrorType is the type of ${error}.
var ErrorType = schema.ObjectOf(
	schema.Field{Name: "status", Type: schema.IntType},
	schema.Field{Name: "code", Type: schema.StringType},
	schema.Field{Name: "detail", Type: schema.StringType},
	schema.Field{Name: "action", Type: schema.StringType},
)
