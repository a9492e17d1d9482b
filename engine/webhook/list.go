package webhook

import (
	"context"
	"time"

	"cloudlet/engine/jobs"
)

// Entry is what may be told of a message that is not taken.
type Entry struct {
	ID         int64
	State      string // waiting, running, retrying or dead
	Attempts   int
	Event      string
	Host       string // whom it is for; the rest of the address may be a secret
	MessageID  string // its webhook-id
	EnqueuedAt time.Time
	Next       time.Time // when it is tried next; for a dead one, when it was given up
	Reason     string    // why the last attempt failed; ""
}

// What is refused, as *jobs.Error.
var (
	// ErrNoSuchMessage means that no message of the number waits.
	ErrNoSuchMessage = &jobs.Error{Detail: "No webhook of this number waits: it was taken, or there was none."}
	// ErrBeingSent means that the message is on its way right now.
	ErrBeingSent = &jobs.Error{Detail: "The webhook is being sent right now."}
)

var words = jobs.Words{NoSuch: ErrNoSuchMessage, Running: ErrBeingSent}

// List lists the messages that are not taken, the oldest first, 1000 at most.
func (s *Service) List(ctx context.Context) ([]Entry, error) {
	return jobs.Entries(ctx, s.queue, s.kind.Name, func(e jobs.Entry, about listed) Entry {
		return Entry{e.ID, e.State, e.Attempts, about.Event, about.Host, about.ID, e.EnqueuedAt, e.Next, e.Reason}
	})
}

// Retry has a message tried again at once, with all its attempts. It fails with
// ErrNoSuchMessage or ErrBeingSent.
func (s *Service) Retry(ctx context.Context, id int64) error {
	return words.Of(s.queue.Retry(ctx, s.kind.Name, id))
}

// Drop forgets a message. It fails as Retry does.
func (s *Service) Drop(ctx context.Context, id int64) error {
	return words.Of(s.queue.Drop(ctx, s.kind.Name, id))
}
