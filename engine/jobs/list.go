package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"cloudlet/engine/database"
)

// mostListed is how many jobs a list shows.
const mostListed = 1000

// States of jobs that are not done.
const (
	Waiting  = "waiting"  // for a worker
	Running  = "running"  // being worked
	Retrying = "retrying" // failed, and waiting for its next attempt
	Dead     = "dead"     // given up
)

// Entry is what may be told of a job that is not done.
type Entry struct {
	ID         int64
	State      string
	Attempts   int
	EnqueuedAt time.Time
	// Next is when it is tried next; for one that is dead, when it was given up.
	Next     time.Time
	Reason   string          // why the last attempt failed; ""
	Metadata json.RawMessage // an object
}

// Error is what the queue refuses, in words for whoever looks after it.
type Error struct{ Detail string }

// Error is the sentence.
func (e *Error) Error() string { return e.Detail }

// What the queue refuses.
var (
	ErrNoSuchJob = &Error{"There is no such job."}
	ErrRunning   = &Error{"The job is being worked right now."}
)

// List lists the jobs of a kind that are not done, the oldest first, 1000 at most.
func (q *Queue) List(ctx context.Context, kind string) ([]Entry, error) {
	rows, err := q.db.Query(ctx, `SELECT id, state, attempt, created_at, coalesce(finalized_at, scheduled_at),
		coalesce(errors ->> '$[#-1].error', ''), json(metadata)
		FROM river_job WHERE kind = ? AND state <> 'completed' ORDER BY id LIMIT ?`, kind, mostListed)
	if err != nil {
		return nil, err
	}
	list := make([]Entry, 0, len(rows))
	for _, r := range rows {
		var e Entry
		var state, next, metadata string
		if err := r.Scan(&e.ID, &state, &e.Attempts, &e.EnqueuedAt, &next, &e.Reason, &metadata); err != nil {
			return nil, err
		}
		if e.Next, err = time.Parse(time.DateTime, next); err != nil {
			return nil, err
		}
		e.Reason = strings.TrimPrefix(e.Reason, "JobCancelError: ") // River's word for what is permanent
		e.State, e.Metadata = stateOf(state), json.RawMessage(metadata)
		list = append(list, e)
	}
	return list, nil
}

// Entries lists the jobs of a kind as List does; tell makes what is told of one from its entry and
// from its metadata, which are an M.
func Entries[M, E any](ctx context.Context, q *Queue, kind string, tell func(Entry, M) E) ([]E, error) {
	list, err := q.List(ctx, kind)
	if err != nil {
		return nil, err
	}
	entries := make([]E, len(list))
	for i, e := range list {
		var about M
		if err := json.Unmarshal(e.Metadata, &about); err != nil {
			return nil, err
		}
		entries[i] = tell(e, about)
	}
	return entries, nil
}

// Words are a kind's own errors in the place of ErrNoSuchJob and ErrRunning.
type Words struct{ NoSuch, Running *Error }

// Of is what err is in these words.
func (w Words) Of(err error) error {
	switch {
	case errors.Is(err, ErrNoSuchJob):
		return w.NoSuch
	case errors.Is(err, ErrRunning):
		return w.Running
	}
	return err
}

func stateOf(river string) string {
	switch river {
	case "running":
		return Running
	case "retryable":
		return Retrying
	case "cancelled", "discarded":
		return Dead
	}
	return Waiting
}

// Args are the arguments of a job. It fails with ErrNoSuchJob.
func (q *Queue) Args(ctx context.Context, kind string, id int64) (json.RawMessage, error) {
	row, err := q.db.QueryRow(ctx, "SELECT json(args) FROM river_job WHERE id = ? AND kind = ? AND state <> 'completed'", int(id), kind)
	if err != nil {
		return nil, err
	}
	if row == nil {
		return nil, ErrNoSuchJob
	}
	var text string
	err = row.Scan(&text)
	return json.RawMessage(text), err
}

// Retry has a job tried again at once, with all its attempts, where it is dead or waits.
// It fails with ErrNoSuchJob or ErrRunning.
func (q *Queue) Retry(ctx context.Context, kind string, id int64) error {
	return q.change(ctx, kind, id, `UPDATE river_job SET state = 'available', finalized_at = NULL, attempt = 0, scheduled_at = ?
		WHERE id = ? AND kind = ? AND state <> 'running'`, time.Now().UTC().Format(stamp), int(id), kind)
}

// Drop forgets a job. It fails with ErrNoSuchJob or ErrRunning.
func (q *Queue) Drop(ctx context.Context, kind string, id int64) error {
	return q.change(ctx, kind, id, "DELETE FROM river_job WHERE id = ? AND kind = ? AND state <> 'running'", int(id), kind)
}

func (q *Queue) change(ctx context.Context, kind string, id int64, sql string, args ...any) error {
	return q.db.Write(ctx, func(tx *database.Tx) error {
		r, err := tx.Exec(ctx, sql, args...)
		if err != nil || r.RowsAffected > 0 {
			tx.AfterCommit(q.wake)
			return err
		}
		row, err := tx.QueryRow(ctx, "SELECT 1 FROM river_job WHERE id = ? AND kind = ?", int(id), kind)
		if err == nil && row == nil {
			err = ErrNoSuchJob
		} else if err == nil {
			err = ErrRunning
		}
		return err
	})
}

// Hurry has all jobs of a kind that wait for their next attempt tried at once: what
// kept them from being done may be better now.
func (q *Queue) Hurry(ctx context.Context, kind string) error {
	_, err := q.db.Exec(ctx, "UPDATE river_job SET scheduled_at = ? WHERE kind = ? AND state = 'retryable'", time.Now().UTC().Format(stamp), kind)
	q.wake()
	return err
}
