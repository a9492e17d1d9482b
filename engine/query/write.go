package query

import (
	"slices"

	"cloudlet/engine/database"
)

// Insert writes a row of these columns, one parameter each, and gives back others.
// Without columns all are their defaults.
func Insert(t *database.Table, columns, returning []string) string {
	w := insert(t, columns)
	w.returning(returning)
	return w.String()
}

func insert(t *database.Table, columns []string) *text {
	w := &text{table: t}
	w.WriteString("INSERT INTO " + quote(t.Name))
	if len(columns) == 0 {
		w.WriteString(" DEFAULT VALUES")
		return w
	}
	w.WriteString(" (")
	w.bare(columns)
	w.WriteString(") VALUES (")
	for i := range columns {
		if i > 0 {
			w.WriteString(", ")
		}
		w.WriteByte('?')
	}
	w.WriteByte(')')
	return w
}

func (t *text) returning(columns []string) {
	if len(columns) > 0 {
		t.WriteString(" RETURNING ")
		t.columns(columns)
	}
}

// Upsert is Insert that changes the row which has the key already: all the columns that
// are no part of the key. The key is among the columns.
func Upsert(t *database.Table, columns, key, returning []string) string {
	w := insert(t, columns)
	w.WriteString(" ON CONFLICT (")
	w.bare(key)
	w.WriteString(") DO UPDATE SET ")
	set := slices.DeleteFunc(slices.Clone(columns), func(c string) bool { return slices.Contains(key, c) })
	if len(set) == 0 {
		set = key // nothing changes, but the row is given back
	}
	for i, c := range set {
		if i > 0 {
			w.WriteString(", ")
		}
		w.WriteString(quote(c) + " = excluded." + quote(c))
	}
	w.returning(returning)
	return w.String()
}

// Update sets columns, one parameter each, of the rows that the conditions choose, whose
// parameters follow. Without conditions it is every row.
func Update(t *database.Table, columns []string, where []Condition) string {
	w := &text{table: t}
	w.WriteString("UPDATE " + quote(t.Name) + " SET ")
	for i, c := range columns {
		if i > 0 {
			w.WriteString(", ")
		}
		w.WriteString(quote(c) + " = ?")
	}
	w.WriteString(Where(t, where))
	return w.String()
}

// Delete deletes the rows that the conditions choose. Without any it is every row.
func Delete(t *database.Table, where []Condition) string {
	return "DELETE FROM " + quote(t.Name) + Where(t, where)
}

// Get reads columns of the first row that the conditions choose, in the table's own order.
func Get(t *database.Table, columns []string, where []Condition) string {
	w := &text{table: t}
	w.WriteString("SELECT ")
	w.columns(columns)
	w.WriteString(" FROM " + quote(t.Name) + Where(t, where))
	order, _ := Total(t, nil)
	w.order(order)
	w.WriteString(" LIMIT 1")
	return w.String()
}
