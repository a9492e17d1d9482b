package mail

import (
	"context"
	"errors"
	"time"

	"cloudlet/engine/jobs"
	"cloudlet/engine/secret"
)

// Entry is what may be told of a message that is not handed over.
type Entry struct {
	ID         int64
	State      string // waiting, running, retrying or dead
	Attempts   int
	Recipients int // who have not got it
	EnqueuedAt time.Time
	Next       time.Time // when it is tried next; for a dead one, when it was given up
	Reason     string    // why the last attempt failed; ""
}

// Shown is a message that waits, opened, without its text.
type Shown struct {
	MessageID string
	From      string
	To        []string // who have not got it
	Subject   string
	Size      int // bytes
}

// What is refused, as *jobs.Error.
var (
	// ErrNoSuchMail means that no message of the number waits.
	ErrNoSuchMail = &jobs.Error{Detail: "No mail of this number waits: it was handed over, or there was none."}
	// ErrBeingSent means that the message is on its way right now.
	ErrBeingSent = &jobs.Error{Detail: "The mail is being sent right now."}
	// ErrNotOpened means that a message cannot be shown, since its secret is gone.
	ErrNotOpened = &jobs.Error{Detail: "The mail cannot be opened: the secret that it was sealed with is gone."}
)

var words = jobs.Words{NoSuch: ErrNoSuchMail, Running: ErrBeingSent}

// List lists the messages that are not handed over, the oldest first, 1000 at most.
func (s *Service) List(ctx context.Context) ([]Entry, error) {
	return jobs.Entries(ctx, s.queue, s.kind.Name, func(e jobs.Entry, about listed) Entry {
		return Entry{e.ID, e.State, e.Attempts, about.Recipients, e.EnqueuedAt, e.Next, e.Reason}
	})
}

// Show opens a message. It fails with ErrNoSuchMail or ErrNotOpened.
func (s *Service) Show(ctx context.Context, id int64) (*Shown, error) {
	args, err := s.queue.Args(ctx, s.kind.Name, id)
	if err != nil {
		return nil, words.Of(err)
	}
	l, err := s.open(args)
	if errors.Is(err, secret.ErrNotOpened) {
		return nil, ErrNotOpened
	}
	if err != nil {
		return nil, err
	}
	return &Shown{l.ID, l.From, l.To, l.Subject, len(l.text)}, nil
}

// Retry has a message tried again at once, with all its attempts. It fails with
// ErrNoSuchMail or ErrBeingSent.
func (s *Service) Retry(ctx context.Context, id int64) error {
	return words.Of(s.queue.Retry(ctx, s.kind.Name, id))
}

// Drop forgets a message. It fails as Retry does.
func (s *Service) Drop(ctx context.Context, id int64) error {
	return words.Of(s.queue.Drop(ctx, s.kind.Name, id))
}
