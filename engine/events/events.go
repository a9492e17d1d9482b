// Package events hands what is published on a topic to those who are subscribed to it,
// in the form of Server-Sent Events (WHATWG HTML, "Server-sent events").
//
// A Hub keeps the newest events of each topic in memory, so that a subscriber whose
// connection broke goes on where it was: every event has an id, which the subscriber
// sends when it comes back. One whose events are not kept any more is told so. All that
// a hub holds is bounded, and a subscriber that does not keep up is dropped: nobody
// waits for it.
package events

import (
	"fmt"
	"net/http"
	"time"
	"unicode"
	"unicode/utf8"

	"cloudlet/engine/failure"
)

// Bounds of what is published and kept.
const (
	// MaxSize is how many bytes the data of one event may have.
	MaxSize = 64 << 10
	// MaxTopic is how many bytes the name of a topic may have.
	MaxTopic = 256
	// MaxName is how many bytes the name of an event may have.
	MaxName = 64
	// MaxReaders is to how many roles and users one event may be bound.
	MaxReaders = 1000

	keptEvents = 1000             // of one topic, for subscribers that come back
	keptBytes  = 4 << 20          // of one topic
	keptTotal  = 64 << 20         // bytes of all topics
	keptFor    = 10 * time.Minute // also a topic that nobody uses
	maxTopics  = 100_000          // more than there are subscribers: one of them is always idle

	queueEvents = 1000    // that wait for one subscriber
	queueBytes  = 4 << 20 // of them: they are shared by all who have not read them
)

// Limits are how many may subscribe at once.
type Limits struct {
	Subscribers int // in all; at most MaxSubscribers
	PerClient   int // by one user, or by one address where nobody is known
}

// MaxSubscribers bounds Limits.Subscribers.
const MaxSubscribers = maxTopics / 2

// DefaultLimits hold where nothing else is said.
var DefaultLimits = Limits{Subscribers: 20_000, PerClient: 100}

// What Publish and Subscribe fail with.
var (
	ErrInvalidTopic = &failure.Error{Status: http.StatusBadRequest, Code: "invalid_topic", Detail: "There is no topic of this name."}
	ErrInvalidEvent = &failure.Error{Status: http.StatusBadRequest, Code: "invalid_event", Detail: "The event is not valid."}
	ErrTooLarge     = &failure.Error{Status: http.StatusRequestEntityTooLarge, Code: "event_too_large", Detail: "The event is too large."}
	ErrTooMany      = &failure.Error{Status: http.StatusTooManyRequests, Code: "too_many_subscriptions", Detail: "You are subscribed too often already.", RetryAfter: 10 * time.Second}
	ErrFull         = &failure.Error{Status: http.StatusServiceUnavailable, Code: "too_many_subscribers", Detail: "Too many are subscribed at the moment.", RetryAfter: 10 * time.Second}
	ErrClosed       = &failure.Error{Status: http.StatusServiceUnavailable, Code: "shutting_down", Detail: "The server is shutting down.", RetryAfter: time.Second}
)

// CheckTopic says what is wrong with the name of a topic, or "": it has at most MaxTopic
// bytes, no spaces and no control characters, and no empty segment between slashes.
func CheckTopic(name string) string {
	switch {
	case name == "":
		return "a topic has a name"
	case len(name) > MaxTopic:
		return fmt.Sprintf("a topic's name has at most %d bytes", MaxTopic)
	case !plain(name):
		return "a topic's name has no spaces and no control characters"
	}
	last := '/'
	for _, r := range name + "/" {
		if r == '/' && last == '/' {
			return "a topic's name has no empty segment between slashes"
		}
		last = r
	}
	return ""
}

// reserved are the names of events that the engine sends itself, and that a browser's
// EventSource makes.
var reserved = map[string]bool{"reset": true, "end": true, "open": true, "error": true}

// CheckName says what is wrong with the name of an event, or "".
func CheckName(name string) string {
	switch {
	case len(name) > MaxName:
		return fmt.Sprintf("an event's name has at most %d bytes", MaxName)
	case !plain(name):
		return "an event's name has no spaces, line breaks or control characters"
	case reserved[name]:
		return fmt.Sprintf("%q has a meaning of its own: open, error, reset and end are not for apps", name)
	}
	return ""
}

// plain reports whether a text is UTF-8 without spaces, line breaks and whatever else does
// not show.
func plain(text string) bool {
	if !utf8.ValidString(text) {
		return false
	}
	for _, r := range text {
		if !unicode.IsGraphic(r) || unicode.IsSpace(r) {
			return false
		}
	}
	return true
}
