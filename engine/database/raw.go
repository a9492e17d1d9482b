package database

import (
	"context"
	"database/sql/driver"
	"fmt"
	"time"
)

// Row is one row as a service reads it: int, float64, string, []byte, time.Time
// (columns declared DATE, DATETIME or TIMESTAMP) or nil.
type Row []any

// Scan copies the columns into pointers to int, int64, float64, string, bool,
// []byte, time.Time or any, in order; null becomes the zero value. It fails where
// the number or a type does not fit.
func (r Row) Scan(dest ...any) error {
	if len(dest) != len(r) {
		return ErrFailed.CausedBy(fmt.Errorf("a row of %d columns was scanned into %d variables", len(r), len(dest)))
	}
	for i, d := range dest {
		if !scan(d, r[i]) {
			return ErrUnexpectedType.CausedBy(fmt.Errorf("column %d holds a %T, scanned into a %T", i+1, r[i], d))
		}
	}
	return nil
}

func scan(dest, v any) bool {
	switch d := dest.(type) {
	case *any:
		*d = v
		return true
	case *int:
		return assign(d, v)
	case *int64:
		n, ok := v.(int)
		*d = int64(n)
		return ok || v == nil
	case *float64:
		if n, ok := v.(int); ok {
			v = float64(n)
		}
		return assign(d, v)
	case *string:
		return assign(d, v)
	case *[]byte:
		return assign(d, v)
	case *time.Time:
		return assign(d, v)
	case *bool:
		n, ok := v.(int)
		*d = n != 0
		return v == nil || ok && (n == 0 || n == 1)
	}
	return false
}

func assign[T any](dest *T, v any) bool {
	x, ok := v.(T)
	*dest = x
	return ok || v == nil
}

// Result says what a statement did.
type Result struct {
	RowsAffected int
	LastInsertID int // SQLite's rowid; of the last INSERT
}

// Query runs a statement of the engine's own that only reads, with a ? for each
// of args, and gives all rows. A context's end interrupts it.
func (db *DB) Query(ctx context.Context, sql string, args ...any) (rows []Row, err error) {
	err = db.read(ctx, func(c *connection) error {
		rows, err = c.rows(ctx, sql, args, db.limit, false)
		return err
	})
	return rows, err
}

// QueryRow is Query for the first row, nil where there is none.
func (db *DB) QueryRow(ctx context.Context, sql string, args ...any) (Row, error) {
	rows, err := db.Query(ctx, sql, args...)
	return firstOf(rows), err
}

// Exec runs a statement of the engine's own that writes, and returns when it is committed.
func (db *DB) Exec(ctx context.Context, sql string, args ...any) (r Result, err error) {
	err = db.writer.write(ctx, func(c *connection) error {
		r.RowsAffected, r.LastInsertID, err = c.execute(ctx, sql, args)
		return err
	})
	return r, err
}

// Query is DB.Query inside the transaction; here the statement may write (RETURNING).
func (tx *Tx) Query(ctx context.Context, sql string, args ...any) (rows []Row, err error) {
	err = tx.with(ctx, func(c *connection) error {
		rows, err = c.rows(ctx, sql, args, tx.db.limit, true)
		return err
	})
	return rows, err
}

// QueryRow is Query for the first row, nil where there is none.
func (tx *Tx) QueryRow(ctx context.Context, sql string, args ...any) (Row, error) {
	rows, err := tx.Query(ctx, sql, args...)
	return firstOf(rows), err
}

// Exec is DB.Exec inside the transaction.
func (tx *Tx) Exec(ctx context.Context, sql string, args ...any) (r Result, err error) {
	err = tx.with(ctx, func(c *connection) error {
		r.RowsAffected, r.LastInsertID, err = c.execute(ctx, sql, args)
		return err
	})
	return r, err
}

func firstOf(rows []Row) Row {
	if len(rows) == 0 {
		return nil
	}
	return rows[0]
}

// rows reads all rows of a statement, at most limit bytes.
func (c *connection) rows(ctx context.Context, sql string, args []any, limit int, drain bool) ([]Row, error) {
	var rows []Row
	size := 0
	err := c.query(ctx, sql, args, drain, func(_ []string, row []driver.Value) (bool, error) {
		r := make(Row, len(row))
		for i, v := range row {
			if size += weight(v); size > limit {
				return false, ErrResultTooLarge
			}
			if n, ok := v.(int64); ok {
				v = int(n)
			}
			r[i] = v
		}
		rows = append(rows, r)
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	return rows, nil
}
