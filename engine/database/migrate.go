package database

import (
	"context"
	"fmt"
	"strings"
	"time"

	"cloudlet/engine/language/source"
)

// The history is a table of its own rather than goose's: goose keeps one list of
// numbers for a database, while here every folder has its own and each file's
// text is remembered, so that a changed one is noticed.
const (
	historyTable = "cloudlet_migrations"
	historySQL   = `CREATE TABLE IF NOT EXISTS cloudlet_migrations (
		folder TEXT NOT NULL, version INTEGER NOT NULL, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at DATETIME NOT NULL,
		PRIMARY KEY (folder, version)) WITHOUT ROWID`
)

func (c *connection) history(ctx context.Context) ([]record, error) {
	rows, err := c.rows(ctx, "SELECT folder, version, name, checksum FROM cloudlet_migrations ORDER BY folder, version", nil, resultLimit, false)
	if err != nil {
		return nil, err
	}
	applied := make([]record, len(rows))
	for i, r := range rows {
		if err := r.Scan(&applied[i].folder, &applied[i].version, &applied[i].name, &applied[i].checksum); err != nil {
			return nil, err
		}
	}
	return applied, nil
}

// Pending compares sets with what was applied to a database file, "" or a missing
// file for an empty one, without changing anything. It gives what is still to be
// applied, in order, and as problems: an applied file that was changed or is gone,
// and an older number that came after a newer one was applied.
func Pending(ctx context.Context, file string, sets []Set) ([]Migration, []source.Problem, error) {
	_, applied, err := lookAt(ctx, file)
	if err != nil {
		return nil, nil, translated(ctx, err)
	}
	list, problems := compare(sets, applied)
	migrations := make([]Migration, len(list))
	for i, p := range list {
		migrations[i] = p.Migration
	}
	return migrations, problems, nil
}

// Migrate applies what is pending in sets, each migration in a transaction of its
// own, after a copy of a database that holds something went to the folder backup
// beside it. It stops at the first problem; those before it stay applied. With
// problems of Pending it applies nothing. The error is not the migrations' fault.
func (db *DB) Migrate(ctx context.Context, sets []Set) ([]source.Problem, error) {
	// Mostly nothing is pending: to see that, nobody has to wait for the writer or
	// for a reader, which requests may hold for long.
	if db.file != "" {
		list, problems, err := Pending(ctx, db.file, sets)
		if err != nil || len(list) == 0 {
			return problems, err
		}
	}
	if err := db.writer.acquire(ctx); err != nil {
		return nil, err
	}
	defer db.writer.release()
	c := db.writer.connection
	schema, applied, err := c.look(ctx)
	if err != nil {
		return nil, err
	}
	list, problems := applicable(sets, applied)
	if len(list) == 0 {
		return problems, nil
	}
	if db.file != "" && len(schema) > 0 {
		if err := db.backup(c, time.Now()); err != nil {
			return nil, err
		}
	}
	if _, _, err := c.execute(ctx, historySQL, nil); err != nil {
		return nil, err
	}
	for _, p := range list {
		problem, err := c.apply(ctx, p)
		if err != nil {
			return nil, err
		}
		if problem != nil {
			return append(problems, *problem), nil
		}
	}
	return problems, nil
}

// applicable is compare that has nothing to apply where there are problems.
func applicable(sets []Set, applied []record) ([]pending, []source.Problem) {
	list, problems := compare(sets, applied)
	for _, p := range problems {
		if !p.Warning {
			return nil, problems
		}
	}
	return list, problems
}

// apply runs one migration and notes it. Foreign keys are not enforced meanwhile
// but checked at its end: rebuilding a table, SQLite's only way to change most of
// it, drops the old one, which would delete every row that refers to it.
// See https://www.sqlite.org/lang_altertable.html#otheralter.
func (c *connection) apply(ctx context.Context, p pending) (_ *source.Problem, err error) {
	if err := c.step(ctx, "PRAGMA foreign_keys=0"); err != nil {
		return nil, err
	}
	defer func() {
		if on := c.step(context.Background(), "PRAGMA foreign_keys=1"); err == nil {
			err = on
		}
	}()
	if err := c.control("BEGIN IMMEDIATE"); err != nil {
		return nil, err
	}
	defer func() {
		if c.inTransaction() {
			_ = c.control("ROLLBACK") // only fails where there is nothing left to undo
		}
	}()
	// Another process, that starts with this one, may have been faster.
	there, err := c.rows(ctx, "SELECT 1 FROM cloudlet_migrations WHERE folder = ? AND version = ? AND checksum = ?",
		[]any{p.folder, int(p.Version), p.checksum()}, resultLimit, false)
	if err != nil || len(there) > 0 {
		return nil, err
	}
	if problem := c.steps(ctx, p); problem != nil {
		return problem, ctx.Err()
	}
	broken, err := c.rows(ctx, `SELECT "table", parent FROM pragma_foreign_key_check LIMIT 1`, nil, resultLimit, false)
	if err != nil {
		return nil, err
	}
	if len(broken) > 0 {
		return &source.Problem{Span: p.File.Span(0, 0), Code: "migration_failed",
			Text: fmt.Sprintf("the migration %s leaves rows in %v whose foreign key to %v points nowhere", p.Name, broken[0][0], broken[0][1])}, nil
	}
	_, _, err = c.execute(ctx, "INSERT INTO cloudlet_migrations (folder, version, name, checksum, applied_at) VALUES (?, ?, ?, ?, ?)",
		[]any{p.folder, int(p.Version), p.Name, p.checksum(), time.Now()})
	if err != nil {
		return nil, err
	}
	return nil, c.control("COMMIT")
}

