package database

import (
	"context"
	"database/sql/driver"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"cloudlet/engine/language/source"
	"modernc.org/sqlite"
)

// Scratch is an in-memory copy of a database's schema without its rows, to check
// statements against (language.md, section 6). It is safe for use by several
// goroutines at once.
type Scratch struct {
	mu         sync.Mutex
	connection *connection
	tables     map[string]*table // by lower-case name
	watch      *watch            // what the authorizer saw of the statement that is being prepared
	partial    bool              // a migration failed
	pending    []Migration
}

// Partial reports whether a migration could not be applied, so that tables and
// columns may be missing which the author did write.
func (s *Scratch) Partial() bool { return s.partial }

// table is what statements may know of a table or view.
type table struct {
	name    string
	view    string            // the text of a view, "" for a table
	columns []string          // in order
	notNull map[string]bool   // by lower-case name
	types   map[string]string // declared, by lower-case name
}

// NewScratch copies the schema of an existing database file, "" or a missing file
// for an empty one, and applies those migrations of sets that are pending. The
// file is only read, and nothing is made beside it. Problems are the migrations'
// (see Pending); the error is what keeps the file from being read. Close it.
func NewScratch(ctx context.Context, file string, sets []Set) (*Scratch, []source.Problem, error) {
	c, err := dial(ctx, "", writing)
	if err != nil {
		return nil, nil, fmt.Errorf("open a scratch database: %w", err)
	}
	s := &Scratch{connection: c}
	problems, err := s.build(ctx, file, sets)
	if err != nil {
		return nil, nil, fmt.Errorf("copy the schema of %s: %w", file, closing(c, err))
	}
	return s, problems, nil
}

func (s *Scratch) build(ctx context.Context, file string, sets []Set) ([]source.Problem, error) {
	schema, applied, err := lookAt(ctx, file)
	if err != nil {
		return nil, err
	}
	// Rows that keys refer to are not here, and neither is what a migration changes in them.
	if err := s.connection.step(ctx, "PRAGMA foreign_keys=0"); err != nil {
		return nil, err
	}
	if err := s.copy(ctx, schema); err != nil {
		return nil, err
	}
	pending, problems := compare(sets, applied)
	for _, p := range pending {
		s.pending = append(s.pending, p.Migration)
	}
	for _, p := range pending {
		if problem := s.connection.try(ctx, p); problem != nil {
			problems = append(problems, *problem)
			break // what comes later may only fail because of it
		}
	}
	if err := s.index(ctx); err != nil {
		return nil, err
	}
	s.partial = slices.ContainsFunc(problems, func(p source.Problem) bool { return !p.Warning }) ||
		slices.ContainsFunc(sets, func(set Set) bool { return set.Partial })
	return problems, s.connection.authorize(s.see)
}

// Pending are the migrations that the database has still to get, in order.
func (s *Scratch) Pending() []Migration { return s.pending }

// closing closes c and returns the first of both errors.
func closing(c *connection, err error) error {
	if closed := c.close(); err == nil {
		return closed
	}
	return err
}

// definition is a row of sqlite_schema.
type definition struct{ kind, name, sql string }

// lookAt looks at a database file; one that is not there, or "", is empty.
func lookAt(ctx context.Context, file string) ([]definition, []record, error) {
	if file == "" {
		return nil, nil, nil
	}
	switch _, err := os.Stat(file); {
	case os.IsNotExist(err):
		return nil, nil, nil
	case err != nil: // as for a folder that may not be entered
		return nil, nil, err
	}
	c, err := dialSchema(ctx, file)
	if err != nil {
		return nil, nil, err
	}
	schema, applied, err := c.look(ctx)
	return schema, applied, closing(c, err)
}

// look reads a database's schema and the history of its migrations, both as of one
// moment: another process may be applying some.
func (c *connection) look(ctx context.Context) ([]definition, []record, error) {
	if err := c.control("BEGIN"); err != nil {
		return nil, nil, err
	}
	defer func() { _ = c.control("ROLLBACK") }() // nothing was written, and so nothing is lost
	rows, err := c.rows(ctx, `SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY rowid`, nil, resultLimit, false)
	if err != nil {
		return nil, nil, err
	}
	var schema []definition
	history := false
	for _, r := range rows {
		var d definition
		if err := r.Scan(&d.kind, &d.name, &d.sql); err != nil {
			return nil, nil, err
		}
		history = history || d.name == historyTable
		schema = append(schema, d)
	}
	if !history {
		return schema, nil, nil
	}
	applied, err := c.history(ctx)
	return schema, applied, err
}

