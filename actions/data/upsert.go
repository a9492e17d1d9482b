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

// Upsert writes rows that may be there already.
var Upsert = action.Define(action.Spec[upsertInputs, any]{
	Name: "data.upsert", Summary: "Writes a row into a table, or changes the one that has its key already, and gives it back.",
	Doc: "key names one column or more that are a unique key of the table, and that values sets: a row that is there with the same gets the other values. " + valuesDoc +
		" A list of maps is written in one transaction, all or none.",
	Example: "- data.upsert: {table: films, key: id, values: {id: \"${args.id}\", title: \"${args.title}\"}}\n",
	Writes:  true, Failures: append([]action.Outcome{badValues}, dataFailures...),
	Prepare: prepareUpsert, Run: runUpsert,
})

type upsertInputs struct {
	Table     string      `doc:"The table."`
	Key       []string    `doc:"The column, or columns, that tell whether the row is there." lone:""`
	Values    action.Tree `doc:"A map of columns to values, or a list of such maps." class:"token"`
	Columns   []string    `doc:"The columns that computed values may set." optional:"" lone:""`
	Returning []string    `doc:"The columns of the result; left out, all." optional:"" lone:""`
	Database  string      `doc:"The database, by its name in cloudlet.yaml." optional:""`
	action.Direct

	inserts
}

func prepareUpsert(l action.Load, in *upsertInputs) action.Result {
	unknown := action.Gives(schema.AnyType)
	t := writable(l, in.Table, in.Database)
	if t == nil {
		return unknown
	}
	key, ok := chosen(l, t, "key", in.Key)
	if !ok {
		return unknown
	}
	if len(in.Key) == 0 || !unique(t, key) {
		l.Problem(source.Problem{Span: l.At("key"), Code: "no_unique_key", Text: fmt.Sprintf("%s has no unique key of %s", t.Name, strings.Join(key, ", ")), Hint: uniqueKeys(t)})
		return unknown
	}
	in.key = key
	in.sql = func(columns []string) string { return query.Upsert(t, columns, key, in.returning) }
	return in.prepare(l, t, &in.Values, in.Columns, in.Returning, in.Database)
}

// unique reports whether columns are a unique key, in whatever order.
func unique(t *database.Table, columns []string) bool {
	columns = slices.Sorted(slices.Values(columns))
	return slices.ContainsFunc(t.Unique, func(key []string) bool { return slices.Equal(slices.Sorted(slices.Values(key)), columns) })
}

// uniqueKeys says which unique keys there are.
func uniqueKeys(t *database.Table) string {
	var keys []string
	for _, key := range t.Unique {
		keys = append(keys, "["+strings.Join(key, ", ")+"]")
	}
	if len(keys) == 0 {
		return "it has none; add a UNIQUE index in a migration"
	}
	return "it has " + strings.Join(keys, " and ")
}

func runUpsert(c *action.Call, in *upsertInputs) (any, error) { return in.run(c, in.AsJSON(c)) }
