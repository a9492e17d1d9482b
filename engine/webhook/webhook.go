// Package webhook tells other services what happened, and believes what they tell: events
// are signed, queued durably and sent until they are taken (Standard Webhooks,
// https://www.standardwebhooks.com); those that come in are verified, and taken once.
package webhook

import (
	"context"
	"encoding/json"
	"net/url"
	"regexp"

	"cloudlet/engine/database"
	"cloudlet/engine/failure"
)

// Message is an event for one receiver.
type Message struct {
	URL    *url.URL        // where to, of outgoing.ParseURL
	Event  string          // its type, as in film.created
	Data   json.RawMessage // what there is to know of it
	Secret string          // the receiver's own, whsec_…; "" is the app's
}

// Post takes messages.
type Post interface {
	// Send queues a message. It is sent once tx, a transaction of the main database, is
	// committed, and not at all when that is rolled back; without a tx Send returns when the message is
	// safe in the queue. What is wrong with the message is a *failure.Error.
	Send(ctx context.Context, tx *database.Tx, m *Message) error
}

// MaxSize is how many bytes the payload of a message may have.
const MaxSize = 256 << 10

// What is refused.
var (
	// ErrInvalidEvent means that the type of an event is none: see CheckEvent.
	ErrInvalidEvent = &failure.Error{Status: 400, Code: "invalid_event", Detail: "The event has no valid name."}
	// ErrInvalidSecret means that a receiver's secret is none: see CheckSecret.
	ErrInvalidSecret = &failure.Error{Status: 400, Code: "invalid_webhook_secret", Detail: "The secret of the webhook is not valid."}
	// ErrTooLarge means more than MaxSize.
	ErrTooLarge = &failure.Error{Status: 413, Code: "webhook_too_large", Detail: "The event is too large."}
	// ErrInvalidSignature means that what came in is not signed as it should be, or too long ago.
	ErrInvalidSignature = &failure.Error{Status: 401, Code: "invalid_signature", Detail: "The signature is not valid."}
	// ErrInvalidBody means that what was signed is no event as JSON.
	ErrInvalidBody = &failure.Error{Status: 400, Code: "invalid_body", Detail: "The body is no event as JSON."}
	// ErrRepeated means that a delivery was taken before.
	ErrRepeated = &failure.Error{Status: 409, Code: "already_received", Detail: "This delivery was taken before."}
	// ErrUnderWay means that the same delivery is being taken right now.
	ErrUnderWay = &failure.Error{Status: 409, Code: "being_received", Detail: "This delivery is being taken right now."}
)

var eventPattern = regexp.MustCompile(`^[A-Za-z0-9_.:/-]{1,128}$`)

// CheckEvent says what is wrong with the type of an event, or "".
func CheckEvent(name string) string {
	if !eventPattern.MatchString(name) {
		return "an event's name has 1 to 128 letters, digits, _, -, ., : and /, as in film.created"
	}
	return ""
}

// Check is whether a message could be sent. It fails with a *failure.Error.
func Check(m *Message) error {
	switch {
	case CheckEvent(m.Event) != "":
		return ErrInvalidEvent
	case len(m.Data)+len(m.Event)+100 > MaxSize:
		return ErrTooLarge
	case m.Secret != "" && CheckSecret(m.Secret) != "":
		return ErrInvalidSecret
	}
	return nil
}
