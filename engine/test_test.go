package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"golang.org/x/tools/txtar"

	"cloudlet/actions"
	"cloudlet/engine"
	"cloudlet/engine/action"
	"cloudlet/engine/files"
)

// A case is an archive testdata/tests/NAME.txtar: an app with its endpoint tests, and
//
//	run    the expression that chooses tests, where not all of them run
//	want   what came of them: a line a test, below it what differs, then the coverage
//
// The actions are those that ship, and two of this file's: `fetch` asks another
// service, `read` gives a file of the app.

// fetch asks through what carries an engine's requests to others.
var fetch = action.Define(action.Spec[fetchInputs, string]{Name: "fetch", Summary: "Asks another service.", Main: "url",
	Failures: []action.Outcome{{Status: 502, Code: "unreachable", When: "there is no answer"}},
	Run: func(c *action.Call, in *fetchInputs) (string, error) {
		address, err := in.URL.Value(c)
		if err != nil {
			return "", err
		}
		r, err := http.NewRequestWithContext(c.Context, in.Method, address, strings.NewReader("x"))
		if err != nil {
			return "", err
		}
		r.Header.Set("Authorization", "Bearer x")
		answer, err := (&http.Client{Transport: c.Services.Outgoing}).Do(r)
		if err != nil {
			return "", action.Fail(http.StatusBadGateway, "unreachable", err.Error())
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		return fmt.Sprintf("%s %s %s", answer.Status, answer.Header.Get("Content-Type"), body), err
	}})

type fetchInputs struct {
	URL    action.Expr[string]
	Method string `default:"GET"`
}

// read gives what stands in a file of the app.
var read = action.Define(action.Spec[readInputs, string]{Name: "read", Summary: "Reads a file of the app.", Main: "path",
	Failures: []action.Outcome{{Status: 404, Code: "no_such_file", When: "there is no such file"}},
	Run: func(c *action.Call, in *readInputs) (string, error) {
		text, err := c.Services.Files.Load(in.Path, 1<<20)
		if errors.Is(err, files.ErrNotFound) {
			return "", action.Fail(http.StatusNotFound, "no_such_file", "There is no such file.")
		}
		return string(text), err
	}})

type readInputs struct{ Path string }

// testingOptions open an app whose tests run.
func testingOptions() []engine.Option {
	return append(quiet(nil), engine.WithActions(append(actions.All(), fetch, read)))
}

func TestTests(t *testing.T) {
	t.Parallel()
	cases, err := filepath.Glob("testdata/tests/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatalf("found %d cases, %v", len(cases), err)
	}
	for _, name := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(name)
			fatal(t, err)
			dir, want := t.TempDir(), ""
			writeApp(t, dir, archive)
			o := engine.TestOptions{Parallel: 2}
			for _, f := range archive.Files {
				switch f.Name {
				case "want":
					want = string(f.Data)
				case "run":
					o.Run = regexp.MustCompile(strings.TrimSpace(string(f.Data)))
				}
			}
			before := tree(t, dir)
			got := reportText(runTests(t, dir, o))
			if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("(-want +got):\n%s\ngot:\n%s", diff, got)
			}
			if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
				t.Errorf("the tests changed the app (-before +after):\n%s", diff)
			}
		})
	}
}

// runTests runs the tests of an app that has no problems.
func runTests(t testing.TB, dir string, o engine.TestOptions) *engine.TestReport {
	t.Helper()
	report, problems, err := engine.Test(context.Background(), dir, o, testingOptions()...)
	fatal(t, err)
	if report == nil {
		fatal(t, &engine.ProblemsError{Problems: problems})
	}
	return report
}

var traceID = regexp.MustCompile(`"trace_id":"[0-9a-f]{32}"`)

// reportText is a report as the cases want it.
func reportText(report *engine.TestReport) string {
	var b strings.Builder
	for _, r := range report.Results {
		status := "ok"
		switch {
		case r.Skip != "":
			status = "skip: " + r.Skip
		case r.Failed():
			status = "FAIL"
		}
		fmt.Fprintf(&b, "%s:%d %s: %s\n", filepath.Base(r.File), r.Line, r.Name, status)
		for _, m := range r.Mismatches {
			at := m.At.Start()
			fmt.Fprintf(&b, "  %d:%d %s\n", at.Line, at.Column, m.What)
			for line := range strings.SplitSeq(m.Expected, "\n") {
				fmt.Fprintf(&b, "  - %s\n", line)
			}
			for line := range strings.SplitSeq(m.Got, "\n") {
				fmt.Fprintf(&b, "  + %s\n", line)
			}
		}
	}
	for _, c := range report.Coverage {
		fmt.Fprintf(&b, "%s %d/%d %d/%d", c.File, c.Steps.Ran, c.Steps.All, c.Branches.Ran, c.Branches.All)
		for _, m := range c.Missed {
			fmt.Fprintf(&b, ", %d:%d %s", m.Line, m.Column, m.Text)
		}
		b.WriteByte('\n')
	}
	return traceID.ReplaceAllString(b.String(), `"trace_id":"…"`)
}

