package action

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"cloudlet/engine/failure"
	"cloudlet/engine/language/expression"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
	"cloudlet/engine/template"
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
	var told *failure.Error
	if errors.As(err, &told) {
		return &Failure{Status: told.Status, Code: told.Code, Detail: told.Detail, Header: headerOf(told), Lasting: told.Lasting, Cause: err}
	}
	var e *expression.Error
	if errors.As(err, &e) {
		return &Failure{Status: 500, Code: e.Code, Detail: expressionDetail(e.Code), Reason: e.Text}
	}
	var t *template.Error
	if errors.As(err, &t) {
		return &Failure{Status: 500, Code: TemplateFailed.Code, Detail: "Something went wrong here. It has been logged.", Reason: t.Error()}
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return &Failure{Status: 504, Code: "timeout", Detail: "The request took too long.", Cause: err}
	case errors.Is(err, context.Canceled):
		return &Failure{Status: 503, Code: "canceled", Detail: "The request was given up.", Cause: err}
	}
	return &Failure{Status: 500, Code: "internal_error", Detail: "Something went wrong here. It has been logged.", Cause: err}
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

// headerOf is what the answer tells beside the problem; nil for nothing.
func headerOf(e *failure.Error) map[string]string {
	switch {
	case e.RetryAfter > 0:
		return map[string]string{"Retry-After": strconv.Itoa(int((e.RetryAfter + time.Second - 1) / time.Second))}
	case e.Challenge != "":
		return map[string]string{"WWW-Authenticate": e.Challenge}
	}
	return nil
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
