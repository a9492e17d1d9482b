package database

import (
	"context"
	"database/sql/driver"
	"fmt"

	"cloudlet/engine/language/schema"
)

// Column is one column of a statement's rows.
type Column struct {
	Name string
	Type *schema.Type
	// Encoded marks a column declared JSON: its texts are decoded, those of
	// other columns of type json are texts.
	Encoded bool
}

// Description is what Scratch.Describe knows of a statement.
type Description struct {
	SQL        string
	Parameters int      // the number of ? in SQL
	Columns    []Column // of its rows; empty where it has none
	Writes     bool
}

// Statement is a statement to be run. It is safe for use by several goroutines at once.
type Statement struct {
	db    *DB
	of    *Description
	shape *schema.Shape
	keys  []string // what stands before each value in JSON: `{"id":`, `,"title":`
	// further columns stand behind those that are described.
	further int
}

// Prepare makes a statement of what Describe described. It costs little: each
// connection prepares the SQL when it first runs it.
func (db *DB) Prepare(d *Description) *Statement {
	s := &Statement{db: db, of: d}
	names := make([]string, len(d.Columns))
	for i, c := range d.Columns {
		names[i] = c.Name
		key := []byte(",")
		if i == 0 {
			key = []byte("{")
		}
		s.keys = append(s.keys, string(append(schema.AppendJSON(key, c.Name), ':')))
	}
	s.shape = schema.NewShape(names...)
	return s
}

// Description is what the statement was prepared from; not to be changed.
func (s *Statement) Description() *Description { return s.of }

// Shape is shared by all rows that the statement gives.
func (s *Statement) Shape() *schema.Shape { return s.shape }

// Vary is another statement that gives the same columns, which the caller answers for,
// and behind them further ones that only List sees. It costs two allocations.
func (s *Statement) Vary(sql string, further int) *Statement {
	of := *s.of
	of.SQL = sql
	return &Statement{db: s.db, of: &of, shape: s.shape, keys: s.keys, further: further}
}

// Rows runs the statement and gives its rows, each a *schema.Object of Shape.
// With a nil tx it is on its own: one that writes is committed when Rows returns.
// It fails with a *failure.Error or with ctx's error, and with ErrResultTooLarge past 64 MiB.
func (s *Statement) Rows(ctx context.Context, tx *Tx, args []any) ([]any, error) {
	rows := []any{}
	size := 0
	err := s.run(ctx, tx, args, func(restart bool, row []driver.Value) (bool, error) {
		if restart {
			rows, size = []any{}, 0
			return true, nil
		}
		for _, v := range row {
			size += weight(v)
		}
		if size += 64; size > s.db.limit {
			return false, ErrResultTooLarge
		}
		o, err := s.object(row)
		rows = append(rows, o)
		return true, err
	})
	if err != nil {
		return nil, err
	}
	return rows, nil
}

// One is Rows for the first row alone, nil where there is none.
func (s *Statement) One(ctx context.Context, tx *Tx, args []any) (*schema.Object, error) {
	var first *schema.Object
	err := s.run(ctx, tx, args, func(restart bool, row []driver.Value) (bool, error) {
		if first = nil; restart {
			return true, nil
		}
		var err error
		first, err = s.object(row)
		return false, err
	})
	if err != nil {
		return nil, err
	}
	return first, nil
}

// Value is the first column of the first row, nil where there is none.
func (s *Statement) Value(ctx context.Context, tx *Tx, args []any) (any, error) {
	var first any
	err := s.run(ctx, tx, args, func(restart bool, row []driver.Value) (bool, error) {
		if first = nil; restart || len(row) == 0 {
			return true, nil
		}
		var err error
		first, err = s.of.Columns[0].value(row[0])
		return false, err
	})
	if err != nil {
		return nil, err
	}
	return first, nil
}

// AppendRows is Rows as the text of a JSON array, appended to dst. When it fails
// dst comes back as it was.
func (s *Statement) AppendRows(ctx context.Context, tx *Tx, dst []byte, args []any) ([]byte, error) {
	start := len(dst)
	dst = append(dst, '[')
	err := s.run(ctx, tx, args, func(restart bool, row []driver.Value) (bool, error) {
		if restart {
			dst = append(dst[:start], '[')
			return true, nil
		}
		if len(dst) > start+1 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = s.appendRow(dst, row); err == nil && len(dst)-start > s.db.limit {
			err = ErrResultTooLarge
		}
		return true, err
	})
	if err != nil {
		return dst[:start], err
	}
	return append(dst, ']'), nil
}

// AppendOne is One as JSON, appended to dst; false and nothing where there is no row.
func (s *Statement) AppendOne(ctx context.Context, tx *Tx, dst []byte, args []any) ([]byte, bool, error) {
	start := len(dst)
	err := s.run(ctx, tx, args, func(restart bool, row []driver.Value) (bool, error) {
		if dst = dst[:start]; restart {
			return true, nil
		}
		var err error
		dst, err = s.appendRow(dst, row)
		return false, err
	})
	if err != nil {
		return dst[:start], false, err
	}
	return dst, len(dst) > start, nil
}

// Execute runs the statement for its effect. lastInsertID is SQLite's rowid of
// the row inserted last by this connection, which means something after an INSERT only.
func (s *Statement) Execute(ctx context.Context, tx *Tx, args []any) (rowsAffected, lastInsertID int, err error) {
	err = s.on(ctx, tx, func(c *connection) error {
		var err error
		rowsAffected, lastInsertID, err = c.execute(ctx, s.of.SQL, args)
		return err
	})
	if err != nil {
		return 0, 0, err
	}
	if !s.of.Writes {
		return 0, 0, nil // SQLite would tell of the statement before
	}
	return rowsAffected, lastInsertID, nil
}

// on runs f where the statement belongs: in its transaction, on the writer or on a reader.
func (s *Statement) on(ctx context.Context, tx *Tx, f func(*connection) error) error {
	switch {
	case tx != nil:
		return tx.with(ctx, f)
	case s.of.Writes:
		return s.db.writer.write(ctx, f)
	default:
		return s.db.read(ctx, f)
	}
}

// run hands visit each row. A statement that shares a commit may run again, so
// visit is told first, without a row, to start anew.
func (s *Statement) run(ctx context.Context, tx *Tx, args []any, visit func(restart bool, row []driver.Value) (bool, error)) error {
	return s.on(ctx, tx, func(c *connection) error {
		if _, err := visit(true, nil); err != nil {
			return err
		}
		return c.query(ctx, s.of.SQL, args, s.of.Writes, func(columns []string, row []driver.Value) (bool, error) {
			if len(columns) != len(s.of.Columns)+s.further {
				// The schema changed under SELECT * and this statement is of before.
				return false, ErrUnexpectedType.CausedBy(fmt.Errorf("the statement gives %d columns, expected %d", len(columns), len(s.of.Columns)+s.further))
			}
			return visit(false, row)
		})
	})
}

func (s *Statement) object(row []driver.Value) (*schema.Object, error) {
	values := make([]any, len(s.of.Columns))
	for i := range values {
		var err error
		if values[i], err = s.of.Columns[i].value(row[i]); err != nil {
			return nil, err
		}
	}
	return s.shape.New(values), nil
}

func (s *Statement) appendRow(dst []byte, row []driver.Value) ([]byte, error) {
	if len(s.of.Columns) == 0 {
		return append(dst, "{}"...), nil
	}
	var err error
	for i, v := range row[:len(s.of.Columns)] {
		dst = append(dst, s.keys[i]...)
		if dst, err = s.of.Columns[i].append(dst, v); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}
