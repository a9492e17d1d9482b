// Package data holds the actions that read and write databases.
package data

import (
	"fmt"
	"strings"

	"cloudlet/engine/action"
	"cloudlet/engine/database"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// readFailures are what any statement may fail with.
var readFailures = []action.Outcome{
	{Status: 503, Code: "database_busy", When: "the database is busy for too long"},
	{Status: 500, Code: "unexpected_type", When: "a stored value is not of its column's type"},
	{Status: 500, Code: "result_too_large", When: "the result takes more than 64 MiB"},
	{Status: 500, Code: "database_failed", When: "the database cannot go on"},
}

// dataFailures are what a statement may fail with that writes.
var dataFailures = append([]action.Outcome{
	{Status: 409, Code: "already_exists", When: "a unique key is there already"},
	{Status: 409, Code: "still_referenced", When: "a foreign key has nothing to refer to, or is still referred to"},
	{Status: 400, Code: longPattern.Code, When: "a value breaks NOT NULL or CHECK, or " + longPattern.When},
}, readFailures...)

var longPattern = action.Outcome{Status: 400, Code: database.ErrInvalidValue.Code, When: fmt.Sprintf("a pattern of LIKE has more than %d bytes", database.LongestPattern)}

// failuresOf are what a statement may fail with; d may be nil.
func failuresOf(d *database.Description) []action.Outcome {
	switch {
	case d == nil:
		return readFailures
	case d.Writes:
		return dataFailures
	}
	if text := strings.ToUpper(d.SQL); strings.Contains(text, "LIKE") || strings.Contains(text, "GLOB") {
		return append([]action.Outcome{longPattern}, readFailures...)
	}
	return readFailures
}

const sqlDoc = "${…} in the text is always a bound parameter, never text. The statement is prepared when the file is loaded: " +
	"a table or column that is not there is a problem with its place, and the columns are the result's type. " +
	"SQLite keeps 15 digits of a decimal in a DECIMAL column; one that needs more is kept in a TEXT column. It keeps no zeros at the end, either: ${toFixed(film.price, 2)} writes 3.50."

type sqlInputs struct {
	SQL      action.SQL `doc:"One statement."`
	Database string     `doc:"The database, by its name in cloudlet.yaml." optional:""`

	name string
}

// prepare checks the statement; it returns nil after a problem.
func (in *sqlInputs) prepare(l action.Load) *database.Description {
	in.name = l.Database(in.Database)
	d := l.Statement(&in.SQL, in.Database)
	if d != nil && !d.Writes {
		l.Fails(failuresOf(d)...)
	}
	return d
}

// begin evaluates the parameters of a statement and finds the transaction of its database.
func begin(c *action.Call, sql *action.SQL, name string) (*database.Tx, []any, error) {
	args, err := sql.Arguments(c)
	if err != nil {
		return nil, nil, err
	}
	tx, err := c.Tx(name)
	return tx, args, err
}

// columnType is the type of a column. One that is computed may be made of the
// statement's parameters, so it has their class; what is stored is public.
func columnType(sql *action.SQL, c *database.Column) *schema.Type {
	if c.Type.Kind == schema.JSON && !c.Encoded {
		return c.Type.WithClass(sql.Class())
	}
	return c.Type
}

// rowType is the type of one row.
func rowType(sql *action.SQL, d *database.Description) *schema.Type {
	t := &schema.Type{Kind: schema.ObjectK}
	for i := range d.Columns {
		t.Fields = append(t.Fields, schema.Field{Name: d.Columns[i].Name, Type: columnType(sql, &d.Columns[i])})
	}
	return t
}

// needsRows reports a statement that gives no rows where some are wanted.
func needsRows(l action.Load, d *database.Description, name string) bool {
	if d == nil {
		return false
	}
	if len(d.Columns) == 0 {
		l.Problem(source.Problem{Span: l.At("sql"), Code: "no_columns", Text: name + " needs a statement that gives rows", Hint: "use sql.execute, or add RETURNING"})
		return false
	}
	return true
}

// Select gives all rows of a query.
var Select = action.Define(action.Spec[sqlInputs, any]{
	Name: "sql.select", Summary: "Gives all rows of a query, as a list of objects.", Main: "sql", Doc: sqlDoc,
	Gives:    "a list of rows: objects of the columns that the statement gives",
	Example:  "- sql.select: SELECT id, title FROM films WHERE year >= ${args.year} ORDER BY title\n",
	Failures: dataFailures,
	Prepare: func(l action.Load, in *sqlInputs) action.Result {
		d := in.prepare(l)
		if !needsRows(l, d, "sql.select") {
			return action.Gives(schema.ListOf(schema.AnyType))
		}
		return action.Gives(schema.ListOf(rowType(&in.SQL, d)))
	},
	Run: func(c *action.Call, in *sqlInputs) (any, error) {
		tx, args, err := begin(c, &in.SQL, in.name)
		if err != nil {
			return nil, err
		}
		if in.SQL.AsJSON(c) {
			rows, err := in.SQL.Statement().AppendRows(c.Context, tx, c.Out[:0], args)
			return schema.Raw(rows), err
		}
		rows, err := in.SQL.Statement().Rows(c.Context, tx, args)
		return rows, err
	},
})

// One gives the first row of a query.
var One = action.Define(action.Spec[oneInputs, any]{
	Name: "sql.one", Summary: "Gives the first row of a query, or null.", Main: "sql", Doc: sqlDoc + " With `missing: 404` it fails where there is no row.",
	Gives:    "a row, an object of the columns that the statement gives, or null",
	Example:  "- sql.one: {sql: \"SELECT id, title FROM films WHERE id = ${args.id}\", missing: 404}\n",
	Failures: append([]action.Outcome{{Status: 404, Code: "not_found", When: "there is no row, and `missing` says so"}}, dataFailures...),
	Prepare:  prepareOne, Run: runOne,
})

type oneInputs struct {
	SQL      action.SQL `doc:"One statement."`
	Missing  int        `doc:"The status to fail with where there is no row; left out, the result is null." optional:""`
	Database string     `doc:"The database, by its name in cloudlet.yaml." optional:""`

	name string
}

func prepareOne(l action.Load, in *oneInputs) action.Result {
	checkMissing(l, in.Missing)
	in.name = l.Database(in.Database)
	d := l.Statement(&in.SQL, in.Database)
	fails(l, in.Missing, failuresOf(d))
	if !needsRows(l, d, "sql.one") {
		return action.Gives(schema.AnyType)
	}
	if in.Missing != 0 {
		return action.Gives(rowType(&in.SQL, d))
	}
	return action.Gives(rowType(&in.SQL, d).OrNull())
}

func runOne(c *action.Call, in *oneInputs) (any, error) {
	tx, args, err := begin(c, &in.SQL, in.name)
	if err != nil {
		return nil, err
	}
	return firstRow(c, in.SQL.Statement(), in.SQL.AsJSON(c), tx, args, in.Missing)
}

// Value gives the first column of the first row.
var Value = action.Define(action.Spec[sqlInputs, any]{
	Name: "sql.value", Summary: "Gives the first column of the first row, or null.", Main: "sql", Doc: sqlDoc,
	Gives:    "the type of the first column, or null",
	Example:  "- sql.value: SELECT count(*) FROM films\n",
	Failures: dataFailures,
	Prepare: func(l action.Load, in *sqlInputs) action.Result {
		d := in.prepare(l)
		if !needsRows(l, d, "sql.value") {
			return action.Gives(schema.AnyType)
		}
		return action.Gives(columnType(&in.SQL, &d.Columns[0]).OrNull())
	},
	Run: func(c *action.Call, in *sqlInputs) (any, error) {
		tx, args, err := begin(c, &in.SQL, in.name)
		if err != nil {
			return nil, err
		}
		return in.SQL.Statement().Value(c.Context, tx, args)
	},
})

// Execute runs a statement for its effect.
var Execute = action.Define(action.Spec[sqlInputs, any]{
	Name: "sql.execute", Summary: "Runs a statement that writes.", Main: "sql", Doc: sqlDoc + " last_insert_id is that of the last row that was inserted.",
	Example:  "- sql.execute: DELETE FROM films WHERE id = ${args.id}\n",
	Failures: dataFailures,
	Result:   executed,
	Prepare: func(l action.Load, in *sqlInputs) action.Result {
		if d := in.prepare(l); d != nil && !d.Writes {
			l.Problem(source.Problem{Span: l.At("sql"), Code: "no_effect", Text: "sql.execute needs a statement that writes", Hint: "use sql.select, sql.one or sql.value to read"})
		}
		return action.Gives(executed)
	},
	Run: func(c *action.Call, in *sqlInputs) (any, error) {
		tx, args, err := begin(c, &in.SQL, in.name)
		if err != nil {
			return nil, err
		}
		affected, id, err := in.SQL.Statement().Execute(c.Context, tx, args)
		if err != nil {
			return nil, err
		}
		return executedShape.New([]any{affected, id}), nil
	},
})

var (
	executed = schema.ObjectOf(
		schema.Field{Name: "rows_affected", Type: schema.IntType},
		schema.Field{Name: "last_insert_id", Type: schema.IntType},
	)
	executedShape = schema.NewShape("rows_affected", "last_insert_id")
)
