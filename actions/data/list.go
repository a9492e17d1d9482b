package data

import (
	"fmt"

	"cloudlet/engine/action"
	"cloudlet/engine/database"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
	"cloudlet/engine/query"
)

// What a list fails with that the caller chose wrongly.
var (
	invalidFilter = action.Outcome{Status: 400, Code: "invalid_filter", When: "the filter names a column that is not filterable, or holds one against what it cannot be"}
	invalidSort   = action.Outcome{Status: 400, Code: "invalid_sort", When: "the sort names a column that is not sortable"}
	invalidCursor = action.Outcome{Status: 400, Code: "invalid_cursor", When: "after is no cursor, or is one of another list, sort or filter"}
	cursorTooLong = action.Outcome{Status: 500, Code: "cursor_too_long", When: "the keys of the rows are too long for a cursor"}
)

// List gives rows of a table, page by page.
var List = action.Define(action.Spec[listInputs, any]{
	Name: "data.list", Summary: "Gives rows of a table that fit, in an order, page by page.",
	Gives: "{items: a list of rows, total: int?, next: string?}",
	Doc: "The result is {items, total, next}: the rows, with count how many there are on all pages, and the cursor of the page that follows. " + whereDoc + " filter is the same from the caller, a map such as a json argument holds, over the columns of filterable alone; null is no filter. " +
		"sort names columns, as in `-year,title` or [-year, title], - for the last first; what is computed may name those of sortable. The primary key decides among equals, so the order is the same each time. " +
		"next is a sealed cursor, null on the last page: given as after, with the same sort and filter, it goes on behind the last row, whatever was written meanwhile. A view has no key, and so no cursors. A page of more than 200 rows that is the answer is written as it is read; what fails in the middle of it cuts the answer off.",
	Example:  "- data.list:\n    table: films\n    where: {year: {gte: 1900}}\n    columns: [id, title, year]\n    filter: ${args.filter}\n    filterable: [title, year]\n    sort: ${args.sort}\n    sortable: [title, year]\n    limit: ${args.limit}\n    after: ${args.after}\n    count: true\n",
	Failures: append([]action.Outcome{invalidFilter, invalidSort, invalidCursor, action.OutOfRange, badValue, cursorTooLong}, readFailures...),
	Prepare:  prepareList, Run: runList,
})

type listInputs struct {
	Table      string              `doc:"The table or view."`
	Where      action.Tree         `doc:"Which rows: a map of columns to values." class:"token" optional:""`
	Columns    []string            `doc:"The columns of each row; left out, all." optional:"" lone:""`
	Filter     action.Expr[any]    `doc:"What the caller wants of filterable: a map as of where." optional:"" class:"token"`
	Filterable []string            `doc:"The columns that filter may name." optional:"" lone:""`
	Sort       action.Expr[any]    `doc:"The columns to sort by, a text or a list; - ahead of one is descending." optional:""`
	Sortable   []string            `doc:"The columns that a computed sort may name." optional:"" lone:""`
	Limit      action.Expr[int]    `doc:"How many rows a page has." default:"50"`
	MaxLimit   int                 `doc:"How many rows a page may have, 1 to 10000." default:"1000"`
	Offset     action.Expr[int]    `doc:"How many rows to skip." default:"0"`
	After      action.Expr[string] `doc:"The cursor of the page before; empty or null is the first page." optional:""`
	Count      bool                `doc:"Whether total tells how many rows there are on all pages." optional:""`
	Database   string              `doc:"The database, by its name in cloudlet.yaml." optional:""`
	action.Direct

	name                 string
	where                where
	fixed                query.List // without filter, and without a sort that is computed
	sorted               bool       // the sort is that of fixed
	mark                 query.Mark // of fixed
	limit                action.Range
	filterable, sortable query.Choices
	gives                *database.Statement // the columns of every page
	first, total         *database.Statement // of fixed
	shape                *schema.Shape
}

func prepareList(l action.Load, in *listInputs) action.Result {
	unknown := action.Gives(schema.AnyType)
	t := l.Table(in.Table, in.Database, "table")
	if t == nil {
		return unknown
	}
	in.name = l.Database(in.Database)
	columns, ok := chosen(l, t, "columns", in.Columns)
	var fine bool
	in.where, fine = compileWhere(l, &in.Where, t)
	in.fixed = query.List{Table: t, Columns: columns, Where: in.where.conditions()}
	filter, sort := in.prepareFilter(l, t), in.prepareSort(l, t)
	if page := in.preparePage(l); !ok || !fine || !filter || !sort || !page {
		return unknown
	}
	d := l.Query(in.fixed.Plain(), in.Database, func(s *database.Statement) {
		in.gives, in.first = s, s.Vary(in.fixed.SQL(""), in.fixed.Further)
	})
	if d == nil || in.Count && l.Query(in.fixed.Count(), in.Database, func(s *database.Statement) { in.total = s }) == nil {
		return unknown
	}
	in.fails(l)
	return action.Gives(in.result(rowOf(d)))
}

