package document

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// parseText parses a text that must be without problems.
func parseText(t *testing.T, text string) *Node {
	t.Helper()
	var problems source.Problems
	n := Parse(source.NewFile("x.yaml", []byte(text)), &problems)
	for _, p := range problems.All() {
		t.Errorf("%s", p)
	}
	if n == nil {
		t.Fatalf("%q was not read", text)
	}
	return n
}

func raw(s source.Span) string { return string(s.File.Text[s.From:s.To]) }

func TestPlace(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text, part, want string // the raw text that part of the value of k stands for
	}{
		{"plain", "k: a ${x} b", "${x}", "${x}"},
		{"plain in flow", "{k: a x b, l: 1}", "x b", "x b"},
		{"plain over lines", "k: a b\n  c d", "b c", "b\n  c"},
		{"plain, an empty line", "k: a\n\n  b", "a\nb", "a\n\n  b"},
		{"plain, two empty lines", "k: a\n\n \n  b ${x}", "\nb", " \n  b"},
		{"plain with crlf", "k: a\r\n  b c\r\n", "b c", "b c"},
		{"plain behind umlauts", "k: äöü ${x}", "${x}", "${x}"},
		{"single", "k: 'it''s ${x}'", "'s", "''s"},
		{"single behind ''", "k: 'it''s ${x}'", "${x}", "${x}"},
		{"single over lines", "k: 'a\n   b ${x}'", "a b", "a\n   b"},
		{"double", `k: "a ${x}"`, "${x}", "${x}"},
		{"double behind escapes", `k: "\t\u00e4\U0001F600\"${x}\""`, "${x}", "${x}"},
		{"double, an escape", `k: "a\u00e4b"`, "ä", `\u00e4`},
		{"double, a quote inside", `k: "${x + \"a\"}"`, `${x + "a"}`, `${x + \"a\"}`},
		{"double over lines", "k: \"a\n  b\n\n  c ${x}\"", "b\nc", "b\n\n  c"},
		{"double, continued", "k: \"a \\\n   b ${x}\"", "a b", "a \\\n   b"},
		{"double, continued with an empty line", "k: \"a\\\n\n   b ${x}\"", "b", "b"},
		{"literal", "k: |\n  a\n  b ${x}\n", "${x}", "${x}"},
		{"literal with indentation", "k: |2\n    a\n  b ${x}\n", "  a", "  a"},
		{"literal, stripped", "k: |-\n  a\n   b ${x}\n\n", " b ${x}", " b ${x}"},
		{"literal, kept", "k: |+\n  a ${x}\n\nl: 1", "${x}\n\n", "${x}\n\n"},
		{"literal with a comment", "k: | # why\n  a ${x}\n", "${x}", "${x}"},
		{"literal with crlf", "k: |\r\n  a\r\n  b ${x}\r\n", "${x}", "${x}"},
		{"literal, empty lines first", "k: |\n\n  a ${x}\n", "a ${x}", "a ${x}"},
		{"literal without an end", "k: |\n  a ${x}", "${x}", "${x}"},
		{"folded", "k: >\n  a\n  b ${x}\n", "a b", "a\n  b"},
		{"folded, paragraphs", "k: >\n  a\n\n  b ${x}\n", "b ${x}", "b ${x}"},
		{"folded, indented lines", "k: >\n  a\n    b\n  c ${x}\n", "c ${x}", "c ${x}"},
		{"folded with indentation", "k: >1-\n   a\n b ${x}\n", "${x}", "${x}"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			n := parseText(t, tt.text).Get("k")
			from := strings.Index(n.Value, tt.part)
			if from < 0 {
				t.Fatalf("%q is not in %q", tt.part, n.Value)
			}
			s := n.Place(from, from+len(tt.part))
			if got := raw(s); got != tt.want {
				t.Errorf("%q stands at %q, want %q", tt.part, got, tt.want)
			}
		})
	}
}

func TestPlaceNested(t *testing.T) {
	t.Parallel()
	n := parseText(t, "a:\n- b:\n    - |1\n      x\n     ${y}\n    - |\n     z\n")
	item := n.Get("a").Items[0].Get("b").Items[0]
	if want := " x\n${y}\n"; item.Value != want {
		t.Fatalf("the value is %q, want %q", item.Value, want)
	}
	if s := item.Place(3, 7); raw(s) != "${y}" || s.Start() != (source.Position{Line: 5, Column: 6}) {
		t.Errorf("found %q at %v", raw(s), s.Start())
	}
}

