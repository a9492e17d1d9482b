package data

import (
	"cloudlet/engine/action"
	"cloudlet/engine/database"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/query"
)

// Get gives one row of a table.
var Get = action.Define(action.Spec[getInputs, any]{
	Name: "data.get", Summary: "Gives the first row of a table that fits, or null.",
	Doc:      whereDoc + " With `missing: 404` the step fails where there is no row.",
	Example:  "- data.get: {table: films, where: {id: \"${args.id}\"}, columns: [id, title], missing: 404}\n",
	Failures: append([]action.Outcome{{Status: 404, Code: "not_found", When: "there is no row, and `missing` says so"}, badValue}, readFailures...),
	Prepare:  prepareGet, Run: runGet,
})

type getInputs struct {
	Table    string      `doc:"The table or view."`
	Where    action.Tree `doc:"Which row: a map of columns to values." class:"token"`
	Columns  []string    `doc:"The columns of the row; left out, all." optional:"" lone:""`
	Missing  int         `doc:"The status to fail with where there is no row; left out, the result is null." optional:""`
	Database string      `doc:"The database, by its name in cloudlet.yaml." optional:""`
	action.Direct

	name      string
	where     where
	statement *database.Statement
}

func prepareGet(l action.Load, in *getInputs) action.Result {
	checkMissing(l, in.Missing)
	unknown := action.Gives(schema.AnyType)
	t := l.Table(in.Table, in.Database, "table")
	if t == nil {
		return unknown
	}
	in.name = l.Database(in.Database)
	columns, ok := chosen(l, t, "columns", in.Columns)
	w, fine := compileWhere(l, &in.Where, t)
	if in.where = w; !ok || !fine {
		return unknown
	}
	d := l.Query(query.Get(t, columns, w.conditions()), in.Database, func(s *database.Statement) { in.statement = s })
	if d == nil {
		return unknown
	}
	fails(l, in.Missing, readFailures)
	if w.checked() {
		l.Fails(badValue)
	}
	if in.Missing != 0 {
		return action.Gives(rowOf(d))
	}
	return action.Gives(rowOf(d).OrNull())
}

func runGet(c *action.Call, in *getInputs) (any, error) {
	args, err := in.where.arguments(c, make([]any, 0, len(in.where)))
	if err != nil {
		return nil, err
	}
	tx, err := c.Tx(in.name)
	if err != nil {
		return nil, err
	}
	return firstRow(c, in.statement, in.AsJSON(c), tx, args, in.Missing)
}

// firstRow runs a statement for its first row; where there is none that is null, or a
// failure of the status missing.
func firstRow(c *action.Call, s *database.Statement, asJSON bool, tx *database.Tx, args []any, missing int) (any, error) {
	if asJSON {
		row, found, err := s.AppendOne(c.Context, tx, c.Out[:0], args)
		switch {
		case err != nil:
			return nil, err
		case found:
			return schema.Raw(row), nil
		}
	} else if row, err := s.One(c.Context, tx, args); err != nil {
		return nil, err
	} else if row != nil {
		return row, nil
	}
	if f := none(missing); f != nil {
		return nil, f
	}
	return nil, nil
}
