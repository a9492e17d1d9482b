package data

import (
	"fmt"
	"slices"
	"strings"

	"cloudlet/engine/action"
	"cloudlet/engine/database"
	"cloudlet/engine/language/expression"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
	"cloudlet/engine/query"
)

// mostRows is how many rows one step writes.
const mostRows = 100_000

// mostFaults is how many mistakes in rows are told.
const mostFaults = 20

// computed is a map or a list of maps that is known only when the step runs.
type computed struct {
	program *expression.Program
	columns []*database.TableColumn // that may be set
	table   *database.Table
}

// compileComputed reads values that are one ${…}. Which columns they may set says the
// input columns, or else their type; nil after a problem.
func compileComputed(l action.Load, t *database.Table, b *action.Branch, columns []string) *computed {
	p := l.Typed(b, schema.AnyType, "values")
	if p == nil {
		return nil
	}
	kind := p.Type.Kind
	if kind != schema.JSON && kind != schema.ObjectK && (kind != schema.List || p.Type.Elem != nil && p.Type.Elem.Kind != schema.ObjectK && p.Type.Elem.Kind != schema.JSON) {
		l.Problem(source.Problem{Span: b.Value, Code: "wrong_type", Text: "values is a map of columns to values, or a list of such maps"})
		return nil
	}
	if len(columns) == 0 {
		if columns = fields(p.Type); columns == nil {
			l.Problem(source.Problem{Span: b.Value, Code: "unknown_columns", Text: "which columns these values set is not known",
				Hint: "name those that may be set: columns: [" + strings.Join(t.Names(), ", ") + "]"})
			return nil
		}
	}
	list, ok := settables(l, t, columns)
	if !ok {
		return nil
	}
	return &computed{p, list, t}
}

// fields are the names of all fields that a map, or the maps of a list, can have; nil
// where they are not known.
func fields(t *schema.Type) []string {
	if t.Kind == schema.List && t.Elem != nil {
		t = t.Elem
	}
	if t.Kind != schema.ObjectK || t.Open {
		return nil
	}
	return t.FieldNames()
}

// row is what a computed map sets.
type row struct {
	columns []*database.TableColumn
	args    []any
}

func (r *row) names() []string {
	names := make([]string, len(r.columns))
	for i, c := range r.columns {
		names[i] = c.Name
	}
	return names
}

// rows evaluates the values; many tells whether they are a list. Each row has to set the
// columns of key.
func (cm *computed) rows(c *action.Call, key ...string) (rows []row, many bool, err error) {
	v, err := cm.program.Run(&c.Frame)
	if err != nil {
		return nil, false, err
	}
	items, many := v.([]any)
	if !many {
		items = []any{v}
	}
	if len(items) > mostRows {
		return nil, many, action.Fail(badValues.Status, badValues.Code, fmt.Sprintf("There are more than %d rows.", mostRows))
	}
	w := &wrong{}
	for i, item := range items {
		path := "values"
		if many {
			path = fmt.Sprintf("values[%d]", i)
		}
		r := cm.row(item, path, w)
		for _, k := range key {
			if item != nil && !slices.Contains(r.names(), k) {
				w.add(path+"."+k, "is missing")
			}
		}
		rows = append(rows, r)
		if len(w.errors) >= mostFaults {
			break
		}
	}
	return rows, many, w.failure()
}

func (cm *computed) row(item any, path string, w *wrong) (r row) {
	o, ok := item.(*schema.Object)
	if !ok {
		w.add(path, "must be an object")
		return r
	}
	for name, v := range o.All() {
		at := path + "." + short(name)
		i := slices.IndexFunc(cm.columns, func(c *database.TableColumn) bool { return strings.EqualFold(c.Name, name) })
		if i < 0 {
			w.add(at, schema.NotKnown(name, cm.names()))
			continue
		}
		column := cm.columns[i]
		if slices.Contains(r.columns, column) {
			w.add(at, "is set twice")
			continue
		}
		var faults []schema.Fault
		v = checked(settable(cm.table, column), v, &faults)
		for _, f := range faults {
			w.add(at, f.Message)
		}
		r.columns, r.args = append(r.columns, column), append(r.args, query.Stored(column, v))
	}
	return r
}

// names are the columns that may be set.
func (cm *computed) names() []string { return (&row{columns: cm.columns}).names() }

// checked holds a value against a type; a text is read where the type is none.
func checked(t *schema.Type, v any, faults *[]schema.Fault) any {
	if s, ok := v.(string); ok && (t.Kind == schema.Bool || t.Kind == schema.Int || t.Kind == schema.Float) {
		return t.ReadText(s, "", faults)
	}
	return t.Check(v, "", faults)
}

// wrong collects what is wrong with a value of the caller's.
type wrong struct{ errors []any }

var wrongShape = schema.NewShape("argument", "message")

func (w *wrong) add(path, message string) {
	w.errors = append(w.errors, wrongShape.New([]any{path, message}))
}

func (w *wrong) failure() error {
	if len(w.errors) == 0 {
		return nil
	}
	f := action.Fail(badValues.Status, badValues.Code, "The values cannot be written as they are.")
	f.Errors = w.errors
	return f
}
