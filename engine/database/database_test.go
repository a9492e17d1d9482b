package database

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"cloudlet/engine/failure"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("CLOUDLET_DATABASE_TEST_KILL"); dir != "" {
		insertUntilKilled(dir)
	}
	goleak.VerifyTestMain(m)
}

const films = `CREATE TABLE films (
	id INTEGER PRIMARY KEY, title TEXT NOT NULL UNIQUE, year INTEGER, rating REAL, seen BOOLEAN NOT NULL DEFAULT 0,
	released DATE, added DATETIME, price DECIMAL, poster BLOB, extra JSON, CHECK (year > 1800));
CREATE TABLE roles (film INTEGER NOT NULL REFERENCES films DEFERRABLE INITIALLY DEFERRED, name TEXT NOT NULL);
CREATE TABLE ratings (film INTEGER NOT NULL REFERENCES films, stars INTEGER NOT NULL);
CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, x);
CREATE VIEW recent AS SELECT id, title FROM films WHERE year > 2000;
CREATE VIEW with_roles AS SELECT f.id, r.name FROM films f LEFT JOIN roles r ON r.film = f.id;
CREATE TABLE cloudlet_users (username TEXT NOT NULL, hash TEXT);
CREATE VIEW cloudlet_profiles AS SELECT username FROM cloudlet_users;
`

func set(folder string, files ...string) Set {
	s := Set{Folder: folder}
	for i, text := range files {
		name := fmt.Sprintf("%04d.sql", i+1)
		s.Migrations = append(s.Migrations, Migration{int64(i + 1), name, source.NewFile(folder+"/_migrations/"+name, []byte(text))})
	}
	return s
}

