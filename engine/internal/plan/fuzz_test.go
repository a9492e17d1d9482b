package plan_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"cloudlet/actions"
	"cloudlet/engine/action"
	"cloudlet/engine/database"
	"cloudlet/engine/identity"
	"cloudlet/engine/internal/plan"
	"cloudlet/engine/internal/route"
	"cloudlet/engine/language/document"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
	"cloudlet/engine/secret"
)

const filmsSQL = `CREATE TABLE films (id INTEGER PRIMARY KEY, title TEXT NOT NULL UNIQUE, year INTEGER, price DECIMAL, seen BOOLEAN, released DATE, data JSON);
INSERT INTO films (title, year, price, seen, released, data) VALUES ('Alien', 1979, 9.5, 1, '1979-05-25', '{"a":[1,null]}'), ('Solaris', 1972, NULL, NULL, NULL, NULL);`

// bench is what every input of a fuzz run shares: a schema to compile against,
// and a database and users to run with.
type bench struct {
	scratch  *database.Scratch
	db       *database.DB
	services *action.Services
	log      *bytes.Buffer
}

func newBench(t testing.TB) *bench {
	t.Helper()
	ctx := context.Background()
	sets := append(identity.Migrations(), database.Set{Folder: ".", Migrations: []database.Migration{{Version: 1, Name: "0001.sql", File: source.NewFile("0001.sql", []byte(filmsSQL))}}})
	scratch, problems, err := database.NewScratch(ctx, "", sets)
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	db, err := database.Open(ctx, database.Config{Name: "main", URL: "sqlite::memory:", Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if problems, err := db.Migrate(ctx, sets); err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	users, err := identity.Open(ctx, db, secret.NewKeyring(), identity.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { users.Close(); db.Close(); scratch.Close() })
	b := &bench{scratch: scratch, db: db, log: &bytes.Buffer{}}
	b.services = &action.Services{Identity: users, Database: func(string) *database.DB { return db }}
	return b
}

// compile compiles one endpoint file.
func (b *bench) compile(text []byte) (*plan.Plan, *route.Pattern, []source.Problem, *source.File) {
	var problems source.Problems
	file := source.NewFile("endpoints/x/{id}.yaml", text)
	d := document.ParseEndpoint(file, &problems)
	pattern, _, _ := route.FromPath("x/{id}.yaml", file.Span(0, 0))
	app := &plan.App{Actions: actions.All(), Scratch: map[string]*database.Scratch{"main": b.scratch}, Databases: []string{"main"},
		Config: schema.NewObject("company", "Example"), Secrets: schema.NewObject("key", "canary-7f3a")}
	if d != nil {
		app.Endpoints = []plan.Source{{Document: d, Folder: "x", Path: pattern.Text, PathNames: pattern.Names}}
	}
	p := plan.Compile(app, &problems)
	return p, pattern, problems.All(), file
}

var seeds = []string{
	"get:\n  arguments: {username: string, password: {type: secret, in: query}}\n  actions:\n    - authenticate: {username: \"${args.username}\", password: \"${args.password}\"}\n",
	"get:\n  actions:\n    - sql.select: SELECT * FROM films WHERE id = ${args.id} OR title IN (${[args.id, 'Alien']})\n      as: films\n    - for_each: ${films}\n      do: [{return: \"${item.title}\"}]\n",
	"post:\n  arguments: {n: int = 3, list: [string]}\n  status: 201\n  actions:\n    - set: {n: \"${args.n}\"}\n    - while: ${n > 0}\n      do: [{set: {n: \"${n - 1}\"}}, {log: \"${n}\"}]\n    - transaction:\n        - sql.execute: INSERT INTO films (title) VALUES (${args.list[0]})\n        - try: [{fail: {status: 418, code: x}}]\n          catch: [{log: \"${error.code}\"}]\n",
	"get:\n  actions:\n    - parallel: {a: [{random: 8}], b: [{hash: x}]}\n      as: both\n    - header: {X-A: \"${both.a}\"}\n    - cookie: {name: c, value: \"${both.b}\"}\n    - redirect: /there\n      if: ${request.headers.accept == null}\n    - respond: {status: 200, body: \"${request}\"}\n",
	"get:\n  returns: {type: object, fields: {id: int, title: string}}\n  allow: ${user?.name != 'x'}\n  timeout: 1s\n  actions:\n    - sql.one: {sql: \"SELECT * FROM films WHERE id = ${int(args.id)}\", missing: 404}\n      retry: {times: 2, delay: 1ms}\n      on_error: [{return: {id: 0, title: none}}]\n",
	"get:\n  actions:\n    - switch: ${len(args.id)}\n      cases: {1: [{return: one}], 2: [{call: {endpoint: \"GET /x/{id}\", args: {id: abc}}}]}\n      default: [{assert: {that: false}}]\n    - if: ${args.id > 'a'}\n      then: [{wait: 1ms}]\n      else: [{status: 202}, {authorize: [admin]}]\n",
	"delete:\n  actions:\n    - log: ${secrets.key}\n    - hash: ${secrets.key}\n      as: h\n    - log: ${h}\n    - return: {a: \"${h}\", b: \"${config.company}\"}\n",
}

// FuzzEndpoint: whatever an endpoint file holds, every problem lies inside it;
// and what is accepted answers requests without a panic, as problem+json where it
// fails, and never with or into the log a secret.
func FuzzEndpoint(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s), "7", `{"list":["a"]}`)
	}
	b := newBench(f)
	f.Fuzz(func(t *testing.T, text []byte, id, body string) {
		p, pattern, problems, file := b.compile(text)
		wrong := false
		for _, problem := range problems {
			wrong = wrong || !problem.Warning
			if problem.File != nil && (problem.From < 0 || problem.To < problem.From || problem.To > len(file.Text)) {
				t.Fatalf("a problem stands at %d to %d of %d bytes: %s", problem.From, problem.To, len(file.Text), problem)
			}
			if problem.Text == "" || problem.Code == "" {
				t.Fatalf("a problem without a text or code: %+v", problem)
			}
		}
		if wrong || len(p.Endpoints) == 0 {
			return
		}
		p.Link(b.services.Database)
		b.log.Reset()
		for _, v := range p.Endpoints[0].Verbs {
			v.Timeout = min(v.Timeout, 200_000_000)
			b.answers(t, p.Endpoints[0], pattern, v.Method, id, body)
		}
		if out := b.log.String(); strings.Contains(out, "panicked") || strings.Contains(out, "canary-7f3a") {
			t.Fatalf("the log holds what it must not:\n%s\nfor\n%s", out, text)
		}
	})
}

