package route

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"cloudlet/engine/language/source"
)

func TestFromPath(t *testing.T) {
	t.Parallel()
	type want struct {
		Text, Escaped string
		Names         []string
		Rest          bool
	}
	for path, w := range map[string]want{
		"index.yaml":                     {Text: "/", Escaped: "/"},
		"films.yaml":                     {Text: "/films", Escaped: "/films"},
		"films.yml":                      {Text: "/films", Escaped: "/films"},
		"films/index.yaml":               {Text: "/films", Escaped: "/films"},
		"films/index.yml":                {Text: "/films", Escaped: "/films"},
		"films/Index.yaml":               {Text: "/films/Index", Escaped: "/films/Index"},
		"index/index.yaml":               {Text: "/index", Escaped: "/index"},
		"films/{id}.yaml":                {Text: "/films/{id}", Escaped: "/films/{id}", Names: []string{"id"}},
		"{a}/{b-c}/{_d1}.yaml":           {Text: "/{a}/{b-c}/{_d1}", Escaped: "/{a}/{b-c}/{_d1}", Names: []string{"a", "b-c", "_d1"}},
		"{id}/index.yaml":                {Text: "/{id}", Escaped: "/{id}", Names: []string{"id"}},
		"files/{path...}.yaml":           {Text: "/files/{path...}", Escaped: "/files/{path...}", Names: []string{"path"}, Rest: true},
		"files/{path...}/index.yaml":     {Text: "/files/{path...}", Escaped: "/files/{path...}", Names: []string{"path"}, Rest: true},
		"{path...}.yaml":                 {Text: "/{path...}", Escaped: "/{path...}", Names: []string{"path"}, Rest: true},
		"{u}/{path...}.yaml":             {Text: "/{u}/{path...}", Escaped: "/{u}/{path...}", Names: []string{"u", "path"}, Rest: true},
		"my films/größe.yaml":            {Text: "/my films/größe", Escaped: "/my%20films/gr%C3%B6%C3%9Fe"},
		"sitemap.xml.yaml":               {Text: "/sitemap.xml", Escaped: "/sitemap.xml"},
		"test.yaml":                      {Text: "/test", Escaped: "/test"},
		"films/-.yaml":                   {Text: "/films/-", Escaped: "/films/-"},
		"-x.yaml":                        {Text: "/-x", Escaped: "/-x"},
		"a+b;c,d=e&f@g:h!$'()*/~.yaml":   {Text: "/a+b;c,d=e&f@g:h!$'()*/~", Escaped: "/a+b%3Bc%2Cd=e&f@g:h%21$%27%28%29%2A/~"},
		"a_b/c.d/e-f.yaml":               {Text: "/a_b/c.d/e-f", Escaped: "/a_b/c.d/e-f"},
		"\u202eodd but no control c.yml": {Text: "/\u202eodd but no control c", Escaped: "/%E2%80%AEodd%20but%20no%20control%20c"},
	} {
		p, isRoute, problem := FromPath(path, source.Span{})
		if !isRoute || problem != nil {
			t.Errorf("%s: isRoute %v, problem %v", path, isRoute, problem)
			continue
		}
		if d := cmp.Diff(w, want{p.Text, p.Escaped(), p.Names, p.Rest}); d != "" {
			t.Errorf("%s: -want +got\n%s", path, d)
		}
	}
}

func TestFromPathIsNoRoute(t *testing.T) {
	t.Parallel()
	for _, path := range []string{
		"", ".yaml", "films", "films.json", "films.YAML", "films.yaml~", "yaml", "films.yaml/x",
		"_module.yaml", "films/_module.yaml", "_actions/send.yaml", "films/_jobs/x.yaml", "_.yaml",
		".hidden.yaml", ".git/x.yaml", "../x.yaml", "./x.yaml", "films/.#x.yaml",
		"films.test.yaml", "films/films.test.yml", "{a b}/_module.yaml", "-/films.test.yaml",
	} {
		if p, isRoute, problem := FromPath(path, source.Span{}); p != nil || isRoute || problem != nil {
			t.Errorf("%q: %v, %v, %v; want nothing", path, p, isRoute, problem)
		}
	}
}

