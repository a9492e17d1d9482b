package engine_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"cloudlet/actions"
	"cloudlet/engine"
	"cloudlet/engine/internal/outside"

	"golang.org/x/tools/txtar"
)

// Redocly's linter, with its recommended rules, finds nothing in the documents of the
// shipped app and of the larger ones of the tests.
func TestRedocly(t *testing.T) {
	t.Parallel()
	redocly := outside.Tool(t, "redocly")
	dir := t.TempDir()
	apps := map[string]string{"shipped": ".."}
	for _, name := range []string{"argument_types", "arguments_places", "ends", "verb_keys", "control_examples"} {
		archive, err := txtar.ParseFile("testdata/http/" + name + ".txtar")
		fatal(t, err)
		files := map[string]string{}
		for _, f := range archive.Files {
			if filepath.Ext(f.Name) != "" {
				files[f.Name] = string(f.Data)
			}
		}
		apps[name] = makeApp(t, files)
	}
	// The licence of somebody's API is nothing that an engine could know.
	fatal(t, os.WriteFile(filepath.Join(dir, "redocly.yaml"), []byte("extends: [recommended]\nrules: {info-license: off}\n"), 0o600))
	args := []string{"lint", "--format=stylish", "--max-problems=100"}
	for name, app := range apps {
		text, problems, err := engine.OpenAPI(t.Context(), app, engine.WithActions(actions.All()))
		if err != nil || text == nil {
			t.Fatalf("%s: %v %v", name, problems, err)
		}
		fatal(t, os.WriteFile(filepath.Join(dir, name+".json"), text, 0o600))
		args = append(args, name+".json")
	}
	cmd := exec.CommandContext(t.Context(), redocly, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true")
	out, err := cmd.CombinedOutput()
	for line := range strings.Lines(string(out)) {
		// A chain that always fails has no success, and that is no mistake of the document.
		if strings.Contains(line, " warning ") && !strings.Contains(line, "operation-2xx-response") {
			t.Error(line)
		}
	}
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// Every answer in the tests of the shipped app is one that its OpenAPI document knows.
func TestShippedTestsConform(t *testing.T) {
	t.Parallel()
	e, err := engine.Open(copiedApp(t), engine.WithActions(actions.All()))
	fatal(t, err)
	defer e.Close()
	c := contractOf(t, e)
	var mu sync.Mutex
	answers := 0
	report, problems, err := engine.Test(t.Context(), "..", engine.TestOptions{}, engine.WithActions(actions.All()),
		engine.WithAround(func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				recorder := httptest.NewRecorder()
				path := r.URL.EscapedPath()
				h.ServeHTTP(recorder, r)
				for name, values := range recorder.Header() {
					w.Header()[name] = values
				}
				w.WriteHeader(recorder.Code)
				w.Write(recorder.Body.Bytes())
				mu.Lock()
				defer mu.Unlock()
				answers++
				if complaint := c.complaint(r.Method, path, recorder.Code, recorder.Header(), recorder.Body.String()); complaint != "" {
					t.Errorf("%s %s: %s", r.Method, path, complaint)
				}
			})
		}))
	fatal(t, err)
	if report == nil {
		t.Fatal(problems)
	}
	for _, r := range report.Results {
		if r.Failed() {
			t.Errorf("%s:%d: %s: %v", r.File, r.Line, r.Name, r.Mismatches)
		}
	}
	if answers < 15 {
		t.Errorf("there were %d answers only", answers)
	}
}

// copiedApp is a copy of the shipped app.
func copiedApp(t *testing.T) string {
	t.Helper()
	app := t.TempDir()
	fatal(t, os.CopyFS(filepath.Join(app, "endpoints"), os.DirFS("../endpoints")))
	return app
}
