package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"cloudlet/engine/database"
	"cloudlet/engine/failure"
	"cloudlet/engine/jobs"
	"cloudlet/engine/outgoing"
	"cloudlet/engine/secret"
	"github.com/google/uuid"
)

const (
	// purpose is what messages are sealed for, and what the app's own secret is derived for.
	purpose = "webhook"
	atOnce  = 16 // deliveries
	// answerTime is how long a receiver may take, as the specification advises.
	answerTime = 20 * time.Second
	workTime   = 30 * time.Second
	// overlap is how long messages are signed with a secret, too, after it stopped being the app's.
	overlap = 7 * 24 * time.Hour
	// longestWait bounds what a receiver's Retry-After may ask for.
	longestWait = 24 * time.Hour
)

// schedule is how long to wait after each attempt, as the specification has it: ten
// attempts in about three days.
var schedule = []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour,
	10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour}

// Config says how messages are sent.
type Config struct {
	// Client sends them; nil where nothing is worked.
	Client *outgoing.Client
	// Secret signs them, and Previous too, while receivers change over; where there is no
	// Secret one is derived from the app's own.
	Secret, Previous string
}

// Service is the Post of one app. It is safe for use by several goroutines at once.
type Service struct {
	queue  *jobs.Queue
	keys   *secret.Keyring
	config atomic.Pointer[Config]
	kind   *jobs.Kind
}

// New makes the Post on a queue. The queue works its Kind, once it is configured with a Client.
func New(q *jobs.Queue, keys *secret.Keyring, c Config) *Service {
	s := &Service{queue: q, keys: keys}
	s.config.Store(&c)
	s.kind = &jobs.Kind{Name: "webhook", Workers: atOnce, Attempts: len(schedule) + 1, Timeout: workTime, Backoff: backoff, Work: s.work}
	return s
}

// Kind is the kind of the queue's jobs.
func (s *Service) Kind() *jobs.Kind { return s.kind }

// Configure changes how messages are sent from now on.
func (s *Service) Configure(c Config) { s.config.Store(&c) }

// backoff is the schedule, a tenth more or less from message to message.
func backoff(attempt int) time.Duration {
	wait := schedule[min(max(attempt, 1), len(schedule))-1]
	return wait - wait/10 + time.Duration(rand.Int64N(int64(wait/5)))
}

// reached is told of each point on a message's way; a test is killed there.
var reached = func(string) {}

// letter is a message as it is kept: the same id and payload for every attempt.
type letter struct {
	ID     string          `json:"id"`
	URL    string          `json:"url"`
	Secret string          `json:"secret,omitempty"`
	Body   json.RawMessage `json:"body"`
}

// payload is the body of a message (Standard Webhooks, "Payload structure").
type payload struct {
	Type      string          `json:"type"`
	Timestamp string          `json:"timestamp"` // of the event
	Data      json.RawMessage `json:"data"`
}

// listed is what may be known of a message that waits.
type listed struct {
	ID    string `json:"id"`
	Event string `json:"event"`
	Host  string `json:"host"`
}

