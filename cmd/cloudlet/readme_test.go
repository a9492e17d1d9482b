package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The blocks of the README, and of the pages in the folders that it leads to, are run
// from the top down, each page in a copy of the app that ships:
//
//	yaml, sql  are written to the file that their first line names
//	template   too, without that line
//	sh         is run, with ./cloudlet and `go run ./cmd/cloudlet` standing for this program
//	output     is what the sh block ahead of it prints; … stands for any text
//	go         has to compile
//	text       is read by people only, but the folders in it have to exist
//
// `serve` is run in the background, and PASSWORD stands for the password that it prints.
// The pages of folders begin with a server that runs.

// block is a fenced block of a page.
type block struct {
	line     int
	language string
	text     string
}

func readBlocks(t *testing.T, page string) []block {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(page)))
	if err != nil {
		t.Fatal(err)
	}
	var list []block
	var open *block
	for i, line := range strings.Split(string(text), "\n") {
		language, fence := strings.CutPrefix(line, "```")
		switch {
		case fence && open == nil:
			open = &block{line: i + 1, language: language}
		case fence:
			list = append(list, *open)
			open = nil
		case open != nil:
			open.text += line + "\n"
		}
	}
	if open != nil || len(list) < 8 {
		t.Fatalf("%s: %d blocks, and one that is not closed: %v", page, len(list), open)
	}
	return list
}

// reader follows the README as somebody at a terminal would.
type reader struct {
	*testing.T
	page     string
	dir      string
	server   *server
	password string
	// variables is the file of what earlier blocks assigned.
	variables string
	// changed says that files were written that the server may not have read yet.
	changed bool
}

func TestREADME(t *testing.T) {
	t.Parallel()
	for _, page := range []string{"README.md", "endpoints/auth/README.md", "endpoints/admin/README.md", "endpoints/films/README.md", "endpoints/newsletter/README.md"} {
		t.Run(strings.ReplaceAll(page, "/", "_"), func(t *testing.T) {
			t.Parallel()
			r := &reader{T: t, page: page, dir: t.TempDir()}
			r.variables = filepath.Join(t.TempDir(), "variables")
			if err := errors.Join(copyShipped(r.dir), os.WriteFile(r.variables, nil, 0o600)); err != nil {
				t.Fatal(err)
			}
			if page != "README.md" {
				r.serve()
			}
			r.read(readBlocks(t, page))
		})
	}
}

func (r *reader) read(blocks []block) {
	r.Helper()
	for i, b := range blocks {
		switch b.language {
		case "yaml", "sql", "template":
			r.write(b)
		case "sh":
			want := ""
			if i+1 < len(blocks) && blocks[i+1].language == "output" {
				want = blocks[i+1].text
			}
			r.run(b, want)
		case "go":
			r.compile(b)
		case "output":
			if blocks[i-1].language != "sh" {
				r.Errorf("%s:%d: nothing prints this", r.page, b.line)
			}
		case "text":
			r.folders(b)
		default:
			r.Errorf("%s:%d: a block of %q is run by nobody", r.page, b.line, b.language)
		}
	}
}

var fileName = regexp.MustCompile(`^(?:#|--|\{\{/\*) ([a-z0-9_{}./]+\.(?:yaml|sql|txt|html))(?: \*/\}\})?\n`)

// forEditors is the line at a shipped file's top that only editors read.
var forEditors = regexp.MustCompile(`^# yaml-language-server: .*\n`)

// write writes a file of the app. One that ships must be shown as it is.
func (r *reader) write(b block) {
	r.Helper()
	m := fileName.FindStringSubmatch(b.text)
	if m == nil {
		r.Fatalf("%s:%d: the first line names no file", r.page, b.line)
	}
	// Shipped files may begin with their name, too.
	unnamed := strings.TrimPrefix(b.text, m[0])
	if b.language == "template" {
		b.text = unnamed
	}
	if shipped, err := os.ReadFile(filepath.Join("..", "..", m[1])); err == nil {
		have := forEditors.ReplaceAllString(string(shipped), "")
		if d := cmp.Diff(have, b.text); d != "" && have != unnamed {
			r.Errorf("%s:%d: this is not %s:\n%s", r.page, b.line, m[1], d)
		}
		return
	}
	path := filepath.Join(r.dir, filepath.FromSlash(m[1]))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		r.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(b.text), 0o644); err != nil {
		r.Fatal(err)
	}
	r.changed = true
}

