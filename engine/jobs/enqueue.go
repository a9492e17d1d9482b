package jobs

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"time"

	"cloudlet/engine/database"

	"github.com/riverqueue/river"
)

// New is a job to be enqueued.
type New struct {
	Kind     *Kind
	Args     json.RawMessage // an object, sealed by whoever has something to hide
	Metadata json.RawMessage // an object to be listed; nil for none
	// Delay is how long the job waits before its first attempt at least, from when it is
	// enqueued; 0 or less: not at all.
	Delay    time.Duration
	Attempts int // how often it is tried; 0: as its kind says
	// Unique, where it is not "", is a key: while a job of the kind with that key waits or
	// is worked no second one is enqueued. Only a digest of it is stored.
	Unique string
}

// Enqueue puts a job into the queue: in the transaction tx of the queue's database, or
// in one of its own where tx is nil. It is worked once that is committed. The id is that of
// the job that is there already where Unique says that there shall be no second.
func (q *Queue) Enqueue(ctx context.Context, tx *database.Tx, n New) (id int64, err error) {
	if tx == nil {
		err = q.db.Write(ctx, func(tx *database.Tx) error {
			id, err = q.Enqueue(ctx, tx, n)
			return err
		})
		return id, err
	}
	key := n.key()
	if key != nil {
		// Whoever enqueues holds the write lock, so that nobody can come between.
		if id, err = same(ctx, tx, n.Kind.Name, key); err != nil || id != 0 {
			return id, err
		}
	}
	o := &river.InsertOpts{Queue: n.Kind.Name, MaxAttempts: n.Kind.Attempts, Metadata: n.Metadata}
	if n.Attempts > 0 {
		o.MaxAttempts = n.Attempts
	}
	if n.Delay > 0 {
		o.ScheduledAt = time.Now().Add(n.Delay)
	}
	err = tx.SQL(ctx, func(inner *database.SQLTx) error {
		r, err := q.inserter.InsertTx(ctx, inner, payload{n.Kind.Name, n.Args}, o)
		if err == nil {
			id = r.Job.ID
		}
		return err
	})
	if err == nil && key != nil {
		_, err = tx.Exec(ctx, "UPDATE river_job SET unique_key = ? WHERE id = ?", key, int(id))
	}
	if err == nil {
		tx.AfterCommit(q.wake)
	}
	return id, err
}

// key is what is stored of Unique; nil: nothing.
func (n New) key() []byte {
	if n.Unique == "" {
		return nil
	}
	sum := sha256.Sum256([]byte(n.Unique))
	return sum[:]
}

// same is the job of a kind that has a key and is neither done nor given up; 0: there is none.
func same(ctx context.Context, tx *database.Tx, kind string, key []byte) (id int64, err error) {
	row, err := tx.QueryRow(ctx, `SELECT id FROM river_job WHERE kind = ? AND unique_key = ?
		AND state IN ('available', 'retryable', 'running', 'scheduled') ORDER BY id LIMIT 1`, kind, key)
	if err != nil || row == nil {
		return 0, err
	}
	return id, row.Scan(&id)
}