// Send queues a message: see Post.
func (s *Service) Send(ctx context.Context, tx *database.Tx, m *Message) error {
	if err := Check(m); err != nil {
		return err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	data := m.Data
	if data == nil {
		data = json.RawMessage("null")
	}
	l := letter{ID: "msg_" + id.String(), URL: m.URL.String(), Secret: m.Secret}
	if l.Body, err = json.Marshal(payload{m.Event, time.Now().UTC().Format(time.RFC3339Nano), data}); err != nil {
		return err
	}
	plain, err := json.Marshal(l)
	if err != nil {
		return err
	}
	n := jobs.New{Kind: s.kind, Args: s.keys.SealJSON(purpose, plain)}
	n.Metadata, _ = json.Marshal(listed{l.ID, m.Event, m.URL.Host})
	reached("sealed")
	if _, err = s.queue.Enqueue(ctx, tx, n); err != nil {
		return err
	}
	reached("enqueued")
	return nil
}

// open gives a message back. It fails with secret.ErrNotOpened.
func (s *Service) open(args json.RawMessage) (*letter, error) {
	plain, err := s.keys.OpenJSON(purpose, args)
	if err != nil {
		return nil, err
	}
	l := &letter{}
	if err := json.Unmarshal(plain, l); err != nil {
		return nil, secret.ErrNotOpened
	}
	return l, nil
}

// Secrets are what messages without a secret of their own are signed with, the present
// one first.
func (s *Service) Secrets(now time.Time) []string {
	c := s.config.Load()
	if c.Secret != "" {
		if c.Previous != "" {
			return []string{c.Secret, c.Previous}
		}
		return []string{c.Secret}
	}
	var list []string
	for _, k := range s.keys.Keys() {
		if !k.Until.IsZero() && now.After(k.Until.Add(overlap)) {
			continue
		}
		if key, ok := s.keys.DeriveOf(k.ID, purpose+" signature"); ok && len(list) < 4 {
			list = append(list, secretOf(key))
		}
	}
	return list
}

// work sends one message.
func (s *Service) work(ctx context.Context, j *jobs.Job) error {
	reached("taken")
	l, err := s.open(j.Args)
	switch {
	case errors.Is(err, secret.ErrNotOpened):
		return &jobs.Failure{Reason: "the message cannot be opened: the secret that it was sealed with is gone", Permanent: true}
	case err != nil:
		return &jobs.Failure{Reason: "the secret cannot be read"}
	}
	secrets := []string{l.Secret}
	now := time.Now()
	if l.Secret == "" {
		secrets = s.Secrets(now)
	}
	r := &outgoing.Request{Method: http.MethodPost, Header: Sign(Standard, l.ID, secrets, now, l.Body), Body: outgoing.Bytes(l.Body)}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Cloudlet")
	if r.URL, err = outgoing.ParseURL(l.URL); err != nil {
		return &jobs.Failure{Reason: err.Error(), Permanent: true}
	}
	waiting, stop := context.WithTimeout(ctx, answerTime)
	defer stop()
	a, err := s.config.Load().Client.Do(waiting, r)
	if err != nil {
		return failed(ctx, err)
	}
	reached("accepted")
	return judge(a)
}

// failed says why a receiver was not asked, without what the address holds.
func failed(ctx context.Context, err error) error {
	var e *failure.Error
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, outgoing.ErrRefused):
		return &jobs.Failure{Reason: "the address is private, and http.allow of cloudlet.yaml does not name it", Permanent: true}
	case errors.As(err, &e):
		return &jobs.Failure{Reason: clause(e), After: e.RetryAfter}
	case errors.Is(err, context.DeadlineExceeded):
		return &jobs.Failure{Reason: "the receiver did not answer in time"}
	}
	return &jobs.Failure{Reason: "the receiver could not be asked"}
}

// clause is a failure in words that are shown.
func clause(e *failure.Error) string {
	switch e.Code {
	case outgoing.ErrCircuitOpen.Code:
		return "the receiver's host failed too often and is left alone for a while"
	case outgoing.ErrTimeout.Code:
		return "the receiver did not answer in time"
	}
	return "the receiver could not be reached"
}

// judge says what a receiver's answer means: only 2xx is success, and 410 is never again.
func judge(a *outgoing.Answer) error {
	if a.Status >= 200 && a.Status <= 299 {
		return nil
	}
	f := &jobs.Failure{Reason: fmt.Sprintf("the receiver answered %d", a.Status)}
	switch {
	case a.Status == http.StatusGone:
		f.Reason, f.Permanent = "the receiver answered 410: it wants no more events", true
	case a.Status == http.StatusTooManyRequests || a.Status >= 500:
		f.After = min(longestWait, retryAfter(a.Header.Get("Retry-After"), time.Now()))
	}
	return f
}

// retryAfter reads seconds or a date (RFC 9110, section 10.2.3); 0 where there is neither.
func retryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
