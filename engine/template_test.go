package engine_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cloudlet/engine"
)

// TestTemplatesAreWatched changes templates of a running app: each change is served,
// one that is wrong leaves what runs as it is.
func TestTemplatesAreWatched(t *testing.T) {
	t.Parallel()
	l := openLive(t, map[string]string{
		"cloudlet.yaml":                       "databases: {main: \"sqlite::memory:\"}\n",
		"endpoints/a.yaml":                    "get:\n  actions:\n    - page: {file: a.txt, data: {name: Ann}}\n",
		"endpoints/_templates/a.txt":          "one {{template \"b.txt\" .}}",
		"endpoints/_templates/b.txt":          "{{.name}}",
		"endpoints/below/_templates/none.txt": "",
		"endpoints/below/a.yaml":              "get:\n  actions:\n    - page: {file: a.txt, data: {name: Bea}}\n",
	}, engine.WithWatch())
	is := func(path, want string) {
		t.Helper()
		l.becomes(path+" answers "+want, func() bool { return l.get(path, "") == want })
	}
	l.want("/a", "200 one Ann")
	l.want("/below/a", "200 one Bea")
	l.write("endpoints/_templates/b.txt", "{{.name | upper}}")
	is("/a", "200 one ANN")
	l.write("endpoints/below/_templates/a.txt", "nearer {{.name}}")
	is("/below/a", "200 nearer Bea")
	l.want("/a", "200 one ANN")
	l.write("endpoints/_templates/b.txt", "{{.nmae}}")
	l.becomes("the mistake is known", func() bool { return l.health().Problems == 1 })
	l.want("/a", "200 one ANN")
	l.write("endpoints/_templates/b.txt", "mended")
	is("/a", "200 one mended")
	l.remove("endpoints/below/_templates/a.txt")
	is("/below/a", "200 one mended")
}

// TestHostileTemplates puts what no author writes into a _templates folder.
func TestHostileTemplates(t *testing.T) {
	t.Parallel()
	outside := filepath.Join(t.TempDir(), "outside.txt")
	fatal(t, os.WriteFile(outside, []byte("canary"), 0o644))
	for name, test := range map[string]struct{ file, text, link, want string }{
		"binary":       {file: "a.txt", text: "\xff\xfe\x00", want: "endpoints/_templates/a.txt:1:1: the file is not valid UTF-8"},
		"large":        {file: "a.html", text: strings.Repeat("x", 300<<10), want: "endpoints/_templates/a.html:1:1: a template has at most 256 KiB"},
		"huge":         {file: "a.txt", text: strings.Repeat("x", 3<<20), want: "endpoints/_templates/a.txt:1:1: this file cannot be read, or is too large"},
		"link outside": {file: "a.txt", link: outside, want: "endpoints/_templates/a.txt:1:1: this file cannot be read"},
		"circle":       {file: "a.txt", link: "a.txt", want: "endpoints/_templates/a.txt:1:1: this file cannot be read"},
		"brackets":     {file: "a.txt", text: "{{" + strings.Repeat("(", 100_000), want: "endpoints/_templates/a.txt:1:103: parentheses are at most 100 deep"},
		"conditions":   {file: "a.html", text: strings.Repeat("{{if 1}}", 20_000), want: "endpoints/_templates/a.html:1:1: this is no template: unexpected EOF"},
		"ifs":          {file: "a.html", text: strings.Repeat("{{if 1}}", 9_000) + strings.Repeat("{{end}}", 9_000), want: "endpoints/_templates/a.html:1:1: ifs, ranges and withs are at most 100 deep"},
		"other files":  {file: "a.docx", text: "\xff{{", want: ""},
		"hidden files": {file: ".a.txt", text: "\xff{{", want: ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			fatal(t, os.MkdirAll(filepath.Join(dir, "endpoints/_templates"), 0o755))
			path := filepath.Join(dir, "endpoints/_templates", test.file)
			if test.link != "" {
				fatal(t, os.Symlink(test.link, path))
			} else {
				fatal(t, os.WriteFile(path, []byte(test.text), 0o644))
			}
			problems, err := checkApp(dir, nil)
			fatal(t, err)
			wanted := func(p engine.Problem) bool { return test.want != "" && strings.HasPrefix(p.String(), test.want) }
			if test.want == "" && len(problems) > 0 || test.want != "" && (len(problems) != 1 || !wanted(problems[0])) {
				t.Errorf("%.300v; wanted %q", problems, test.want)
			}
		})
	}
}
