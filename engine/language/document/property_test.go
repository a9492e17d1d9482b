package document

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"cloudlet/engine/language/source"
)

// TestPlaceOfAnyValue writes any value in any style, and asks for any part of it
// that is letters alone: it must stand in the file as it is, and as often ahead.
func TestPlaceOfAnyValue(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.StringMatching(`[a-zäß€😀'"\\ \n]{0,6}`), 1, 8).Draw(t, "words")
		for i := range words {
			words[i] += "w" + strings.Repeat("x", i) + "z"
		}
		value := strings.Join(words, rapid.SampledFrom([]string{" ", "\n", "\n\n", "'", `"`, `\`}).Draw(t, "between"))
		text := rapid.SampledFrom([]func(string) string{writeDouble, writeSingle, writeLiteral, writeFolded}).Draw(t, "style")(value)
		head := rapid.SampledFrom([]string{"k: ", "- k: ", "- - k: ", "a:\n- k: "}).Draw(t, "head")
		file := source.NewFile("x.yaml", []byte(head+text+"\n"))
		var problems source.Problems
		root := Parse(file, &problems)
		if problems.Count() > 0 {
			t.Fatalf("%s: %v", file.Text, problems.All())
		}
		n := find(root, "k")
		if n.Value != value {
			t.Skip("the style cannot say this value")
		}
		for i := range words {
			word := "w" + strings.Repeat("x", i) + "z"
			from := strings.Index(n.Value, word)
			s := n.Place(from, from+len(word))
			if raw(s) != word || strings.Index(string(file.Text), word) != s.From {
				t.Fatalf("%q stands at %q in %q", word, raw(s), file.Text)
			}
		}
		for i := range len(value) {
			if !utf8.RuneStart(value[i]) {
				continue
			}
			if s := n.Place(i, i); s.From < n.Span.From || s.To > n.Span.To || s.From != s.To {
				t.Fatalf("byte %d of %q stands at %d in %d..%d", i, value, s.From, n.Span.From, n.Span.To)
			}
		}
	})
}

func find(n *Node, key string) *Node {
	if found := n.Get(key); found != nil && found.Kind == Scalar {
		return found
	}
	for _, e := range n.Entries {
		if found := find(e.Value, key); found != nil {
			return found
		}
	}
	for _, item := range n.Items {
		if found := find(item, key); found != nil {
			return found
		}
	}
	return nil
}

func writeDouble(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "ä", `\xe4`, "€", `\u20ac`, "\n", "\\n\\\n      ", "  ", "\\  ").Replace(s) + `"`
}

func writeSingle(s string) string {
	return "'" + strings.NewReplacer("'", "''", "\n", "\n\n      ").Replace(s) + "'"
}

func writeLiteral(s string) string {
	return "|1-\n" + indented(s, "\n")
}

func writeFolded(s string) string {
	return ">1-\n" + indented(s, "\n\n")
}

// indented fits below every head: the keys stand at column 2 or 4, or 0.
func indented(s, between string) string {
	return "       " + strings.ReplaceAll(s, "\n", between+"       ")
}

func FuzzDocument(f *testing.F) {
	paths, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	for _, text := range []string{"", "a: |1\n  b\n", "? |\n  a\n: - b", "[a: b, ? c]", "a: >+\n\n\n b\n  c\n", "--- x\n... \n", "%YAML 1.1\n---\na", "\"\\\n\n a\"", "a:\n  - - - {b: [c]}", "\ufeffa: b"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		file := source.NewFile("endpoint_x.yaml", slices.Clone(text))
		var problems source.Problems
		root := Parse(file, &problems)
		if root == nil && problems.Count() == 0 {
			t.Fatal("nothing was read, and no problem says why")
		}
		var all source.Problems
		ParseEndpoint(file, &all)
		ParseModule(file, &all)
		ParseComposite(file, &all)
		for _, p := range append(problems.All(), all.All()...) {
			checkInside(t, p.Span)
			for _, r := range p.Related {
				checkInside(t, r.Span)
			}
		}
		if root == nil {
			return
		}
		checkTree(t, root)
		if problems.Count() > 0 {
			return
		}
		printed := Print(root)
		again := Parse(source.NewFile("printed.yaml", printed), &problems)
		if problems.Count() > 0 {
			t.Fatalf("%q is printed as %q: %v", text, printed, problems.All())
		}
		if !Equal(root, again) {
			t.Fatalf("%q is printed as %q, which is something else", text, printed)
		}
	})
}

// checkTree holds every node's place inside its parent's, and every scalar's text
// against the file.
func checkTree(t *testing.T, n *Node) {
	checkInside(t, n.Span)
	if n.Kind == Scalar && n.Value != "" {
		if s := (&scan{text: n.Span.File.Text, at: n.Span.From, want: n.Value}); !s.scalar(n.style, n.indent) {
			t.Errorf("the text %q cannot be followed in %q", n.Value, n.Span.File.Text)
		}
		checkInside(t, n.Place(0, 1))
		checkInside(t, n.Place(len(n.Value), len(n.Value)))
	}
	for _, e := range n.Entries {
		checkTree(t, e.Key)
		checkTree(t, e.Value)
	}
	for _, item := range n.Items {
		checkTree(t, item)
	}
}

func BenchmarkParse(b *testing.B) {
	text, err := os.ReadFile("testdata/endpoint_login.yaml")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		var problems source.Problems
		if Parse(source.NewFile("x.yaml", text), &problems) == nil {
			b.Fatal(problems.All())
		}
	}
}
