package database

import (
	"fmt"
	"slices"
	"strings"

	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
	"modernc.org/sqlite"
)

// profiles is the one view of the engine's that authors may read.
const profiles = "cloudlet_profiles"

// SQLError is what is wrong with an author's statement, in the author's words.
type SQLError struct {
	From, To int    // byte offsets in the statement's text
	Code     string // stable, snake_case: "unknown_column"
	Text     string // lower case, without a full stop
	Hint     string // what to do, or ""
}

// Error is the text with its hint.
func (e *SQLError) Error() string {
	if e.Hint != "" {
		return e.Text + "; " + e.Hint
	}
	return e.Text
}

// statementText is a statement's text that is being checked.
type statementText struct {
	sql  string
	code []Token // without blanks and comments
}

// Describe checks one statement against the schema and tells what its rows are
// made of. The error is a *SQLError wherever the statement is at fault.
func (s *Scratch) Describe(sql string) (*Description, error) {
	st := &statementText{sql, significant(Lex(sql))}
	if err := st.check(); err != nil {
		return nil, err
	}
	d := &Description{SQL: sql}
	for _, t := range st.code {
		if t.Kind == Placeholder {
			d.Parameters++
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watch = &watch{of: st}
	columns, err := s.connection.columns(sql)
	w := s.watch
	s.watch = nil
	if w.refused != nil {
		return nil, w.refused.placed(st)
	}
	if err != nil {
		return nil, s.explain(st, err, s.connection.mistakeAt())
	}
	d.Writes = w.writes
	return d, s.describeColumns(d, st, w, columns)
}

func (st *statementText) at(t Token, code, format string, args ...any) *SQLError {
	return &SQLError{From: t.From, To: t.To, Code: code, Text: fmt.Sprintf(format, args...)}
}

// check is what can be said without the schema.
func (st *statementText) check() error {
	if i := strings.IndexByte(st.sql, 0); i >= 0 {
		return &SQLError{From: i, To: i + 1, Code: "invalid_sql", Text: "a statement cannot hold a zero byte"}
	}
	for len(st.code) > 0 && is(st.sql, st.code[len(st.code)-1], ";") {
		st.code = st.code[:len(st.code)-1]
	}
	for i, t := range st.code {
		if t.Kind == Broken {
			return st.unclosed(t)
		}
		if is(st.sql, t, ";") {
			next := t
			for _, n := range st.code[i:] {
				if next = n; !is(st.sql, n, ";") {
					break
				}
			}
			return &SQLError{From: next.From, To: next.To, Code: "second_statement", Text: "a second statement begins here",
				Hint: "write each statement as a step of its own"}
		}
		if t.Kind == Placeholder && st.sql[t.From:t.To] != "?" {
			return st.at(t, "placeholder", "%q is a placeholder of the database; expected ${…}", st.sql[t.From:t.To])
		}
	}
	if len(st.code) == 0 {
		return &SQLError{To: len(st.sql), Code: "invalid_sql", Text: "there is no statement; expected SELECT, INSERT, UPDATE or DELETE"}
	}
	if err := st.checkVerb(); err != nil {
		return err
	}
	return st.checkWords()
}

// unclosed explains a text, name or comment that never ends, at its begin.
func (st *statementText) unclosed(t Token) *SQLError {
	what, end := "name", st.sql[t.From:t.From+1]
	switch end {
	case "'", "x", "X":
		what, end = "string", "'"
	case "[":
		end = "]"
	case "/":
		what, end = "comment", "*/"
	}
	e := st.at(Token{Broken, t.From, t.From + 1}, "invalid_sql", "the %s is not closed", what)
	e.Hint = "add a " + end
	return e
}

// checkVerb refuses statements that are none of sql.*'s.
func (st *statementText) checkVerb() error {
	first := st.code[0]
	allowed := []string{"SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH", "VALUES"}
	if isAny(st.sql, first, allowed...) {
		return nil
	}
	verb := st.sql[first.From:first.To]
	switch {
	case isAny(st.sql, first, "create", "alter", "drop", "reindex", "analyze"):
		return &SQLError{first.From, first.To, "schema_change", "schema changes belong into _migrations",
			"write the statement into a new file there"}
	case isAny(st.sql, first, "begin", "commit", "end", "rollback", "savepoint", "release"):
		return &SQLError{first.From, first.To, "transaction", "a transaction is not written in sql", "use the action transaction"}
	case isAny(st.sql, first, "pragma", "attach", "detach", "vacuum", "explain"):
		return st.at(first, "refused", "%s is refused; expected SELECT, INSERT, UPDATE or DELETE", strings.ToUpper(verb))
	}
	return &SQLError{first.From, first.To, "invalid_sql", fmt.Sprintf("a statement cannot begin with %q; expected SELECT, INSERT, UPDATE or DELETE", verb),
		source.DidYouMean(verb, allowed)}
}

// checkWords refuses what the authorizer does not see.
func (st *statementText) checkWords() error {
	for i, t := range st.code {
		if is(st.sql, t, "rollback") && i > 0 && is(st.sql, st.code[i-1], "or") {
			return &SQLError{st.code[i-1].From, t.To, "refused", "OR ROLLBACK is refused, it would undo what others share the transaction for",
				"expected OR ABORT, OR IGNORE or OR REPLACE"}
		}
		// To the authorizer a common table expression of that name is the engine's view.
		if reserved(name(st.sql, t)) && st.definesTable(i) {
			return st.at(t, "reserved_name", "names that begin with cloudlet_, and those of the queue's tables, belong to the engine")
		}
	}
	return nil
}

// definesTable reports whether the token names a common table expression: NAME [(…)] AS [[NOT] MATERIALIZED] (
func (st *statementText) definesTable(i int) bool {
	word := func(w string) bool { return i < len(st.code) && is(st.sql, st.code[i], w) }
	if i++; word("(") {
		for depth := 0; i < len(st.code); i++ {
			if word("(") {
				depth++
			} else if word(")") {
				if depth--; depth == 0 {
					break
				}
			}
		}
		i++
	}
	if !word("as") {
		return false
	}
	i++
	for word("not") || word("materialized") {
		i++
	}
	return word("(")
}

// queueTables are the tables of the queue's library, which names them itself.
var queueTables = []string{"river_job", "river_leader", "river_migration", "river_notification", "river_queue"}

// reserved reports whether a name belongs to the engine.
func reserved(name string) bool {
	return len(name) >= len("cloudlet_") && strings.EqualFold(name[:len("cloudlet_")], "cloudlet_") ||
		slices.Contains(queueTables, strings.ToLower(name))
}

// whose says to whom a reserved name belongs.
func whose(name string) string {
	if slices.Contains(queueTables, strings.ToLower(name)) {
		return fmt.Sprintf("the table %s is the engine's queue", strings.ToLower(name))
	}
	return "tables that begin with cloudlet_ belong to the engine; only the view cloudlet_profiles may be read"
}

// watch collects what the authorizer learns of one statement.
type watch struct {
	of        *statementText
	profiles  bool // it reads the engine's view
	refused   *refusal
	writes    bool
	aggregate bool
	views     []string // what the statement reads through
}

// refusal is a table or function that a statement may not use.
type refusal struct{ name, code, text string }

func (r *refusal) placed(st *statementText) *SQLError {
	e := &SQLError{To: len(st.sql), Code: r.code, Text: r.text}
	for _, t := range st.code {
		if strings.EqualFold(name(st.sql, t), r.name) {
			e.From, e.To = t.From, t.To
			break
		}
	}
	return e
}

// see is SQLite's authorizer: it is told of everything that a statement does.
// See https://www.sqlite.org/c3ref/set_authorizer.html.
func (s *Scratch) see(action sqlite.AuthorizerActionCode, arg1, arg2, _, through string) sqlite.AuthorizerReturnCode {
	if s.watch == nil {
		return sqlite.AuthorizerOK
	}
	switch action {
	case sqlite.AuthSelect, sqlite.AuthRecursive:
		return sqlite.AuthorizerOK
	case sqlite.AuthFunction:
		return s.watch.function(strings.ToLower(arg2))
	case sqlite.AuthRead:
		if t := s.tables[strings.ToLower(through)]; t != nil && t.view != "" {
			s.watch.views = append(s.watch.views, t.view)
		}
		if t := s.tables[strings.ToLower(arg1)]; t != nil && t.view != "" {
			s.watch.views = append(s.watch.views, t.view)
		}
		if strings.EqualFold(through, profiles) || strings.EqualFold(arg1, profiles) {
			s.watch.profiles = true
			return sqlite.AuthorizerOK
		}
		return s.watch.table(strings.ToLower(arg1), arg2 == "" && s.watch.behind(arg1))
	case sqlite.AuthInsert, sqlite.AuthUpdate, sqlite.AuthDelete:
		s.watch.writes = true
		return s.watch.table(strings.ToLower(arg1), false)
	}
	s.watch.refuse(arg1, "refused", "the statement does what sql may not; expected SELECT, INSERT, UPDATE or DELETE")
	return sqlite.AuthorizerDeny
}

// behind reports whether a table is what the engine's view is made of. Where no column
// of the view is wanted, as in count(*), SQLite tells of the table and not of the view;
// all that is read then is how many rows there are.
func (w *watch) behind(table string) bool {
	return w.profiles && !slices.ContainsFunc(w.of.code, func(t Token) bool { return strings.EqualFold(name(w.of.sql, t), table) })
}

func (w *watch) refuse(name, code, text string) {
	if w.refused == nil {
		w.refused = &refusal{name, code, text}
	}
}

func (w *watch) table(table string, allowed bool) sqlite.AuthorizerReturnCode {
	switch {
	case allowed:
	case reserved(table):
		w.refuse(table, "reserved_name", whose(table))
		return sqlite.AuthorizerDeny
	case strings.HasPrefix(table, "sqlite_"), strings.HasPrefix(table, "pragma_"), slices.Contains([]string{"dbstat", "bytecode", "tables_used"}, table):
		// sqlite_dbpage reads every table's pages, the engine's too.
		w.refuse(table, "refused", fmt.Sprintf("the table %s belongs to the database itself", table))
		return sqlite.AuthorizerDeny
	}
	return sqlite.AuthorizerOK
}

func (w *watch) function(name string) sqlite.AuthorizerReturnCode {
	switch name {
	case "load_extension", "readfile", "writefile", "edit", "fts3_tokenizer", "fts5", "lsdir", "fsdir":
		w.refuse(name, "refused", fmt.Sprintf("the function %s is refused, it leaves the database", name))
		return sqlite.AuthorizerDeny
	case "avg", "count", "group_concat", "json_group_array", "json_group_object", "jsonb_group_array", "jsonb_group_object",
		"max", "min", "string_agg", "sum", "total", "median", "percentile", "percentile_cont", "percentile_disc":
		w.aggregate = true
	}
	return sqlite.AuthorizerOK
}

// describeColumns gives each column its type.
func (s *Scratch) describeColumns(d *Description, st *statementText, w *watch, columns []sqlite.ColumnInfo) error {
	mixed, absent := st.doubts()
	if w.aggregate && !st.has("group") {
		absent = true // SELECT id, count(*) of an empty table is a row of null and 0
	}
	for _, view := range w.views {
		v := &statementText{view, significant(Lex(view))}
		m, a := v.doubts()
		mixed, absent = mixed || m, absent || a || w.aggregate && !v.has("group") || v.has("left") || st.has("left")
	}
	joined, sure := st.leftJoined(s.tables)
	absent = absent || !sure
	seen := map[string]bool{}
	for _, c := range columns {
		if seen[c.Name] {
			return st.duplicate(c.Name)
		}
		seen[c.Name] = true
		column := Column{Name: c.Name, Type: schema.AnyType}
		if c.OriginName != "" && !mixed {
			column = declared(c.Name, c.DeclType)
			if t := s.tables[strings.ToLower(c.TableName)]; !absent && t != nil && !joined[strings.ToLower(c.TableName)] {
				rowID := t.types[strings.ToLower(c.OriginName)] == "" && strings.EqualFold(c.OriginName, "rowid")
				// A JSON text may still be null.
				if (t.notNull[strings.ToLower(c.OriginName)] || rowID) && column.Type.Kind != schema.JSON {
					column.Type = column.Type.NotNull()
				}
			}
		}
		d.Columns = append(d.Columns, column)
	}
	return nil
}