var shownPassword = regexp.MustCompile(`(?m)^    ([0-9a-z-]{27})$`)

func (r *reader) run(b block, want string) {
	r.Helper()
	switch text := strings.ReplaceAll(b.text, "go run ./cmd/cloudlet", "./cloudlet"); text {
	case "./cloudlet serve\n":
		r.serve()
	default:
		text = strings.ReplaceAll(text, "go build ./cmd/cloudlet\n", "")
		r.shell(b.line, strings.ReplaceAll(strings.ReplaceAll(text, "./cloudlet", "cloudlet"), "=PASSWORD", "="+r.password), want)
	}
}

func (r *reader) serve() {
	r.Helper()
	s, err := startServer(r.dir, r.TempDir(), append(os.Environ(), "CLOUDLET_ROOT_PASSWORD=", "CLOUDLET_PUBLIC_URL=http://127.0.0.1:8080"))
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(s.kill)
	m := shownPassword.FindStringSubmatch(s.printed())
	if m == nil {
		r.Fatalf("no password: %s", s.printed())
	}
	r.server, r.password = s, m[1]
}

// shell runs a block. Behind changed files it is tried until the server has read
// them: whatever fails for their lack changes nothing.
func (r *reader) shell(line int, text, want string) {
	r.Helper()
	pattern := outputPattern(want)
	var out []byte
	var err error
	done := func() bool {
		// What a block assigns, others after it read.
		sh := exec.Command("sh", "-euc", ". "+r.variables+"\n"+text+"\nset | grep -E '^(ticket|refresh|key)=' >"+r.variables+" || true\n")
		sh.Dir, sh.Env = r.dir, append(os.Environ(), "CURL_BASE="+r.server.base)
		out, err = sh.CombinedOutput()
		if want == "" {
			return err == nil
		}
		return pattern.Match(bytes.TrimSpace(out))
	}
	if !done() {
		// A mail takes a moment, too.
		if !r.changed && !strings.Contains(text, "data/outbox") || eventually("the output", done) != nil {
			r.Fatalf("%s:%d: %v\n%s\nwant:\n%s\nthe server:\n%s", r.page, line, err, out, want, r.server.printed())
		}
	}
	r.changed = false
}

// outputPattern matches what a README shows, where … is any text.
func outputPattern(want string) *regexp.Regexp {
	quoted := regexp.QuoteMeta(strings.TrimSpace(want))
	return regexp.MustCompile(`(?s)\A` + strings.ReplaceAll(quoted, "…", ".*") + `\z`)
}

// compile checks a program as one of this module.
func (r *reader) compile(b block) {
	r.Helper()
	file := filepath.Join(r.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(b.text), 0o644); err != nil {
		r.Fatal(err)
	}
	vet := exec.Command("go", "vet", file)
	vet.Dir = filepath.Join("..", "..")
	if out, err := vet.CombinedOutput(); err != nil {
		r.Errorf("%s:%d: %v\n%s", r.page, b.line, err, out)
	}
}

// folders checks that every folder of the map is there; data/ is made by the engine.
func (r *reader) folders(b block) {
	r.Helper()
	for line := range strings.Lines(b.text) {
		name, _, _ := strings.Cut(line, " ")
		root := filepath.Join("..", "..")
		if name == "data/" {
			root = r.dir
		}
		if info, err := os.Stat(filepath.Join(root, name)); err != nil || !info.IsDir() {
			r.Errorf("%s:%d: there is no folder %q", r.page, b.line, name)
		}
	}
}