// manyTests is an app with tests of the kind that the shipped one has: each leaves
// rows behind that would fail the next, every fourth logs in.
func manyTests(t testing.TB, n int) string {
	t.Helper()
	dir := t.TempDir()
	fatal(t, os.CopyFS(filepath.Join(dir, "endpoints"), os.DirFS(filepath.Join("..", "endpoints"))))
	fatal(t, filepath.WalkDir(dir, func(name string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, ".test.yaml") {
			return err
		}
		return os.Remove(name)
	}))
	var b strings.Builder
	for i := range n {
		switch i % 4 {
		case 0:
			fmt.Fprintf(&b, `
- name: login %d
  given:
    users: [{name: alice, password: correct horse battery, roles: [guest]}]
  request: {get: /auth/login, query: {username: alice, password: correct horse battery}}
  expect: {status: 200, body: {ticket: "${len(value) > 100}", token_type: Bearer}}
`, i)
		case 1:
			fmt.Fprintf(&b, `
- name: add %d
  given:
    users: [{name: ada, roles: [admin]}]
  request: {post: /films, as: ada, body: {title: Brazil, year: 1985}}
  expect: {status: 201, body: {id: 4}, sql: [{query: SELECT count(*) AS n FROM films, rows: [{n: 4}]}]}
`, i)
		case 2:
			fmt.Fprintf(&b, `
- name: list %d
  given:
    rows: {films: [{id: 7, title: Aliens, year: 1986}]}
  request: {get: /films, query: {q: Alien}}
  expect: {body: {items: [{id: 7}, {title: Alien}]}}
`, i)
		default:
			fmt.Fprintf(&b, `
- name: refuse %d
  request: {get: /films, query: {limit: 1000}}
  expect: {status: 400, body: {code: invalid_arguments}}
`, i)
		}
	}
	fatal(t, os.WriteFile(filepath.Join(dir, "endpoints", "many.test.yaml"), []byte(b.String()), 0o644))
	return dir
}

// TestTestsLeaveNothing is not parallel: other tests' goroutines and folders would be seen.
func TestTestsLeaveNothing(t *testing.T) {
	n := 300
	if raceEnabled {
		n = 60
	}
	dir, scratch := manyTests(t, n), t.TempDir()
	t.Setenv("TMPDIR", scratch)
	app, before := tree(t, dir), goleak.IgnoreCurrent()
	report := runTests(t, dir, engine.TestOptions{Parallel: 3})
	if text := reportText(report); len(report.Results) != n || strings.Contains(text, "FAIL") {
		t.Errorf("%d tests, which do not pass alone:\n%s", len(report.Results), text)
	}
	goleak.VerifyNone(t, before)
	if diff := cmp.Diff(app, tree(t, dir)); diff != "" {
		t.Errorf("the tests changed the app (-before +after):\n%s", diff)
	}
	if left, err := os.ReadDir(scratch); err != nil || len(left) > 0 {
		t.Errorf("they left %v, %v", left, err)
	}
}

// TestTestsAtOnce: however many run at once, they are reported in order, and count alike.
func TestTestsAtOnce(t *testing.T) {
	t.Parallel()
	n := 40
	if raceEnabled {
		n = 12
	}
	dir := manyTests(t, n)
	want := ""
	for _, n := range []int{1, 4, 100} {
		var reported []engine.TestResult
		report := runTests(t, dir, engine.TestOptions{Parallel: n, Report: func(r engine.TestResult) { reported = append(reported, r) }})
		if !reflect.DeepEqual(reported, report.Results) {
			t.Errorf("%d at once: reported were %v, not %v", n, reported, report.Results)
		}
		if want == "" {
			want = reportText(report)
		}
		if diff := cmp.Diff(want, reportText(report)); diff != "" {
			t.Errorf("%d at once (-one after the other +at once):\n%s", n, diff)
		}
	}
}

// TestTestThatNeverEnds fails by itself, and those behind it run.
func TestTestThatNeverEnds(t *testing.T) {
	t.Parallel()
	dir := makeApp(t, map[string]string{
		"endpoints/a.yaml":      "get:\n  timeout: 1h\n  actions:\n    - wait: 1h\npost:\n  actions:\n    - return: 1\n",
		"endpoints/a.test.yaml": "- name: forever\n  request: {get: /a}\n  expect: {status: 204}\n- name: at once\n  request: {post: /a}\n  expect: {body: 1}\n",
	})
	report := runTests(t, dir, engine.TestOptions{Parallel: 1, Timeout: time.Second})
	if !report.Results[0].Failed() || report.Results[1].Failed() {
		t.Errorf("got:\n%s", reportText(report))
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	reported := 0
	_, _, err := engine.Test(ctx, dir, engine.TestOptions{Parallel: 1, Timeout: time.Second, Report: func(engine.TestResult) {
		reported++
		stop()
	}}, testingOptions()...)
	if !errors.Is(err, context.Canceled) || reported != 1 {
		t.Errorf("called off after the first, tests ended with %v, and %d were reported", err, reported)
	}
}

// TestTestsAreNotServed: what is wrong in a test file is a problem of check and test,
// and keeps nothing from being served.
func TestTestsAreNotServed(t *testing.T) {
	t.Parallel()
	dir := makeApp(t, map[string]string{
		"endpoints/a.yaml":      "get:\n  actions:\n    - return: 1\n",
		"endpoints/a.test.yaml": "- name: one\n  request: {get: /b}\n",
	})
	problems, err := checkApp(dir, nil)
	if err != nil || len(problems) != 1 || problems[0].Code != "unknown_endpoint" {
		t.Errorf("check finds %v, %v", problems, err)
	}
	report, problems, err := engine.Test(t.Context(), dir, engine.TestOptions{}, quiet(nil)...)
	if report != nil || err != nil || len(problems) != 1 {
		t.Errorf("test gives %v, %v, %v", report, problems, err)
	}
	e, err := engine.Open(dir, quiet(nil)...)
	fatal(t, err)
	fatal(t, e.Close())
}

// BenchmarkTest200 runs 200 tests, a quarter of them logins:
//
//	go test ./engine -run '^$' -bench Test200
func BenchmarkTest200(b *testing.B) {
	dir := manyTests(b, 200)
	for b.Loop() {
		report := runTests(b, dir, engine.TestOptions{})
		for _, r := range report.Results {
			if r.Failed() {
				b.Fatal(reportText(report))
			}
		}
	}
}
