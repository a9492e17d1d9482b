package query

import (
	"slices"

	"cloudlet/engine/database"
	"cloudlet/engine/language/schema"
)

// dated reports whether the driver reads the column's texts as times: what is compared
// with them must be what is stored.
func dated(c *database.TableColumn) bool {
	return c.Type.Kind == schema.Date || c.Type.Kind == schema.DateTime
}

// List reads columns of a table in an order.
type List struct {
	Table   *database.Table
	Columns []string
	Where   []Condition
	Order   []Order // total, unless there are no cursors
	// Cursors says that a page may have one that follows it.
	Cursors bool
	// Keys are the places of the order's columns in each row; those behind Columns are
	// of Further. Of a list without cursors there are none.
	Keys    []int
	Further int
}

// Place finds out which columns a cursor is made of, and where each row has them.
func (l *List) Place() {
	if !l.Cursors {
		return
	}
	further := 0
	for _, o := range l.Order {
		if i := slices.Index(l.Columns, o.Column); i >= 0 && !o.Computed {
			l.Keys = append(l.Keys, i)
			continue
		}
		l.Keys = append(l.Keys, len(l.Columns)+further)
		further++
	}
	l.Further = further
}

// Plain reads the columns alone, so that they can be described.
func (l *List) Plain() string {
	w := &text{table: l.Table}
	w.WriteString("SELECT ")
	w.columns(l.Columns)
	w.WriteString(" FROM " + quote(l.Table.Name) + Where(l.Table, l.Where))
	return w.String()
}

// SQL is the statement. Its parameters are those of Where, then those of the page after
// which it goes on, then the limit and the offset; after is "" or what After gave.
func (l *List) SQL(after string) string {
	w := &text{table: l.Table}
	w.WriteString("SELECT ")
	w.columns(l.Columns)
	for i, at := range l.Keys {
		if at >= len(l.Columns) {
			w.WriteString(", +") // so that it is what is stored, not what its declaration makes of it
			w.column(l.Order[i].Column)
		}
	}
	w.WriteString(" FROM " + quote(l.Table.Name))
	where := Where(l.Table, l.Where)
	w.WriteString(where)
	if after != "" {
		if where == "" {
			w.WriteString(" WHERE ")
		} else {
			w.WriteString(" AND ")
		}
		w.WriteString(after)
	}
	w.order(l.Order)
	w.WriteString(" LIMIT ? OFFSET ?")
	return w.String()
}

// Count counts the rows of all pages.
func (l *List) Count() string {
	return "SELECT count(*) AS n FROM " + quote(l.Table.Name) + Where(l.Table, l.Where)
}
