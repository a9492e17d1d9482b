package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// statementsKept is how many prepared statements a connection holds.
const statementsKept = 256

// LongestPattern is how many bytes a pattern of LIKE or GLOB may have.
const LongestPattern = 1000

// connection is one connection of the driver. Only one goroutine uses it at a time.
type connection struct {
	driver     driverConnection
	interrupts interrupter
	tls        *libc.TLS // of calls that go past the driver; never shared with it
	statements map[string]*prepared
	uses       uint64 // counts look-ups, to find the statement unused for longest
	row        []driver.Value
	arguments  []driver.NamedValue
}

// driverConnection is what the driver's connection can do.
type driverConnection interface {
	driver.Conn
	driver.ConnPrepareContext
	driver.ExecerContext
}

// statement is what the driver's statement can do.
type statement interface {
	driver.Stmt
	driver.StmtQueryContext
	driver.StmtExecContext
}

type prepared struct {
	statement
	used uint64
}

func newConnection(conn driver.Conn) (*connection, error) {
	full, ok := conn.(driverConnection)
	if !ok {
		return nil, errors.New("the database driver cannot prepare statements")
	}
	h, err := handle(conn)
	if err != nil {
		return nil, err
	}
	c := &connection{driver: full, tls: libc.NewTLS(), statements: map[string]*prepared{}}
	c.interrupts.init(h)
	// No value is larger than a whole result may be, and no file but ours is opened.
	lib.Xsqlite3_limit(c.tls, h, lib.SQLITE_LIMIT_LENGTH, resultLimit)
	lib.Xsqlite3_limit(c.tls, h, lib.SQLITE_LIMIT_ATTACHED, 0)
	// To look for a pattern takes its length times that of the text, and nothing interrupts it
	// within a row.
	lib.Xsqlite3_limit(c.tls, h, lib.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, LongestPattern)
	return c, nil
}

func (c *connection) close() error {
	c.interrupts.close()
	var errs []error
	for _, p := range c.statements {
		errs = append(errs, p.Close())
	}
	c.tls.Close()
	return errors.Join(append(errs, c.driver.Close())...)
}

// inTransaction asks SQLite itself, since some failures undo a whole transaction.
func (c *connection) inTransaction() bool {
	return lib.Xsqlite3_get_autocommit(c.tls, c.interrupts.handle) == 0
}

// prepare finds or makes the prepared statement of a text.
func (c *connection) prepare(sql string) (statement, error) {
	c.uses++
	if p, ok := c.statements[sql]; ok {
		p.used = c.uses
		return p.statement, nil
	}
	s, err := c.driver.PrepareContext(context.Background(), sql)
	if err != nil {
		return nil, err
	}
	full, ok := s.(statement)
	if !ok {
		return nil, errors.Join(fmt.Errorf("the database driver's statements take no context"), s.Close())
	}
	if len(c.statements) >= statementsKept {
		c.forget()
	}
	c.statements[sql] = &prepared{full, c.uses}
	return full, nil
}

// forget closes the statement that was unused for longest.
func (c *connection) forget() {
	var oldest string
	for sql, p := range c.statements {
		if o, ok := c.statements[oldest]; !ok || p.used < o.used {
			oldest = sql
		}
	}
	// A statement's Close repeats the failure of its last run, which was reported then.
	_ = c.statements[oldest].Close()
	delete(c.statements, oldest)
}

// named puts values where the driver wants them. The list is the connection's,
// to be used before the next call.
func (c *connection) named(args []any) ([]driver.NamedValue, error) {
	c.arguments = c.arguments[:0]
	for i, a := range args {
		v, err := bindable(a)
		if err != nil {
			return nil, err
		}
		c.arguments = append(c.arguments, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	return c.arguments, nil
}

// query runs a statement and hands each row to visit until that returns false.
// The row is only valid during the call. With drain the statement runs to its
// end even so: one that writes must.
func (c *connection) query(ctx context.Context, sql string, args []any, drain bool, visit func(columns []string, row []driver.Value) (bool, error)) error {
	s, err := c.prepare(sql)
	if err != nil {
		return translated(ctx, err)
	}
	values, err := c.named(args)
	if err != nil {
		return err
	}
	// The driver starts a goroutine for a context that can end, so it sees none.
	c.interrupts.begin(ctx)
	defer c.interrupts.end()
	rows, err := s.QueryContext(context.Background(), values)
	clear(c.arguments)
	if err != nil {
		return translated(ctx, err)
	}
	return translated(ctx, c.finish(rows, drain, visit))
}

// finish reads what a statement gives and closes it, also when visit panics: a
// prepared statement that was left running could not be used again.
func (c *connection) finish(rows driver.Rows, drain bool, visit func(columns []string, row []driver.Value) (bool, error)) (err error) {
	defer func() {
		if closed := rows.Close(); err == nil {
			err = closed
		}
	}()
	return c.each(rows, rows.Columns(), drain, visit)
}

func (c *connection) each(rows driver.Rows, columns []string, drain bool, visit func([]string, []driver.Value) (bool, error)) error {
	if cap(c.row) < len(columns) {
		c.row = make([]driver.Value, len(columns))
	}
	row := c.row[:len(columns)]
	defer clear(row)
	more, failed := true, error(nil)
	for more || drain {
		switch err := rows.Next(row); {
		case err == io.EOF:
			return failed
		case err != nil:
			return err
		}
		if more && failed == nil {
			more, failed = visit(columns, row)
		}
		if failed != nil && !drain {
			return failed
		}
	}
	return nil
}

// execute runs a statement to its end and drops its rows.
func (c *connection) execute(ctx context.Context, sql string, args []any) (rowsAffected, lastInsertID int, err error) {
	values, err := c.named(args)
	if err != nil {
		return 0, 0, err
	}
	return c.executeValues(ctx, sql, values)
}

// executeValues is execute with values that the driver takes as they are.
func (c *connection) executeValues(ctx context.Context, sql string, values []driver.NamedValue) (rowsAffected, lastInsertID int, err error) {
	s, err := c.prepare(sql)
	if err != nil {
		return 0, 0, translated(ctx, err)
	}
	c.interrupts.begin(ctx)
	defer c.interrupts.end()
	result, err := s.ExecContext(context.Background(), values)
	clear(c.arguments)
	if err != nil {
		return 0, 0, translated(ctx, err)
	}
	// Both are plain numbers that the driver took when the statement ended.
	affected, err1 := result.RowsAffected()
	last, err2 := result.LastInsertId()
	return int(affected), int(last), translated(ctx, errors.Join(err1, err2))
}

// control runs BEGIN, COMMIT and the like, which nothing interrupts half-way.
func (c *connection) control(sql string) error {
	_, _, err := c.execute(context.Background(), sql, nil)
	return err
}

// readOnly reports whether the file may not be written by this user: SQLite opens it all the same.
// See https://www.sqlite.org/c3ref/db_readonly.html.
func (c *connection) readOnly() bool {
	return lib.Xsqlite3_db_readonly(c.tls, c.interrupts.handle, 0) == 1 // of main, the first there is
}
