package mail

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"cloudlet/engine/database"
	"cloudlet/engine/jobs"
	"cloudlet/engine/secret"
)

// purpose is what messages are sealed for.
const purpose = "mail"

// How often a message is tried: the first waits are half a minute, a minute and so on,
// the longest six hours, three days together.
const (
	attempts     = 22
	firstBackoff = 30 * time.Second
	mostBackoff  = 6 * time.Hour
	atOnce       = 4 // connections to the server
	workTime     = 12 * time.Minute
)

// Config says how messages are handed over.
type Config struct {
	From string // who sends where a message does not say it
	SMTP *SMTP  // nil: into the outbox
}

// SMTP is a server that takes messages.
type SMTP struct {
	Host     string
	Port     int
	Username string // "" where the server asks for none
	Password string
	TLS      string // "starttls", "tls", or "none", which is for this machine alone
}

// Options say how a Service works.
type Options struct {
	// Outbox is the folder of messages where there is no server.
	Outbox string
	// Log takes what an operator should know; slog.Default where it is nil.
	Log *slog.Logger
	// Roots are the authorities that may vouch for the server; nil: the system's.
	Roots *x509.CertPool
}

// Service is the Post of one app. It is safe for use by several goroutines at once.
type Service struct {
	queue  *jobs.Queue
	keys   *secret.Keyring
	o      Options
	config atomic.Pointer[Config]
	kind   *jobs.Kind
	landed sync.Map // files in the outbox by the id of their job
}

// New makes the Post on a queue. The queue works its Kind.
func New(q *jobs.Queue, keys *secret.Keyring, c Config, o Options) *Service {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	s := &Service{queue: q, keys: keys, o: o}
	s.config.Store(&c)
	s.kind = &jobs.Kind{Name: "mail", Workers: atOnce, Attempts: attempts, Timeout: workTime, Backoff: backoff, Work: s.work, Done: s.done}
	return s
}

// Kind is the kind of the queue's jobs.
func (s *Service) Kind() *jobs.Kind { return s.kind }

// Configure changes where messages go from now on. Where the server changed, those that
// wait for their next attempt are tried at once.
func (s *Service) Configure(ctx context.Context, c Config) error {
	before := s.config.Swap(&c)
	if (before.SMTP == nil) == (c.SMTP == nil) && (c.SMTP == nil || *before.SMTP == *c.SMTP) {
		return nil
	}
	return s.queue.Hurry(ctx, s.kind.Name)
}

// backoff doubles, and differs by a fifth from message to message.
func backoff(attempt int) time.Duration {
	wait := mostBackoff
	if attempt < 12 {
		wait = min(wait, firstBackoff<<(attempt-1))
	}
	return wait - time.Duration(rand.Int64N(int64(wait/5)))
}

// reached is told of each point on a message's way; a test is killed there.
var reached = func(string) {}

// Send queues a message: see Post.
func (s *Service) Send(ctx context.Context, tx *database.Tx, m *Message) error {
	l, err := build(m, s.config.Load().From, time.Now())
	if err != nil {
		return err
	}
	reached("built")
	n := jobs.New{Kind: s.kind}
	n.Args, n.Metadata = s.seal(l)
	reached("sealed")
	if tx == nil {
		_, err = s.queue.Enqueue(ctx, nil, n)
		return err
	}
	if _, err = s.queue.Enqueue(ctx, tx, n); err != nil {
		return err
	}
	reached("enqueued")
	tx.AfterCommit(func() { reached("committed") })
	return nil
}

// listed is what may be known of a message that waits.
type listed struct {
	Recipients int `json:"recipients"`
}

// seal makes a job's arguments and metadata: nothing of the message can be read in them.
func (s *Service) seal(l *letter) (args, metadata json.RawMessage) {
	head, err := json.Marshal(l)
	if err != nil {
		panic(err) // only for types that JSON does not know
	}
	plain := append(append(head, '\n'), l.text...)
	metadata, _ = json.Marshal(listed{len(l.To)})
	return s.keys.SealJSON(purpose, plain), metadata
}

// open is seal's inverse. It fails with secret.ErrNotOpened.
func (s *Service) open(args json.RawMessage) (*letter, error) {
	plain, err := s.keys.OpenJSON(purpose, args)
	if err != nil {
		return nil, err
	}
	head, text, found := bytes.Cut(plain, []byte("\n"))
	l := &letter{text: text}
	if err := json.Unmarshal(head, l); err != nil || !found {
		return nil, secret.ErrNotOpened
	}
	return l, nil
}

// work hands one message over.
func (s *Service) work(ctx context.Context, j *jobs.Job) error {
	reached("taken")
	l, err := s.open(j.Args)
	switch {
	case errors.Is(err, secret.ErrNotOpened):
		return &jobs.Failure{Reason: "the mail cannot be opened: the secret that it was sealed with is gone", Permanent: true}
	case err != nil:
		return &jobs.Failure{Reason: "the secret cannot be read"}
	}
	reached("opened")
	c := s.config.Load().SMTP
	if c == nil {
		return s.land(j, l)
	}
	return s.deliver(ctx, c, j, l)
}

// done tells where a message landed, once it is gone from the queue.
func (s *Service) done(j *jobs.Job) {
	reached("recorded")
	if file, ok := s.landed.LoadAndDelete(j.ID); ok {
		s.o.Log.Info("a mail was written to the outbox", "file", file)
	}
}
