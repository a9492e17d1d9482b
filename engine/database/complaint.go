package database

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"cloudlet/engine/language/source"
	lib "modernc.org/sqlite/lib"
)

// complaint is one of SQLite's messages about a statement, and how to say it to an author.
type complaint struct {
	pattern *regexp.Regexp
	explain func(s *Scratch, st *statementText, words []string, offset int) *SQLError
}

// complaints lists the messages of SQLite's parser and resolver that authors
// meet; the first group of a pattern is what it is about.
func complaints() []complaint {
	plain := func(code, format string, groups ...int) func(*Scratch, *statementText, []string, int) *SQLError {
		return func(_ *Scratch, _ *statementText, words []string, _ int) *SQLError {
			args := make([]any, len(groups))
			for i, g := range groups {
				args[i] = words[g]
			}
			return &SQLError{Code: code, Text: fmt.Sprintf(format, args...)}
		}
	}
	return []complaint{
		{regexp.MustCompile(`no such column: (.+)`), unknownColumn},
		{regexp.MustCompile(`table (\S+) has no column named (.+)`), unknownTargetColumn},
		{regexp.MustCompile(`no such table: (.+)`), unknownTable},
		{regexp.MustCompile(`no such view: (.+)`), unknownTable},
		{regexp.MustCompile(`near "((?s).+)": syntax error`), syntaxError},
		{regexp.MustCompile(`unrecognized token: "((?s).+)"`), plain("invalid_sql", "%q is no token of SQL", 1)},
		{regexp.MustCompile(`incomplete input`), incomplete},
		{regexp.MustCompile(`ambiguous column name: (.+)`), ambiguous},
		{regexp.MustCompile(`no such function: (.+)`), plain("unknown_function", "there is no function %q", 1)},
		{regexp.MustCompile(`wrong number of arguments to function ([^(]+)`), plain("wrong_arguments", "the function %s does not take that many arguments", 1)},
		{regexp.MustCompile(`misuse of aggregate:? (?:function )?([^(]+)`), plain("invalid_sql", "the aggregate %s cannot stand here; expected it in the columns or after HAVING", 1)},
		{regexp.MustCompile(`misuse of window function ([^(]+)`), plain("invalid_sql", "the window function %s cannot stand here; expected it in the columns or after ORDER BY", 1)},
		{regexp.MustCompile(`table (\S+) has (\d+) columns but (\d+) values were supplied`), plain("wrong_values", "the table %s has %s columns, but there are %s values", 1, 2, 3)},
		{regexp.MustCompile(`(\d+) values for (\d+) columns`), plain("wrong_values", "there are %s values for %s columns", 1, 2)},
		{regexp.MustCompile(`table (\S+) may not be modified`), plain("refused", "the table %s cannot be changed", 1)},
		{regexp.MustCompile(`cannot modify (\S+) because it is a view`), plain("refused", "%s is a view and cannot be changed", 1)},
	}
}

// mistakeAt is where SQLite found the last statement wrong, as a byte offset; -1
// where it does not tell. The next statement makes it forget.
func (c *connection) mistakeAt() int {
	return int(lib.Xsqlite3_error_offset(c.tls, c.interrupts.handle))
}

// explain says in an author's words what SQLite found wrong, at the place where it did.
func (s *Scratch) explain(st *statementText, err error, offset int) *SQLError {
	message := said(err)
	e := &SQLError{Code: "invalid_sql", Text: strings.ToLower(message)}
	var about string
	for _, c := range complaints() {
		if words := c.pattern.FindStringSubmatch(message); words != nil {
			e = c.explain(s, st, words, offset)
			about = words[len(words)-1]
			break
		}
	}
	if e.To == 0 {
		e.From, e.To = st.place(offset, about)
	}
	return e
}

// said is SQLite's message without what the driver puts around it.
func said(err error) string {
	message := err.Error()
	message = strings.TrimPrefix(message, "SQL logic error: ")
	if i := strings.LastIndex(message, " ("); i > 0 && strings.HasSuffix(message, ")") {
		message = message[:i]
	}
	return message
}

// place is the token at SQLite's own offset, else the last token that spells
// what the message is about, else the whole statement.
func (st *statementText) place(offset int, about string) (from, to int) {
	if offset >= 0 {
		for i, t := range st.code {
			if t.From <= offset && offset < t.To {
				for i+2 < len(st.code) && strings.Contains(about, ".") && is(st.sql, st.code[i+1], ".") {
					i += 2 // a qualified name is one thing to its author
				}
				return t.From, st.code[i].To
			}
		}
	}
	parts := strings.Split(about, ".")
	for _, t := range slices.Backward(st.code) {
		if about != "" && strings.EqualFold(name(st.sql, t), parts[len(parts)-1]) {
			return t.From, t.To
		}
	}
	for _, t := range st.code {
		if is(st.sql, t, "values") {
			return t.From, t.To // it is about the number of values
		}
	}
	return 0, len(st.sql)
}

func unknownTable(s *Scratch, st *statementText, words []string, _ int) *SQLError {
	table := strings.TrimPrefix(words[1], "main.")
	return &SQLError{Code: "unknown_table", Text: fmt.Sprintf("there is no table %q", table), Hint: source.DidYouMean(table, s.tableNames())}
}

