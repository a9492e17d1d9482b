package data

import (
	"errors"
	"strings"

	"cloudlet/engine/action"
	"cloudlet/engine/database"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/query"
)

// cursorPurpose is what cursors are sealed for.
const cursorPurpose = "data.list cursor"

// longestSealed is how many characters a cursor of ours can have.
const longestSealed = 64 + query.LongestCursor*3/2

// page is one run of data.list.
type page struct {
	*listInputs
	list   *query.List
	mark   query.Mark
	args   []any // of list
	limit  int
	offset int
	tx     *database.Tx
}

func runList(c *action.Call, in *listInputs) (any, error) {
	p := &page{listInputs: in, list: &in.fixed, mark: in.mark}
	var err error
	if p.limit, err = in.limit.Value(c, &in.Limit); err != nil {
		return nil, err
	}
	if p.offset, err = action.Offset.Value(c, &in.Offset); err != nil {
		return nil, err
	}
	if p.args, err = in.where.arguments(c, make([]any, 0, len(in.where)+8)); err != nil {
		return nil, err
	}
	if err := p.choose(c); err != nil {
		return nil, err
	}
	if p.tx, err = c.Tx(in.name); err != nil {
		return nil, err
	}
	s, args, err := p.place(c)
	if err != nil {
		return nil, err
	}
	asJSON := in.AsJSON(c)
	if asJSON && p.limit > batch && p.list.Cursors && p.tx == nil && c.Streams {
		return p.stream(c, s, args)
	}
	r := database.Reading{Limit: p.limit, Keys: p.list.Keys, AsJSON: asJSON}
	if asJSON {
		r.Into = append(c.Out[:0], `{"items":`...)
	}
	got, err := s.Page(c.Context, p.tx, append(args, p.limit+1, p.offset), r)
	if err != nil {
		return nil, err
	}
	return p.answer(c, &got, asJSON)
}

// choose adds to the list what the caller chose.
func (p *page) choose(c *action.Call) error {
	filter, err := p.Filter.Value(c)
	if err != nil {
		return err
	}
	if filter == nil && p.sorted {
		return nil
	}
	list := &query.List{Table: p.fixed.Table, Columns: p.fixed.Columns, Where: p.fixed.Where, Order: p.fixed.Order, Cursors: p.fixed.Cursors}
	p.list = list
	var digest []byte
	if filter != nil {
		o, ok := filter.(*schema.Object)
		if !ok {
			return refused(invalidFilter, "filter", []query.Mistake{{Message: "must be an object"}})
		}
		conditions, args, wrong := p.filterable.Filter(o)
		if len(wrong) > 0 {
			return refused(invalidFilter, "filter", wrong)
		}
		list.Where = append(list.Where[:len(list.Where):len(list.Where)], conditions...)
		p.args, digest = append(p.args, args...), schema.AppendJSON(nil, args)
	}
	if !p.sorted {
		v, err := p.Sort.Value(c)
		if err != nil {
			return err
		}
		order, wrong := p.sortable.Sort(v)
		if len(wrong) > 0 {
			return refused(invalidSort, "sort", wrong)
		}
		list.Order, list.Cursors = query.Total(list.Table, order)
	}
	list.Place()
	p.mark = list.MarkOf([]byte(p.name), digest)
	return nil
}

// refused is a failure that lists what is wrong with what the caller chose.
func refused(o action.Outcome, what string, wrong []query.Mistake) *action.Failure {
	detail := "The " + sentence(what, wrong[0])
	if !strings.HasSuffix(detail, "?") {
		detail += "."
	}
	f := action.Fail(o.Status, o.Code, detail)
	for _, m := range wrong {
		path := m.Path
		if path == "" {
			path = what
		}
		f.Errors = append(f.Errors, wrongShape.New([]any{path, m.Message}))
	}
	return f
}

