// Package query writes SQL over tables whose shape is known: conditions, orders that are
// total, cursors, and statements that write.
//
// Every name in what it writes comes from a database.Table, quoted and behind its table's
// name, so that SQLite never takes one for a text; every value is a parameter. Whatever is
// outside of those, the caller's filter and sort among it, only chooses among columns and
// operators that are there already.
package query

import (
	"strings"

	"cloudlet/engine/database"
)

// text is SQL that is being written over a table.
type text struct {
	strings.Builder
	table *database.Table
}

// quote is a name as SQL has it.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// column writes a column's name behind its table's. A name in quotes alone that is no
// column would be a text to SQLite; see https://www.sqlite.org/quirks.html#dblquote.
func (t *text) column(name string) {
	t.WriteString(quote(t.table.Name))
	t.WriteByte('.')
	t.WriteString(quote(name))
}

// columns writes names between commas.
func (t *text) columns(names []string) {
	for i, name := range names {
		if i > 0 {
			t.WriteString(", ")
		}
		t.column(name)
	}
}

// bare writes names between commas that can be nothing but columns where they stand.
func (t *text) bare(names []string) {
	for i, name := range names {
		if i > 0 {
			t.WriteString(", ")
		}
		t.WriteString(quote(name))
	}
}
