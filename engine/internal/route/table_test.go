package route

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cloudlet/engine/language/source"
)

// entry is an entry whose handler writes the pattern and the values it got.
func entry(t testing.TB, path string) Entry {
	t.Helper()
	at := source.NewFile("endpoints/"+path, []byte("get:\n")).Span(0, 0)
	p, isRoute, problem := FromPath(path, at)
	if !isRoute || problem != nil {
		t.Fatalf("%q is no pattern: %v", path, problem)
	}
	return Entry{p, at, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Pattern)
		for i := range p.Names {
			fmt.Fprintf(w, " %s=%q", p.Names[i], p.Value(r, i))
		}
	})}
}

func entries(t testing.TB, paths ...string) []Entry {
	t.Helper()
	list := make([]Entry, len(paths))
	for i, path := range paths {
		list[i] = entry(t, path)
	}
	return list
}

// answer is what the table says: the body, or the status and place of a redirect.
func answer(table *Table, method, target string) string {
	w := httptest.NewRecorder()
	table.ServeHTTP(w, httptest.NewRequest(method, target, nil))
	if place := w.Header().Get("Location"); place != "" {
		return fmt.Sprint(w.Code, " ", place)
	}
	return w.Body.String()
}

// none is the fallback of the tests; its answer shows that no pattern is left on the request.
func none(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "none"+r.Pattern) }

func TestServe(t *testing.T) {
	t.Parallel()
	for _, app := range []struct {
		paths []string
		want  map[string]string // by the request's target
	}{
		{nil, map[string]string{"/": "none", "/x": "none", "/-/health": "none", "//x": "307 /x"}},
		{[]string{"index.yaml", "films.yaml", "films/{id}.yaml", "films/new.yaml"}, map[string]string{
			"/": "/", "/?a=b": "/", "/films": "/films", "/films?a=b": "/films", "/films/new": "/films/new",
			"/films/": "none", "/films/7": `/films/{id} id="7"`, "/films/7/": "none", "/films/new/": "none",
			"/Films": "none", "/films/7/8": "none", "/film%73": "/films", "/films/a%2Fb": `/films/{id} id="a/b"`,
			"/films%2F7": "none", "/films/a%20b+c": `/films/{id} id="a b+c"`, "/films/{id}": `/films/{id} id="{id}"`,
			"/films//7?x=%2F%20": "307 /films/7?x=%2F%20", "/films/../films": "307 /films", "/films/./7": "307 /films/7",
			"/films/x%20y/..": "307 /films/", "//films/x%20y": "307 /films/x%20y", "//evil.example/..": "307 /",
			"///evil.example": "307 /evil.example", "/films//": "307 /films/", "/../../x": "307 /x", "/.": "307 /",
			"/films/%2e%2e": "none", "/films/%2E": "none", "/films/..%2f..%2fpasswd": "none", "/films/%2e%2e%2fx": "none",
			"/films/...": `/films/{id} id="..."`, "/films/.x": `/films/{id} id=".x"`, "/films/..x": `/films/{id} id="..x"`,
			"/films/%5C": `/films/{id} id="\\"`, "/films/%00": `/films/{id} id="\x00"`, "/films/%FF": `/films/{id} id="\xff"`,
			"/films/a%2F%2Fb": `/films/{id} id="a//b"`, "/films/%2F": "none", // ServeMux takes it for a slash at the end, and no {id} matches that
		}},
		{[]string{"files/{path...}.yaml"}, map[string]string{
			"/files": "none", "/files/": `/files/{path...} path=""`, "/files/a": `/files/{path...} path="a"`,
			"/files/a/": `/files/{path...} path="a/"`, "/files/a/b%20c/d": `/files/{path...} path="a/b c/d"`,
			"/files/a/b/": `/files/{path...} path="a/b/"`, "/files/a%2Fb/c": `/files/{path...} path="a/b/c"`,
			"/files/%2F": "none", "/files/a/%2F": `/files/{path...} path="a//"`,
			"/files/%2e%2e/x": "none", "/files/a/..%2f..": "none", "/files/a/..": "307 /files/", "/": "none", "/x/": "none",
		}},
		{[]string{"{path...}.yaml", "files/{path...}.yaml", "files/{id}.yaml", "films.yaml"}, map[string]string{
			"/": `/{path...} path=""`, "/films": "/films", "/films/": `/{path...} path="films/"`, "/x/y": `/{path...} path="x/y"`,
			"/files": `/{path...} path="files"`, "/files/": `/files/{path...} path=""`, "/files/7": `/files/{id} id="7"`,
			"/files/7/": `/files/{path...} path="7/"`, "/files/7/8": `/files/{path...} path="7/8"`,
			"/-/health": "none", "/%2D/health": "none", "/-": `/{path...} path="-"`, "//-/health": "307 /-/health",
		}},
		{[]string{"index.yaml", "{path...}.yaml"}, map[string]string{"/": "/", "/x": `/{path...} path="x"`, "/x/": `/{path...} path="x/"`}},
		{[]string{"{a}/{b-c}/{rest...}.yaml", "{a}.yaml", "my films/größe.yaml"}, map[string]string{
			"/x": `/{a} a="x"`, "/x/": "none", "/x/y": "none", "/x/y/": `/{a}/{b-c}/{rest...} a="x" b-c="y" rest=""`,
			"/x/y/z":   `/{a}/{b-c}/{rest...} a="x" b-c="y" rest="z"`,
			"/x/y/z/u": `/{a}/{b-c}/{rest...} a="x" b-c="y" rest="z/u"`, "/x%2Fy": `/{a} a="x/y"`,
			"/my%20films/gr%C3%B6%C3%9Fe": "/my films/größe", "/my%20films/gr%c3%b6%c3%9f%65": "/my films/größe", "/my+films/größe": "none",
		}},
	} {
		table, problems := Build(entries(t, app.paths...), http.HandlerFunc(none))
		if len(problems) > 0 {
			t.Errorf("%v: %v", app.paths, problems)
		}
		got := map[string]string{}
		for target := range app.want {
			got[target] = answer(table, "GET", target)
		}
		if d := cmp.Diff(app.want, got); d != "" {
			t.Errorf("%v: -want +got\n%s", app.paths, d)
		}
	}
}

