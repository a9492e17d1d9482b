package outgoing

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"
)

// Error is why a service was not asked or its answer not taken, with what a client may
// know of it: nothing of the address and nothing of the answer. Two errors are the same to
// errors.Is when their codes are.
type Error struct {
	Status     int    // HTTP
	Code       string // stable, snake_case
	Detail     string // a sentence
	Reason     string // for the log; it holds no query, header or body
	RetryAfter time.Duration
}

// Error is the reason.
func (e *Error) Error() string { return e.Reason }

// Is compares the codes.
func (e *Error) Is(target error) bool {
	o, ok := target.(*Error)
	return ok && o.Code == e.Code
}

// What asking others fails with. The errors that are returned have a Reason, too.
var (
	// ErrInvalidURL means that an address is none that can be asked.
	ErrInvalidURL = &Error{Status: 400, Code: "invalid_url", Detail: "The address of another service is not valid."}
	// ErrRefused means that an address is private, or of a host that is not permitted.
	ErrRefused = &Error{Status: 403, Code: "address_refused", Detail: "The address of another service is not permitted."}
	// ErrUnreachable means that there is no connection, or that it broke.
	ErrUnreachable = &Error{Status: 502, Code: "unreachable", Detail: "Another service could not be reached."}
	// ErrTooLarge means that the answer is larger than MaxSize.
	ErrTooLarge = &Error{Status: 502, Code: "answer_too_large", Detail: "The answer of another service is too large."}
	// ErrInvalidAnswer means that the answer is not what it says it is.
	ErrInvalidAnswer = &Error{Status: 502, Code: "invalid_answer", Detail: "The answer of another service cannot be read."}
	// ErrRedirect means that a redirect leads where it must not be followed.
	ErrRedirect = &Error{Status: 502, Code: "redirect_refused", Detail: "Another service redirects to where it is not followed."}
	// ErrCircuitOpen means that the host failed too often and is left alone for a while.
	ErrCircuitOpen = &Error{Status: 503, Code: "circuit_open", Detail: "Another service is out of order; it is asked again in a while."}
	// ErrTimeout means that the service took too long.
	ErrTimeout = &Error{Status: 504, Code: "timeout", Detail: "Another service took too long."}
)

// Because is the error with a reason for the log.
func (e *Error) Because(format string, args ...any) *Error {
	c := *e
	c.Reason = fmt.Sprintf(format, args...)
	return &c
}

// failure is what a request failed with: the context's error where that has ended.
func failure(ctx context.Context, h *hop, err error) error {
	if e := ctx.Err(); e != nil {
		return e
	}
	var timeout net.Error
	var ours *Error
	switch {
	case errors.As(err, &ours):
		return ours
	case errors.Is(err, errRefused):
		return ErrRefused.Because("%s: %v", h, err)
	case errors.As(err, &timeout) && timeout.Timeout():
		return ErrTimeout.Because("%s: %v", h, err)
	}
	return ErrUnreachable.Because("%s: %s", h, cause(err))
}

// cause says why there is no answer: in the words of the network where it is its, but in
// none of the other side's, which net/http quotes where it does not understand them.
func cause(err error) string {
	var network *net.OpError
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &network):
		return network.Error()
	case errors.As(err, &certificate):
		return certificate.Error()
	}
	return "the connection broke, or what came back is no HTTP"
}
