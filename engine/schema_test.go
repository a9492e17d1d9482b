package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"cloudlet/actions"
	"cloudlet/engine"
	"cloudlet/engine/language/document"
	"cloudlet/engine/language/schema"
	files "cloudlet/engine/language/source"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/tools/txtar"
)

// schemasFor compiles the schemas of an app's files, by kind.
func schemasFor(t *testing.T, dir string) map[string]*jsonschema.Schema {
	t.Helper()
	list, err := engine.Schemas(context.Background(), dir, engine.WithActions(actions.All()))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*jsonschema.Schema{}
	for _, s := range list {
		if all[s.Kind], err = compiledSchema(s); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// compiledSchemas are kept by their text: apps without composite actions have the same, and to compile
// one takes much longer than to use it.
var compiledSchemas sync.Map

func compiledSchema(s engine.FileSchema) (*jsonschema.Schema, error) {
	if known, ok := compiledSchemas.Load(string(s.JSON)); ok {
		return known.(*jsonschema.Schema), nil
	}
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(s.JSON))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("file:///"+s.Kind+".json", parsed); err != nil {
		return nil, err
	}
	compiled, err := c.Compile("file:///" + s.Kind + ".json")
	compiledSchemas.Store(string(s.JSON), compiled)
	return compiled, err
}

// kindOf tells which schema a file of an app has.
func kindOf(name string) string {
	base := path.Base(name)
	switch {
	case name == "cloudlet.yaml":
		return "settings"
	case strings.HasPrefix(base, "_module."):
		return "module"
	case path.Base(path.Dir(name)) == "_actions":
		return "action"
	case path.Base(path.Dir(name)) == "_jobs":
		return "job"
	case document.IsTest(base):
		return "test"
	}
	return "endpoint"
}

// valid holds a YAML text against a schema, as an editor would.
func valid(t *testing.T, s *jsonschema.Schema, name string, text []byte) error {
	t.Helper()
	var problems files.Problems
	tree := document.Parse(files.NewFile(name, text), &problems)
	if tree == nil || problems.Count() > 0 {
		t.Fatalf("%s: %v", name, problems.All())
	}
	data, err := tree.Data()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema.AppendJSON(nil, data)))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(v)
}

// What check takes, the schemas take: no editor marks a good file.
func TestSchemasTakeGoodFiles(t *testing.T) {
	t.Parallel()
	names, _ := filepath.Glob("testdata/http/*.txtar")
	tests, _ := filepath.Glob("testdata/tests/*.txtar")
	answers, _ := filepath.Glob("testdata/answers/*.txtar")
	n := 0
	least := 100
	if raceEnabled { // nothing runs at once here
		least = 20
	}
	for i, name := range append(append(names, tests...), answers...) {
		if raceEnabled && i%4 != 0 {
			continue
		}
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts := map[string]string{}
		for _, f := range archive.Files {
			if strings.HasPrefix(f.Name, "endpoints/") || f.Name == "cloudlet.yaml" {
				texts[f.Name] = string(f.Data)
			}
		}
		n += goodFiles(t, name, texts)
	}
	shipped := map[string]string{}
	for name, text := range texts(t, ".yaml", ".sql", ".txt", ".html") {
		if strings.HasPrefix(name, "endpoints/") {
			shipped[name] = string(text)
		}
	}
	if goodFiles(t, "the shipped app", shipped) < 6 || n < least {
		t.Errorf("looked at %d files only", n)
	}
}

// TestSchemaTakesSettings: what an app may say in cloudlet.yaml, secrets in it too.
func TestSchemaTakesSettings(t *testing.T) {
	t.Parallel()
	err := valid(t, schemasFor(t, "..")["settings"], "cloudlet.yaml", []byte(`
public_url: "https://${secrets.a}"
trusted_proxies: [10.0.0.0/8]
auth: {ticket: "${secrets.a}", default: "${ secrets.a }", password: {min_length: 14}}
mail: {from: a@b.example, smtp: {host: localhost, port: "${secrets.a}", tls: none, username: 1, password: "${secrets.a}"}}
oidc: {google: {issuer: https://a, client_id: b, client_secret: c, scopes: [openid]}}
captcha: {altcha: {max_number: 5000, expires: 5m}, turnstile: {secret: a, site_key: b}, recaptcha: {secret: a}, hcaptcha: {secret: a}}
http: {allow: ["a:1"]}
`))
	if err != nil {
		t.Error(err)
	}
}

// goodFiles holds the files of one app against the schemas, if check takes it.
func goodFiles(t *testing.T, app string, texts map[string]string) (n int) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range texts {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	problems, err := engine.Check(context.Background(), dir, engine.WithActions(actions.All()))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if !p.Warning {
			return 0
		}
	}
	schemas := schemasFor(t, dir)
	for name, text := range texts {
		base := path.Base(name)
		if path.Ext(base) != ".yaml" || base[0] == '_' && base != "_module.yaml" || base[0] == '.' {
			continue
		}
		n++
		if err := valid(t, schemas[kindOf(name)], name, []byte(text)); err != nil {
			t.Errorf("%s: %s: %v", app, name, err)
		}
	}
	return n
}

// A case of testdata/schema is a file of a kind with one mistake, which its schema refuses.
func TestSchemasRefuseMistakes(t *testing.T) {
	t.Parallel()
	schemas := schemasFor(t, "..")
	archive, err := txtar.ParseFile("testdata/schema/mistakes.txtar")
	if err != nil || len(archive.Files) < 20 {
		t.Fatalf("%d cases, %v", len(archive.Files), err)
	}
	for _, f := range archive.Files {
		kind, _, _ := strings.Cut(f.Name, ":")
		if valid(t, schemas[kind], f.Name, f.Data) == nil {
			t.Errorf("%s is taken:\n%s", f.Name, f.Data)
		}
	}
}

// Every key and every input says what it is for.
func TestSchemasAreDocumented(t *testing.T) {
	t.Parallel()
	list, err := engine.Schemas(context.Background(), "..", engine.WithActions(actions.All()))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		var root map[string]any
		if err := json.Unmarshal(s.JSON, &root); err != nil {
			t.Fatal(err)
		}
		unexplained(t, s.Kind, root)
	}
}

func unexplained(t *testing.T, at string, v any) {
	switch v := v.(type) {
	case map[string]any:
		properties, _ := v["properties"].(map[string]any)
		for name, p := range properties {
			// An argument of the app's own need not be described.
			if o, ok := p.(map[string]any); ok && o["description"] == nil && !strings.Contains(at, "record_change") {
				t.Errorf("%s/%s has no description", at, name)
			}
		}
		for name, inner := range v {
			unexplained(t, at+"/"+name, inner)
		}
	case []any:
		for _, inner := range v {
			unexplained(t, at, inner)
		}
	}
}

func TestKeptSchemas(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../endpoints/films")); err != nil {
		t.Fatal(err)
	}
	app := t.TempDir()
	if err := os.Rename(dir, filepath.Join(app, "endpoints")); err != nil {
		t.Fatal(err)
	}
	e, err := engine.Open(app, engine.WithActions(actions.All()), engine.WithSchemas())
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	kept, err := fs.Glob(os.DirFS(filepath.Join(app, "data", "schema")), "*.json")
	if err != nil || len(kept) != len(engine.SchemaKinds()) {
		t.Fatalf("kept %v, %v", kept, err)
	}
	text, err := os.ReadFile(filepath.Join(app, "data", "schema", "endpoint.json"))
	if err != nil || !bytes.Contains(text, []byte(`"record_change"`)) {
		t.Errorf("the schema does not know the app's own action: %v", err)
	}
}