func TestServeMethods(t *testing.T) {
	t.Parallel()
	table, _ := Build(entries(t, "films.yaml", "{path...}.yaml"), http.HandlerFunc(none))
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "X"} {
		if got := answer(table, method, "/films"); got != "/films" {
			t.Errorf("%s: %s", method, got)
		}
	}
	if got := answer(table, "POST", "/a//films"); got != "307 /a/films" {
		t.Errorf("a redirect must keep the method: %s", got)
	}
	if got := answer(table, "CONNECT", "example.com:443"); got != "none" {
		t.Errorf("CONNECT: %s", got)
	}
	if got := answer(table, "OPTIONS", "*"); got != "none" {
		t.Errorf("OPTIONS *: %s", got)
	}
	w, r := httptest.NewRecorder(), &http.Request{Method: "GET", URL: &url.URL{}}
	if table.ServeHTTP(w, r); w.Body.String() != "none" {
		t.Errorf("an empty path: %s", w.Body)
	}
}

func TestBuildWithoutFallback(t *testing.T) {
	t.Parallel()
	table, problems := Build(nil, nil)
	w := httptest.NewRecorder()
	table.ServeHTTP(w, httptest.NewRequest("GET", "/x", nil))
	if w.Code != http.StatusNotFound || len(problems) > 0 {
		t.Errorf("%d, %v", w.Code, problems)
	}
}

// A look-up is on the way of every request, so reading a value must cost nothing.
func TestValueDoesNotAllocate(t *testing.T) {
	e := entry(t, "a/{x}/{y}/{rest...}.yaml")
	e.Handler = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if n := testing.AllocsPerRun(100, func() {
			for i, want := range []string{"1", "2", "3"} {
				if got := e.Pattern.Value(r, i); got != want {
					t.Errorf("%d is %q", i, got)
				}
			}
		}); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
	table, _ := Build([]Entry{e}, nil)
	table.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/a/1/2/3", nil))
}
