package data

import (
	"fmt"

	"cloudlet/engine/action"
	"cloudlet/engine/database"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

const (
	whereDoc = "where is a map of columns to a value, or to some of {gt, gte, lt, lte, ne, in, like, contains, null}; all of it has to hold. " +
		"null alone means that the column is NULL, ne takes NULL for a value like any other, an empty in matches nothing, and like has the wildcards % and _, with \\ ahead of one that is meant as it is; a pattern has at most 1000 bytes and does not repeat itself over and over; contains is like for a text anywhere in the column, in which % and _ are nothing but themselves: it is the one for what callers look for. " +
		"Columns are checked when the file is loaded, values are always parameters."
)

// rowOf is the type of rows that a statement of ours gives.
func rowOf(d *database.Description) *schema.Type {
	t := &schema.Type{Kind: schema.ObjectK}
	for i := range d.Columns {
		t.Fields = append(t.Fields, schema.Field{Name: d.Columns[i].Name, Type: d.Columns[i].Type})
	}
	return t
}

// chosen are the columns that an input names, as the schema writes them; all of them
// where it names none. ok is false after a problem.
func chosen(l action.Load, t *database.Table, input string, names []string) (list []string, ok bool) {
	if len(names) == 0 {
		return t.Names(), true
	}
	ok = true
	seen := map[string]bool{}
	for _, name := range names {
		c, found := t.Column(name)
		switch {
		case !found:
			l.Problem(source.Problem{Span: l.At(input), Code: "unknown_column", Text: fmt.Sprintf("there is no column %q in %s", short(name), t.Name),
				Hint: source.DidYouMean(name, t.Names())})
			ok = false
		case seen[c.Name]:
			l.Problem(source.Problem{Span: l.At(input), Code: "duplicate_column", Text: fmt.Sprintf("the column %q is named twice", short(name))})
			ok = false
		default:
			seen[c.Name] = true
			list = append(list, c.Name)
		}
	}
	return list, ok
}

// writable finds a table that can be written to; nil after a problem.
func writable(l action.Load, name, db string) *database.Table {
	t := l.Table(name, db, "table")
	if t != nil && t.View {
		l.Problem(source.Problem{Span: l.At("table"), Code: "view", Text: fmt.Sprintf("%s is a view, and can only be read", t.Name)})
		return nil
	}
	return t
}

// checkMissing reports a status of `missing` that is none of a failure.
func checkMissing(l action.Load, status int) {
	if status != 0 && (!action.Status(status) || status < 400) {
		l.Problem(source.Problem{Span: l.At("missing"), Code: "out_of_range", Text: fmt.Sprintf("%d is no status from 400 to 599", status)})
	}
}

// none is what a step fails with that finds nothing, or nil where it may.
func none(missing int) *action.Failure {
	if missing == 0 {
		return nil
	}
	code, detail := "not_found", "There is no such thing here."
	if missing != 404 {
		code, detail = "missing", "What was asked for is not there."
	}
	return action.Fail(missing, code, detail)
}

// fails says what a step may fail with: what its statement may, that there is nothing
// where it says so, and what else.
func fails(l action.Load, missing int, list []action.Outcome, more ...action.Outcome) {
	if f := none(missing); f != nil {
		l.Fails(action.Outcome{Status: f.Status, Code: f.Code, When: "there is no row"})
	}
	l.Fails(list...)
	l.Fails(more...)
}
