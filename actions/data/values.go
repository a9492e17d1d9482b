package data

import (
	"fmt"
	"slices"
	"strings"

	"cloudlet/engine/action"
	"cloudlet/engine/database"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
	"cloudlet/engine/query"
)

const valuesDoc = "values is a map of columns to values, written out. A map that is computed, such as a json argument, " +
	"needs `columns` besides: the columns that it may name; any other is a 400. In such a map a text stands for a number or a bool too, as in the rows of csv.parse."

// badValues is what a step fails with that is given a map, or rows, with what cannot be written.
var badValues = action.Outcome{Status: 400, Code: "invalid_values", When: "a computed value names a column that may not be set, or does not fit its column"}

// assignment is a column and what it is set to.
type assignment struct {
	column *database.TableColumn
	value
}

// written is a row of which the columns are known.
type written struct {
	set       []assignment
	statement *database.Statement
}

// columns are the names of what the row sets.
func (w *written) columns() []string {
	names := make([]string, len(w.set))
	for i := range w.set {
		names[i] = w.set[i].column.Name
	}
	return names
}

// arguments evaluates the values behind others.
func (w *written) arguments(c *action.Call, args []any) ([]any, error) {
	for i := range w.set {
		a := &w.set[i]
		v, err := a.of(c, !a.column.NotNull || a.column.HasDefault)
		if err != nil {
			return nil, err
		}
		args = append(args, query.Stored(a.column, v))
	}
	return args, nil
}

// compileRow reads a row that is written out. ok is false after a problem.
func compileRow(l action.Load, t *database.Table, b *action.Branch, name string) (w *written, ok bool) {
	w, ok = &written{}, true
	for _, e := range b.Branches {
		c := column(l, t, e)
		switch {
		case c == nil:
			ok = false
			continue
		case c.Generated:
			l.Problem(source.Problem{Span: e.Key, Code: "generated_column", Text: fmt.Sprintf("the column %q is computed by the database, and cannot be set", c.Name)})
			ok = false
			continue
		case slices.Contains(w.columns(), c.Name):
			l.Problem(source.Problem{Span: e.Key, Code: "duplicate_column", Text: fmt.Sprintf("the column %q is set twice", c.Name)})
			ok = false
			continue
		}
		v := typed(l, e, settable(t, c), name+"."+e.Name)
		if v == nil {
			ok = false
			continue
		}
		w.set = append(w.set, assignment{c, *v})
	}
	return w, ok
}

// settable is the type of what a column is set to. Null has an INTEGER PRIMARY KEY find
// its own value.
func settable(t *database.Table, c *database.TableColumn) *schema.Type {
	if len(t.Key) == 1 && t.Key[0] == c.Name && c.HasDefault && c.Type.Kind == schema.Int {
		return c.Type.OrNull()
	}
	return c.Type
}

// lacks reports a column that a new row has to set and does not.
func lacks(l action.Load, t *database.Table, w *written, b *action.Branch) bool {
	var names []string
	set := w.columns()
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.NotNull && !c.HasDefault && !c.Generated && !slices.Contains(set, c.Name) {
			names = append(names, fmt.Sprintf("%q", c.Name))
		}
	}
	if len(names) == 0 {
		return false
	}
	l.Problem(source.Problem{Span: b.Key, Code: "missing_column", Text: fmt.Sprintf("a row of %s needs %s", t.Name, strings.Join(names, " and ")),
		Hint: "it is NOT NULL and has no default"})
	return true
}

// settables are the columns that an input names and that can be written; ok is false after a problem.
func settables(l action.Load, t *database.Table, names []string) (list []*database.TableColumn, ok bool) {
	names, ok = chosen(l, t, "columns", names)
	for _, name := range names {
		c, _ := t.Column(name)
		if c.Generated {
			l.Problem(source.Problem{Span: l.At("columns"), Code: "generated_column", Text: fmt.Sprintf("the column %q is computed by the database, and cannot be set", c.Name)})
			ok = false
		}
		list = append(list, c)
	}
	return list, ok
}
