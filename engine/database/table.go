package database

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// Table is what a table, or a view, is made of.
type Table struct {
	Name    string // as the schema writes it
	View    bool   // it can only be read
	Columns []TableColumn
	// Key is the primary key, nil where there is none; Unique are all keys of which
	// each row has its own, the primary one too. What is unique for some rows only, or
	// of an expression, is not among them.
	Key    []string
	Unique [][]string
	// RowID is a name of SQLite's own number of each row, "" where the table has none or
	// every name of it is a column's.
	RowID string
}

// TableColumn is one column of a table.
type TableColumn struct {
	Column
	NotNull    bool
	HasDefault bool // a row may leave it out: also an INTEGER PRIMARY KEY
	Generated  bool // computed, and not to be written
	Order      bool // its values have one, and can be compared: all but those of JSON
}

// Column finds a column by its name, without regard to case as SQLite does.
func (t *Table) Column(name string) (*TableColumn, bool) {
	for i := range t.Columns {
		if strings.EqualFold(t.Columns[i].Name, name) {
			return &t.Columns[i], true
		}
	}
	return nil, false
}

// Names are the names of all columns, in order.
func (t *Table) Names() []string {
	names := make([]string, len(t.Columns))
	for i := range t.Columns {
		names[i] = t.Columns[i].Name
	}
	return names
}

// Table finds a table or view that authors may use. The error is an *SQLError without
// a place: there is no such table, or it is not the author's.
func (s *Scratch) Table(name string) (*Table, error) {
	lower := strings.ToLower(name)
	t := s.tables[lower]
	w := &watch{}
	if w.table(lower, lower == profiles); w.refused != nil {
		return nil, &SQLError{Code: w.refused.code, Text: w.refused.text}
	}
	if t == nil {
		return nil, &SQLError{Code: "unknown_table", Text: fmt.Sprintf("there is no table %q", name), Hint: source.DidYouMean(name, s.tableNames())}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	made := &Table{Name: t.name, View: t.view != ""}
	err := s.tableColumns(made, t)
	if err == nil && !made.View {
		err = s.tableKeys(made)
	}
	if err != nil {
		return nil, fmt.Errorf("look at the table %s: %w", t.name, err)
	}
	return made, nil
}

func (s *Scratch) tableColumns(made *Table, t *table) error {
	ctx := context.Background()
	rows, err := s.connection.rows(ctx, `SELECT name, type, dflt_value IS NOT NULL, pk, hidden FROM pragma_table_xinfo(?)`, []any{t.name}, resultLimit, false)
	if err != nil {
		return err
	}
	key := map[int]string{}
	for _, r := range rows {
		var name, declaration string
		var hasDefault bool
		var place, hidden int
		if err := r.Scan(&name, &declaration, &hasDefault, &place, &hidden); err != nil {
			return err
		}
		if hidden == 1 { // of a virtual table, no column to be read with the others
			continue
		}
		c := TableColumn{Column: declared(name, declaration), NotNull: t.notNull[strings.ToLower(name)], HasDefault: hasDefault, Generated: hidden > 1}
		if c.NotNull && c.Type.Kind != schema.JSON && !made.View {
			c.Type = c.Type.NotNull()
		}
		c.Order = !c.Encoded
		if place > 0 {
			key[place] = name
		}
		made.Columns = append(made.Columns, c)
	}
	for i := 1; i <= len(key); i++ {
		made.Key = append(made.Key, key[i])
	}
	return nil
}

// tableKeys finds the unique keys and the row's number.
func (s *Scratch) tableKeys(made *Table) error {
	ctx := context.Background()
	// A key column of which one in another place is an expression has no name there.
	rows, err := s.connection.rows(ctx, `SELECT l.seq, i.name FROM pragma_index_list(?) l, pragma_index_info(l.name) i
		WHERE l."unique" AND NOT l.partial ORDER BY l.seq, i.seqno`, []any{made.Name}, resultLimit, false)
	if err != nil {
		return err
	}
	keys, whole := map[int][]string{}, map[int]bool{}
	var order []int
	for _, r := range rows {
		var index int
		if err := r[:1].Scan(&index); err != nil {
			return err
		}
		if _, seen := keys[index]; !seen {
			order, whole[index] = append(order, index), true
		}
		column, named := r[1].(string)
		keys[index], whole[index] = append(keys[index], column), whole[index] && named
	}
	for _, index := range order {
		if whole[index] {
			made.Unique = append(made.Unique, keys[index])
		}
	}
	return s.rowID(made)
}

// rowID finds out whether the rows have numbers, and whether a column is that number.
func (s *Scratch) rowID(made *Table) error {
	rows, err := s.connection.rows(context.Background(), "SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = ?", []any{made.Name}, resultLimit, false)
	if err != nil {
		return err
	}
	if withoutRowID := false; len(rows) == 1 {
		if err := rows[0].Scan(&withoutRowID); err != nil || withoutRowID {
			return err
		}
	}
	for _, name := range []string{"rowid", "_rowid_", "oid"} {
		if _, taken := made.Column(name); !taken {
			made.RowID = name
			break
		}
	}
	if len(made.Key) != 1 || slices.ContainsFunc(made.Unique, func(u []string) bool { return slices.Equal(u, made.Key) }) {
		return nil
	}
	// A primary key without an index is the row's number: SQLite gives one where none is given.
	made.Unique = append(made.Unique, made.Key)
	if c, ok := made.Column(made.Key[0]); ok {
		c.HasDefault = true
	}
	return nil
}
