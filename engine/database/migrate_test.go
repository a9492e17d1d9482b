package database

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"cloudlet/engine/language/source"
	"github.com/google/go-cmp/cmp"
)

func texts(problems []source.Problem) []string {
	list := []string{}
	for _, p := range problems {
		list = append(list, p.String())
	}
	return list
}

func TestReadMigrations(t *testing.T) {
	t.Parallel()
	fsys := fstest.MapFS{
		"endpoints/_migrations/0002_roles.sql":           {Data: []byte("CREATE TABLE r (x)")},
		"endpoints/_migrations/1.sql":                    {Data: []byte("CREATE TABLE f (x)")},
		"endpoints/_migrations/002.sql":                  {Data: []byte("")},
		"endpoints/_migrations/films.sql":                {Data: []byte("")},
		"endpoints/_migrations/3-films.sql":              {Data: []byte("")},
		"endpoints/_migrations/4.SQL":                    {Data: []byte("")},
		"endpoints/_migrations/.swp":                     {Data: []byte("")},
		"endpoints/_migrations/99999999999999999999.sql": {Data: []byte("")},
		"endpoints/_migrations/5.sql/x":                  {Data: []byte("")},
		"endpoints/_migrations/6.sql":                    {Mode: fs.ModeNamedPipe},
	}
	list, problems := ReadMigrations(fsys, "endpoints/_migrations")
	var got []string
	for _, m := range list {
		got = append(got, fmt.Sprint(m.Version, " ", m.Name, " ", m.File.Path))
	}
	if diff := cmp.Diff([]string{"1 1.sql endpoints/_migrations/1.sql", "2 0002_roles.sql endpoints/_migrations/0002_roles.sql", "2 002.sql endpoints/_migrations/002.sql"}, got); diff != "" {
		t.Error(diff)
	}
	bad := func(name string) string {
		return "endpoints/_migrations/" + name + ":1:1: \"" + name + "\" is no name of a migration; expected digits, optionally _name, then .sql; for example 0001_films.sql"
	}
	want := []string{
		"endpoints/_migrations/002.sql:1:1: the migrations 0002_roles.sql and 002.sql have the same number 2",
		bad("3-films.sql"), bad("4.SQL"), bad("5.sql"),
		"endpoints/_migrations/6.sql:1:1: cannot be read; expected a file of at most 16 MiB",
		bad("99999999999999999999.sql"), bad("films.sql"),
	}
	if diff := cmp.Diff(want, texts(problems)); diff != "" {
		t.Error(diff)
	}
	if list, problems := ReadMigrations(fsys, "nothing"); list != nil || problems != nil {
		t.Error(list, problems)
	}
}

