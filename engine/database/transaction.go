package database

import (
	"context"
	"strconv"
	"sync"
)

// Tx is a transaction. It holds the writer from Begin until Commit or Rollback,
// so nothing else writes meanwhile; call one of the two. A statement that fails
// leaves the transaction as it was before it, unless the database undid the
// whole transaction (an interrupt, a full disk, a trigger's ROLLBACK): then
// every later call fails with ErrEnded.
type Tx struct {
	db    *DB
	mu    sync.Mutex // a chain runs one step at a time, but memory safety must not hang on that
	ended bool
	lost  bool
	depth int // of savepoints
	after []after
	undo  []func()
}

// after is something to be done after the commit.
type after struct {
	do func()
	// first says that it is done before the writer is free.
	first bool
}

// Begin starts a transaction. It waits for the writer as long as ctx lasts, at
// most five seconds; then it fails with ErrBusy. ctx is not kept.
func (db *DB) Begin(ctx context.Context) (*Tx, error) {
	if err := db.writer.acquire(ctx); err != nil {
		return nil, err
	}
	if err := db.writer.connection.control("BEGIN IMMEDIATE"); err != nil {
		db.writer.release()
		return nil, err
	}
	return &Tx{db: db}, nil
}

// Write runs f in a transaction that is committed when f returns nil, and
// rolled back when it fails or panics.
func (db *DB) Write(ctx context.Context, f func(tx *Tx) error) error {
	tx, err := db.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// Database is the name of the transaction's database in cloudlet.yaml.
func (tx *Tx) Database() string { return tx.db.name }

// with runs f on the transaction's connection.
func (tx *Tx) with(ctx context.Context, f func(*connection) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if tx.ended || tx.lost {
		return ErrEnded
	}
	err := f(tx.db.writer.connection)
	if err != nil && !tx.db.writer.connection.inTransaction() {
		tx.lost = true
	}
	return err
}

// AfterCommit has f run once the transaction has committed, when the writer is free
// again. It does not run where the transaction, or the savepoint that it was asked for
// in, is rolled back.
func (tx *Tx) AfterCommit(f func()) {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	tx.after = append(tx.after, after{do: f})
}

// OnCommit is AfterCommit ahead of every other transaction: what it does is in the order
// of the commits. The writer waits for f, which must be quick and use no database.
func (tx *Tx) OnCommit(f func()) {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	tx.after = append(tx.after, after{do: f, first: true})
}

// OnRollback has f run where the transaction, or the savepoint that it was asked for in, is
// rolled back, or the commit fails: it takes back what was done beside the database. What was
// asked for last is done first.
func (tx *Tx) OnRollback(f func()) {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	tx.undo = append(tx.undo, f)
}

// takeBack runs what waits for a rollback, down to the first n.
func (tx *Tx) takeBack(n int) {
	tx.mu.Lock()
	list := tx.undo[n:]
	tx.undo = tx.undo[:n:n]
	tx.mu.Unlock()
	for i := len(list) - 1; i >= 0; i-- {
		list[i]()
	}
}

// Commit makes everything since Begin lasting. When it fails nothing is.
func (tx *Tx) Commit() error {
	if err := tx.commit(); err != nil {
		tx.takeBack(0)
		return err
	}
	tx.undo = nil
	for _, f := range tx.after {
		if !f.first {
			f.do()
		}
	}
	return nil
}

func (tx *Tx) commit() error {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if tx.ended {
		return ErrEnded
	}
	defer tx.end()
	if tx.lost {
		return ErrEnded
	}
	c := tx.db.writer.connection
	err := c.control("COMMIT")
	if err != nil && c.inTransaction() {
		_ = c.control("ROLLBACK") // only fails where there is nothing left to undo
	}
	if err != nil {
		return err
	}
	for _, f := range tx.after {
		if f.first {
			f.do()
		}
	}
	return nil
}

// Rollback undoes everything since Begin. After Commit it does nothing, so it may be deferred.
func (tx *Tx) Rollback() error {
	defer tx.takeBack(0)
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if tx.ended {
		return nil
	}
	defer tx.end()
	if c := tx.db.writer.connection; c.inTransaction() {
		return c.control("ROLLBACK")
	}
	return nil
}

func (tx *Tx) end() {
	tx.ended = true
	tx.db.writer.release()
}

// Savepoint is a transaction inside a transaction.
type Savepoint struct {
	tx    *Tx
	depth int
	after int // how many functions waited for the commit at its start
	undo  int // and how many for the rollback
}

// Savepoint starts a transaction inside tx, which may be nested. Statements go on
// taking tx. End savepoints in the reverse order of their start.
func (tx *Tx) Savepoint() (*Savepoint, error) {
	err := tx.with(context.Background(), func(c *connection) error {
		return c.control("SAVEPOINT s" + strconv.Itoa(tx.depth+1))
	})
	if err != nil {
		return nil, err
	}
	tx.depth++
	return &Savepoint{tx, tx.depth, len(tx.after), len(tx.undo)}, nil
}

// Commit keeps what was done since the savepoint, as far as the transaction around it is kept.
func (s *Savepoint) Commit() error { return s.end("RELEASE s") }

// Rollback undoes what was done since the savepoint. After Commit it does nothing.
func (s *Savepoint) Rollback() error {
	if s.tx.depth < s.depth {
		return nil
	}
	return s.end("ROLLBACK TO s")
}

func (s *Savepoint) end(sql string) error {
	if s.tx.depth < s.depth {
		return ErrEnded
	}
	name := strconv.Itoa(s.depth)
	s.tx.depth = s.depth - 1 // those inside end with it
	if sql != "RELEASE s" {
		defer s.tx.takeBack(s.undo)
	}
	return s.tx.with(context.Background(), func(c *connection) error {
		if err := c.control(sql + name); err != nil {
			return err
		}
		if sql == "RELEASE s" {
			return nil
		}
		s.tx.after = s.tx.after[:s.after]
		return c.control("RELEASE s" + name)
	})
}