func TestSpan(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, want string }{
		{"k: a b # c\nl: 1", "a b"},
		{"k: 'a''b'\nl: 1", "'a''b'"},
		{"k: \"a\n b\"\nl: 1", "\"a\n b\""},
		{"k: |\n  a\n\nl: 1", "|\n  a\n"},
		{"k: >-\n  a\n  b\n\nl: 1", ">-\n  a\n  b"},
		{"k: [a, [b, c] , ] # d\nl: 1", "[a, [b, c] , ]"},
		{"k: {a: {b: c}\n  , # x ]\n  d: ''}\nl: 1", "{a: {b: c}\n  , # x ]\n  d: ''}"},
		{"k: []\nl: 1", "[]"},
		{"k:\nl: 1", ""},
		{"k:\n  a: 1\n  b:\n  - 2\n  # c\nl: 1", "a: 1\n  b:\n  - 2"},
		{"\ufeffk: a", "a"},
	}
	for _, tt := range tests {
		n := parseText(t, tt.text).Get("k")
		if n == nil {
			t.Fatalf("%q has no k", tt.text)
		}
		if got := raw(n.Span); got != tt.want {
			t.Errorf("in %q the value is %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestData(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want any
	}{
		{"~", nil}, {"null", nil}, {"''", ""}, {"true", true}, {"False", false}, {"yes", "yes"}, {"on", "on"},
		{"017", 17}, {"0o17", 15}, {"0x1F", 31}, {"1_000", "1_000"}, {"-5", -5}, {"+5", 5}, {"0b1", "0b1"},
		{"2026-01-02", "2026-01-02"}, {"1.5", 1.5}, {".5", .5}, {"1.", 1.}, {"1e3", 1000.}, {"1e", "1e"}, {".", "."},
		{"9223372036854775807", 9223372036854775807}, {"-", "-"}, {"12:30", "12:30"}, {`"1"`, "1"}, {"'true'", "true"},
		{"|\n  1", "1"}, {"[1, a, ~]", []any{1, "a", nil}}, {"[]", []any{}},
		{"{b: 1, a: [x]}", schema.NewObject("b", 1, "a", []any{"x"})},
	}
	for _, tt := range tests {
		text := "k: " + tt.text
		if tt.text == "-" {
			text = `k: "-"`
		}
		got, err := parseText(t, text).Get("k").Data()
		if err != nil || !schema.Equal(got, tt.want) || !cmp.Equal(tt.want == nil, got == nil) {
			t.Errorf("%s is %v (%v), want %v", tt.text, got, err, tt.want)
		}
		if _, isInt := tt.want.(int); isInt {
			if _, ok := got.(int); !ok {
				t.Errorf("%s is no int", tt.text)
			}
		}
	}
	for _, text := range []string{"9223372036854775808", "1e999", ".inf", "-.INF", ".nan", "[1, [.nan]]", "{a: .inf}", "0xfffffffffffffffff"} {
		if v, err := parseText(t, "k: "+text).Get("k").Data(); err == nil {
			t.Errorf("%s is %v, want an error", text, v)
		}
	}
}

func TestEmpty(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "\n", "# only a comment\n", "---\n", "\ufeff", "{}", "---\n...\n"} {
		if n := parseText(t, text); n.Kind != Mapping || len(n.Entries) != 0 {
			t.Errorf("%q is %v", text, n)
		}
	}
	if n := parseText(t, "a:\n"); !n.Get("a").IsNull() || n.Get("b") != nil || n.Get("a").Get("x") != nil {
		t.Error("a key without a value is not null")
	}
}

func TestEqual(t *testing.T) {
	t.Parallel()
	tests := []struct {
		a, b string
		want bool
	}{
		{"a: x", `"a": 'x'`, true}, {"a: 1", `a: "1"`, false}, {"a: [1]", "a:\n- 1", true},
		{"{a: 1, b: 2}", "{b: 2, a: 1}", false}, {"a: ''", "a:", false}, {"a: |\n  x", "a: x", true}, {"[a]", "{a: }", false},
	}
	for _, tt := range tests {
		if got := Equal(parseText(t, tt.a), parseText(t, tt.b)); got != tt.want {
			t.Errorf("Equal(%q, %q) is %v", tt.a, tt.b, got)
		}
	}
}
