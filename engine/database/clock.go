package database

import (
	"context"
	"database/sql/driver"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"modernc.org/sqlite"
)

// clock makes SQLite's date and time functions take another time for now: those of
// the SQL that tests run, CURRENT_TIMESTAMP as the default of a column too. The
// functions themselves are SQLite's own, computed on a connection of their own with
// the time in place of 'now'; see https://www.sqlite.org/lang_datefunc.html.
type clock struct {
	now func() time.Time

	mu    sync.Mutex
	plain *connection
}

// instant is how SQLite reads a time; it is always UTC.
const instant = "2006-01-02 15:04:05.000"

// dialClock opens a new database in memory whose SQL takes the clock's time for now.
func dialClock(ctx context.Context, now func() time.Time) (*connection, *clock, error) {
	plain, err := open(ctx, "file::memory:")
	if err != nil {
		return nil, nil, err
	}
	k := &clock{now: now, plain: plain}
	d := &sqlite.Driver{}
	for name, format := range map[string]string{"current_timestamp": "2006-01-02 15:04:05", "current_date": "2006-01-02", "current_time": "15:04:05"} {
		d.MustRegisterScalarFunction(name, 0, func(*sqlite.FunctionContext, []driver.Value) (driver.Value, error) {
			return now().UTC().Format(format), nil
		})
	}
	// Behind strftime's format and in both places of timediff a time may stand.
	for name, at := range map[string][]int{"date": {0}, "time": {0}, "datetime": {0}, "julianday": {0}, "unixepoch": {0}, "strftime": {1}, "timediff": {0, 1}} {
		d.MustRegisterScalarFunction(name, -1, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
			return k.compute(name, args, at)
		})
	}
	// A function of ours may not stand in a schema that is not trusted, and the
	// schema of a test is its author's.
	conn, err := d.Open("file::memory:?" + connectionOptions("trusted_schema(1)").Encode())
	if err != nil {
		return nil, nil, fmt.Errorf("%w%s", err, closed(plain))
	}
	c, err := newConnection(conn)
	if err != nil {
		return nil, nil, fmt.Errorf("%w%s", err, closed(plain))
	}
	return c, k, nil
}

// closed closes what is of no use any more, and says what went wrong with that.
func closed(c *connection) string {
	if err := c.close(); err != nil {
		return "; " + err.Error()
	}
	return ""
}

// compute runs one of SQLite's functions with the clock's time in the places where
// 'now' stands, or where nothing does.
func (k *clock) compute(name string, args []driver.Value, at []int) (driver.Value, error) {
	now := k.now().UTC().Format(instant)
	list := make([]driver.NamedValue, 0, len(args)+1)
	for i, a := range args {
		if text, ok := a.(string); ok && slices.Contains(at, i) && strings.EqualFold(text, "now") {
			a = now
		}
		list = append(list, driver.NamedValue{Ordinal: i + 1, Value: a})
	}
	if len(list) == at[0] && name != "timediff" { // it is left out
		list = append(list, driver.NamedValue{Ordinal: len(list) + 1, Value: now})
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	sql := "SELECT " + name + "(" + strings.TrimSuffix(strings.Repeat("?,", len(list)), ",") + ")"
	st, err := k.plain.prepare(sql)
	if err != nil {
		return nil, err
	}
	rows, err := st.QueryContext(context.Background(), list)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	row := make([]driver.Value, 1)
	err = rows.Next(row)
	return row[0], err
}

func (k *clock) close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.plain.close()
}
