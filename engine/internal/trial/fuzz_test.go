package trial

import (
	"os"
	"testing"

	"cloudlet/engine/database"
	"cloudlet/engine/internal/plan"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// Whatever a test file holds, it is checked without a panic, and every problem has
// its place in the file.
func FuzzCompile(f *testing.F) {
	for _, name := range []string{"../../../endpoints/films/films.test.yaml", "../../../endpoints/auth/login.test.yaml"} {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte("- name: a\n  given: {rows: {a: [{b: 1}]}, http: {GET https://a.b/c: [{status: 1}]}, files: {a: {base64: x}}}\n" +
		"  steps:\n    - clock: 2026-01-02T03:04:05Z\n      request: {put: \"/${a}?b=${c}\", form: {a: [1]}}\n      save: a\n" +
		"      expect: {headers: {a: null}, body: \"${value}\", sql: [{query: \"SELECT ${a.status}\", rows: []}], log: [x]}\n"))
	f.Add([]byte("- name: a\n  given: {users: [{name: a, email: a@b.c, confirmed: false, extras: {a: 1}}]}\n  steps:\n    - request: {get: /a}\n" +
		"      expect: {mail: [{to: [a, \"${value}\"], from: a, subject: \"${value == 'a'}\", attachments: [{name: a}], save: m}]}\n" +
		"    - request: {get: \"${m.links[0].url}\", query: {a: \"${m.links[0].query.a}\"}}\n"))
	scratch, _, err := database.NewScratch(f.Context(), "", nil)
	if err != nil {
		f.Fatal(err)
	}
	defer scratch.Close()
	var none source.Problems
	env := &Env{Plan: plan.Compile(&plan.App{Config: schema.NewObject(), Secrets: schema.NewObject()}, &none),
		Scratch: map[string]*database.Scratch{"main": scratch}, Databases: []string{"main"}, Config: schema.NewObject("a", 1)}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 10_000 {
			return
		}
		var problems source.Problems
		file := source.NewFile("x.test.yaml", text)
		Compile(file, env, &problems)
		for _, p := range problems.All() {
			if p.File != file || p.From > p.To || p.To > len(text) || p.Text == "" || p.Code == "" {
				t.Errorf("%+v", p)
			}
		}
	})
}