func unknownTargetColumn(s *Scratch, st *statementText, words []string, _ int) *SQLError {
	e := &SQLError{Code: "unknown_column", Text: fmt.Sprintf("there is no column %q in %s", words[2], words[1])}
	if t := s.tables[strings.ToLower(words[1])]; t != nil {
		e.Hint = source.DidYouMean(words[2], t.columns)
	}
	return e
}

// unknownColumn looks for the nearest column in the tables that the statement names.
func unknownColumn(s *Scratch, st *statementText, words []string, _ int) *SQLError {
	column := strings.TrimSuffix(words[1], " - should this be a string literal in single-quotes?")
	quoted := column != words[1]
	column = strings.Trim(column, `"`)
	qualifier := ""
	if i := strings.LastIndex(column, "."); i >= 0 {
		qualifier, column = column[:i], column[i+1:]
	}
	named := s.named(st, qualifier)
	e := &SQLError{Code: "unknown_column", Text: fmt.Sprintf("there is no column %q", column)}
	var known []string
	for _, t := range named {
		known = append(known, t.columns...)
	}
	if len(named) == 1 {
		e.Text += " in " + named[0].name
	}
	if e.Hint = source.DidYouMean(column, known); e.Hint == "" && quoted {
		e.Hint = "a text stands in single quotes"
	}
	return e
}

// named are the tables that a statement names, or the one behind a qualifier.
func (s *Scratch) named(st *statementText, qualifier string) []*table {
	var found []*table
	for i, tok := range st.code {
		t := s.tables[strings.ToLower(name(st.sql, tok))]
		if t == nil || slices.Contains(found, t) {
			continue
		}
		next := i + 1
		if next < len(st.code) && is(st.sql, st.code[next], "as") {
			next++
		}
		alias := next < len(st.code) && strings.EqualFold(name(st.sql, st.code[next]), qualifier)
		if qualifier == "" || strings.EqualFold(t.name, qualifier) || alias {
			found = append(found, t)
		}
	}
	return found
}

// clauses are the words that authors most often misspell.
func clauses() []string {
	return []string{"SELECT", "FROM", "WHERE", "GROUP", "ORDER", "BY", "HAVING", "LIMIT", "OFFSET", "JOIN", "LEFT", "INNER", "ON",
		"INSERT", "INTO", "VALUES", "UPDATE", "SET", "DELETE", "RETURNING", "DISTINCT", "UNION", "CREATE", "TABLE", "INDEX", "ALTER", "AND", "OR", "NOT", "BETWEEN", "LIKE", "EXISTS",
		"AS", "IN", "IS", "ALL", "ASC", "DESC", "CASE", "WHEN", "THEN", "ELSE", "END", "CAST", "NULL", "WITH", "USING", "CROSS", "OUTER", "GLOB", "DO"}
}

func syntaxError(s *Scratch, st *statementText, words []string, offset int) *SQLError {
	if e := s.misspelt(st, offset); e != nil {
		return e
	}
	e := &SQLError{Code: "invalid_sql", Text: fmt.Sprintf("%q is not expected here", words[1])}
	if words[1] == ";" {
		e.Text = "the statement ends too early"
	}
	if !slices.ContainsFunc(clauses(), func(c string) bool { return strings.EqualFold(c, words[1]) }) {
		e.Hint = source.DidYouMean(words[1], clauses())
	}
	return e
}

// misspelt blames the word before the one that SQLite stumbles over, where that
// is nearly a keyword: in "SELECT id FORM films" FORM passes as a name for id.
func (s *Scratch) misspelt(st *statementText, offset int) *SQLError {
	i := slices.IndexFunc(st.code, func(t Token) bool { return t.From == offset }) - 1
	if i < 1 || st.code[i].Kind != Word || s.known(name(st.sql, st.code[i])) {
		return nil
	}
	word := name(st.sql, st.code[i])
	near := source.Nearest(word, clauses())
	if near == "" || strings.EqualFold(near, word) {
		return nil
	}
	e := st.at(st.code[i], "invalid_sql", "%q is not expected here", word)
	e.Hint = fmt.Sprintf("did you mean %q?", near)
	return e
}

// known reports whether a name is one of the schema's.
func (s *Scratch) known(name string) bool {
	name = strings.ToLower(name)
	for _, t := range s.tables {
		if _, ok := t.types[name]; ok {
			return true
		}
	}
	return s.tables[name] != nil
}

func incomplete(_ *Scratch, st *statementText, _ []string, _ int) *SQLError {
	last := st.code[len(st.code)-1]
	return st.at(last, "invalid_sql", "the statement ends too early, after %q", st.sql[last.From:last.To])
}

func ambiguous(s *Scratch, st *statementText, words []string, _ int) *SQLError {
	var tables []string
	for _, t := range s.named(st, "") {
		if slices.ContainsFunc(t.columns, func(c string) bool { return strings.EqualFold(c, words[1]) }) {
			tables = append(tables, t.name)
		}
	}
	e := &SQLError{Code: "ambiguous_column", Text: fmt.Sprintf("the column %q is in several tables", words[1])}
	if len(tables) > 1 {
		e.Text = fmt.Sprintf("the column %q is in %s", words[1], strings.Join(tables, " and in "))
	}
	if len(tables) > 0 {
		e.Hint = fmt.Sprintf("write the table before it: %s.%s", tables[0], words[1])
	}
	return e
}