// migrating opens an empty file and gives a function that applies sets to it: to
// a scratch schema, which must say the same, and then in earnest.
func migrating(t *testing.T) (*DB, func(want []string, sets ...Set)) {
	ctx := context.Background()
	db, err := Open(ctx, Config{Name: "main", URL: file, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db, func(want []string, sets ...Set) {
		t.Helper()
		s, problems, err := NewScratch(ctx, db.File(), sets)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if diff := cmp.Diff(want, texts(problems)); diff != "" {
			t.Error("scratch:", diff)
		}
		if problems, err = db.Migrate(ctx, sets); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, texts(problems)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db, migrate := migrating(t)
	none := []string{}
	root := "CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER);\nCREATE TABLE b (a INTEGER REFERENCES a ON DELETE CASCADE);\n" +
		"CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE a SET n = CASE WHEN 1 THEN 2 END; INSERT INTO b VALUES (new.id); END;\nINSERT INTO a VALUES (1, 0);"
	engine := set("-/identity", "CREATE TABLE cloudlet_users (x)")
	inner := set("films/x", "CREATE TABLE c AS SELECT * FROM a; -- needs the outer folder's")
	migrate(none, inner, set(".", root), engine)
	if row, err := db.QueryRow(ctx, "SELECT count(*), (SELECT count(*) FROM cloudlet_migrations) FROM b"); err != nil || row[0] != 1 || row[1] != 3 {
		t.Error(row, err)
	}
	rebuild := "CREATE TABLE a2 (id INTEGER PRIMARY KEY, n INTEGER NOT NULL); INSERT INTO a2 SELECT * FROM a; DROP TABLE a; ALTER TABLE a2 RENAME TO a;"
	migrate(none, inner, set(".", root, rebuild), engine)
	if row, err := db.QueryRow(ctx, "SELECT count(*) FROM b"); err != nil || row[0] != 1 {
		t.Error("rebuilding a table lost the rows that refer to it:", row, err)
	}
	if _, err := db.Exec(ctx, "INSERT INTO b VALUES (77)"); !errors.Is(err, ErrReferenced) {
		t.Error("foreign keys are off after a migration:", err)
	}
	late := set(".", root, rebuild)
	late.Migrations = append([]Migration{{0, "0.sql", source.NewFile("0.sql", nil)}}, late.Migrations...)
	migrate([]string{"0.sql:1:1: the migration 0.sql comes too late: 0002.sql was applied already; give it a number above 2"}, inner, late, engine)
	migrate([]string{"./_migrations/0002.sql:1:1: the migration 0002.sql was changed after it was applied; put the text back and write a new migration"},
		inner, set(".", root, rebuild+" "), engine)
	migrate([]string{`the migration 0002.sql of the folder "." was applied, but the file is gone; put it back`}, inner, set(".", root), engine)
	migrate([]string{`warning: 1 migrations of the folder "films/x" were applied, but the folder is gone; its tables are still there`}, set(".", root, rebuild), engine)
	list, problems, err := Pending(ctx, db.File(), []Set{inner, engine, set(".", root, rebuild, "SELECT 1")})
	if len(list) != 1 || list[0].Version != 3 || len(problems) > 0 || err != nil {
		t.Error(list, problems, err)
	}
}

func TestMigrationProblems(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db, migrate := migrating(t)
	first := "CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (a INTEGER REFERENCES a); INSERT INTO a VALUES (1); INSERT INTO b VALUES (1)"
	migrate([]string{}, set(".", first))
	for text, want := range map[string]string{
		"CREATE TABLE d (x);\nSELECT 1;\nINSERT INTO dd VALUES (1);": `3:13: there is no table "dd"; did you mean "d"?`,
		"CREATE TABLE d (x);\n  CRETE TABLE e (x)":                   `2:3: "CRETE" is not expected here; did you mean "CREATE"?`,
		"CREATE TABLE d (x);\nCOMMIT;":                               "2:1: COMMIT is refused in a migration; the engine runs each file in a transaction of its own",
		"PRAGMA foreign_keys=0":                                      "1:1: PRAGMA is refused in a migration; the engine runs each file in a transaction of its own",
		"CREATE TABLE d (x); CREATE TABLE d (y)":                     "1:34: table d already exists",
	} {
		migrate([]string{"./_migrations/0002.sql:" + want}, set(".", first, text))
		if row, err := db.QueryRow(ctx, "SELECT count(*) FROM sqlite_schema WHERE name = 'd'"); err != nil || row[0] != 0 {
			t.Errorf("%q left something behind: %v %v", text, row, err)
		}
	}
	// What only the rows know is found when it is applied.
	problems, err := db.Migrate(ctx, []Set{set(".", first, "DELETE FROM a")})
	if want := []string{"./_migrations/0002.sql:1:1: the migration 0002.sql leaves rows in b whose foreign key to a points nowhere"}; err != nil || cmp.Diff(want, texts(problems)) != "" {
		t.Error(problems, err)
	}
}

func TestBackups(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := t.TempDir()
	db, err := Open(ctx, Config{Name: "main", URL: file, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if problems, err := db.Migrate(ctx, []Set{set(".", "CREATE TABLE a (x)")}); err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	backups := filepath.Join(dir, "data", "backup")
	if _, err := os.Stat(backups); !os.IsNotExist(err) {
		t.Error("an empty database was copied")
	}
	if _, err := db.Exec(ctx, "INSERT INTO a VALUES ('still in the log')"); err != nil {
		t.Fatal(err)
	}
	db.writer.drain() // to have the connection
	db.writer.closed = false
	for i := range 12 {
		if err := db.backup(db.writer.connection, time.Date(2026, 1, 1, 0, i, 0, 0, time.UTC)); err != nil {
			t.Fatal(err)
		}
	}
	db.writer.release()
	entries, err := os.ReadDir(backups)
	if err != nil || len(entries) != 10 {
		t.Fatal(entries, err)
	}
	if first := entries[0].Name(); first != "main-20260101T000200.000Z.db" {
		t.Errorf("the oldest copy is %s", first)
	}
	info, err := entries[0].Info()
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info, err)
	}
	// Copies are whole databases, and looking at one makes nothing beside it.
	old, _, err := NewScratch(ctx, filepath.Join(backups, entries[0].Name()), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	if _, err := old.Describe("SELECT x FROM a"); err != nil {
		t.Error(err)
	}
	if after, _ := os.ReadDir(backups); len(after) != 10 {
		t.Error(after)
	}
	copied, err := Open(ctx, Config{Name: "copy", URL: "sqlite:" + filepath.Join(backups, entries[9].Name())})
	if err != nil {
		t.Fatal(err)
	}
	defer copied.Close()
	if row, err := copied.QueryRow(ctx, "SELECT x FROM a"); err != nil || row == nil || row[0] != "still in the log" {
		t.Error(row, err)
	}
}

func TestScratchTouchesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	missing := filepath.Join(dir, "data", "x.db")
	s := scratch(t, missing, []Set{set(".", "CREATE VIRTUAL TABLE f USING fts5(title); CREATE TABLE g (x)")})
	if _, err := s.Describe("SELECT title FROM f WHERE f MATCH ?"); err != nil {
		t.Error(err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) > 0 {
		t.Error(entries)
	}
	// A search index comes with tables of its own, which must not be made twice.
	ctx := context.Background()
	db, err := Open(ctx, Config{Name: "main", URL: file, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	sets := []Set{set(".", "CREATE VIRTUAL TABLE f USING fts5(title); CREATE TABLE g (x)")}
	if problems, err := db.Migrate(ctx, sets); err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	if _, err := scratch(t, db.File(), sets).Describe("SELECT f.title, g.x FROM f, g"); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(missing, []byte(strings.Repeat("no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := NewScratch(ctx, missing, nil); err == nil {
		t.Error("a file that is no database was read")
	}
}
