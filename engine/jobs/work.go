package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"cloudlet/engine/database"

	"github.com/riverqueue/river"
)

const (
	// fetchCooldown is how long it waits at least before it looks for more when all workers were
	// busy: with few workers and short jobs this is what bounds the rate.
	fetchCooldown = 2 * time.Millisecond
	pollInterval  = 200 * time.Millisecond // between looks for jobs while there are some
	// softStop is how long work may go on when the queue is closed.
	softStop = 3 * time.Second
	hardStop = 10 * time.Second
	// noteTime is how long it is tried to note that a job is done: before that is noted it
	// would be done again.
	noteTime = time.Minute
)

// client makes what works the jobs.
func (q *Queue) client() (*river.Client[*database.SQLTx], error) {
	workers, queues := river.NewWorkers(), map[string]river.QueueConfig{}
	for _, k := range q.kinds {
		river.AddWorkerArgs(workers, payload{kind: k.Name}, &worker{queue: q, kind: k})
		queues[k.Name] = river.QueueConfig{MaxWorkers: k.Workers}
	}
	return river.NewClient(q.driver(), &river.Config{
		ID: "cloudlet", Logger: q.riverLog(), Workers: workers, Queues: queues, FetchOnlyKnownKinds: true,
		FetchCooldown: fetchCooldown, FetchPollInterval: pollInterval, SoftStopTimeout: softStop,
		LeaderElectionDisabled: true, PollOnly: true, JobTimeout: -1,
	})
}

// worker works the jobs of one kind for River.
type worker struct {
	river.WorkerDefaults[payload]
	queue *Queue
	kind  *Kind
	later sync.Map // how long the next attempt of a job waits at least, by its id
}

// Timeout is the kind's.
func (w *worker) Timeout(*river.Job[payload]) time.Duration { return w.kind.Timeout }

// NextRetry is when the next attempt begins.
func (w *worker) NextRetry(j *river.Job[payload]) time.Time {
	wait := w.kind.Backoff(j.Attempt)
	if least, ok := w.later.LoadAndDelete(j.ID); ok {
		wait = max(wait, least.(time.Duration))
	}
	return time.Now().Add(wait)
}

// Work does a job. When it is done it is gone at once, with what is in it: River would
// only note that it was done.
func (w *worker) Work(outer context.Context, theirs *river.Job[payload]) error {
	j := &Job{ID: theirs.ID, Attempt: theirs.Attempt, EnqueuedAt: theirs.CreatedAt, Args: theirs.Args.args, queue: w.queue}
	if slices.Contains(theirs.Tags, aborted) { // it was, just when its last attempt failed
		return w.forget(outer, j)
	}
	ctx, release := w.queue.abortable(outer, j.ID)
	defer release()
	if err := w.try(ctx, j); err != nil {
		if w.queue.wasAborted(ctx, j.ID) {
			return w.forget(outer, j)
		}
		return w.failed(outer, theirs, err)
	}
	if err := w.note(outer, j); err != nil {
		return w.failed(outer, theirs, &Failure{Reason: "it was done, but that could not be noted"})
	}
	if w.kind.Done != nil {
		w.kind.Done(j)
	}
	return nil
}

// forget deletes a job that was aborted.
func (w *worker) forget(ctx context.Context, j *Job) error {
	w.queue.log.Info("a job was aborted", "kind", w.kind.Name, "id", j.ID, "attempt", j.Attempt)
	return w.note(ctx, j)
}

// try is one attempt; a panic fails it.
func (w *worker) try(ctx context.Context, j *Job) (err error) {
	defer func() {
		if p := recover(); p != nil {
			w.queue.log.Error("a job panicked", "kind", w.kind.Name, "id", j.ID, "stack", string(debug.Stack()))
			err = &Failure{Reason: "the program failed; the log says where"}
		}
	}()
	return w.kind.Work(ctx, j)
}

// note deletes a job that is done.
func (w *worker) note(ctx context.Context, j *Job) error {
	return j.insist(ctx, "DELETE FROM river_job WHERE id = ?", j.ID)
}

// Replace puts other arguments and other metadata into the job, for its next attempt.
// Like the note that a job is done it does not give up easily.
func (j *Job) Replace(ctx context.Context, args, metadata json.RawMessage) error {
	return j.insist(ctx, "UPDATE river_job SET args = jsonb(?), metadata = jsonb(?) WHERE id = ?", string(args), string(metadata), j.ID)
}

// insist tries for a minute, whatever becomes of the attempt meanwhile.
func (j *Job) insist(ctx context.Context, sql string, args ...any) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTime)
	defer cancel()
	for {
		_, err := j.queue.db.Exec(ctx, sql, args...)
		if err == nil || errors.Is(err, database.ErrClosed) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pollInterval):
		}
	}
}

// failed turns what an attempt failed with into what River notes of it.
func (w *worker) failed(ctx context.Context, j *river.Job[payload], err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return context.Canceled // given back, and not counted
	}
	var f *Failure
	if !errors.As(err, &f) {
		w.queue.log.Error("a job failed", "kind", w.kind.Name, "id", j.ID, "reason", err)
		f = &Failure{Reason: "the program failed; the log says why"}
	}
	switch {
	case f.Permanent:
		w.queue.log.Warn("a job was given up", "kind", w.kind.Name, "id", j.ID, "attempt", j.Attempt, "reason", f.Reason)
		return river.JobCancel(f)
	case j.Attempt >= j.MaxAttempts:
		w.queue.log.Warn("a job was given up", "kind", w.kind.Name, "id", j.ID, "attempt", j.Attempt, "reason", f.Reason)
	default:
		if f.After > 0 {
			w.later.Store(j.ID, f.After)
		}
		w.queue.log.Warn("a job will be tried again", "kind", w.kind.Name, "id", j.ID, "attempt", j.Attempt, "reason", f.Reason)
	}
	return f
}

// riverLog takes River's warnings into our log.
func (q *Queue) riverLog() *slog.Logger { return slog.New(warnings{q.log.Handler()}) }

// warnings lets warnings through, with those attributes that hold nothing of a job's arguments.
type warnings struct{ to slog.Handler }

// Enabled lets warnings and errors through.
func (w warnings) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && w.to.Enabled(ctx, l)
}

// Handle passes a record on.
func (w warnings) Handle(ctx context.Context, r slog.Record) error {
	passed := slog.NewRecord(r.Time, r.Level, "queue: "+r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		if slices.Contains([]string{"job_id", "job_kind", "kind", "queue", "err", "timeout"}, a.Key) {
			passed.AddAttrs(a)
		}
		return true
	})
	return w.to.Handle(ctx, passed)
}

// WithAttrs drops what River says of itself.
func (w warnings) WithAttrs([]slog.Attr) slog.Handler { return w }

// WithGroup drops groups too.
func (w warnings) WithGroup(string) slog.Handler { return w }
