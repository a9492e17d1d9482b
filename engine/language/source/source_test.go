package source

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"testing/quick"

	"github.com/google/go-cmp/cmp"
)

func TestPositions(t *testing.T) {
	f := NewFile("a.yaml", []byte("ab\nçde\r\n\nx"))
	for _, c := range []struct {
		offset int
		want   Position
	}{
		{0, Position{1, 1}}, {2, Position{1, 3}}, {3, Position{2, 1}}, {5, Position{2, 2}}, {9, Position{3, 1}}, {10, Position{4, 1}},
		{-5, Position{1, 1}}, {99, Position{4, 2}},
	} {
		if got := f.Position(c.offset); got != c.want {
			t.Errorf("Position(%d) = %v, want %v", c.offset, got, c.want)
		}
	}
	if got := string(f.Line(2)); got != "çde" {
		t.Errorf("Line(2) = %q: a line has no line break", got)
	}
	if f.Line(0) != nil || f.Line(5) != nil || f.Lines() != 4 {
		t.Errorf("lines outside the file: %q %q of %d", f.Line(0), f.Line(5), f.Lines())
	}
}

// Offset undoes Position wherever a character begins.
func TestOffsetUndoesPosition(t *testing.T) {
	err := quick.Check(func(text string) bool {
		f := NewFile("a", []byte(strings.ToValidUTF8(text, "?")))
		for i := range string(f.Text) {
			p := f.Position(i)
			if line := f.Line(p.Line); p.Column <= len([]rune(string(line))) && f.Offset(p) != i {
				return false
			}
		}
		return true
	}, &quick.Config{MaxCount: 300})
	if err != nil {
		t.Error(err)
	}
}

func TestNearest(t *testing.T) {
	known := []string{"username", "password", "description", "actions", "as", "if"}
	for _, c := range []struct{ name, want string }{
		{"usrname", "username"}, {"passwrod", "password"}, {"Username", "username"}, {"descripton", "description"},
		{"acitons", "actions"}, {"zzz", ""}, {"", ""}, {"completely_different", ""}, {strings.Repeat("x", 1000), ""},
	} {
		if got := Nearest(c.name, known); got != c.want {
			t.Errorf("Nearest(%q) = %q, want %q", c.name, got, c.want)
		}
	}
	if got := DidYouMean("usrname", known); got != `did you mean "username"?` {
		t.Errorf("DidYouMean = %q", got)
	}
}

func problem(file *File, from, to int, code, text, hint string) Problem {
	return Problem{Span: file.Span(from, to), Code: code, Text: text, Hint: hint}
}

func TestProblemsAreSortedAndOnce(t *testing.T) {
	a, b := NewFile("a.yaml", []byte("one\ntwo\n")), NewFile("b.yaml", []byte("x\n"))
	var ps Problems
	ps.Add(problem(b, 0, 1, "c", "last", ""))
	ps.Add(problem(a, 4, 7, "c", "second", ""))
	ps.Add(problem(a, 4, 7, "c", "second", ""))
	ps.Add(Problem{Span: a.Span(0, 3), Code: "c", Text: "first", Warning: true})
	var got []string
	for _, p := range ps.All() {
		got = append(got, p.String())
	}
	want := []string{"a.yaml:1:1: warning: first", "a.yaml:2:1: second", "b.yaml:1:1: last"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if ps.Count() != 3 {
		t.Errorf("Count() = %d: warnings do not count", ps.Count())
	}
}

func TestWriteText(t *testing.T) {
	login := NewFile("endpoints/auth/login.yaml", []byte(strings.Repeat("#\n", 8)+"        username: ${arg.username}\n"))
	from := bytes.Index(login.Text, []byte("arg."))
	p := problem(login, from, from+12, "unknown_name", `unknown name "arg.username"`, `did you mean "args.username"?`)
	tab := NewFile("t.yaml", []byte("\tkey: \x1b[31mred\n"))
	q := problem(tab, 1, 4, "x", "here", "")
	q.Related = []Related{{login.Span(0, 1), "and here"}}
	var out bytes.Buffer
	if err := WriteText(&out, []Problem{p, q, {Text: "nowhere"}}); err != nil {
		t.Fatal(err)
	}
	want := `endpoints/auth/login.yaml:9:21: unknown name "arg.username"; did you mean "args.username"?
   9 |         username: ${arg.username}
     |                     ^^^^^^^^^^^^
t.yaml:1:2: here
   1 | ` + "\tkey: ·[31mred" + `
     | ` + "\t^^^" + `
  endpoints/auth/login.yaml:1:1: and here
   1 | #
     | ^
nowhere
`
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Error(d)
	}
}

func TestWriteLongLine(t *testing.T) {
	f := NewFile("a", []byte(strings.Repeat("x", 5000)+"!"+strings.Repeat("y", 5000)))
	var out bytes.Buffer
	if err := WriteText(&out, []Problem{problem(f, 5000, 5001, "c", "here", "")}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	at := strings.Index(lines[2], "^") - len("     | ")
	shown := strings.TrimPrefix(lines[1], "   1 | ")
	if len(lines[1]) > 200 || at < 0 || shown[at] != '!' {
		t.Errorf("the caret stands under %q", shown)
	}
}

func TestWriteForPrograms(t *testing.T) {
	f := NewFile("a,b.yaml", []byte("get:\n  x: 1\n"))
	list := []Problem{problem(f, 7, 8, "unknown_key", "unknown key \"x\"", "50% sure")}
	var out bytes.Buffer
	if err := WriteJSON(&out, list); err != nil {
		t.Fatal(err)
	}
	var got []map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := []map[string]any{{"file": "a,b.yaml", "line": 2.0, "column": 3.0, "end_line": 2.0, "end_column": 4.0,
		"code": "unknown_key", "message": "unknown key \"x\"", "hint": "50% sure", "severity": "error"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	out.Reset()
	if err := WriteGitHub(&out, list); err != nil {
		t.Fatal(err)
	}
	if want := "::error file=a%2Cb.yaml,line=2,endLine=2,col=3,endColumn=4,title=unknown_key::unknown key \"x\"; 50%25 sure\n"; out.String() != want {
		t.Errorf("GitHub: %q, want %q", out.String(), want)
	}
	out.Reset()
	if err := WriteJSON(&out, nil); err != nil || strings.TrimSpace(out.String()) != "[]" {
		t.Errorf("no problems are %q", out.String())
	}
}

// Whatever the text and span, printing lives and stays small.
func FuzzWriteText(f *testing.F) {
	f.Add([]byte("a\n\tb\n"), 2, 3)
	f.Add([]byte("\xff\xfe\n"), -1, 99)
	f.Fuzz(func(t *testing.T, text []byte, from, to int) {
		file := NewFile("f", text)
		var out bytes.Buffer
		if err := WriteText(&out, []Problem{problem(file, from, to, "c", "t", "")}); err != nil {
			t.Fatal(err)
		}
		if out.Len() > 2000 {
			t.Errorf("%d bytes for one problem", out.Len())
		}
		p := file.Span(from, to).Start()
		if p.Line < 1 || p.Line > file.Lines() || p.Column < 1 {
			t.Errorf("the problem stands at %v of %d lines", p, file.Lines())
		}
	})
}