// result is the type of a page.
func (in *listInputs) result(row *schema.Type) *schema.Type {
	fields := []schema.Field{{Name: "items", Type: schema.ListOf(row)}}
	if in.Count {
		fields = append(fields, schema.Field{Name: "total", Type: schema.IntType})
	}
	if in.fixed.Cursors {
		fields = append(fields, schema.Field{Name: "next", Type: schema.StringType.OrNull()})
	}
	t := schema.ObjectOf(fields...)
	in.shape = schema.NewShape(t.FieldNames()...)
	return t
}

func (in *listInputs) prepareFilter(l action.Load, t *database.Table) bool {
	ok := choices(l, t, "filterable", in.Filterable, &in.filterable)
	if !in.Filter.Given() {
		return ok
	}
	if len(in.Filterable) == 0 {
		l.Problem(source.Problem{Span: l.At("filter"), Code: "not_filterable", Text: "which columns the filter may name is not said", Hint: "write them as filterable: […]"})
		return false
	}
	if kind := in.Filter.Type().Kind; kind != schema.JSON && kind != schema.ObjectK && kind != schema.Null {
		l.Problem(source.Problem{Span: l.At("filter"), Code: "wrong_type", Text: "a filter is a map of columns to values", Hint: "take it from an argument of type json"})
		return false
	}
	return ok
}

func (in *listInputs) prepareSort(l action.Load, t *database.Table) bool {
	ok := choices(l, t, "sortable", in.Sortable, &in.sortable)
	v, constant := in.Sort.Constant()
	in.sorted = constant || !in.Sort.Given()
	if !in.sorted && len(in.Sortable) == 0 {
		l.Problem(source.Problem{Span: l.At("sort"), Code: "not_sortable", Text: "which columns a computed sort may name is not said", Hint: "write them as sortable: […]"})
		return false
	}
	var order []query.Order
	if constant {
		var all query.Choices
		choices(l, t, "sort", t.Names(), &all)
		var wrong []query.Mistake
		order, wrong = all.Sort(v)
		for _, m := range wrong {
			l.Problem(source.Problem{Span: l.At("sort"), Code: invalidSort.Code, Text: sentence("sort", m)})
		}
		ok = ok && len(wrong) == 0
	}
	in.fixed.Order, in.fixed.Cursors = query.Total(t, order)
	in.fixed.Place()
	in.mark = in.fixed.MarkOf([]byte(in.name))
	return ok
}

// choices finds the columns of an allow-list.
func choices(l action.Load, t *database.Table, input string, names []string, into *query.Choices) bool {
	into.Table = t
	if len(names) == 0 {
		return true
	}
	list, ok := chosen(l, t, input, names)
	for _, name := range list {
		c, _ := t.Column(name)
		into.Columns = append(into.Columns, c)
	}
	return ok
}

func (in *listInputs) preparePage(l action.Load) bool {
	if in.MaxLimit < 1 || in.MaxLimit > 10_000 {
		l.Problem(source.Problem{Span: l.At("max_limit"), Code: "out_of_range", Text: "max_limit is from 1 to 10000"})
		return false
	}
	in.limit = action.Range{Name: "limit", Least: 1, Most: in.MaxLimit}
	in.limit.Check(l, &in.Limit)
	action.Offset.Check(l, &in.Offset)
	if !in.After.Given() {
		return true
	}
	if n, constant := in.Offset.Constant(); !constant || n != 0 {
		l.Problem(source.Problem{Span: l.At("offset"), Code: "two_places", Text: "a page begins at an offset or behind a cursor, not both", Hint: "leave out offset or after"})
		return false
	}
	if !in.fixed.Cursors {
		l.Problem(source.Problem{Span: l.At("after"), Code: "no_cursors", Text: in.fixed.Table.Name + " has no key, and so no cursors", Hint: "use offset"})
		return false
	}
	return true
}

func (in *listInputs) fails(l action.Load) {
	l.Fails(readFailures...)
	_, limit := in.Limit.Constant()
	_, offset := in.Offset.Constant()
	for _, f := range []struct {
		may     bool
		outcome action.Outcome
	}{
		{in.Filter.Given(), invalidFilter}, {!in.sorted, invalidSort}, {in.After.Given(), invalidCursor}, {!limit || !offset, action.OutOfRange},
		{in.where.checked(), badValue}, {in.fixed.Cursors && in.wide(), cursorTooLong},
	} {
		if f.may {
			l.Fails(f.outcome)
		}
	}
}

// wide reports whether the list may be sorted by texts.
func (in *listInputs) wide() bool {
	if !in.sorted {
		return true
	}
	for _, o := range in.fixed.Order {
		if c, ok := in.fixed.Table.Column(o.Column); ok && c.Type.Kind != schema.Int && c.Type.Kind != schema.Bool && c.Type.Kind != schema.Float {
			return true
		}
	}
	return false
}

// sentence is a mistake in words.
func sentence(name string, m query.Mistake) string {
	if m.Path == "" {
		return fmt.Sprintf("%s %s", name, m.Message)
	}
	return fmt.Sprintf("%s: %s %s", name, m.Path, m.Message)
}
