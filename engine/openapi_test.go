package engine_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"cloudlet/actions"
	"cloudlet/engine"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// A case is an archive testdata/openapi/NAME.txtar: an app, and in `want` what its
// document holds, a line for each place: a JSON pointer (RFC 6901), and the value there
// as JSON, or `nothing`. A pointer may begin with the one of the line above, written …
func TestOpenAPI(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("testdata/openapi/*.txtar")
	if err != nil || len(names) < 3 {
		t.Fatalf("found %d cases, %v", len(names), err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(name)
			fatal(t, err)
			files, want := map[string]string{}, ""
			for _, f := range archive.Files {
				if f.Name == "want" {
					want = string(f.Data)
				} else {
					files[f.Name] = string(f.Data)
				}
			}
			text, problems, err := engine.OpenAPI(t.Context(), makeApp(t, files), engine.WithActions(actions.All()))
			if err != nil || text == nil {
				t.Fatal(problems, err)
			}
			var document any
			fatal(t, json.Unmarshal(text, &document))
			holdsAll(t, document, want)
		})
	}
}

func holdsAll(t *testing.T, document any, want string) {
	t.Helper()
	base, lines := "", 0
	for line := range strings.Lines(want) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		lines++
		pointer, value, ok := strings.Cut(line, " ")
		if !ok { // where the lines below begin
			base = pointer
			continue
		}
		if rest, ok := strings.CutPrefix(pointer, "…"); ok {
			pointer = base + rest
		}
		got, found := valueAt(document, pointer)
		if value == "nothing" {
			if found {
				t.Errorf("%s is there: %v", pointer, got)
			}
			continue
		}
		var wanted any
		if err := json.Unmarshal([]byte(value), &wanted); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if diff := cmp.Diff(wanted, got); diff != "" || !found {
			t.Errorf("%s: -want +got\n%s", pointer, diff)
		}
	}
	if lines < 5 {
		t.Errorf("the case wants %d lines only", lines)
	}
}

// valueAt is the value at a JSON pointer, references followed.
func valueAt(document any, pointer string) (any, bool) {
	v := document
	for part := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		part = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
		if o, ok := v.(map[string]any); ok {
			if name, ok := o["$ref"].(string); ok {
				v, _ = valueAt(document, strings.TrimPrefix(name, "#"))
			}
		}
		switch c := v.(type) {
		case map[string]any:
			inner, ok := c[part]
			if !ok {
				return nil, false
			}
			v = inner
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i >= len(c) {
				return nil, false
			}
			v = c[i]
		default:
			return nil, false
		}
	}
	if o, ok := v.(map[string]any); ok {
		if name, ok := o["$ref"].(string); ok && strings.HasPrefix(name, "#/components/responses/") {
			return valueAt(document, strings.TrimPrefix(name, "#"))
		}
	}
	return v, true
}

// openDocuments serves an app with a verb for everybody, one for users and one for editors.
func openDocuments(t *testing.T, openapi string) (*httptest.Server, map[string]string) {
	t.Helper()
	files := map[string]string{
		"cloudlet.yaml":                   "databases: {main: \"sqlite::memory:\"}\nopenapi: " + openapi + "\n",
		"endpoints/open.yaml":             "get:\n  actions:\n    - return: 1\n",
		"endpoints/inner.yaml":            "get:\n  auth: user\n  actions:\n    - return: 1\n",
		"endpoints/edit.yaml":             "get:\n  actions:\n    - return: 1\npost:\n  auth: [editor]\n  actions:\n    - whisper: {text: x}\n",
		"endpoints/_actions/whisper.yaml": "arguments: {text: string}\nactions:\n  - log: Psst\n",
	}
	e, err := engine.Open(makeApp(t, files), engine.WithActions(actions.All()))
	fatal(t, err)
	t.Cleanup(func() { fatal(t, e.Close()) })
	tickets := map[string]string{"nobody": "", "forged": "x.y.z"}
	for name, role := range map[string]string{"alice": "guest", "bob": "editor", "carol": "root"} {
		fatal(t, engine.UsersOf(e).AddUser(t.Context(), engine.CommandLine, engine.NewUser{Name: name, Password: casePassword, Roles: []string{role}, CreateRoles: true}))
		ticket, err := engine.UsersOf(e).Issue(t.Context(), name)
		fatal(t, err)
		tickets[name] = ticket.Text
	}
	s := httptest.NewServer(e)
	t.Cleanup(s.Close)
	return s, tickets
}

func askFor(t *testing.T, method, url, ticket, tag string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	fatal(t, err)
	if ticket != "" {
		r.Header.Set("Authorization", "Bearer "+ticket)
	}
	if tag != "" {
		r.Header.Set("If-None-Match", tag)
	}
	w, err := client.Do(r)
	fatal(t, err)
	defer w.Body.Close()
	text, err := io.ReadAll(w.Body)
	fatal(t, err)
	return w, string(text)
}

