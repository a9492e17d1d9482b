package engine_test

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"cloudlet/actions"
	"cloudlet/engine"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// A case is an archive testdata/problems/NAME.txtar that holds a small app. Each
// problem of the app must be wanted by a comment on its line, and each want met:
//
//	username: ${arg.username} # want:13 "unknown name \"arg.username\"; did you mean \"args.username\"?"
//
// The pattern is matched against "text; hint", the number behind the colon is the
// column. In SQL a comment begins with --, and `warn` instead of `want` is for
// warnings; a comment `#^ want` is about the line above, for what no comment can
// follow. Wants ahead of the first file are for problems of places that the
// archive has no text for; `env NAME=value` there sets a variable.

// problemCase is one archive, taken apart.
type problemCase struct {
	archive *txtar.Archive
	env     map[string]string
	wants   map[place][]*want
}

type place struct {
	file string
	line int
}

type want struct {
	pattern *regexp.Regexp
	text    string
	column  int // 0: any
	warning bool
	above   bool
}

func TestProblems(t *testing.T) {
	t.Parallel()
	for _, name := range problemCases(t) {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			c := readCase(t, name)
			problems := c.check(t)
			c.compare(t, problems)
			wellWorded(t, problems)
		})
	}
}

func problemCases(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob("testdata/problems/*.txtar")
	if err != nil || len(names) < 140 {
		t.Fatalf("found %d cases, %v", len(names), err)
	}
	return names
}

func readCase(t *testing.T, name string) *problemCase {
	t.Helper()
	archive, err := txtar.ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	c := &problemCase{archive: archive, env: map[string]string{}, wants: map[place][]*want{}}
	for line := range strings.Lines(string(archive.Comment)) {
		if setting, ok := strings.CutPrefix(strings.TrimSpace(line), "env "); ok {
			name, value, _ := strings.Cut(setting, "=")
			c.env[name] = value
		}
		c.wants[place{}] = append(c.wants[place{}], wantsOf(t, line)...)
	}
	for _, f := range archive.Files {
		line := 0
		for text := range strings.Lines(string(f.Data)) {
			line++
			for _, w := range wantsOf(t, text) {
				at := place{f.Name, line}
				if w.above {
					at.line--
				}
				c.wants[at] = append(c.wants[at], w)
			}
		}
	}
	return c
}

var (
	wantPattern = regexp.MustCompile(`(?:#|--)(\^?) (want|warn)(?::(\d+))?((?: "(?:[^"\\]|\\.)*"| ` + "`[^`]*`" + `)+)`)
	quoted      = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|` + "`[^`]*`")
)

func wantsOf(t *testing.T, line string) []*want {
	t.Helper()
	var list []*want
	for _, m := range wantPattern.FindAllStringSubmatch(line, -1) {
		column, _ := strconv.Atoi(m[3])
		for _, q := range quoted.FindAllString(m[4], -1) {
			text, err := strconv.Unquote(q)
			if err != nil {
				t.Fatalf("%s: %v", q, err)
			}
			pattern, err := regexp.Compile(text)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, &want{pattern: pattern, text: text, column: column, warning: m[2] == "warn", above: m[1] != ""})
		}
	}
	if n := len(regexp.MustCompile(`(?:#|--)\^? ?wa(nt|rn)\b`).FindAllString(line, -1)); n > 0 && len(list) < n {
		t.Fatalf("this want cannot be read: %s", line)
	}
	return list
}

// check writes the app into a folder, checks it, and makes sure that checking
// left the folder as it was.
func (c *problemCase) check(t *testing.T) []engine.Problem {
	t.Helper()
	dir := t.TempDir()
	writeApp(t, dir, c.archive)
	before := tree(t, dir)
	problems, err := checkApp(dir, c.env)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
		t.Errorf("checking changed the app (-before +after):\n%s", diff)
	}
	return problems
}

func writeApp(t *testing.T, dir string, archive *txtar.Archive) {
	t.Helper()
	for _, f := range archive.Files {
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func checkApp(dir string, env map[string]string) ([]engine.Problem, error) {
	return engine.Check(context.Background(), dir, quiet(env)...)
}

// quiet opens an app with all actions, an environment of the test's own and no log.
func quiet(env map[string]string) []engine.Option {
	return []engine.Option{engine.WithActions(actions.All()), engine.WithLog(slog.New(slog.DiscardHandler)),
		engine.WithEnvironment(func(name string) string { return env[name] })}
}

// tree is every file of a folder with its text, and every folder.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			files[name] = "a folder"
			return err
		}
		text, err := os.ReadFile(filepath.Join(dir, name))
		files[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// compare finds a want for each problem and a problem for each want.
func (c *problemCase) compare(t *testing.T, problems []engine.Problem) {
	t.Helper()
	for _, p := range problems {
		checkSpan(t, p)
		if !c.take(p) {
			t.Errorf("not wanted: %s (%s)", p, p.Code)
		}
	}
	for at, list := range c.wants {
		for _, w := range list {
			t.Errorf("%s:%d:%d: no problem matches %q", at.file, at.line, w.column, w.text)
		}
	}
}

// take removes the want that a problem meets.
func (c *problemCase) take(p engine.Problem) bool {
	at := place{p.Path(), p.Start().Line}
	if !c.has(p.Path()) {
		at = place{}
	}
	for i, w := range c.wants[at] {
		if w.warning == p.Warning && (w.column == 0 || w.column == p.Start().Column) && w.pattern.MatchString(sentence(p)) {
			c.wants[at] = append(c.wants[at][:i:i], c.wants[at][i+1:]...)
			return true
		}
	}
	return false
}

func (c *problemCase) has(name string) bool {
	for _, f := range c.archive.Files {
		if f.Name == name {
			return true
		}
	}
	return false
}

// sentence is what wants are matched against.
func sentence(p engine.Problem) string {
	if p.Hint == "" {
		return p.Text
	}
	return p.Text + "; " + p.Hint
}

// checkSpan holds every problem to a place inside its file.
func checkSpan(t *testing.T, p engine.Problem) {
	t.Helper()
	if p.File == nil {
		return
	}
	if p.From < 0 || p.To < p.From || p.To > len(p.File.Text) {
		t.Errorf("%s: the span [%d,%d) is outside of its file", p, p.From, p.To)
	}
	for _, r := range p.Related {
		if r.File == nil || r.To > len(r.File.Text) {
			t.Errorf("%s: the related place %q is outside of its file", p, fmt.Sprint(r.Text))
		}
	}
}
