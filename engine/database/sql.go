package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// Names of database/sql for the packages that may not import it.
type (
	// SQLDB is a database as libraries want it.
	SQLDB = sql.DB
	// SQLTx is a transaction as libraries want it.
	SQLTx = sql.Tx
)

// SQL is a face of the database for libraries that work on a *sql.DB. All that they
// do goes through the one writer: single statements wait for it as Exec does, and a
// transaction has it from its start to its end. Close the face; the database stays open.
func (db *DB) SQL() *SQLDB {
	face := sql.OpenDB(connector{db: db})
	face.SetMaxOpenConns(1)
	return face
}

// SQL runs f with a face of the transaction for libraries that work on a *sql.Tx.
// What they commit or roll back there is left to the transaction's own end.
func (tx *Tx) SQL(ctx context.Context, f func(*SQLTx) error) error {
	face := sql.OpenDB(connector{db: tx.db, tx: tx})
	defer face.Close()
	inner, err := face.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer inner.Rollback() // gives its goroutine back; nothing is undone
	return f(inner)
}

// connector makes the face's connections. They are no connections of the database,
// only ways to its writer.
type connector struct {
	db *DB
	tx *Tx // nil: it makes its own
}

// Connect makes one.
func (c connector) Connect(context.Context) (driver.Conn, error) {
	return &faceConn{db: c.db, tx: c.tx, borrowed: c.tx != nil}, nil
}

// Driver cannot open anything by a name.
func (c connector) Driver() driver.Driver { return faceDriver{} }

type faceDriver struct{}

func (faceDriver) Open(string) (driver.Conn, error) {
	return nil, errors.New("the database is opened already")
}

// faceConn is one connection of the face. database/sql uses it from one goroutine at a time.
type faceConn struct {
	db       *DB
	tx       *Tx  // that runs; nil: none
	borrowed bool // tx is another's, who ends it
}

// run runs f on the writer, in the transaction that runs or alone. Alone it may run
// again (see writer), so f begins anew each time.
func (c *faceConn) run(ctx context.Context, query string, f func(*connection) error) error {
	if word := controls(query, c.tx != nil); word != "" {
		return ErrFailed.CausedBy(fmt.Errorf("%s is refused here", word))
	}
	if c.tx != nil {
		return c.tx.with(ctx, f)
	}
	return c.db.writer.write(ctx, f)
}

// controls is the first word of a statement that would begin or end a transaction
// behind the writer's back, or "". Savepoints are welcome inside of one.
func controls(query string, inside bool) string {
	code := significant(Lex(query))
	switch {
	case len(code) == 0:
		return ""
	case isAny(query, code[0], "begin", "commit", "end", "attach", "detach", "vacuum", "pragma"):
	case isAny(query, code[0], "savepoint", "release") && !inside:
	case is(query, code[0], "rollback") && !(inside && slices.ContainsFunc(code, func(t Token) bool { return is(query, t, "to") })):
	default:
		return ""
	}
	return query[code[0].From:code[0].To]
}