// copy replays definitions: virtual tables first, which make tables of their own.
func (s *Scratch) copy(ctx context.Context, schema []definition) error {
	made := map[string]bool{}
	for _, virtual := range []bool{true, false} {
		for _, d := range schema {
			words := significant(Lex(d.sql))
			if virtual != (len(words) > 1 && is(d.sql, words[1], "virtual")) || made[d.name] {
				continue
			}
			if _, _, err := s.connection.execute(ctx, d.sql, nil); err != nil {
				return err
			}
			made[d.name] = true
			if !virtual {
				continue
			}
			rows, err := s.connection.rows(ctx, "SELECT name FROM sqlite_schema", nil, resultLimit, false)
			if err != nil {
				return err
			}
			for _, r := range rows {
				made[fmt.Sprint(r[0])] = true
			}
		}
	}
	return nil
}

// Close gives the memory back.
func (s *Scratch) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connection.close()
}

// index reads what the checks need to know of every table and view.
func (s *Scratch) index(ctx context.Context) error {
	rows, err := s.connection.rows(ctx, `SELECT l.name, l.type, l.wr, coalesce(m.sql, '') FROM pragma_table_list l
		LEFT JOIN sqlite_schema m ON m.name = l.name AND m.type IN ('table', 'view') WHERE l.schema = 'main'`, nil, resultLimit, false)
	if err != nil {
		return err
	}
	s.tables = make(map[string]*table, len(rows))
	for _, r := range rows {
		var name, kind, sql string
		var withoutRowID bool
		if err := r.Scan(&name, &kind, &withoutRowID, &sql); err != nil {
			return err
		}
		t := &table{name: name, notNull: map[string]bool{}, types: map[string]string{}}
		if kind == "view" {
			t.view = sql
		}
		// A view that no longer fits its tables has no columns to list; reading it fails by itself.
		if err := s.indexColumns(ctx, t, withoutRowID); err != nil && t.view == "" {
			return err
		}
		s.tables[strings.ToLower(name)] = t
	}
	return nil
}

func (s *Scratch) indexColumns(ctx context.Context, t *table, withoutRowID bool) error {
	// An INTEGER PRIMARY KEY that is the rowid, and so never null, needs no index of its own.
	indexed, err := s.connection.rows(ctx, "SELECT 1 FROM pragma_index_list(?) WHERE origin = 'pk'", []any{t.name}, resultLimit, false)
	if err != nil {
		return err
	}
	rows, err := s.connection.rows(ctx, "SELECT name, type, \"notnull\", pk, hidden FROM pragma_table_xinfo(?)", []any{t.name}, resultLimit, false)
	if err != nil {
		return err
	}
	for _, r := range rows {
		var name, declared string
		var notNull bool
		var key, hidden int
		if err := r.Scan(&name, &declared, &notNull, &key, &hidden); err != nil {
			return err
		}
		lower := strings.ToLower(name)
		if hidden != 1 { // of a virtual table, its hidden columns
			t.columns = append(t.columns, name)
		}
		t.types[lower] = declared
		rowID := key == 1 && !withoutRowID && len(indexed) == 0 && strings.EqualFold(declared, "INTEGER")
		t.notNull[lower] = notNull || rowID
	}
	return nil
}

// tableNames are the names that an author may use.
func (s *Scratch) tableNames() []string {
	var names []string
	for lower, t := range s.tables {
		if lower == profiles || !reserved(lower) {
			names = append(names, t.name)
		}
	}
	return names
}

// authorize lets f decide what statements may do from now on.
func (c *connection) authorize(f sqlite.AuthorizerFn) error {
	r, ok := c.driver.(sqlite.AuthorizerRegisterer)
	if !ok {
		return fmt.Errorf("the database driver has no authorizer")
	}
	return r.RegisterAuthorizer(f)
}

// columns prepares a statement and tells of its columns without running it.
func (c *connection) columns(sql string) ([]sqlite.ColumnInfo, error) {
	d, ok := c.driver.(interface {
		driver.Conn
		ColumnInfo(query string) ([]sqlite.ColumnInfo, error)
	})
	if !ok {
		return nil, fmt.Errorf("the database driver cannot describe columns")
	}
	return d.ColumnInfo(sql)
}
