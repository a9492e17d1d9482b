package data

import (
	"fmt"

	"cloudlet/engine/action"
	"cloudlet/engine/database"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
	"cloudlet/engine/query"
)

var (
	changed      = schema.ObjectOf(schema.Field{Name: "rows_affected", Type: schema.IntType})
	changedShape = schema.NewShape("rows_affected")
	missingRow   = action.Outcome{Status: 404, Code: "not_found", When: "no row fits, and `missing` says so"}
)

// Update changes rows.
var Update = action.Define(action.Spec[updateInputs, any]{
	Name: "data.update", Summary: "Changes the rows of a table that fit.",
	Doc:     valuesDoc + " " + whereDoc + " rows_affected counts the rows that fit. With `missing: 404` the step fails where there is none.",
	Example: "- data.update: {table: films, where: {id: \"${args.id}\"}, values: {title: \"${args.title}\"}, missing: 404}\n",
	Writes:  true, Result: changed, Failures: append([]action.Outcome{missingRow, badValues}, dataFailures...),
	Prepare: prepareUpdate, Run: runUpdate,
})

type updateInputs struct {
	Table    string      `doc:"The table."`
	Where    action.Tree `doc:"Which rows: a map of columns to values." class:"token"`
	Values   action.Tree `doc:"A map of columns to values." class:"token"`
	Columns  []string    `doc:"The columns that computed values may set." optional:"" lone:""`
	Missing  int         `doc:"The status to fail with where no row fits." optional:""`
	Database string      `doc:"The database, by its name in cloudlet.yaml." optional:""`

	name      string
	table     *database.Table
	where     where
	written   *written
	computed  *computed
	statement *database.Statement
}

func prepareUpdate(l action.Load, in *updateInputs) action.Result {
	checkMissing(l, in.Missing)
	gives := action.Gives(changed)
	t := writable(l, in.Table, in.Database)
	if t == nil {
		return gives
	}
	in.name, in.table = l.Database(in.Database), t
	w, ok := compileWhere(l, &in.Where, t)
	in.where = w
	if ok && len(w) == 0 {
		l.Problem(source.Problem{Span: l.At("where"), Code: "no_condition", Text: "without a condition every row would be changed",
			Hint: "name the rows; one that all of them fit is {COLUMN: {null: false}} of a column that is NOT NULL"})
		ok = false
	}
	names, fine := in.prepareValues(l, t)
	if !ok || !fine {
		return gives
	}
	fails(l, in.Missing, dataFailures)
	if in.computed != nil {
		l.Fails(badValues)
	}
	l.Query(query.Update(t, names, w.conditions()), in.Database, func(s *database.Statement) { in.statement = s })
	return gives
}

// prepareValues gives the columns that are, or may be, set.
func (in *updateInputs) prepareValues(l action.Load, t *database.Table) (names []string, ok bool) {
	root := in.Values.Root()
	switch {
	case root.Shape != action.Mapping:
		if in.computed = compileComputed(l, t, root, in.Columns); in.computed == nil {
			return nil, false
		}
		if in.computed.program.Type.Kind == schema.List {
			l.Problem(source.Problem{Span: root.Value, Code: "wrong_type", Text: "values is a map of columns to values"})
			return nil, false
		}
		return in.computed.names(), true
	case len(in.Columns) > 0:
		l.Problem(source.Problem{Span: l.At("columns"), Code: "unused_columns", Text: "columns is for values that are computed; these are written out"})
		return nil, false
	case len(root.Branches) == 0:
		l.Problem(source.Problem{Span: root.Value, Code: "missing_value", Text: "values is empty"})
		return nil, false
	}
	in.written, ok = compileRow(l, t, root, "values")
	return in.written.columns(), ok
}

func runUpdate(c *action.Call, in *updateInputs) (any, error) {
	s := in.statement
	var args []any
	if in.computed != nil {
		rows, many, err := in.computed.rows(c)
		if err != nil {
			return nil, err
		}
		if many || len(rows[0].columns) == 0 {
			return nil, (&wrong{[]any{wrongShape.New([]any{"values", "must be an object that sets something"})}}).failure()
		}
		args, s = rows[0].args, s.Vary(query.Update(in.table, rows[0].names(), in.where.conditions()), 0)
	} else {
		var err error
		if args, err = in.written.arguments(c, make([]any, 0, len(in.written.set)+len(in.where))); err != nil {
			return nil, err
		}
	}
	args, err := in.where.arguments(c, args)
	if err != nil {
		return nil, err
	}
	return change(c, s, in.name, args, in.Missing)
}

// change runs a statement that changes rows.
func change(c *action.Call, s *database.Statement, db string, args []any, missing int) (any, error) {
	tx, err := c.Tx(db)
	if err != nil {
		return nil, err
	}
	affected, _, err := s.Execute(c.Context, tx, args)
	if err != nil {
		return nil, err
	}
	if f := none(missing); f != nil && affected == 0 {
		return nil, f
	}
	return changedShape.New([]any{affected}), nil
}

// Delete deletes rows.
var Delete = action.Define(action.Spec[deleteInputs, any]{
	Name: "data.delete", Summary: "Deletes the rows of a table that fit.",
	Doc:     whereDoc + " Every row goes with `all: true` alone. With `missing: 404` the step fails where there is none.",
	Example: "- data.delete: {table: films, where: {id: \"${args.id}\"}, missing: 404}\n",
	Writes:  true, Result: changed, Failures: append([]action.Outcome{missingRow}, dataFailures...),
	Prepare: prepareDelete, Run: runDelete,
})

type deleteInputs struct {
	Table    string      `doc:"The table."`
	Where    action.Tree `doc:"Which rows: a map of columns to values." class:"token" optional:""`
	All      bool        `doc:"Deletes every row, in place of where." optional:""`
	Missing  int         `doc:"The status to fail with where no row fits." optional:""`
	Database string      `doc:"The database, by its name in cloudlet.yaml." optional:""`

	name      string
	where     where
	statement *database.Statement
}

func prepareDelete(l action.Load, in *deleteInputs) action.Result {
	checkMissing(l, in.Missing)
	gives := action.Gives(changed)
	t := writable(l, in.Table, in.Database)
	if t == nil {
		return gives
	}
	in.name = l.Database(in.Database)
	w, ok := compileWhere(l, &in.Where, t)
	if in.where = w; !ok {
		return gives
	}
	if in.All == (len(w) > 0) {
		p := source.Problem{Span: l.At("where"), Code: "no_condition", Text: "without a condition every row would be deleted", Hint: "name the rows, or say all: true"}
		if in.All {
			p.Span, p.Text, p.Hint = l.At("all"), fmt.Sprintf("all deletes every row of %s, whatever where says", t.Name), "leave out one of the two"
		}
		l.Problem(p)
		return gives
	}
	fails(l, in.Missing, dataFailures)
	l.Query(query.Delete(t, w.conditions()), in.Database, func(s *database.Statement) { in.statement = s })
	return gives
}

func runDelete(c *action.Call, in *deleteInputs) (any, error) {
	args, err := in.where.arguments(c, make([]any, 0, len(in.where)))
	if err != nil {
		return nil, err
	}
	return change(c, in.statement, in.name, args, in.Missing)
}