// ExecContext runs a statement for its effect.
func (c *faceConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	var r faceResult
	err := c.run(ctx, query, func(conn *connection) error {
		affected, last, err := conn.executeValues(ctx, query, asText(args))
		r = faceResult{int64(affected), int64(last)}
		return err
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// QueryContext runs a statement and reads all its rows, so that the writer is free
// again when it returns.
func (c *faceConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	var rows *faceRows
	err := c.run(ctx, query, func(conn *connection) (err error) {
		rows, err = conn.readAll(ctx, query, asText(args), c.db.limit)
		return err
	})
	if err != nil {
		return nil, err
	}
	return rows, nil
}

// readAll runs a statement to its end and keeps its rows, at most limit bytes.
func (c *connection) readAll(ctx context.Context, query string, args []driver.NamedValue, limit int) (*faceRows, error) {
	s, err := c.prepare(query)
	if err != nil {
		return nil, translated(ctx, err)
	}
	c.interrupts.begin(ctx)
	defer c.interrupts.end()
	theirs, err := s.QueryContext(context.Background(), args)
	if err != nil {
		return nil, translated(ctx, err)
	}
	rows := &faceRows{columns: theirs.Columns()}
	size := 0
	err = c.finish(theirs, true, func(_ []string, row []driver.Value) (bool, error) {
		for _, v := range row {
			size += weight(v)
		}
		if size > limit {
			return false, ErrResultTooLarge
		}
		rows.rows = append(rows.rows, slices.Clone(row))
		return true, nil
	})
	return rows, translated(ctx, err)
}

// asText writes times as all our statements do.
func asText(args []driver.NamedValue) []driver.NamedValue {
	for i, a := range args {
		if t, ok := a.Value.(time.Time); ok {
			args[i].Value = t.UTC().Format(time.RFC3339Nano)
		}
	}
	return args
}

// BeginTx starts a transaction as DB.Begin does; a borrowed one runs already.
func (c *faceConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	switch {
	case o.ReadOnly || o.Isolation != driver.IsolationLevel(sql.LevelDefault) && o.Isolation != driver.IsolationLevel(sql.LevelSerializable):
		return nil, ErrFailed.CausedBy(errors.New("there are only serializable transactions that may write"))
	case c.borrowed:
		return faceTx{c}, nil
	case c.tx != nil:
		return nil, ErrFailed.CausedBy(errors.New("a transaction runs already"))
	}
	tx, err := c.db.Begin(ctx)
	if err != nil {
		return nil, err
	}
	c.tx = tx
	return faceTx{c}, nil
}

// Begin is BeginTx of old.
func (c *faceConn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

// Prepare keeps the text alone: the writer's connection keeps what is prepared.
func (c *faceConn) Prepare(query string) (driver.Stmt, error) { return &faceStatement{c, query}, nil }

// Close ends a transaction that was left open.
func (c *faceConn) Close() error {
	if c.tx == nil || c.borrowed {
		return nil
	}
	return faceTx{c}.Rollback()
}

// faceTx ends the transaction of its connection, unless that is borrowed.
type faceTx struct{ c *faceConn }

// Commit commits.
func (t faceTx) Commit() error { return t.end((*Tx).Commit) }

// Rollback rolls back.
func (t faceTx) Rollback() error { return t.end((*Tx).Rollback) }

func (t faceTx) end(how func(*Tx) error) error {
	if t.c.borrowed {
		return nil
	}
	tx := t.c.tx
	t.c.tx = nil
	return how(tx)
}

// faceStatement is a statement's text.
type faceStatement struct {
	c     *faceConn
	query string
}

// Close has nothing to close.
func (*faceStatement) Close() error { return nil }

// NumInput says that only the database knows.
func (*faceStatement) NumInput() int { return -1 }

// Exec is ExecContext of old.
func (s *faceStatement) Exec(args []driver.Value) (driver.Result, error) {
	return s.c.ExecContext(context.Background(), s.query, ordered(args))
}

// Query is QueryContext of old.
func (s *faceStatement) Query(args []driver.Value) (driver.Rows, error) {
	return s.c.QueryContext(context.Background(), s.query, ordered(args))
}

// ExecContext runs it for its effect.
func (s *faceStatement) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return s.c.ExecContext(ctx, s.query, args)
}

// QueryContext runs it for its rows.
func (s *faceStatement) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.c.QueryContext(ctx, s.query, args)
}

func ordered(args []driver.Value) []driver.NamedValue {
	list := make([]driver.NamedValue, len(args))
	for i, v := range args {
		list[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return list
}

// faceResult is what a statement did.
type faceResult struct{ affected, last int64 }

// LastInsertId is SQLite's rowid of the last INSERT.
func (r faceResult) LastInsertId() (int64, error) { return r.last, nil }

// RowsAffected counts what was changed.
func (r faceResult) RowsAffected() (int64, error) { return r.affected, nil }

// faceRows are rows that were read.
type faceRows struct {
	columns []string
	rows    [][]driver.Value
}

// Columns are their names.
func (r *faceRows) Columns() []string { return r.columns }

// Close drops the rest.
func (r *faceRows) Close() error { r.rows = nil; return nil }

// Next gives the next one.
func (r *faceRows) Next(dest []driver.Value) error {
	if len(r.rows) == 0 {
		return io.EOF
	}
	copy(dest, r.rows[0])
	r.rows = r.rows[1:]
	return nil
}