func TestFromPathProblems(t *testing.T) {
	t.Parallel()
	file := source.NewFile("endpoints/x.yaml", []byte("get:\n"))
	for path, want := range map[string]string{
		"{a}{b}.yaml":            `the name "{a}{b}" mixes braces with text; a path argument is a whole name between slashes; as in "films/{id}.yaml"`,
		"v{id}.yaml":             `the name "v{id}" mixes braces with text; a path argument is a whole name between slashes; as in "films/{id}.yaml"`,
		"{id}.json.yaml":         `the name "{id}.json" mixes braces with text; a path argument is a whole name between slashes; as in "films/{id}.yaml"`,
		"{id.yaml":               `the name "{id" mixes braces with text; a path argument is a whole name between slashes; as in "films/{id}.yaml"`,
		"{{id}}.yaml":            `the name "{{id}}" mixes braces with text; a path argument is a whole name between slashes; as in "films/{id}.yaml"`,
		"{}.yaml":                `"{}" is not a path argument: its name begins with a letter or _, and letters, digits, _ and - follow`,
		"{$}.yaml":               `"{$}" is not a path argument: its name begins with a letter or _, and letters, digits, _ and - follow`,
		"{...}.yaml":             `"{...}" is not a path argument: its name begins with a letter or _, and letters, digits, _ and - follow`,
		"{1a}.yaml":              `"{1a}" is not a path argument: its name begins with a letter or _, and letters, digits, _ and - follow`,
		"{-a}.yaml":              `"{-a}" is not a path argument: its name begins with a letter or _, and letters, digits, _ and - follow`,
		"{é}.yaml":               `"{é}" is not a path argument: its name begins with a letter or _, and letters, digits, _ and - follow`,
		"{a b}/x.yaml":           `"{a b}" is not a path argument: its name begins with a letter or _, and letters, digits, _ and - follow`,
		"{path...}/x.yaml":       `"{path...}" takes the whole rest of the URL, so nothing can follow it; did you mean "{path}"?`,
		"a/{id}/b/{id}.yaml":     `the path argument "id" stands twice in "/a/{id}/b/{id}"; give one of them another name`,
		"a/{id}/b/{id...}.yaml":  `the path argument "id" stands twice in "/a/{id}/b/{id...}"; give one of them another name`,
		"a?b.yaml":               `the name "a?b" holds "?", which has no place in a URL's path; rename the file or its folder`,
		"a#b/c.yaml":             `the name "a#b" holds "#", which has no place in a URL's path; rename the file or its folder`,
		"100%.yaml":              `the name "100%" holds "%", which has no place in a URL's path; rename the file or its folder`,
		`films\x.yaml`:           `the name "films\\x" holds "\\", which has no place in a URL's path; rename the file or its folder`,
		"a\nb.yaml":              `the name "a\nb" holds "\n", which has no place in a URL's path; rename the file or its folder`,
		"a\x00.yaml":             `the name "a\x00" holds "\x00", which has no place in a URL's path; rename the file or its folder`,
		"a\u0085.yaml":           `the name "a\u0085" holds "\u0085", which has no place in a URL's path; rename the file or its folder`,
		"a\xff.yaml":             `the name "a\xff" holds "\xff", which has no place in a URL's path; rename the file or its folder`,
		"a//b.yaml":              `a name in the path is empty`,
		"/a.yaml":                `a name in the path is empty`,
		"-/health.yaml":          `URLs that begin with /-/ belong to the engine; an endpoint or its folder cannot be named "-" here`,
		"-.yaml":                 `URLs that begin with /-/ belong to the engine; an endpoint or its folder cannot be named "-" here`,
		"-/index.yaml":           `URLs that begin with /-/ belong to the engine; an endpoint or its folder cannot be named "-" here`,
		"films/\ufffd/x\x80.yml": `the name "x\x80" holds "\x80", which has no place in a URL's path; rename the file or its folder`,
	} {
		p, isRoute, problem := FromPath(path, file.Span(0, 3))
		if p != nil || !isRoute || problem == nil {
			t.Errorf("%q: %v, %v, %v; want a problem", path, p, isRoute, problem)
			continue
		}
		if d := cmp.Diff("endpoints/x.yaml:1:1: "+want, problem.String()); d != "" {
			t.Errorf("%q: -want +got\n%s", path, d)
		}
		if problem.Code != "invalid_route" && problem.Code != "reserved_route" {
			t.Errorf("%q: code %q", path, problem.Code)
		}
	}
}
