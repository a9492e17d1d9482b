package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
	"time"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

const (
	readers = 4
	// wait is how long a statement waits for a connection before the database counts as busy.
	wait = 5 * time.Second
	// resultLimit bounds the memory of one result, in bytes.
	resultLimit = 64 << 20
)

// Config says which database to open.
type Config struct {
	// Name is the database's name in cloudlet.yaml, "main" for the first. Backups carry it.
	Name string
	// URL is sqlite:FILE or sqlite::memory:, which is a private database that lives until Close.
	URL string
	// Dir is the app's folder. A relative FILE starts there and may not leave it.
	Dir string
	// Clock, where it is not nil, is what SQL's own functions take for the present, as
	// CURRENT_TIMESTAMP does: for tests, and for a database in memory alone.
	Clock func() time.Time
}

// DB is an open database. It is safe for use by several goroutines at once.
type DB struct {
	name   string
	file   string // "": in memory
	writer writer
	// readers hold the idle connections that only read. In memory there are
	// none: a second connection to the same memory would wait for the first's
	// locks without a write-ahead log, so all statements take turns on one.
	readers chan *connection
	opened  int // how many readers there are
	limit   int // bytes of one result

	clock   *clock // nil: the machine's
	closing sync.Once
	closed  chan struct{}

	versions  sync.Mutex
	versioner *connection // nil until DataVersion is asked
}

// Open opens a database. It makes the file, readable by its owner alone, and
// its folder where they are missing. Close it.
func Open(ctx context.Context, c Config) (*DB, error) {
	file, err := locate(c)
	if err != nil {
		return nil, err
	}
	if file != "" {
		if err := makeFile(file); err != nil {
			return nil, err
		}
	}
	db := &DB{name: c.Name, file: file, limit: resultLimit, closed: make(chan struct{}), readers: make(chan *connection, readers)}
	if c.Clock != nil && file == "" {
		db.writer.connection, db.clock, err = dialClock(ctx, c.Clock)
	} else {
		db.writer.connection, err = dial(ctx, file, writing)
	}
	if err != nil {
		return nil, unopened(c.Name, err)
	}
	if db.writer.connection.readOnly() {
		return nil, errors.Join(unopened(c.Name, errReadOnly), db.Close())
	}
	for range readers {
		if file == "" {
			break
		}
		r, err := dial(ctx, file, reading)
		if err != nil {
			return nil, errors.Join(unopened(c.Name, err), db.Close())
		}
		db.readers <- r
		db.opened++
	}
	return db, nil
}

var errReadOnly = errors.New("its file, or the folder around it, may not be written")

// unopened is why a database could not be opened.
func unopened(name string, err error) error {
	var theirs *sqlite.Error
	if errors.As(err, &theirs) && theirs.Code()&0xff == lib.SQLITE_READONLY {
		err = errReadOnly
	}
	return fmt.Errorf("open database %q: %w", name, err)
}

// Name is the database's name in cloudlet.yaml.
func (db *DB) Name() string { return db.name }

// File is the absolute path of the database's file, "" for one in memory.
func (db *DB) File() string { return db.file }

// Close waits for the statements and transactions that are running, however
// long they take, and closes. What comes later fails with ErrClosed.
func (db *DB) Close() error {
	var errs []error
	db.closing.Do(func() {
		close(db.closed)
		db.writer.drain()
		for range db.opened {
			errs = append(errs, (<-db.readers).close())
		}
		db.versions.Lock()
		defer db.versions.Unlock()
		if db.versioner != nil {
			errs = append(errs, db.versioner.close())
		}
		errs = append(errs, db.writer.connection.close())
		if db.clock != nil {
			errs = append(errs, db.clock.close())
		}
	})
	return errors.Join(errs...)
}

// acquire lends an idle reader; release gives it back.
func (db *DB) acquire(ctx context.Context) (*connection, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case c := <-db.readers:
		return c, nil
	default:
	}
	patience := time.NewTimer(wait)
	defer patience.Stop()
	select {
	case c := <-db.readers:
		return c, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-db.closed:
		return nil, ErrClosed
	case <-patience.C:
		return nil, ErrBusy
	}
}

func (db *DB) release(c *connection) { db.readers <- c }

// read runs f on a reader; in memory on the only connection there is.
func (db *DB) read(ctx context.Context, f func(*connection) error) error {
	if db.file == "" {
		if err := db.writer.acquire(ctx); err != nil {
			return err
		}
		defer db.writer.release()
		return f(db.writer.connection)
	}
	c, err := db.acquire(ctx)
	if err != nil {
		return err
	}
	defer db.release(c)
	return f(c)
}

// DataVersion is a number that changes when this or another process commits to
// the database's file. It says nothing but "the same" or "another", and is
// always 0 in memory. See https://www.sqlite.org/pragma.html#pragma_data_version.
func (db *DB) DataVersion(ctx context.Context) (int64, error) {
	if db.file == "" {
		return 0, ctx.Err()
	}
	db.versions.Lock()
	defer db.versions.Unlock()
	select {
	case <-db.closed:
		return 0, ErrClosed
	default:
	}
	if db.versioner == nil { // the numbers of two connections do not compare, so it has its own
		c, err := dial(ctx, db.file, reading)
		if err != nil {
			return 0, translated(ctx, err)
		}
		db.versioner = c
	}
	var version int64
	err := db.versioner.query(ctx, "PRAGMA data_version", nil, false, func(_ []string, row []driver.Value) (bool, error) {
		version, _ = row[0].(int64)
		return false, nil
	})
	return version, err
}
