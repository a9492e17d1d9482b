package engine_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"cloudlet/engine"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// printed is an app with a problem inside an expression, one with another place
// that belongs to it, one without a text, and a warning.
const printed = `
-- endpoints/auth/login.yaml --
get:
  summary: Lets users in
  arguments:
    username: string
    password: secret
  actions:
    # Returns a ticket.
    - authenticate:
        username: ${arg.username}
        password: ${args.password}
-- endpoints/films/{id}.yaml --
get:
  actions:
    - return: ${args.id}
-- endpoints/films/{name}.yaml --
get:
  actions:
    - return: ${args.name}
`

const printedText = `endpoints/auth/login.yaml:5:5: warning: the secret "password" comes in the query, which proxies and browsers keep; use post, or say ` + "`in: query`" + ` to keep it
   5 |     password: secret
     |     ^^^^^^^^
endpoints/auth/login.yaml:9:21: unknown name "arg.username"; did you mean "args.username"?
   9 |         username: ${arg.username}
     |                     ^^^^^^^^^^^^
endpoints/films/{name}.yaml:1:1: "/films/{id}" and "/films/{name}" match the same paths, like /films/name; keep one of them
   1 | get:
     | ^
  endpoints/films/{id}.yaml:1:1: "/films/{id}" stands here
   1 | get:
     | ^
`

const printedJSON = `[
  {
    "file": "endpoints/auth/login.yaml",
    "line": 5,
    "column": 5,
    "end_line": 5,
    "end_column": 13,
    "code": "secret_in_query",
    "message": "the secret \"password\" comes in the query, which proxies and browsers keep",
    "hint": "use post, or say ` + "`in: query`" + ` to keep it",
    "severity": "warning"
  },
  {
    "file": "endpoints/auth/login.yaml",
    "line": 9,
    "column": 21,
    "end_line": 9,
    "end_column": 33,
    "code": "unknown_name",
    "message": "unknown name \"arg.username\"",
    "hint": "did you mean \"args.username\"?",
    "severity": "error"
  },
  {
    "file": "endpoints/films/{name}.yaml",
    "line": 1,
    "column": 1,
    "end_line": 1,
    "end_column": 1,
    "code": "route_conflict",
    "message": "\"/films/{id}\" and \"/films/{name}\" match the same paths, like /films/name",
    "hint": "keep one of them",
    "severity": "error"
  }
]
`

const printedGitHub = `::warning file=endpoints/auth/login.yaml,line=5,endLine=5,col=5,endColumn=13,title=secret_in_query::the secret "password" comes in the query, which proxies and browsers keep; use post, or say ` + "`in: query`" + ` to keep it
::error file=endpoints/auth/login.yaml,line=9,endLine=9,col=21,endColumn=33,title=unknown_name::unknown name "arg.username"; did you mean "args.username"?
::error file=endpoints/films/{name}.yaml,line=1,endLine=1,col=1,endColumn=1,title=route_conflict::"/films/{id}" and "/films/{name}" match the same paths, like /films/name; keep one of them
`

// TestPrintProblems holds the three formats of `cloudlet check` to what language.md,
// section 11, shows.
func TestPrintProblems(t *testing.T) {
	t.Parallel()
	c := &problemCase{archive: txtar.Parse([]byte(printed))}
	problems := c.check(t)
	for format, want := range map[string]string{
		engine.FormatText: printedText, engine.FormatJSON: printedJSON, engine.FormatGitHub: printedGitHub,
	} {
		var b bytes.Buffer
		if err := engine.PrintProblems(&b, format, problems); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, b.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", format, diff)
		}
	}
}

// TestPrintNothing says that an app without problems prints an empty JSON list,
// not null, and nothing otherwise.
func TestPrintNothing(t *testing.T) {
	t.Parallel()
	for format, want := range map[string]string{engine.FormatText: "", engine.FormatJSON: "[]\n", engine.FormatGitHub: ""} {
		var b bytes.Buffer
		if err := engine.PrintProblems(&b, format, nil); err != nil || b.String() != want {
			t.Errorf("%s: got %q, %v", format, b.String(), err)
		}
	}
}

const migrated = `
-- endpoints/_migrations/0001_films.sql --
CREATE TABLE films (id INTEGER PRIMARY KEY);
-- endpoints/_migrations/0003_people.sql --
CREATE TABLE people (id INTEGER PRIMARY KEY);
`

// TestAppliedMigrations changes migrations that were applied: what check says of
// them, and that it leaves the database alone.
func TestAppliedMigrations(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		file, text string // "" as the text removes the file
		want       string
	}{
		"nothing": {"endpoints/_migrations/0004_more.sql", "CREATE TABLE more (id INTEGER);", ""},
		"changed": {"endpoints/_migrations/0001_films.sql", "CREATE TABLE films (id INTEGER);",
			"endpoints/_migrations/0001_films.sql:1:1: the migration 0001_films.sql was changed after it was applied; put the text back and write a new migration"},
		"late": {"endpoints/_migrations/0002_late.sql", "CREATE TABLE late (id INTEGER);",
			"endpoints/_migrations/0002_late.sql:1:1: the migration 0002_late.sql comes too late: 0003_people.sql was applied already; give it a number above 3"},
		"gone": {"endpoints/_migrations/0003_people.sql", "",
			`the migration 0003_people.sql of the folder "." was applied, but the file is gone; put it back`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := serveOnce(t, migrated)
			path := filepath.Join(dir, test.file)
			if err := os.WriteFile(path, []byte(test.text), 0o644); err != nil {
				t.Fatal(err)
			}
			if test.text == "" {
				os.Remove(path)
			}
			before := tree(t, dir)
			problems, err := checkApp(dir, nil)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, p := range problems {
				got += p.String()
			}
			if got != test.want {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
			if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
				t.Errorf("checking changed the app (-before +after):\n%s", diff)
			}
		})
	}
}

// serveOnce makes an app whose migrations were applied.
func serveOnce(t *testing.T, archive string) string {
	t.Helper()
	dir := t.TempDir()
	writeApp(t, dir, txtar.Parse([]byte(archive)))
	e, err := engine.Open(dir, quiet(nil)...)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}
