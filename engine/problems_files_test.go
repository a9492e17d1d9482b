package engine_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/tools/txtar"
)

// TestHostileFiles puts what no author writes where a file is expected: each is a
// problem, none is read past its bound, and the rest of the app is still checked.
func TestHostileFiles(t *testing.T) {
	t.Parallel()
	outside := filepath.Join(t.TempDir(), "outside.yaml")
	if err := os.WriteFile(outside, []byte("get:\n  actions:\n    - return: 1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		file, text, link string
		want             string
	}{
		"binary":               {file: "endpoints/a.yaml", text: "get: \xff\xfe\x00\n", want: "endpoints/a.yaml:1:6: the file is not valid UTF-8 here"},
		"zero byte":            {file: "endpoints/a.yaml", text: "get:\x00\n", want: "endpoints/a.yaml:1:5: the invisible character U+0000"},
		"line separator":       {file: "endpoints/a.yaml", text: "# a\u2028get:\n", want: "endpoints/a.yaml:1:4: the invisible character U+2028"},
		"large":                {file: "endpoints/a.yaml", text: strings.Repeat("#\n", 3<<18), want: "endpoints/a.yaml:1:1: the file is larger than 1 MiB"},
		"huge":                 {file: "endpoints/a.yaml", text: strings.Repeat("#\n", 3<<20), want: "endpoints/a.yaml:1:1: this file cannot be read, or is too large"},
		"link outside":         {file: "endpoints/a.yaml", link: outside, want: "endpoints/a.yaml:1:1: this file cannot be read"},
		"link to nothing":      {file: "endpoints/a.yaml", link: "nowhere.yaml", want: "endpoints/a.yaml:1:1: this file cannot be read"},
		"bomb of brackets":     {file: "endpoints/a.yaml", text: strings.Repeat("[", 100_000), want: "endpoints/a.yaml:1:1: "},
		"migration outside":    {file: "endpoints/_migrations/0001.sql", link: outside, want: "endpoints/_migrations/0001.sql:1:1: cannot be read"},
		"migration, zero byte": {file: "endpoints/_migrations/0001.sql", text: "SELECT 1;\x00", want: "endpoints/_migrations/0001.sql:1:10: a migration cannot hold a zero byte"},
		"settings, binary":     {file: "cloudlet.yaml", text: "\xff", want: "cloudlet.yaml:1:1: the file is not valid UTF-8 here"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			writeApp(t, dir, txtar.Parse([]byte("-- endpoints/films.yaml --\nget:\n  actions:\n    - lgo: one\n-- endpoints/_migrations/notes --\n")))
			os.Remove(filepath.Join(dir, "endpoints/_migrations/notes"))
			path := filepath.Join(dir, test.file)
			var err error
			if test.link != "" {
				err = os.Symlink(test.link, path)
			} else {
				err = os.WriteFile(path, []byte(test.text), 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
			expectHostile(t, dir, test.file, test.want)
		})
	}
}

// expectHostile checks an app with one hostile file, and one mistake elsewhere.
func expectHostile(t *testing.T, dir, file, want string) {
	t.Helper()
	problems, err := checkApp(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	found, rest := 0, 0
	for _, p := range problems {
		checkSpan(t, p)
		switch {
		case strings.HasPrefix(p.String(), want):
			found++
		case p.Path() == "endpoints/films.yaml" && p.Code == "unknown_action":
			rest++
		case p.Path() != file:
			t.Errorf("not wanted: %s", p)
		}
		if !utf8.ValidString(p.String()) || strings.Contains(p.String(), "\x00") {
			t.Errorf("%q holds what the file holds", p.String())
		}
	}
	if found != 1 || rest != 1 {
		t.Errorf("found %d and %d problems of %v; wanted %q", found, rest, problems, want)
	}
}

// TestCheckWithoutFolder says what keeps an app from being read at all.
func TestCheckWithoutFolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "nowhere")
	if _, err := checkApp(dir, nil); err == nil || !strings.Contains(err.Error(), "the app's folder cannot be opened") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("checking made the folder")
	}
}
