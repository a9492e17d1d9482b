package outgoing

import (
	"context"
	"crypto/tls"
	"errors"
	"net"

	"cloudlet/engine/failure"
)

// What asking others fails with. The errors that are returned have a Reason, too.
var (
	// ErrInvalidURL means that an address is none that can be asked.
	ErrInvalidURL = &failure.Error{Status: 400, Code: "invalid_url", Detail: "The address of another service is not valid."}
	// ErrRefused means that an address is private, or of a host that is not permitted.
	ErrRefused = &failure.Error{Status: 403, Code: "address_refused", Detail: "The address of another service is not permitted."}
	// ErrUnreachable means that there is no connection, or that it broke.
	ErrUnreachable = &failure.Error{Status: 502, Code: "unreachable", Detail: "Another service could not be reached."}
	// ErrTooLarge means that the answer is larger than MaxSize.
	ErrTooLarge = &failure.Error{Status: 502, Code: "answer_too_large", Lasting: true, Detail: "The answer of another service is too large."}
	// ErrInvalidAnswer means that the answer is not what it says it is.
	ErrInvalidAnswer = &failure.Error{Status: 502, Code: "invalid_answer", Detail: "The answer of another service cannot be read."}
	// ErrRedirect means that a redirect leads where it must not be followed.
	ErrRedirect = &failure.Error{Status: 502, Code: "redirect_refused", Lasting: true, Detail: "Another service redirects to where it is not followed."}
	// ErrCircuitOpen means that the host failed too often and is left alone for a while.
	ErrCircuitOpen = &failure.Error{Status: 503, Code: "circuit_open", Detail: "Another service is out of order; it is asked again in a while."}
	// ErrTimeout means that the service took too long.
	ErrTimeout = &failure.Error{Status: 504, Code: "timeout", Detail: "Another service took too long."}
)

// failed is what a request failed with: the context's error where that has ended.
func failed(ctx context.Context, h *hop, err error) error {
	if e := ctx.Err(); e != nil {
		return e
	}
	var timeout net.Error
	var ours *failure.Error
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
