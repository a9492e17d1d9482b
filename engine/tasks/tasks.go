// Package tasks keeps the jobs that an app declares on its queue: their arguments sealed, each
// with its own number of attempts, and those with a schedule at their times.
package tasks

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"time"

	"cloudlet/engine/database"
	"cloudlet/engine/jobs"
	"cloudlet/engine/secret"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations make the table of schedules.
func Migrations() database.Set { return database.Embedded("-/tasks", migrations) }

// Task is a job that is to be done.
type Task struct {
	Name     string        // with its folder: newsletter/send_due
	Args     []byte        // a JSON object
	In       time.Duration // how long it waits first
	Unique   string        // no second one with the same text, while it waits or is worked; "": any number
	Attempts int           // how often it is tried

	scheduled bool // unique among those of its schedule, whatever texts others have
}

// Run does a task. What it returns is a *jobs.Failure, or counts as one without a reason.
type Run func(ctx context.Context, t Task, attempt int) error

// Service is the app's own jobs on a queue. It is safe for use by several goroutines at once.
type Service struct {
	queue *jobs.Queue
	keys  *secret.Keyring
	kind  *jobs.Kind
	clock *clock
}

const (
	purpose = "job"
	// workers is how many jobs are worked at once.
	workers = 4
	// MaxTimeout is how long one attempt may take at most; a job says less.
	MaxTimeout = 24 * time.Hour
	// MaxAttempts is how often a job may be tried.
	MaxAttempts = 50
)

// inner is what rests sealed.
type inner struct {
	Name string          `json:"name"`
	Args json.RawMessage `json:"args"`
}

// about is what may be told of a task.
type about struct {
	Name string `json:"name"`
}

// New is the service on a queue, whose database has the Migrations. Nothing is worked before the
// queue starts its Kind; schedules are kept after Start.
func New(q *jobs.Queue, db *database.DB, keys *secret.Keyring, run Run) *Service {
	s := &Service{queue: q, keys: keys}
	s.clock = newClock(s, db)
	s.kind = &jobs.Kind{Name: "job", Workers: workers, Attempts: 1, Timeout: MaxTimeout, Backoff: backoff,
		Work: func(ctx context.Context, j *jobs.Job) error { return s.work(ctx, j, run) }}
	return s
}

// Kind is the kind of the jobs, for the queue to work.
func (s *Service) Kind() *jobs.Kind { return s.kind }

// backoff is the pause after an attempt: 10 s, doubled each time up to an hour, the upper half
// of it by chance.
func backoff(attempt int) time.Duration {
	pause := 10 * time.Second << min(attempt-1, 9)
	pause = min(pause, time.Hour)
	return pause/2 + rand.N(pause/2)
}

// Enqueue puts a task into the queue, in the transaction tx of the main database or in one of its
// own. It gives the number of the job, or of the one that keeps it out.
func (s *Service) Enqueue(ctx context.Context, tx *database.Tx, t Task) (id int64, err error) {
	plain, err := json.Marshal(inner{t.Name, t.Args})
	if err != nil {
		return 0, err
	}
	metadata, err := json.Marshal(about{t.Name})
	if err != nil {
		return 0, err
	}
	n := jobs.New{Kind: s.kind, Args: s.keys.SealJSON(purpose, plain), Metadata: metadata, Attempts: t.Attempts, Delay: t.In}
	switch {
	case t.scheduled:
		n.Unique = t.Name
	case t.Unique != "":
		n.Unique = t.Name + "\x00" + t.Unique
	}
	return s.queue.Enqueue(ctx, tx, n)
}

func (s *Service) work(ctx context.Context, j *jobs.Job, run Run) error {
	name, args, err := s.open(j.Args)
	if errors.Is(err, secret.ErrNotOpened) {
		return &jobs.Failure{Reason: "its arguments cannot be read", Permanent: true}
	}
	if err != nil {
		return err // of the secret's file, which may be there again at the next attempt
	}
	return run(ctx, Task{Name: name, Args: args}, j.Attempt)
}

// open gives back what a task rests as. It fails with secret.ErrNotOpened.
func (s *Service) open(text json.RawMessage) (name string, args []byte, err error) {
	plain, err := s.keys.OpenJSON(purpose, text)
	if err != nil {
		return "", nil, err
	}
	var in inner
	if json.Unmarshal(plain, &in) != nil {
		return "", nil, secret.ErrNotOpened
	}
	return in.Name, in.Args, nil
}
