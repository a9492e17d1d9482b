package tasks

import (
	"context"
	"time"

	"cloudlet/engine/jobs"
)

// Entry is what may be told of a job that is not done.
type Entry struct {
	ID         int64
	Name       string
	State      string // waiting, running, retrying or dead
	Attempts   int
	EnqueuedAt time.Time
	Next       time.Time // when it is due next; for a dead one, when it was given up
	Reason     string    // why the last attempt failed; ""
}

// What is refused, as *jobs.Error.
var (
	// ErrNoSuchJob means that no job of the number waits.
	ErrNoSuchJob = &jobs.Error{Detail: "No job of this number waits: it is done, or there was none."}
	// ErrRunning means that the job is being done.
	ErrRunning = &jobs.Error{Detail: "The job is being done right now."}
)

var words = jobs.Words{NoSuch: ErrNoSuchJob, Running: ErrRunning}

// List lists the jobs that are not done, the oldest first, 1000 at most.
func (s *Service) List(ctx context.Context) ([]Entry, error) {
	return jobs.Entries(ctx, s.queue, s.kind.Name, func(e jobs.Entry, about about) Entry {
		return Entry{e.ID, about.Name, e.State, e.Attempts, e.EnqueuedAt, e.Next, e.Reason}
	})
}

// Scheduled is a job with a schedule, and when it is due next.
type Scheduled struct {
	Name, Schedule string
	Due            time.Time
}

// Schedules lists the jobs with a schedule by name, as the running app knows them.
func (s *Service) Schedules(ctx context.Context) ([]Scheduled, error) {
	rows, err := s.clock.db.Query(ctx, "SELECT name, spec, due FROM cloudlet_schedules ORDER BY name")
	if err != nil {
		return nil, err
	}
	list := make([]Scheduled, len(rows))
	for i, r := range rows {
		var due int64
		if err := r.Scan(&list[i].Name, &list[i].Schedule, &due); err != nil {
			return nil, err
		}
		list[i].Due = time.Unix(due, 0).UTC()
	}
	return list, nil
}

// Retry has a job done again at once, with all its attempts. It fails with ErrNoSuchJob or ErrRunning.
func (s *Service) Retry(ctx context.Context, id int64) error {
	return words.Of(s.queue.Retry(ctx, s.kind.Name, id))
}

// Cancel forgets a job. One that is being done is ended within a second: what it has
// committed stays. It fails with ErrNoSuchJob.
func (s *Service) Cancel(ctx context.Context, id int64) error {
	return words.Of(s.queue.Abort(ctx, s.kind.Name, id))
}