// try applies a migration to a scratch schema, to see whether it would work.
func (c *connection) try(ctx context.Context, p pending) *source.Problem {
	if err := c.control("BEGIN"); err != nil {
		return c.failed(p.File, [2]int{}, err)
	}
	problem := c.steps(ctx, p)
	if problem == nil {
		if err := c.control("COMMIT"); err != nil {
			problem = c.failed(p.File, [2]int{}, err)
		}
	}
	if c.inTransaction() {
		_ = c.control("ROLLBACK") // only fails where there is nothing left to undo
	}
	return problem
}

// steps runs the statements of a migration one by one, so that a problem has a place.
func (c *connection) steps(ctx context.Context, p pending) *source.Problem {
	text := string(p.File.Text)
	if i := strings.IndexByte(text, 0); i >= 0 {
		return &source.Problem{Span: p.File.Span(i, i+1), Code: "invalid_sql", Text: "a migration cannot hold a zero byte"}
	}
	for _, s := range statements(text) {
		first := s[0]
		if isAny(text, first, "begin", "commit", "end", "rollback", "savepoint", "release", "pragma", "attach", "detach", "vacuum") {
			return &source.Problem{Span: p.File.Span(first.From, first.To), Code: "refused",
				Text: fmt.Sprintf("%s is refused in a migration", strings.ToUpper(text[first.From:first.To])),
				Hint: "the engine runs each file in a transaction of its own"}
		}
		place := [2]int{first.From, s[len(s)-1].To}
		if err := c.step(ctx, text[place[0]:place[1]]); err != nil {
			return c.failed(p.File, place, err)
		}
		if !c.inTransaction() {
			return c.failed(p.File, place, ErrEnded)
		}
	}
	return nil
}

// step runs one statement without keeping it prepared: SQLite obeys some pragmas
// while it prepares them.
func (c *connection) step(ctx context.Context, sql string) error {
	c.interrupts.begin(ctx)
	defer c.interrupts.end()
	_, err := c.driver.ExecContext(context.Background(), sql, nil)
	return err
}

// failed is the problem of a statement that failed. Here the author may read what
// the database says: it is the author's SQL, and no client sees it.
func (c *connection) failed(file *source.File, place [2]int, err error) *source.Problem {
	st := &statementText{sql: string(file.Text[place[0]:place[1]])}
	st.code = significant(Lex(st.sql))
	s, at := &Scratch{connection: c}, c.mistakeAt()
	_ = s.index(context.Background()) // without it the message has no suggestion
	e := s.explain(st, err, at)
	if e.From == 0 && e.To == len(st.sql) && len(st.code) > 0 {
		e.To = st.code[0].To // a whole CREATE TABLE is no place
	}
	return &source.Problem{Span: file.Span(place[0]+e.From, place[0]+e.To), Code: "migration_failed", Text: e.Text, Hint: e.Hint}
}

// statements cuts a script into its statements' significant tokens. The semicolons
// in a trigger's body do not end it; that does an END after one.
func statements(text string) [][]Token {
	var list [][]Token
	var now []Token
	for _, t := range significant(Lex(text)) {
		if !is(text, t, ";") {
			now = append(now, t)
			continue
		}
		if len(now) > 0 && (!isTrigger(text, now) || endsTrigger(text, now)) {
			list, now = append(list, now), nil
		} else if len(now) > 0 {
			now = append(now, t)
		}
	}
	if len(now) > 0 {
		list = append(list, now)
	}
	return list
}

func isTrigger(text string, tokens []Token) bool {
	if !is(text, tokens[0], "create") || len(tokens) < 2 {
		return false
	}
	return is(text, tokens[1], "trigger") || len(tokens) > 2 && isAny(text, tokens[1], "temp", "temporary") && is(text, tokens[2], "trigger")
}

func endsTrigger(text string, tokens []Token) bool {
	n := len(tokens)
	return n > 2 && is(text, tokens[n-1], "end") && is(text, tokens[n-2], ";")
}
