package route

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"cloudlet/engine/language/source"
)

func TestConflicts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		paths []string
		want  []string // the problem, and what it relates to
	}{
		{[]string{"films.yaml", "films/{id}.yaml", "films/new.yaml", "films/{path...}.yaml", "{path...}.yaml", "index.yaml"}, nil},
		{[]string{"films.yaml", "films/index.yaml"}, []string{
			`endpoints/films/index.yaml:1:1: endpoints/films.yaml and endpoints/films/index.yaml both serve "/films"; keep one of them`,
			`endpoints/films.yaml: "/films" stands here`}},
		{[]string{"films.yml", "films.yaml", "films/index.yml"}, []string{
			`endpoints/films.yml:1:1: endpoints/films.yaml and endpoints/films.yml both serve "/films"; keep one of them`,
			`endpoints/films.yaml: "/films" stands here`,
			`endpoints/films/index.yml:1:1: endpoints/films.yaml and endpoints/films/index.yml both serve "/films"; keep one of them`,
			`endpoints/films.yaml: "/films" stands here`}},
		{[]string{"films/{name}.yaml", "films/{id}.yaml"}, []string{
			`endpoints/films/{name}.yaml:1:1: "/films/{id}" and "/films/{name}" match the same paths, like /films/name; keep one of them`,
			`endpoints/films/{id}.yaml: "/films/{id}" stands here`}},
		{[]string{"films/new/{y}.yaml", "films/{id}/x.yaml"}, []string{
			`endpoints/films/{id}/x.yaml:1:1: "/films/new/{y}" and "/films/{id}/x" both match /films/new/x, and neither is more specific; give one of them a path of its own`,
			`endpoints/films/new/{y}.yaml: "/films/new/{y}" stands here`}},
		{[]string{"a/{rest...}.yaml", "{x}/b.yaml"}, []string{
			`endpoints/{x}/b.yaml:1:1: "/a/{rest...}" and "/{x}/b" both match /a/b, and neither is more specific; give one of them a path of its own`,
			`endpoints/a/{rest...}.yaml: "/a/{rest...}" stands here`}},
		{[]string{"a/{rest...}.yaml", "{x}/b/{more...}.yaml"}, []string{
			`endpoints/{x}/b/{more...}.yaml:1:1: "/a/{rest...}" and "/{x}/b/{more...}" both match /a/b/, and neither is more specific; give one of them a path of its own`,
			`endpoints/a/{rest...}.yaml: "/a/{rest...}" stands here`}},
		{[]string{"a/{rest...}.yaml", "{x}/{y}.yaml", "{x}/{y}/{rest...}.yaml", "b/{x}/c.yaml"}, []string{
			`endpoints/{x}/{y}.yaml:1:1: "/a/{rest...}" and "/{x}/{y}" both match /a/y, and neither is more specific; give one of them a path of its own`,
			`endpoints/a/{rest...}.yaml: "/a/{rest...}" stands here`,
			`endpoints/{x}/{y}/{rest...}.yaml:1:1: "/a/{rest...}" and "/{x}/{y}/{rest...}" both match /a/y/, and neither is more specific; give one of them a path of its own`,
			`endpoints/a/{rest...}.yaml: "/a/{rest...}" stands here`}},
		{[]string{"index.yaml", "index.yml"}, []string{
			`endpoints/index.yml:1:1: endpoints/index.yaml and endpoints/index.yml both serve "/"; keep one of them`,
			`endpoints/index.yaml: "/" stands here`}},
	} {
		table, problems := Build(entries(t, c.paths...), http.HandlerFunc(none))
		var got []string
		for _, p := range problems {
			got = append(got, p.String())
			for _, r := range p.Related {
				got = append(got, r.Path()+": "+r.Text)
			}
			if p.Code != "route_conflict" {
				t.Errorf("code %q", p.Code)
			}
		}
		if d := cmp.Diff(c.want, got); d != "" || table == nil {
			t.Errorf("%v: -want +got\n%s", c.paths, d)
		}
	}
}

// oracle registers patterns in a ServeMux of its own, one after the other, and
// tells which it refuses.
func oracle(list []Entry) (mux *http.ServeMux, refused map[string]bool) {
	mux, refused = http.NewServeMux(), map[string]bool{}
	for _, e := range list {
		func() {
			defer func() {
				if recover() != nil {
					refused[e.At.Path()] = true
				}
			}()
			mux.Handle(muxPattern(e.Pattern), e.Handler)
		}()
	}
	return mux, refused
}

// muxPattern writes a pattern as ServeMux reads it.
func muxPattern(p *Pattern) string {
	text := p.Escaped()
	if text == "/" {
		return "/{$}"
	}
	for i, name := range p.Names {
		text = strings.Replace(text, "{"+name, "{"+p.keys[i], 1)
	}
	return text
}

