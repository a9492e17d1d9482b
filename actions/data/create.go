package data

import (
	"fmt"
	"slices"

	"cloudlet/engine/action"
	"cloudlet/engine/database"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
	"cloudlet/engine/query"
)

// Create writes new rows.
var Create = action.Define(action.Spec[createInputs, any]{
	Name: "data.create", Summary: "Writes a new row into a table, or a list of them, and gives it back with its generated keys.",
	Doc: valuesDoc + " A list of maps is written in one transaction, all or none. What a row leaves out has its default. " +
		"The result is the row as it is stored, or the list of them.",
	Example: "- data.create: {table: films, values: {title: \"${args.title}\", year: \"${args.year}\"}, returning: [id]}\n",
	Writes:  true, Failures: append([]action.Outcome{badValues}, dataFailures...),
	Prepare: prepareCreate, Run: runCreate,
})

type createInputs struct {
	Table     string      `doc:"The table."`
	Values    action.Tree `doc:"A map of columns to values, or a list of such maps." class:"token"`
	Columns   []string    `doc:"The columns that computed values may set." optional:"" lone:""`
	Returning []string    `doc:"The columns of the result; left out, all." optional:"" lone:""`
	Database  string      `doc:"The database, by its name in cloudlet.yaml." optional:""`
	action.Direct

	inserts
}

func prepareCreate(l action.Load, in *createInputs) action.Result {
	t := writable(l, in.Table, in.Database)
	if t == nil {
		return action.Gives(schema.AnyType)
	}
	in.sql = func(columns []string) string { return query.Insert(t, columns, in.returning) }
	return in.prepare(l, t, &in.Values, in.Columns, in.Returning, in.Database)
}

func runCreate(c *action.Call, in *createInputs) (any, error) { return in.run(c, in.AsJSON(c)) }

// inserts is what data.create and data.upsert have in common: rows, and the SQL that
// writes one.
type inserts struct {
	sql       func(columns []string) string
	key       []string // that each row has to set; nil: none
	name      string   // of the database
	returning []string
	rows      []*written
	computed  *computed
	many      bool
	gives     *database.Statement // the columns of what any statement gives
}

// prepare reads the values. They are one ${…}, a map, or a list of both.
func (in *inserts) prepare(l action.Load, t *database.Table, values *action.Tree, columns, returning []string, db string) action.Result {
	unknown := action.Gives(schema.AnyType)
	in.name = l.Database(db)
	var ok bool
	if in.returning, ok = chosen(l, t, "returning", returning); !ok {
		return unknown
	}
	root := values.Root()
	branches := []*action.Branch{root}
	if in.many = root.Shape == action.Sequence; in.many {
		branches = root.Branches
	}
	if in.many && len(branches) == 0 {
		l.Problem(source.Problem{Span: root.Value, Code: "missing_value", Text: "values is empty"})
		return unknown
	}
	computed := slices.ContainsFunc(branches, func(b *action.Branch) bool { return b.Shape != action.Mapping })
	var d *database.Description
	if computed {
		in.computed = compileComputed(l, t, root, columns)
		if in.computed == nil || !in.keyed(l, in.computed.names(), "columns") {
			return unknown
		}
		d = l.Query(in.sql(in.computed.names()), db, func(s *database.Statement) { in.gives = s })
	}
	if !computed && len(columns) > 0 {
		l.Problem(source.Problem{Span: l.At("columns"), Code: "unused_columns", Text: "columns is for values that are computed; these are written out"})
		return unknown
	}
	for _, b := range branches {
		if computed {
			break
		}
		w, ok := compileRow(l, t, b, "values")
		if !ok || lacks(l, t, w, b) || !in.keyed(l, w.columns(), "values") {
			return unknown
		}
		if d = l.Query(in.sql(w.columns()), db, func(s *database.Statement) { w.statement = s }); d == nil {
			return unknown
		}
		in.rows = append(in.rows, w)
	}
	if d == nil {
		return unknown
	}
	in.fails(l)
	return action.Gives(in.result(rowOf(d)))
}

// keyed reports a part of the key that rows do not set.
func (in *inserts) keyed(l action.Load, columns []string, input string) bool {
	for _, k := range in.key {
		if !slices.Contains(columns, k) {
			l.Problem(source.Problem{Span: l.At(input), Code: "missing_column", Text: fmt.Sprintf("%s does not set %q, which is part of the key", input, k)})
			return false
		}
	}
	return true
}

// result is the type of what the step gives.
func (in *inserts) result(row *schema.Type) *schema.Type {
	switch {
	case in.computed == nil && in.many, in.computed != nil && in.computed.program.Type.Kind == schema.List:
		return schema.ListOf(row)
	case in.computed != nil && in.computed.program.Type.Kind == schema.JSON:
		return schema.AnyType
	}
	return row
}

func (in *inserts) fails(l action.Load) {
	l.Fails(dataFailures...)
	if in.computed != nil {
		l.Fails(badValues)
	}
}

func (in *inserts) run(c *action.Call, asJSON bool) (any, error) {
	if in.computed != nil {
		return in.runComputed(c, asJSON)
	}
	if !in.many {
		return in.one(c, in.rows[0], asJSON)
	}
	return c.InTransaction(in.name, func() (any, error) {
		list := make([]any, len(in.rows))
		for i, w := range in.rows {
			var err error
			if list[i], err = in.one(c, w, false); err != nil {
				return nil, err
			}
		}
		return list, nil
	})
}

// one writes a row that is written out.
func (in *inserts) one(c *action.Call, w *written, asJSON bool) (any, error) {
	args, err := w.arguments(c, make([]any, 0, len(w.set)))
	if err != nil {
		return nil, err
	}
	tx, err := c.Tx(in.name)
	if err != nil {
		return nil, err
	}
	return firstRow(c, w.statement, asJSON, tx, args, 0)
}

// runComputed writes rows that are known only now: a statement for each set of columns.
func (in *inserts) runComputed(c *action.Call, asJSON bool) (any, error) {
	rows, many, err := in.computed.rows(c, in.key...)
	if err != nil {
		return nil, err
	}
	if !many {
		return in.insert(c, &rows[0], asJSON)
	}
	return c.InTransaction(in.name, func() (any, error) {
		list := make([]any, len(rows))
		for i := range rows {
			var err error
			if list[i], err = in.insert(c, &rows[i], false); err != nil {
				return nil, err
			}
		}
		return list, nil
	})
}

func (in *inserts) insert(c *action.Call, r *row, asJSON bool) (any, error) {
	tx, err := c.Tx(in.name)
	if err != nil {
		return nil, err
	}
	return firstRow(c, in.gives.Vary(in.sql(r.names()), 0), asJSON, tx, r.args, 0)
}
