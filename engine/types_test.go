package engine_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"cloudlet/engine"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// A case is an archive testdata/types/NAME.txtar: an app without problems, and a file
// `types` that says of each verb what it answers with, in any order:
//
//	GET /films: [{id: int, title: string?}]
//	POST /films: 201 {id: int}; 204          other statuses than 200, and several
//	PUT /films: nothing                      it never succeeds
//
// A verb that is not named is one that another needs.

func TestTypes(t *testing.T) {
	t.Parallel()
	cases, err := filepath.Glob("testdata/types/*.txtar")
	if err != nil || len(cases) < 10 {
		t.Fatalf("found %d cases, %v", len(cases), err)
	}
	for _, name := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(name)
			fatal(t, err)
			dir := t.TempDir()
			writeApp(t, dir, archive)
			routes, problems, err := engine.Inspect(context.Background(), dir, quiet(nil)...)
			fatal(t, err)
			for _, p := range problems {
				t.Errorf("not wanted: %s", p)
			}
			got := map[string]string{}
			for _, r := range routes {
				got[r.Method+" "+r.Path] = typesOf(r)
			}
			compareTypes(t, typesWanted(t, archive), got)
		})
	}
}

// typesWanted reads the file `types` of a case.
func typesWanted(t *testing.T, archive *txtar.Archive) map[string]string {
	t.Helper()
	want := map[string]string{}
	for _, f := range archive.Files {
		if f.Name != "types" {
			continue
		}
		for line := range strings.Lines(string(f.Data)) {
			if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
				continue
			}
			verb, types, ok := strings.Cut(line, ": ")
			if !ok {
				t.Fatalf("%q is no verb with its types", line)
			}
			want[verb] = types
		}
	}
	if len(want) == 0 {
		t.Fatal("the archive wants no types")
	}
	return want
}

func compareTypes(t *testing.T, want, got map[string]string) {
	t.Helper()
	for verb := range got {
		if _, ok := want[verb]; !ok {
			delete(got, verb)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// typesOf writes what a route answers with as the cases do.
func typesOf(r engine.Route) string {
	if len(r.Answers) == 0 {
		return "nothing"
	}
	texts := make([]string, len(r.Answers))
	for i, a := range r.Answers {
		text := fmt.Sprint(a.Status)
		switch {
		case a.Type != nil && a.Status == 200 && a.Content == "application/json":
			text = a.Type.String()
		case a.Type != nil && a.Content == "application/json":
			text += " " + a.Type.String()
		case a.Type != nil:
			text += " " + a.Type.String() + " as " + a.Content
		}
		texts[i] = text
	}
	return strings.Join(texts, "; ")
}
