// Package failure is how services say why they did not do what they were asked for: what a
// client may know of it, and apart from that what only the log says. Each service declares
// its own; whoever calls tells them apart with errors.Is, whatever was added on the way.
package failure

import (
	"fmt"
	"strings"
	"time"
)

// Error is one way to fail, with what a client may know of it (RFC 9457). It is never changed:
// what is added makes an error of its own, which errors.Is still finds by the declared one.
type Error struct {
	Status int    // HTTP
	Code   string // stable, snake_case
	Detail string // a sentence for the client that holds no secret
	// RetryAfter is when trying again may help; 0 where nothing is known of it.
	RetryAfter time.Duration
	// Lasting says that trying again does not help, though the status looks so.
	Lasting bool
	// Challenge is the WWW-Authenticate of a 401 (RFC 9110, section 11.6.1); "" for none.
	Challenge string

	// For the log:
	Reason string // what happened, in words without a secret; ""
	Cause  error  // in the words of the machine or a library, which may hold values; nil

	declared *Error // what this one was made from; nil is itself
}

// longestReason bounds what others can put into the log, in bytes.
const longestReason = 300

// Error is the reason or, without one, the sentence.
func (e *Error) Error() string {
	if e.Reason != "" {
		return e.Reason
	}
	return e.Detail
}

// Unwrap is the cause, or nil.
func (e *Error) Unwrap() error { return e.Cause }

// Is reports whether both were made from the same declared error.
func (e *Error) Is(target error) bool {
	o, ok := target.(*Error)
	return ok && o.root() == e.root()
}

func (e *Error) root() *Error {
	if e.declared != nil {
		return e.declared
	}
	return e
}

func (e *Error) copy() *Error {
	c := *e
	c.declared = e.root()
	return &c
}

// Because is the error with a reason for the log, of which no more than 300 bytes are kept.
func (e *Error) Because(format string, args ...any) *Error {
	c := e.copy()
	c.Reason = strings.ToValidUTF8(fmt.Sprintf(format, args...), "?")
	if len(c.Reason) > longestReason {
		c.Reason = strings.ToValidUTF8(c.Reason[:longestReason], "") + "…"
	}
	return c
}

// CausedBy is the error with a cause.
func (e *Error) CausedBy(cause error) *Error {
	c := e.copy()
	c.Cause = cause
	return c
}

// Saying is the error with another sentence for the client.
func (e *Error) Saying(format string, args ...any) *Error {
	c := e.copy()
	c.Detail = fmt.Sprintf(format, args...)
	return c
}

// After is the error that asks not to try again for a while.
func (e *Error) After(wait time.Duration) *Error {
	c := e.copy()
	c.RetryAfter = wait
	return c
}