// place is the statement of the page, with all of its arguments but the last two.
func (p *page) place(c *action.Call) (*database.Statement, []any, error) {
	cursor, _, err := p.After.Optional(c)
	if err != nil {
		return nil, nil, err
	}
	if cursor == "" {
		if p.list == &p.fixed {
			return p.first, p.args, nil
		}
		return p.gives.Vary(p.list.SQL(""), p.list.Further), p.args, nil
	}
	foreign := action.Fail(invalidCursor.Status, invalidCursor.Code, "The cursor is not one of this list. Begin again without it.")
	if len(cursor) > longestSealed {
		return nil, nil, foreign
	}
	plain, err := c.Services.Keys.Open(cursorPurpose, cursor)
	if err != nil {
		return nil, nil, foreign
	}
	values, err := p.mark.Decode(plain, len(p.list.Order))
	if err != nil {
		return nil, nil, foreign
	}
	if query.Incomplete(values) {
		if values, err = p.found(c, values); err != nil {
			return nil, nil, err
		}
		if values == nil {
			return nil, nil, foreign
		}
	}
	after, args := query.After(p.list.Table, p.list.Order, values)
	return p.gives.Vary(p.list.SQL(after), p.list.Further), append(p.args[:len(p.args):len(p.args)], args...), nil
}

// found is a place with the values that its cursor had no room for, nil where its row is gone.
func (p *page) found(c *action.Call, brief []any) ([]any, error) {
	at, args := p.list.At(brief)
	args = append(append(p.args[:len(p.args):len(p.args)], args...), 1, 0)
	got, err := p.gives.Vary(p.list.SQL(at), p.list.Further).Page(c.Context, p.tx, args, database.Reading{Limit: 1, Keys: p.list.Keys})
	if err != nil || len(got.Rows) == 0 {
		return nil, err
	}
	return got.Last, nil
}

// answer is the result with what follows the rows.
func (p *page) answer(c *action.Call, got *database.Page, asJSON bool) (any, error) {
	total, err := p.counted(c)
	if err != nil {
		return nil, err
	}
	next, err := p.next(c, got)
	if err != nil {
		return nil, err
	}
	if !asJSON {
		values := append(make([]any, 0, 3), got.Rows)
		if p.Count {
			values = append(values, total)
		}
		if p.list.Cursors {
			values = append(values, next)
		}
		return p.shape.New(values), nil
	}
	return schema.Raw(p.appendEnd(got.JSON, total, next)), nil
}

// end is what follows the rows of a page.
func (p *page) end(c *action.Call, out []byte, got *database.Page, total any) ([]byte, error) {
	next, err := p.next(c, got)
	return p.appendEnd(out, total, next), err
}

func (p *page) appendEnd(out []byte, total, next any) []byte {
	if p.Count {
		out = schema.AppendJSON(append(out, `,"total":`...), total)
	}
	if p.list.Cursors {
		out = schema.AppendJSON(append(out, `,"next":`...), next)
	}
	return append(out, '}')
}

// counted is how many rows there are on all pages.
func (p *page) counted(c *action.Call) (any, error) {
	if !p.Count {
		return nil, nil
	}
	s := p.total
	if p.list != &p.fixed {
		s = s.Vary(p.list.Count(), 0)
	}
	return s.Value(c.Context, p.tx, p.args)
}

// next is the cursor of the page that follows, nil where there is none.
func (p *page) next(c *action.Call, got *database.Page) (any, error) {
	if !p.list.Cursors || !got.More {
		return nil, nil
	}
	plain, err := p.mark.Encode(got.Last)
	if errors.Is(err, query.ErrCursorTooLong) {
		plain, err = p.mark.Encode(p.list.Brief(got.Last))
	}
	if err != nil {
		f := action.Fail(cursorTooLong.Status, cursorTooLong.Code, "The list cannot be continued.")
		f.Cause = err
		return nil, f
	}
	return c.Services.Keys.Seal(cursorPurpose, plain), nil
}