func (b *bench) answers(t *testing.T, e *plan.Endpoint, pattern *route.Pattern, method, id, body string) {
	h := &plan.Handler{Endpoint: e, Pattern: pattern, Services: b.services, Log: slog.New(slog.NewTextHandler(b.log, nil))}
	table, problems := route.Build([]route.Entry{{Pattern: pattern, At: e.File.Span(0, 0), Handler: h}}, http.NotFoundHandler())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	r := httptest.NewRequest(method, "/x/7", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.URL.Path, r.URL.RawPath = "/x/"+strings.ReplaceAll(id, "/", "_"), ""
	w := httptest.NewRecorder()
	table.ServeHTTP(w, r)
	if w.Header().Get("Content-Type") == "application/problem+json" {
		if v, err := schema.DecodeAny(w.Body.Bytes()); err != nil {
			t.Fatalf("a problem that is no JSON: %v in %s", err, w.Body)
		} else if status, _ := v.(*schema.Object).Lookup("status"); status != w.Code {
			t.Fatalf("status %d with the problem %s", w.Code, w.Body)
		}
	}
	if strings.Contains(w.Body.String(), "canary-7f3a") {
		t.Fatalf("the answer holds a secret: %s", w.Body)
	}
}

// TestSeedsAreAccepted keeps the fuzz run from starting with nothing that runs;
// the last seed is refused for its secrets.
func TestSeedsAreAccepted(t *testing.T) {
	b := newBench(t)
	for i, s := range seeds {
		_, _, problems, _ := b.compile([]byte(s))
		var texts []string
		for _, p := range problems {
			if !p.Warning {
				texts = append(texts, p.String())
			}
		}
		if refused := len(texts) > 0; refused != (i == len(seeds)-1) {
			t.Errorf("seed %d: %q", i, texts)
		}
	}
}
