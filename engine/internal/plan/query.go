package plan

import (
	"errors"
	"slices"
	"strings"

	"cloudlet/engine/database"
	"cloudlet/engine/language/document"
	"cloudlet/engine/language/expression"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// query turns the text of a statement into SQL with a ? for each ${…}, and finds
// the way back from a place in the SQL to the author's text.
type query struct {
	*binder
	node     *document.Node
	text     strings.Builder
	programs []*expression.Program
	lists    []bool // which parameters are the items of IN ( )
	holes    []hole
	offsets  []piece
}

// hole is where a ${…} stood.
type hole struct {
	at   int // of the ? in the SQL
	part expression.Part
}

// piece maps a run of SQL bytes to the author's text.
type piece struct {
	sql, text, length int
	parameter         bool
}

func (q *query) literal(part expression.Part) {
	q.offsets = append(q.offsets, piece{sql: q.text.Len(), text: part.Offset, length: len(part.Literal)})
	q.text.WriteString(part.Literal)
}

// parameter binds one ${…}: token values at the most, so that no secret rests in a database.
func (q *query) parameter(part expression.Part) {
	q.holes = append(q.holes, hole{q.text.Len(), part})
	q.offsets = append(q.offsets, piece{sql: q.text.Len(), text: part.Offset, length: len(part.Source), parameter: true})
	q.text.WriteByte('?')
	p := q.expression(q.scope, q.node, part, stored(""))
	if p == nil {
		q.failed = true
		p = expression.NewConstant(nil, schema.NullType)
	}
	q.programs, q.lists = append(q.programs, p), append(q.lists, false)
}

// check looks at where the parameters stand, and expands lists in IN ( ).
func (q *query) check() bool {
	tokens := database.Lex(q.text.String())
	for _, t := range tokens {
		if t.Kind == database.Placeholder && !q.isHole(t.From) {
			q.problems.Add(source.Problem{Span: q.place(t.From, t.To), Code: "sql_placeholder",
				Text: "a placeholder of the database has nothing to be bound to", Hint: "write ${…} instead"})
			q.failed = true
		}
	}
	for _, h := range q.holes {
		if kind, ok := inside(tokens, h.at); ok {
			q.problems.Add(source.Problem{Span: q.place(h.at, h.at+1), Code: "sql_in_" + kind,
				Text: "${…} inside a " + strings.ReplaceAll(kind, "_", " ") + " would not be a parameter", Hint: q.hintInside(kind, tokens, h)})
			q.failed = true
		}
		q.sortsNothing(tokens, h)
	}
	if !q.failed {
		q.expandLists(tokens)
	}
	return !q.failed
}

// sortsNothing warns of a value that stands for a column to sort or group by.
func (q *query) sortsNothing(tokens []database.Token, h hole) {
	text, written := q.text.String(), "${"+h.part.Source+"}"
	p := source.Problem{Span: q.place(h.at, h.at+1), Warning: true}
	switch database.TermOf(text, tokens, database.TokenAt(tokens, h.at)) {
	case "ORDER BY":
		p.Code, p.Text = "sorts_nothing", "this sorts by nothing: a value is bound here, the same for every row, and never the name of a column"
		p.Hint = "let data.list sort, with `sortable`, or write the columns out: CASE " + written + " WHEN 'title' THEN title END"
	case "GROUP BY":
		p.Code, p.Text = "groups_nothing", "this makes one group of all rows: a value is bound here, the same for every row, and never the name of a column"
		p.Hint = "write the columns out: CASE " + written + " WHEN 'title' THEN title END"
	default:
		return
	}
	q.problems.Add(p)
}

func (q *query) hintInside(kind string, tokens []database.Token, h hole) string {
	switch kind {
	case "comment":
		return "take it out of the comment"
	case "quoted_name":
		return "names of tables and columns are written out"
	}
	const quoted = len("'?'")
	if t := tokens[database.TokenAt(tokens, h.at)]; t.To-t.From == quoted {
		return "values are bound, so the quotes have to go: ${" + h.part.Source + "}"
	}
	return "values are bound, so put the whole text into the ${…}, without the quotes of SQL: ${\"%\" + args.q + \"%\"}"
}

func (q *query) isHole(at int) bool {
	for _, h := range q.holes {
		if h.at == at {
			return true
		}
	}
	return false
}

// inside reports whether an offset lies in a literal or comment.
func inside(tokens []database.Token, at int) (string, bool) {
	for _, t := range tokens {
		if t.From <= at && at < t.To {
			switch t.Kind {
			case database.Text, database.Blob:
				return "string_literal", true
			case database.Comment:
				return "comment", true
			case database.Quoted:
				return "quoted_name", true
			}
			return "", false
		}
	}
	return "", false
}

// expandLists rewrites `IN (?)` for a list: its items come from one JSON
// parameter, so that the statement is the same for every length.
func (q *query) expandLists(tokens []database.Token) {
	const items = "SELECT value FROM json_each(?)"
	text := q.text.String()
	var out strings.Builder
	var offsets []piece
	from := 0
	copyTo := func(to int) {
		for _, p := range q.offsets {
			if p.sql >= from && p.sql < to {
				offsets = append(offsets, piece{out.Len() + p.sql - from, p.text, p.length, p.parameter})
			}
		}
		out.WriteString(text[from:to])
		from = to
	}
	for i, h := range q.holes {
		kind := q.programs[i].Type.Kind
		if kind != schema.List && kind != schema.JSON || !database.AloneInList(text, tokens, database.TokenAt(tokens, h.at)) {
			continue
		}
		copyTo(h.at)
		at := out.Len()
		out.WriteString(items)
		offsets = append(offsets, piece{at, h.part.Offset, len(items), true})
		from = h.at + 1
		q.lists[i] = true
	}
	copyTo(len(text))
	q.text.Reset()
	q.text.WriteString(out.String())
	q.offsets = offsets
}

// describe has the statement checked; what is wrong is reported in the author's text.
func (q *query) describe(scratch *database.Scratch) (*database.Description, error) {
	d, err := scratch.Describe(q.text.String())
	if err == nil {
		return d, nil
	}
	var e *database.SQLError
	if errors.As(err, &e) {
		if scratch.Partial() && strings.HasPrefix(e.Code, "unknown_") {
			return nil, err // the migration that failed is the mistake
		}
		q.misplaced(e)
		q.problems.Add(source.Problem{Span: q.place(e.From, e.To), Code: e.Code, Text: e.Text, Hint: e.Hint})
	} else {
		q.problems.Addf(q.node.Span, "invalid_sql", "the statement cannot be checked: %v", err)
	}
	return nil, err
}

// misplaced says of a ${…} where no value can stand what the author wrote: the
// database only knows its ?.
func (q *query) misplaced(e *database.SQLError) {
	at := slices.IndexFunc(q.offsets, func(p piece) bool { return p.parameter && p.sql == e.From })
	if at < 0 || e.To != e.From+1 {
		return
	}
	e.Text, e.Hint = "${…} is a value, and none is expected here", "names of tables and columns are written out"
	before := strings.Fields(q.text.String()[:e.From])
	if len(before) > 0 && strings.EqualFold(before[len(before)-1], "in") {
		e.Hint = "a list stands in parentheses: IN (${…})"
	}
}

// place is where bytes of the SQL stand in the file.
func (q *query) place(from, to int) source.Span {
	start, end := q.textOffset(from, false), q.textOffset(to, true)
	return q.node.Place(start, max(start, end))
}

func (q *query) textOffset(at int, end bool) int {
	for _, p := range q.offsets {
		length := p.length
		if p.parameter && p.sql <= at && at <= p.sql+1 {
			if end && at > p.sql {
				return p.text + p.length
			}
			if !end && at == p.sql || end {
				return p.text
			}
		}
		if !p.parameter && (p.sql <= at && at < p.sql+length || end && p.sql < at && at <= p.sql+length) {
			return p.text + at - p.sql
		}
	}
	return len(q.node.Value)
}
