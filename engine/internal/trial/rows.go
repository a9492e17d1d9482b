package trial

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"cloudlet/engine/database"
	"cloudlet/engine/language/document"
	"cloudlet/engine/language/expression"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// table reads the rows of one table: films, or archive.films of another database.
func (s *scene) table(g *given, e document.Entry) {
	db, name := "main", e.Key.Value
	if before, after, ok := strings.Cut(name, "."); ok && slices.Contains(s.env.Databases, before) {
		db, name = before, after
	}
	if e.Value.Kind != document.Sequence {
		if !e.Value.Refused() {
			s.problems.Addf(e.Value.Span, "wrong_type", "%s takes a list of rows, each a map of columns to values", e.Key.Value)
		}
		return
	}
	if !s.exists(e.Key, db, name) {
		return
	}
	for _, n := range e.Value.Items {
		switch {
		case n.Refused():
		case n.Kind != document.Mapping || len(n.Entries) == 0:
			s.problems.Addf(n.Span, "wrong_type", "a row is a map of columns to values")
		default:
			s.row(g, n, db, name)
		}
	}
}

// exists reports whether there is a table; that there is none is a problem.
func (s *scene) exists(key *document.Node, db, table string) bool {
	scratch := s.env.Scratch[db]
	if scratch == nil {
		return false
	}
	_, err := scratch.Describe("SELECT 1 FROM " + quoted(table))
	var e *database.SQLError
	if errors.As(err, &e) {
		s.problems.Add(source.Problem{Span: key.Span, Code: e.Code, Text: e.Text, Hint: e.Hint})
	}
	return err == nil
}

func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// row checks one row and makes the statement that inserts it.
func (s *scene) row(g *given, n *document.Node, db, table string) {
	r := givenRow{at: n.Span, database: db}
	sql := "INSERT INTO " + quoted(table) + " ("
	var ends []int // of each column in the text
	for i, e := range n.Entries {
		if i > 0 {
			sql += ", "
		}
		sql += quoted(e.Key.Value)
		ends = append(ends, len(sql))
		p := s.names.Value(e.Value, table+"."+e.Key.Value)
		if p == nil {
			return
		}
		r.values = append(r.values, p)
	}
	r.sql = sql + ") VALUES (?" + strings.Repeat(", ?", len(n.Entries)-1) + ")"
	_, err := s.env.Scratch[db].Describe(r.sql)
	var e *database.SQLError
	if !errors.As(err, &e) {
		g.rows = append(g.rows, r)
		return
	}
	at := n.Span
	if i, _ := slices.BinarySearch(ends, e.From+1); e.Code == "unknown_column" && i < len(ends) {
		at = n.Entries[i].Key.Span
	}
	s.problems.Add(source.Problem{Span: at, Code: e.Code, Text: e.Text, Hint: e.Hint})
}

// look is a query whose rows are expected.
type look struct {
	at          source.Span
	database    string
	description *database.Description
	parameters  []*expression.Program
	rows        *pattern
}

// look compiles an expectation of what a query gives.
func (s *scene) look(d *document.ExpectedRows) *look {
	l := &look{at: d.Query.Span, database: "main"}
	if d.Database != nil {
		if l.database = d.Database.Value; !slices.Contains(s.env.Databases, l.database) {
			s.suggest(d.Database.Span, "unknown_database", fmt.Sprintf("there is no database %q in cloudlet.yaml", l.database), l.database, s.env.Databases)
			return nil
		}
	}
	text, exact, ok := s.statement(l, d.Query)
	scratch := s.env.Scratch[l.database]
	if !ok || scratch == nil {
		return nil
	}
	description, err := scratch.Describe(text)
	var e *database.SQLError
	switch {
	case errors.As(err, &e):
		at := d.Query.Span
		if exact {
			at = d.Query.Place(e.From, e.To)
		}
		s.problems.Add(source.Problem{Span: at, Code: e.Code, Text: e.Text, Hint: e.Hint})
		return nil
	case err != nil:
		s.problems.Addf(d.Query.Span, "invalid_sql", "the statement cannot be checked: %v", err)
		return nil
	case description.Writes || len(description.Columns) == 0:
		s.problems.Addf(d.Query.Span, "no_columns", "an expectation needs a statement that reads")
		return nil
	}
	l.description = description
	row := &schema.Type{Kind: schema.ObjectK}
	for i := range description.Columns {
		row.Fields = append(row.Fields, schema.Field{Name: description.Columns[i].Name, Type: asJSON(description.Columns[i].Type)})
	}
	l.rows = s.pattern(d.Rows, schema.ListOf(row), "rows")
	return l
}

// statement reads the text of a query: each ${…} is a parameter. exact says that
// places in the text are those in the file.
func (s *scene) statement(l *look, n *document.Node) (text string, exact, ok bool) {
	parts, fault := expression.Split(n.Value)
	if fault != nil {
		s.problems.Add(source.Problem{Span: n.Place(fault.From, fault.To), Code: fault.Code, Text: fault.Text, Hint: fault.Hint})
		return "", false, false
	}
	exact, ok = true, true
	for _, part := range parts {
		if !part.Expression {
			text += part.Literal
			continue
		}
		exact = false
		p := s.names.Part(n, part)
		if p == nil {
			ok = false
			continue
		}
		text, l.parameters = text+"?", append(l.parameters, p)
	}
	return text, exact, ok
}
