package document

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

func TestParseEndpoint(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/endpoint_good.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var problems source.Problems
	e := ParseEndpoint(source.NewFile("good.yaml", text), &problems)
	if problems.Count() > 0 || e == nil || len(e.Verbs) != 1 {
		t.Fatalf("found %v", problems.All())
	}
	if e.Auth == nil || !e.Auth.Public || e.Allow.Value != "${user != null}" || len(e.Before.Items) != 1 || e.After != nil {
		t.Errorf("the file's settings are %+v", e.Settings)
	}
	v := e.Verbs[0]
	if v.Method != "GET" || raw(v.Key) != "get" || v.Status != 201 || raw(v.StatusSpan) != "201" || !v.IgnoreUnknown || len(v.Actions.Items) != 3 {
		t.Errorf("the verb is %+v", v)
	}
	if v.Timeout.Value != 48*time.Hour || v.BodyLimit.Value != 5<<20 || !slices.Equal(v.Auth.Roles, []string{"admin"}) || raw(v.Auth.RoleSpans[0]) != "admin" {
		t.Errorf("the verb's settings are %+v", v.Settings)
	}
	if got := v.Returns.String(); got != "{id: int}" {
		t.Errorf("it returns %s", got)
	}
	var got []string
	for _, a := range v.Arguments {
		if raw(a.Span) != a.Name {
			t.Errorf("%s stands at %q", a.Name, raw(a.Span))
		}
		line := a.Name + ": " + a.Type.String()
		if a.Optional {
			line += " optional"
		}
		if a.HasDefault {
			line += " = " + string(schema.AppendJSON(nil, a.Default))
		}
		if a.In != schema.Anywhere {
			line += " in " + a.In.String()
		}
		got = append(got, line)
	}
	want := []string{"username: string", "age: int? optional", "page: int optional = 1", `q: string optional = ""`, "tags: [string]",
		"more: [string]? optional", "many: [int] optional = [1,2]", `role: string optional = "guest"`,
		"address: {street: string, zip: string}", `price: decimal optional = "12345678901234567.89"`, `code: string optional = "0042"`,
		`since: date optional = "2026-01-02"`, "list: [int]", "token: string in header", "anything: json optional = null"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	n := parseText(t, `
a: {type: int, min: 1, max: 5, enum: [1, 2], example: 2, description: How many.}
b: {type: string, min_length: 1, max_length: 9, pattern: "^a"}
c: {type: [string], items: {max_length: 3}, min_items: 1, max_items: 2, required: false}
d: {fields: {x: int}}
e:
  type: duration
  min: 1h
  default: 1d
`)
	var problems source.Problems
	list := ParseArguments(n, &problems)
	if problems.Count() > 0 || len(list) != 5 {
		t.Fatalf("found %v", problems.All())
	}
	a, b, c, d, e := list[0], list[1].Type.Limits, list[2], list[3], list[4]
	if l := a.Type.Limits; l.Min != 1 || l.Max != 5 || len(l.Enum) != 2 || a.Example != 2 || a.Description != "How many." {
		t.Errorf("a is %+v", a)
	}
	if *b.MinLength != 1 || *b.MaxLength != 9 || b.Pattern.String() != "^a" {
		t.Errorf("b is limited to %+v", b)
	}
	if l := c.Type.Limits; *l.MinItems != 1 || *l.MaxItems != 2 || *c.Type.Elem.Limits.MaxLength != 3 || !c.Optional || !c.Type.Nullable {
		t.Errorf("c is %+v", c)
	}
	if d.Type.String() != "{x: int}" || d.Type.Open {
		t.Errorf("d is %+v", d.Type)
	}
	if e.Type.Limits.Min != time.Hour || e.Default != 24*time.Hour || e.Type.Nullable || !e.Optional {
		t.Errorf("e is %+v", e)
	}
	if schema.IntType.Limits != nil || schema.StringType.Limits != nil || schema.StringType.Nullable {
		t.Error("a shared type was changed")
	}
}

func TestPatternPosition(t *testing.T) {
	t.Parallel()
	var problems source.Problems
	n := parseText(t, "a:\n  type: string\n  pattern: \"\\t^(ab\"\nb:\n  type: string\n  pattern: ab[c\n")
	ParseArguments(n, &problems)
	list := problems.All()
	if len(list) != 2 || raw(list[1].Span) != "[c" || list[0].Code != CodeInvalidPattern {
		t.Errorf("found %v", list)
	}
}

func TestModuleAndComposite(t *testing.T) {
	t.Parallel()
	var problems source.Problems
	m := ParseModule(source.NewFile("m", []byte("database: films\ntags: [a, b]\non_error:\n  - log: x\n")), &problems)
	if m == nil || m.Database.Value != "films" || raw(m.Database.Span) != "films" || len(m.Tags) != 2 || len(m.OnError.Items) != 1 {
		t.Errorf("the module is %+v", m)
	}
	c := ParseComposite(source.NewFile("c", []byte("description: Sends\narguments:\n  order: object\nactions: []\n")), &problems)
	if c == nil || c.Description != "Sends" || len(c.Arguments) != 1 || !c.Arguments[0].Type.Open || c.Actions == nil {
		t.Errorf("the composite is %+v", c)
	}
	if ParseModule(source.NewFile("x", []byte("[a")), &problems) != nil || problems.Count() != 1 {
		t.Errorf("found %v", problems.All())
	}
}

func TestRefusedFiles(t *testing.T) {
	t.Parallel()
	deep := "k: " + strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth)
	tests := []struct {
		text, code   string
		line, column int
	}{
		{strings.Repeat("# \n", MaxSize), CodeTooLarge, 1, 1},
		{"a: b\nc: \"ä\xff\"", CodeInvalidUTF8, 2, 6},
		{"a: \x00", CodeInvalidCharacter, 1, 4},
		{"a: b\rc: d", CodeInvalidCharacter, 1, 5},
		{"a: b\u2028c", CodeInvalidCharacter, 1, 5},
		{"a: b\ufeffc", CodeInvalidCharacter, 1, 5},
		{deep, CodeTooDeep, 1, 3 + MaxDepth},
		{"ä: 1\r\nb: {c: ${x}}\r\n", CodeUnquoted, 2, 8},
		{"\ufeffa: {c: ${x}}", CodeUnquoted, 1, 9},
		{"a: 1\n\nb:\n- a: ü\n  a: 2", CodeDuplicateKey, 5, 3},
	}
	for _, tt := range tests {
		var problems source.Problems
		Parse(source.NewFile("x", []byte(tt.text)), &problems)
		list := problems.All()
		if len(list) != 1 || list[0].Code != tt.code || list[0].Start() != (source.Position{Line: tt.line, Column: tt.column}) {
			t.Errorf("%.20q: found %v, want %s at %d:%d", tt.text, list, tt.code, tt.line, tt.column)
		}
	}
}

func TestPrint(t *testing.T) {
	t.Parallel()
	text := "{a: [1, '2', {b: c, d: []}], 'x y': \"l1\\nl2\\n\", e: {}, f: , g: 'a: b', \"h\\t\": ['', [x]]}"
	want := `a:
  - 1
  - "2"
  - b: c
    d: []
x y: |
  l1
  l2
e: {}
f:
g: "a: b"
"h\t":
  - ""
  - - x
`
	if diff := cmp.Diff(want, string(Print(parseText(t, text)))); diff != "" {
		t.Error(diff)
	}
}