// start opens a database with films in it: in memory for "", else a file in a new folder.
func start(t testing.TB, url string) (*DB, *Scratch) {
	t.Helper()
	ctx := context.Background()
	if url == "" {
		url = "sqlite::memory:"
	}
	db, err := Open(ctx, Config{Name: "main", URL: url, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	sets := []Set{set(".", films)}
	problems, err := db.Migrate(ctx, sets)
	if err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	return db, scratch(t, "", sets)
}

func scratch(t testing.TB, file string, sets []Set) *Scratch {
	t.Helper()
	s, problems, err := NewScratch(context.Background(), file, sets)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return s
}

func statementOf(t testing.TB, db *DB, s *Scratch, sql string) *Statement {
	t.Helper()
	d, err := s.Describe(sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return db.Prepare(d)
}

const file = "sqlite:data/cloudlet.db"

func TestStatements(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", file} {
		db, s := start(t, url)
		ctx := context.Background()
		insert := statementOf(t, db, s, "INSERT INTO films (title, year, rating, seen, released, added, price, poster, extra) VALUES (?,?,?,?,?,?,?,?,?)")
		price, _ := schema.ParseDecimal("12.30")
		n, id, err := insert.Execute(ctx, nil, []any{"Ali\"en", 1979, 8, true, "1979-05-25", "2024-01-02T03:04:05.5+01:00", price, []byte{1, 2}, schema.NewObject("a", []any{1, nil})})
		if n != 1 || id != 1 || err != nil {
			t.Fatal(n, id, err)
		}
		if _, _, err := insert.Execute(ctx, nil, []any{"Solaris", nil, nil, false, nil, nil, nil, nil, nil}); err != nil {
			t.Fatal(err)
		}
		all := statementOf(t, db, s, "SELECT *, year + 1 AS later FROM films ORDER BY id")
		rows, err := all.Rows(ctx, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		want := `[{"id":1,"title":"Ali\"en","year":1979,"rating":8,"seen":true,"released":"1979-05-25","added":"2024-01-02T02:04:05.5Z","price":"12.3","poster":"AQI=","extra":{"a":[1,null]},"later":1980},` +
			`{"id":2,"title":"Solaris","year":null,"rating":null,"seen":false,"released":null,"added":null,"price":null,"poster":null,"extra":null,"later":null}]`
		if got := string(schema.AppendJSON(nil, rows)); got != want {
			t.Errorf("Rows: %s", cmp.Diff(want, got))
		}
		if got, err := all.AppendRows(ctx, nil, []byte("x"), nil); string(got) != "x"+want || err != nil {
			t.Errorf("AppendRows: %v %s", err, cmp.Diff("x"+want, string(got)))
		}
		one := statementOf(t, db, s, "SELECT id, title FROM films WHERE id >= ? ORDER BY id")
		if o, err := one.One(ctx, nil, []any{1}); err != nil || string(schema.AppendJSON(nil, o)) != `{"id":1,"title":"Ali\"en"}` {
			t.Error(o, err)
		}
		if o, err := one.One(ctx, nil, []any{9}); o != nil || err != nil {
			t.Error(o, err)
		}
		if text, ok, err := one.AppendOne(ctx, nil, []byte("y"), []any{2}); string(text) != `y{"id":2,"title":"Solaris"}` || !ok || err != nil {
			t.Error(string(text), ok, err)
		}
		if text, ok, err := one.AppendOne(ctx, nil, []byte("y"), []any{3}); string(text) != "y" || ok || err != nil {
			t.Error(string(text), ok, err)
		}
		if v, err := statementOf(t, db, s, "SELECT count(*) FROM films").Value(ctx, nil, nil); v != 2 || err != nil {
			t.Error(v, err)
		}
		returning := statementOf(t, db, s, "UPDATE films SET year = ? WHERE id > 0 RETURNING id, year")
		if o, err := returning.One(ctx, nil, []any{2001}); err != nil || string(schema.AppendJSON(nil, o)) != `{"id":1,"year":2001}` {
			t.Error(o, err)
		}
		if v, err := statementOf(t, db, s, "SELECT min(year) FROM films").Value(ctx, nil, nil); v != 2001 || err != nil {
			t.Errorf("RETURNING stopped half-way: %v %v", v, err)
		}
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	db, s := start(t, file)
	ctx := context.Background()
	run := func(sql string, args ...any) error {
		_, _, err := statementOf(t, db, s, sql).Execute(ctx, nil, args)
		return err
	}
	if err := run("INSERT INTO films (id, title) VALUES (1, 'Alien')"); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		sql  string
		want *failure.Error
	}{
		{"INSERT INTO films (title) VALUES ('Alien')", ErrExists},
		{"INSERT INTO films (id, title) VALUES (1, 'x')", ErrExists},
		{"INSERT INTO ratings VALUES (7, 1)", ErrReferenced},
		{"INSERT INTO roles VALUES (7, 'x')", ErrReferenced}, // found at the commit
		{"INSERT INTO films (title) VALUES (NULL)", ErrInvalidValue},
		{"INSERT INTO films (title, year) VALUES ('x', 1)", ErrInvalidValue},
		{"INSERT INTO films (id, title) VALUES ('a', 'x')", ErrInvalidValue},
	}
	for _, test := range tests {
		err := run(test.sql)
		var failure *failure.Error
		if !errors.As(err, &failure) || failure.Code != test.want.Code || failure.Status != test.want.Status {
			t.Errorf("%s: %v, want %v", test.sql, err, test.want)
			continue
		}
		if text := strings.ToLower(failure.Error()); strings.Contains(text, "constraint") || strings.Contains(text, "films") || failure.Unwrap() == nil {
			t.Errorf("%s: %q holds the database's words, or the log gets none", test.sql, text)
		}
	}
}

func TestUnexpectedTypes(t *testing.T) {
	t.Parallel()
	db, s := start(t, "")
	ctx := context.Background()
	for column, literal := range map[string]string{
		"year": "'never'", "rating": "'good'", "seen": "2", "released": "'soon'", "added": "12", "price": "'cheap'",
		"poster": "'text'", "extra": "'{broken'", "title": "x'00'",
	} {
		if _, err := db.Exec(ctx, "DELETE FROM films"); err != nil {
			t.Fatal(err)
		}
		sql := fmt.Sprintf("INSERT OR REPLACE INTO films (id, title, %s) VALUES (1, 't', %s)", column, literal)
		if column == "title" {
			sql = "INSERT INTO films (id, title) VALUES (1, x'00')"
		}
		if _, err := db.Exec(ctx, sql); err != nil {
			t.Fatal(column, err)
		}
		st := statementOf(t, db, s, "SELECT "+column+" FROM films")
		if _, err := st.Rows(ctx, nil, nil); !errors.Is(err, ErrUnexpectedType) {
			t.Errorf("%s: Rows gives %v", column, err)
		}
		if dst, err := st.AppendRows(ctx, nil, []byte("x"), nil); !errors.Is(err, ErrUnexpectedType) || string(dst) != "x" {
			t.Errorf("%s: AppendRows gives %q, %v", column, dst, err)
		}
	}
}

func TestResultTooLarge(t *testing.T) {
	t.Parallel()
	db, s := start(t, "")
	db.limit = 1000
	ctx := context.Background()
	many := statementOf(t, db, s, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n")
	if _, err := many.Rows(ctx, nil, nil); !errors.Is(err, ErrResultTooLarge) {
		t.Error(err)
	}
	if _, err := many.AppendRows(ctx, nil, nil, nil); !errors.Is(err, ErrResultTooLarge) {
		t.Error(err)
	}
	if _, err := db.Query(ctx, many.Description().SQL); !errors.Is(err, ErrResultTooLarge) {
		t.Error(err)
	}
}

func TestConcurrentWritersAndReaders(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", file} {
		db, s := start(t, url)
		insert := statementOf(t, db, s, "INSERT INTO films (title) VALUES (?)")
		count := statementOf(t, db, s, "SELECT count(*) FROM films")
		ctx := context.Background()
		var group sync.WaitGroup
		for w := range 8 {
			group.Go(func() {
				for i := range 50 {
					var err error
					if i%10 == 0 {
						err = db.Write(ctx, func(tx *Tx) error {
							_, _, err := insert.Execute(ctx, tx, []any{fmt.Sprint(w, "-", i)})
							return err
						})
					} else {
						_, _, err = insert.Execute(ctx, nil, []any{fmt.Sprint(w, "-", i)})
					}
					if err != nil {
						t.Error(err)
					}
				}
			})
			group.Go(func() {
				last := 0
				for range 50 {
					v, err := count.Value(ctx, nil, nil)
					if n, ok := v.(int); err != nil || !ok || n < last {
						t.Errorf("%v rows after %d: %v", v, last, err)
						return
					}
					last = v.(int)
				}
			})
		}
		group.Wait()
		if v, err := count.Value(ctx, nil, nil); v != 400 || err != nil {
			t.Error(v, err)
		}
	}
}

func TestOpenStaysInTheApp(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"sqlite:../x.db", "sqlite:", "postgres://x", "sqlite:a/../../b"} {
		if db, err := Open(context.Background(), Config{Name: "main", URL: url, Dir: t.TempDir()}); err == nil {
			t.Errorf("%s was opened", url)
			db.Close()
		}
	}
	dir := t.TempDir()
	db, err := Open(context.Background(), Config{Name: "main", URL: "sqlite:data/a?b#c%41.db", Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for name, mode := range map[string]os.FileMode{"data": 0o700, "data/a?b#c%41.db": 0o600, "data/a?b#c%41.db-wal": 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v %v, want %v", name, info, err, mode)
		}
	}
}