// Each caller sees what it may call, and nothing that tells of the rest.
func TestOpenAPIOfCallers(t *testing.T) {
	t.Parallel()
	s, tickets := openDocuments(t, "callable")
	for name, shown := range map[string]string{
		"nobody": "GET /edit, GET /open",
		"alice":  "GET /edit, GET /inner, GET /open",
		"bob":    "GET /edit, POST /edit, GET /inner, GET /open",
		"carol":  "GET /edit, POST /edit, GET /inner, GET /open",
	} {
		w, text := askFor(t, "GET", s.URL+"/-/openapi.json", tickets[name], "")
		if got := operationsOf(t, text); got != shown || w.StatusCode != 200 {
			t.Errorf("%s sees %s", name, got)
		}
		if name == "nobody" && (strings.Contains(text, "editor") || strings.Contains(text, "securitySchemes")) {
			t.Errorf("nobody learns of what needs a ticket: %s", text)
		}
		if strings.Contains(text, "whisper") {
			t.Errorf("%s learns of a composite action", name)
		}
		again, body := askFor(t, "GET", s.URL+"/-/openapi.json", tickets[name], w.Header.Get("ETag"))
		if again.StatusCode != 304 || body != "" || !strings.Contains(w.Header.Get("Cache-Control"), "private") || w.Header.Get("Vary") != "Authorization" {
			t.Errorf("%s asks again and gets %d %v", name, again.StatusCode, w.Header)
		}
	}
	if w, text := askFor(t, "GET", s.URL+"/-/openapi.json", tickets["forged"], ""); w.StatusCode != 401 || !strings.Contains(text, "invalid_ticket") {
		t.Errorf("a forged ticket gets %d %s", w.StatusCode, text)
	}
	if w, _ := askFor(t, "POST", s.URL+"/-/openapi.json", "", ""); w.StatusCode != 405 || w.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST gets %d", w.StatusCode)
	}
	if w, text := askFor(t, "HEAD", s.URL+"/-/openapi.json", "", ""); w.StatusCode != 200 || text != "" {
		t.Errorf("HEAD gets %d %s", w.StatusCode, text)
	}
}

// operationsOf lists the operations of a document.
func operationsOf(t *testing.T, text string) string {
	t.Helper()
	var document struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	fatal(t, json.Unmarshal([]byte(text), &document))
	var list []string
	for _, path := range []string{"/edit", "/inner", "/open"} {
		for _, method := range []string{"get", "post"} {
			if document.Paths[path][method] != nil {
				list = append(list, strings.ToUpper(method)+" "+path)
			}
		}
	}
	return strings.Join(list, ", ")
}

func TestOpenAPIForEverybodyAndNobody(t *testing.T) {
	t.Parallel()
	s, tickets := openDocuments(t, "public")
	if _, text := askFor(t, "GET", s.URL+"/-/openapi.json", tickets["forged"], ""); operationsOf(t, text) != "GET /edit, POST /edit, GET /inner, GET /open" {
		t.Errorf("everybody sees %s", text)
	}
	s, tickets = openDocuments(t, "off")
	for _, path := range []string{"/-/openapi.json", "/-/docs"} {
		if w, _ := askFor(t, "GET", s.URL+path, tickets["carol"], ""); w.StatusCode != 404 {
			t.Errorf("%s gives %d", path, w.StatusCode)
		}
	}
}

// The schemas are for everybody; the names of composite actions are root's.
func TestSchemaOfCallers(t *testing.T) {
	t.Parallel()
	s, tickets := openDocuments(t, "callable")
	for name, knows := range map[string]bool{"nobody": false, "bob": false, "carol": true} {
		w, text := askFor(t, "GET", s.URL+"/-/schema.json", tickets[name], "")
		if strings.Contains(text, "whisper") != knows || w.StatusCode != 200 || w.Header.Get("Content-Type") != "application/schema+json" {
			t.Errorf("%s gets %d %v", name, w.StatusCode, w.Header)
		}
	}
	for _, kind := range engine.SchemaKinds() {
		if w, text := askFor(t, "GET", s.URL+"/-/schema.json?of="+kind, "", ""); w.StatusCode != 200 || !strings.Contains(text, `"Cloudlet: `+kind+`"`) {
			t.Errorf("%s: %d", kind, w.StatusCode)
		}
	}
	if w, text := askFor(t, "GET", s.URL+"/-/schema.json?of=nothing", "", ""); w.StatusCode != 400 || !strings.Contains(text, "unknown_kind") {
		t.Errorf("an unknown kind gets %d %s", w.StatusCode, text)
	}
	if w, _ := askFor(t, "GET", s.URL+"/-/docs/nothing.js", "", ""); w.StatusCode != 404 {
		t.Errorf("what is not there gets %d", w.StatusCode)
	}
}
