package jobs

import (
	"context"
	"strings"
	"time"

	"cloudlet/engine/database"

	"github.com/riverqueue/river"
)

const (
	restInterval = 500 * time.Millisecond // between looks for what other processes enqueued
	lockInterval = time.Second            // between tries for the lock that another process has
	// linger is how long the work goes on after the last job.
	linger = 2 * time.Second
	// deadFor is how long jobs that were given up are kept.
	deadFor = 30 * 24 * time.Hour
	// stamp is how River writes times; only such compare.
	stamp = "2006-01-02 15:04:05.000"
)

// minder starts the work when a job is due and nobody else works, and ends it when
// nothing is left. A job that a killed process left running is due at once: who holds the
// lock knows that nobody works on it.
type minder struct {
	queue   *Queue
	client  *river.Client[*database.SQLTx] // nil: it rests
	due     time.Time                      // of the next job, as far as it is known; zero: there is none
	looked  bool
	version int64 // of the database's data when it looked last
	idle    time.Time
	failure string // logged last
}

func (m *minder) run(ctx context.Context) {
	defer close(m.queue.stopped)
	for woken := true; ; {
		timer := time.NewTimer(m.step(ctx, woken))
		select {
		case <-ctx.Done():
			timer.Stop()
			m.end()
			return
		case <-m.queue.woken:
			woken = true
		case <-timer.C:
			woken = false
		}
		timer.Stop()
	}
}

// step does what is to be done now, and tells how long nothing is.
func (m *minder) step(ctx context.Context, woken bool) time.Duration {
	if m.client != nil {
		return m.tend(ctx)
	}
	now := time.Now()
	changed, err := m.changed(ctx)
	if err == nil && (woken || changed || !m.due.IsZero() && !m.due.After(now)) {
		m.due, err = m.queue.due(ctx)
	}
	if err == nil && !m.due.IsZero() && !m.due.After(now) {
		var began bool
		if began, err = m.begin(ctx); began {
			return pollInterval
		}
		if err == nil {
			return lockInterval
		}
	}
	m.complain(ctx, err)
	if m.due.After(now) {
		return min(m.due.Sub(now), m.rest())
	}
	return m.rest()
}

// rest is how long to rest at most. Nobody else writes into memory.
func (m *minder) rest() time.Duration {
	if m.queue.lock == nil && m.failure == "" {
		return time.Hour
	}
	return restInterval
}

// changed tells whether somebody has written to the database since it was asked last.
func (m *minder) changed(ctx context.Context) (bool, error) {
	version, err := m.queue.db.DataVersion(ctx)
	if err != nil {
		return false, err
	}
	changed := !m.looked || version != m.version
	m.looked, m.version = true, version
	return changed, nil
}

// begin takes the lock, takes over what a killed process left, and starts the work.
func (m *minder) begin(ctx context.Context) (bool, error) {
	q := m.queue
	if q.lock != nil {
		locked, err := q.lock.TryLock()
		q.elsewhere.Store(err == nil && !locked)
		if !locked || err != nil {
			return false, err
		}
	}
	err := q.db.Write(ctx, func(tx *database.Tx) error {
		now := time.Now().UTC()
		for _, s := range []struct {
			sql  string
			args []any
		}{
			{"DELETE FROM river_job WHERE state = 'running' AND " + isAborted, nil},
			{"UPDATE river_job SET state = 'available', scheduled_at = ? WHERE state = 'running'", []any{now.Format(stamp)}},
			{"DELETE FROM river_job WHERE state = 'completed'", nil},
			{"DELETE FROM river_job WHERE state IN ('cancelled', 'discarded') AND finalized_at < ?", []any{now.Add(-deadFor).Format(stamp)}},
		} {
			if _, err := tx.Exec(ctx, s.sql, s.args...); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = q.promote(ctx)
	}
	if err == nil {
		m.client, err = q.client()
	}
	if err == nil {
		err = m.client.Start(context.WithoutCancel(ctx))
	}
	if err != nil {
		m.client = nil
		m.unlock()
		return false, err
	}
	m.idle = time.Now()
	return true, nil
}

// promote lets River see the jobs whose time has come again.
func (q *Queue) promote(ctx context.Context) error {
	_, err := q.db.Exec(ctx, "UPDATE river_job SET state = 'available' WHERE state IN ('retryable', 'scheduled') AND scheduled_at <= ?", time.Now().UTC().Format(stamp))
	return err
}

// tend looks after the work, and ends it when it is done.
func (m *minder) tend(ctx context.Context) time.Duration {
	err := m.queue.promote(ctx)
	if err == nil {
		err = m.queue.abortRunning(ctx)
	}
	if err == nil {
		m.due, err = m.queue.due(ctx)
	}
	m.complain(ctx, err)
	now := time.Now()
	if err != nil || !m.due.IsZero() && m.due.Before(now.Add(linger)) {
		m.idle = now
	}
	if now.Sub(m.idle) > linger {
		m.end()
	}
	return pollInterval
}

// end ends the work. What is under way gets a few seconds, then it is given back.
func (m *minder) end() {
	if m.client == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), hardStop)
	defer cancel()
	if err := m.client.Stop(ctx); err != nil {
		m.queue.log.Error("a job does not end", "reason", err)
	}
	m.client = nil
	m.unlock()
}

func (m *minder) unlock() {
	if m.queue.lock == nil {
		return
	}
	if err := m.queue.lock.Unlock(); err != nil {
		m.queue.log.Error("the queue could not be unlocked", "reason", err)
	}
}

// complain logs each failure once.
func (m *minder) complain(ctx context.Context, err error) {
	text := ""
	if err != nil && ctx.Err() == nil {
		text = err.Error()
	}
	if text != "" && text != m.failure {
		m.queue.log.Error("the queue cannot be worked", "reason", text)
	}
	m.failure = text
}

// due is when the next job is due: the zero time where there is none, in the past for
// one that is worked, or was when its process was killed.
func (q *Queue) due(ctx context.Context) (time.Time, error) {
	if len(q.kinds) == 0 {
		return time.Time{}, nil
	}
	args := make([]any, len(q.kinds))
	for i, k := range q.kinds {
		args[i] = k.Name
	}
	row, err := q.db.QueryRow(ctx, `SELECT min(CASE state WHEN 'running' THEN '1970-01-01 00:00:00' ELSE scheduled_at END) FROM river_job
		WHERE state IN ('available', 'retryable', 'running', 'scheduled') AND kind IN (?`+strings.Repeat(", ?", len(args)-1)+")", args...)
	if err != nil {
		return time.Time{}, err
	}
	text := ""
	if err := row.Scan(&text); err != nil || text == "" {
		return time.Time{}, err
	}
	return time.Parse(time.DateTime, text)
}

// Settle waits until nothing is due, another process works the queue, or the context ends.
func (q *Queue) Settle(ctx context.Context) error {
	q.wake()
	for {
		due, err := q.due(ctx)
		if err != nil || due.IsZero() || due.After(time.Now()) || q.elsewhere.Load() {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pollInterval / 4):
		}
	}
}
