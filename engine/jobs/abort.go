package jobs

import (
	"context"
	"errors"

	"cloudlet/engine/database"
)

// aborted is the tag of a running job that is to be ended. It stands in the database, since
// who wants that is seldom the process that works the job.
const aborted = "aborted"

// isAborted is the condition that a job has the tag: it has no other.
const isAborted = "json(tags) <> '[]'"

var errAborted = errors.New("the job is aborted")

// Abort forgets a job. One that is being worked is ended: its context is cancelled within
// a second, what it has done stays done, and it is not tried again. It fails with ErrNoSuchJob.
func (q *Queue) Abort(ctx context.Context, kind string, id int64) error {
	return q.db.Write(ctx, func(tx *database.Tx) error {
		for _, sql := range []string{
			"DELETE FROM river_job WHERE id = ? AND kind = ? AND state <> 'running'",
			"UPDATE river_job SET tags = jsonb_array('" + aborted + "') WHERE id = ? AND kind = ?",
		} {
			if r, err := tx.Exec(ctx, sql, int(id), kind); err != nil || r.RowsAffected > 0 {
				tx.AfterCommit(q.wake)
				return err
			}
		}
		return ErrNoSuchJob
	})
}

// abortRunning cancels what this process works and somebody wants ended.
func (q *Queue) abortRunning(ctx context.Context) error {
	rows, err := q.db.Query(ctx, "SELECT id FROM river_job WHERE state = 'running' AND "+isAborted)
	if err != nil {
		return err
	}
	for _, r := range rows {
		var id int64
		if err := r.Scan(&id); err != nil {
			return err
		}
		if cancel, ok := q.running.Load(id); ok {
			cancel.(context.CancelCauseFunc)(errAborted)
		}
	}
	return nil
}

// abortable is the context of a job that is worked, until it is released.
func (q *Queue) abortable(ctx context.Context, id int64) (_ context.Context, release func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	q.running.Store(id, cancel)
	return ctx, func() {
		q.running.Delete(id)
		cancel(nil)
	}
}

// wasAborted reports whether somebody wanted a job ended that failed.
func (q *Queue) wasAborted(ctx context.Context, id int64) bool {
	if errors.Is(context.Cause(ctx), errAborted) {
		return true
	}
	row, err := q.db.QueryRow(context.WithoutCancel(ctx), "SELECT "+isAborted+" FROM river_job WHERE id = ?", int(id))
	return err == nil && row != nil && row[0] == 1
}
