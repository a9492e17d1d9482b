// Package jobs is the app's durable queue: what is to be done after a transaction,
// kept in the same database, so that it is done when the transaction is committed and
// never when it is rolled back.
//
// A job is done at least once: whoever works it may be killed between the deed and the
// note of it. Of all processes that have the app open one works the queue at a time, the one
// that holds the file data/queue.lock; the others enqueue. Nothing runs while nothing is due.
//
// The queue itself is github.com/riverqueue/river on our own database. Its leader and
// what a leader does are not needed where one process works, so it is left out: what is due
// again, and what a killed process left behind, is found by the minder (see minder.go).
package jobs

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"cloudlet/engine/database"

	"github.com/gofrs/flock"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations make the queue's tables, all named river_….
func Migrations() database.Set {
	return database.Embedded("-/queue", migrations)
}

// Kind is a kind of job, and how its jobs are worked.
type Kind struct {
	Name     string        // letters, digits, _ and -
	Workers  int           // how many of its jobs are worked at once
	Attempts int           // how often a job is tried
	Timeout  time.Duration // of one attempt
	// Backoff is how long to wait after an attempt failed; attempts count from 1.
	Backoff func(attempt int) time.Duration
	// Work does the job. What it returns is a *Failure, or counts as one without a reason.
	Work func(ctx context.Context, j *Job) error
	// Done, where it is not nil, is told of a job once it is done and gone.
	Done func(j *Job)
}

// Job is one job that is worked.
type Job struct {
	ID         int64
	Attempt    int // from 1 on
	EnqueuedAt time.Time
	Args       json.RawMessage

	queue *Queue
}

// Failure says why an attempt failed. The reason is kept with the job, and shown.
type Failure struct {
	Reason    string // a clause that holds no secret and nothing of the arguments
	Permanent bool   // to try again would not help
	// After is how long the next attempt waits at least; 0: as long as the kind says.
	After time.Duration
}

// Error is the reason.
func (f *Failure) Error() string { return f.Reason }

// Options say how a Queue works.
type Options struct {
	// Dir is the folder of the lock, data/ of the app. A queue in memory has no lock.
	Dir string
	// Log takes what an operator should know; slog.Default where it is nil.
	Log *slog.Logger
}

// Queue is the queue of one database. It is safe for use by several goroutines at once.
type Queue struct {
	db   *database.DB
	log  *slog.Logger
	lock *flock.Flock // nil: in memory
	face *database.SQLDB
	// inserter enqueues; what works is made when there is work.
	inserter *river.Client[*database.SQLTx]

	kinds     []*Kind  // fixed when Start is called
	running   sync.Map // the context.CancelCauseFunc of what is worked, by id
	woken     chan struct{}
	elsewhere atomic.Bool // another process works the queue
	stop      context.CancelFunc
	stopped   chan struct{} // nil: not started
	resting   sync.Once
	closing   sync.Once
}

// Open opens the queue of a database that has the Migrations. It works nothing before
// Start. Close it before the database.
func Open(db *database.DB, o Options) (*Queue, error) {
	q := &Queue{db: db, log: o.Log, woken: make(chan struct{}, 1), face: db.SQL()}
	if q.log == nil {
		q.log = slog.Default()
	}
	if db.File() != "" {
		q.lock = flock.New(filepath.Join(o.Dir, "queue.lock"))
		if err := os.MkdirAll(o.Dir, 0o700); err != nil {
			return nil, errors.Join(err, q.face.Close())
		}
	}
	var err error
	q.inserter, err = river.NewClient(q.driver(), &river.Config{Logger: q.riverLog(), SkipUnknownJobCheck: true})
	if err != nil {
		return nil, errors.Join(err, q.face.Close())
	}
	return q, nil
}

// Start begins to work jobs of these kinds, when there are any: those of other kinds stay.
func (q *Queue) Start(kinds ...*Kind) {
	q.kinds = kinds
	ctx, stop := context.WithCancel(context.Background())
	q.stop, q.stopped = stop, make(chan struct{})
	go (&minder{queue: q}).run(ctx)
}

// Close gives the jobs that are worked a few seconds to end, and gives the others back.
func (q *Queue) Close() (err error) {
	q.closing.Do(func() {
		q.Rest()
		err = q.face.Close()
	})
	return err
}

// Rest ends the working, as Close does; jobs can be enqueued still.
func (q *Queue) Rest() {
	q.resting.Do(func() {
		if q.stop != nil {
			q.stop()
			<-q.stopped
		}
	})
}

// wake has the minder look for work.
func (q *Queue) wake() {
	select {
	case q.woken <- struct{}{}:
	default: // it is about to look anyway
	}
}

// payload is a job of any kind to River.
type payload struct {
	kind string
	args json.RawMessage
}

// Kind is the name of the kind.
func (p payload) Kind() string { return p.kind }

// MarshalJSON gives the arguments as they are.
func (p payload) MarshalJSON() ([]byte, error) { return p.args.MarshalJSON() }

// UnmarshalJSON keeps the arguments as they are.
func (p *payload) UnmarshalJSON(text []byte) error { return p.args.UnmarshalJSON(text) }

// driver is River's on our face. Notifications are off: rows in a table that is polled
// twenty times a second. The minder wakes instead.
func (q *Queue) driver() *quiet { return &quiet{riversqlite.New(q.face)} }

type quiet struct{ *riversqlite.Driver }

// SupportsListener says that nothing listens.
func (*quiet) SupportsListener() bool { return false }

// SupportsListenNotify says that nothing is notified.
func (*quiet) SupportsListenNotify() bool { return false }
