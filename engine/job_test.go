package engine_test

import (
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cloudlet/actions"
	"cloudlet/engine"
)

var notesApp = map[string]string{
	"endpoints/_migrations/1.sql": "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL);\n",
	"endpoints/_jobs/note.yaml":   "arguments: {text: string}\nattempts: 2\nactions:\n  - if: ${args.text == 'bad'}\n    then:\n      - fail: {code: bad_note, detail: \"${args.text}\"}\n  - sql.execute: INSERT INTO notes (text) VALUES (${args.text})\n",
	"endpoints/notes.yaml": `get:
  actions:
    - sql.select: SELECT text FROM notes ORDER BY id
post:
  arguments: {text: string, in: duration = 0s, fail: bool = false}
  actions:
    - transaction:
        - job: {name: note, args: {text: "${args.text}"}, in: "${args.in}"}
        - if: ${args.fail}
          then:
            - fail: {code: undone}
`,
}

func openJobs(t *testing.T, dir string) *engine.Engine {
	t.Helper()
	e, err := engine.Open(dir, append(quiet(nil), engine.WithActions(actions.All()))...)
	fatal(t, err)
	return e
}

func ask(e *engine.Engine, method, body string) string {
	r := httptest.NewRequest(method, "/notes", strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	return w.Body.String()
}

func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within 20 seconds", what)
		}
	}
}

func jobsOf(t *testing.T, dir string) []engine.JobEntry {
	t.Helper()
	a, err := engine.OpenAccounts(context.Background(), dir)
	fatal(t, err)
	defer func() { fatal(t, a.Close()) }()
	list, err := a.Jobs.List(context.Background())
	fatal(t, err)
	return list
}

// TestJobs does what was committed, in order of nothing, and keeps what failed.
func TestJobs(t *testing.T) {
	t.Parallel()
	dir := makeApp(t, notesApp)
	e := openJobs(t, dir)
	defer func() { fatal(t, e.Close()) }()
	ask(e, "POST", `{"text":"undone","fail":true}`)
	ask(e, "POST", `{"text":"done"}`)
	waitFor(t, "the job", func() bool { return ask(e, "GET", "") == `[{"text":"done"}]` })
	ask(e, "POST", `{"text":"bad"}`)
	waitFor(t, "the failure", func() bool {
		list := jobsOf(t, dir)
		return len(list) == 1 && list[0].State == "retrying" && list[0].Name == "note" && list[0].Reason == "it failed with bad_note"
	})
	// A job whose file is gone says so, and stays.
	fatal(t, os.Rename(filepath.Join(dir, "endpoints/_jobs/note.yaml"), filepath.Join(dir, "endpoints/_jobs/other.yaml")))
	fatal(t, os.Remove(filepath.Join(dir, "endpoints/notes.yaml")))
	fatal(t, e.Reload(context.Background()))
	a, err := engine.OpenAccounts(context.Background(), dir)
	fatal(t, err)
	fatal(t, a.Jobs.Retry(context.Background(), jobsOf(t, dir)[0].ID))
	fatal(t, a.Close())
	waitFor(t, "the reason", func() bool {
		list := jobsOf(t, dir)
		return len(list) == 1 && list[0].Reason == "the app has no job of this name any more"
	})
}

// TestJobsOutliveARestart does after it what was kept before it.
func TestJobsOutliveARestart(t *testing.T) {
	t.Parallel()
	dir := makeApp(t, notesApp)
	e := openJobs(t, dir)
	ask(e, "POST", `{"text":"later","in":"1s"}`)
	fatal(t, e.Close())
	e = openJobs(t, dir)
	defer func() { fatal(t, e.Close()) }()
	if got := ask(e, "GET", ""); got != "[]" {
		t.Error(got)
	}
	waitFor(t, "the job", func() bool { return ask(e, "GET", "") == `[{"text":"later"}]` })
}

// TestJobIsGivenBack when the server ends in the middle of it: it is done after the next start.
func TestJobIsGivenBack(t *testing.T) {
	t.Parallel()
	app := map[string]string{}
	for name, text := range notesApp {
		app[name] = text
	}
	app["endpoints/_jobs/note.yaml"] = "arguments: {text: string}\nactions:\n  - sql.execute: INSERT INTO notes (text) VALUES ('begun')\n  - wait: 1h\n"
	dir := makeApp(t, app)
	e := openJobs(t, dir)
	ask(e, "POST", `{"text":"x"}`)
	waitFor(t, "its begin", func() bool { return ask(e, "GET", "") == `[{"text":"begun"}]` })
	fatal(t, e.Close())
	if list := jobsOf(t, dir); len(list) != 1 || list[0].State != "waiting" {
		t.Errorf("%+v", list)
	}
	fatal(t, os.WriteFile(filepath.Join(dir, "endpoints/_jobs/note.yaml"), []byte(notesApp["endpoints/_jobs/note.yaml"]), 0o644))
	e = openJobs(t, dir)
	defer func() { fatal(t, e.Close()) }()
	waitFor(t, "its end", func() bool { return ask(e, "GET", "") == `[{"text":"begun"},{"text":"x"}]` })
}

// TestJobsThatAreDueAtTheStart are done by the app that starts, with the one attempt that they have:
// it is not spent before there is something to do them with.
func TestJobsThatAreDueAtTheStart(t *testing.T) {
	t.Parallel()
	app := map[string]string{}
	for name, text := range notesApp {
		app[name] = strings.Replace(text, "attempts: 2", "attempts: 1", 1)
	}
	dir := makeApp(t, app)
	e := openJobs(t, dir)
	ask(e, "POST", `{"text":"due","in":"300ms"}`)
	fatal(t, e.Close())
	time.Sleep(time.Until(jobsOf(t, dir)[0].Next))
	e = openJobs(t, dir)
	defer func() { fatal(t, e.Close()) }()
	waitFor(t, "the job", func() bool {
		if list := jobsOf(t, dir); len(list) == 1 && list[0].State == "dead" {
			t.Fatal(list[0].Reason)
		}
		return ask(e, "GET", "") == `[{"text":"due"}]`
	})
}
