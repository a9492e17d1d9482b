package identity

import (
	"context"
	"errors"
	"time"

	"cloudlet/engine/database"
)

// watchInterval is how often the changes of other processes are looked for. They
// hold within a second.
const watchInterval = 250 * time.Millisecond

// watcher notices what other processes, the command line above all, change in
// the users, the roles and the secret.
type watcher struct {
	service *Service
	version int64  // of the database's data
	changes int    // of the users and roles
	failure string // logged last
}

// start takes the present state as known.
func (w *watcher) start(ctx context.Context) (err error) {
	if w.version, err = w.service.db.DataVersion(ctx); err != nil {
		return err
	}
	w.changes, err = countChanges(ctx, w.service.db)
	return err
}

func (w *watcher) run(ctx context.Context) {
	ticks := time.NewTicker(watchInterval)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
			w.look(ctx)
		}
	}
}

// look compares. The database's version changes with every write of the app; only
// then is the number of our own changes asked for.
func (w *watcher) look(ctx context.Context) {
	_, err := w.service.keys.Reload()
	if e := w.lookAtUsers(ctx); e != nil {
		// Better to ask the database for every ticket than to trust an old answer.
		w.service.epoch.Add(1)
		err = errors.Join(err, e)
	}
	w.complain(ctx, err)
}

func (w *watcher) lookAtUsers(ctx context.Context) error {
	version, err := w.service.db.DataVersion(ctx)
	if err != nil || version == w.version {
		return err
	}
	changes, err := countChanges(ctx, w.service.db)
	if err != nil {
		return err
	}
	if changes != w.changes {
		w.service.epoch.Add(1)
	}
	w.version, w.changes = version, changes
	return nil
}

// complain logs each failure once, not four times a second.
func (w *watcher) complain(ctx context.Context, err error) {
	text := ""
	if err != nil && ctx.Err() == nil {
		text = err.Error()
	}
	if text != "" && text != w.failure {
		w.service.log.Error("the users or the secret could not be read again", "error", text)
	}
	w.failure = text
}

func countChanges(ctx context.Context, q querier) (int, error) {
	return count(ctx, q, "SELECT changes FROM cloudlet_identity")
}

// querier reads, inside a transaction or not.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) ([]database.Row, error)
	QueryRow(ctx context.Context, sql string, args ...any) (database.Row, error)
}