// sameAsServeMux builds a table and compares it with ServeMux: the same patterns
// are refused, each example proves its conflict, and each path finds the same entry.
func sameAsServeMux(t interface {
	Helper()
	Fatalf(string, ...any)
}, list []Entry, paths []string) {
	t.Helper()
	byPath := map[string]Entry{}
	for _, e := range list {
		byPath[e.At.Path()] = e
	}
	table, problems := Build(list, http.HandlerFunc(none))
	mux, refused := oracle(list)
	if len(problems) != len(refused) {
		t.Fatalf("%d problems, but ServeMux refuses %v: %v", len(problems), refused, problems)
	}
	for _, p := range problems {
		a, b := byPath[p.Path()], byPath[p.Related[0].Path()]
		if !refused[p.Path()] || refused[b.At.Path()] {
			t.Fatalf("ServeMux refuses %v, not %v", refused, p)
		}
		both := example(a.Pattern, b.Pattern)
		for _, e := range []Entry{a, b} {
			alone, _ := oracle([]Entry{e})
			r := &http.Request{Method: "GET", URL: &url.URL{Path: both}}
			if _, pattern := alone.Handler(r); pattern != muxPattern(e.Pattern) {
				t.Fatalf("%s does not match %q: %v", e.Pattern.Text, both, p)
			}
		}
	}
	for _, path := range paths {
		if strings.Contains(path, "//") {
			if got := answer(table, "GET", path); got != "307 "+cleaned(path) {
				t.Fatalf("%s: %q, want a redirect", path, got)
			}
			continue
		}
		r := httptest.NewRequest("GET", path, nil)
		h, pattern := mux.Handler(r)
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code == http.StatusTemporaryRedirect {
			continue // ours never adds a slash
		}
		for _, e := range list {
			if muxPattern(e.Pattern) == pattern && !refused[e.At.Path()] {
				pattern = e.Pattern.Text
			}
		}
		got := answer(table, "GET", path)
		if got != pattern && !strings.HasPrefix(got, pattern+" ") && got != "none"+pattern {
			t.Fatalf("%s: %q, want %q", path, got, pattern)
		}
	}
}

// fileEntries are entries for what is a route among the paths, each path once.
func fileEntries(t testing.TB, paths []string) []Entry {
	var list []Entry
	seen := map[string]bool{}
	for _, path := range paths {
		if _, isRoute, problem := FromPath(path, source.Span{}); isRoute && problem == nil && !seen[path] {
			seen[path] = true
			list = append(list, entry(t, path))
		}
	}
	sortEntries(list)
	return list
}

func TestConflictsAreThoseOfServeMux(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		segment := rapid.SampledFrom([]string{"a", "b", "c d", "{x}", "{y}", "index", "{z...}"})
		file := rapid.SliceOfN(segment, 1, 5)
		var paths []string
		for _, f := range rapid.SliceOfN(file, 0, 12).Draw(rt, "files") {
			paths = append(paths, strings.Join(f, "/")+".yaml")
		}
		part := rapid.SampledFrom([]string{"", "a", "b", "c%20d", "e", "a%2Fb"})
		var targets []string
		for _, parts := range rapid.SliceOfN(rapid.SliceOfN(part, 1, 5), 0, 12).Draw(rt, "targets") {
			targets = append(targets, "/"+strings.Join(parts, "/"))
		}
		sameAsServeMux(rt, fileEntries(t, paths), targets)
	})
}

func FuzzBuild(f *testing.F) {
	f.Add("films.yaml\nfilms/{id}.yaml\nfilms/{path...}.yaml", "/films/7")
	f.Add("a/{x}/b.yaml\n{y}/c/b.yml\nindex.yaml\n{p...}.yaml", "/a/c/b/")
	f.Add("ä b.yaml\n-/x.yaml\n{a}{b}.yaml\n_x.yaml", "//x/../%2e%2e")
	f.Fuzz(func(t *testing.T, files, target string) {
		if len(files) > 2000 {
			return
		}
		list := fileEntries(t, strings.Split(files, "\n"))
		sameAsServeMux(t, list, nil)
		table, _ := Build(list, nil)
		u, err := url.ParseRequestURI(target)
		if err != nil {
			return
		}
		table.ServeHTTP(httptest.NewRecorder(), &http.Request{Method: "GET", URL: u, Host: "example.com"})
	})
}

func manyEntries(b *testing.B, format string, n int) []Entry {
	list := make([]Entry, n)
	for i := range list {
		list[i] = entry(b, fmt.Sprintf(format, i))
	}
	return list
}

func BenchmarkBuild10000(b *testing.B) {
	for _, format := range []string{"r%d/{id}.yaml", "{tenant}/api/r%d/{id}.yaml", "api/v1/{tenant}/r%d.yaml"} {
		b.Run(format, func(b *testing.B) {
			list := manyEntries(b, format, 10_000)
			for b.Loop() {
				if _, problems := Build(list, nil); len(problems) > 0 {
					b.Fatal(problems[0])
				}
			}
		})
	}
}

// ServeMux compares all patterns that end in {name...} with each other; ours does not.
func BenchmarkFindConflicts10000(b *testing.B) {
	for _, format := range []string{"r%d/{id}.yaml", "r%d/{path...}.yaml", "{tenant}/r%d/{path...}.yaml"} {
		b.Run(format, func(b *testing.B) {
			list := manyEntries(b, format, 10_000)
			for b.Loop() {
				found := newIndex()
				for i := range list {
					if found.add(&list[i]) != nil {
						b.Fatal("a conflict")
					}
				}
			}
		})
	}
}

type discard struct{ http.ResponseWriter }

func BenchmarkServe(b *testing.B) {
	list := manyEntries(b, "api/r%d/{id}.yaml", 10_000)
	for i := range list {
		list[i].Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	}
	table, _ := Build(list, nil)
	r := httptest.NewRequest("GET", "/api/r5000/7", nil)
	b.ReportAllocs()
	for b.Loop() {
		table.ServeHTTP(discard{}, r)
	}
}
