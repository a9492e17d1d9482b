package schema

import (
	"bytes"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func TestJSONSchema(t *testing.T) {
	t.Parallel()
	two, five := 2, 5
	decimal, _ := ParseDecimal("0.50")
	long, _ := ParseDecimal("0.12345678901234567890")
	limited := func(t *Type, l Limits) *Type {
		c := *t
		c.Limits = &l
		return &c
	}
	for _, c := range []struct {
		name string
		t    *Type
		side Side
		want string
	}{
		{"nothing known", nil, Sent, `{}`},
		{"json", AnyType, Answered, `{}`},
		{"null", NullType, Answered, `{"type":"null"}`},
		{"int", limited(IntType, Limits{Min: 1, Max: 9007199254740993}), Sent, `{"type":"integer","format":"int64","minimum":1,"maximum":9007199254740993}`},
		{"int or null", IntType.OrNull(), Sent, `{"type":["integer","null"],"format":"int64"}`},
		{"string", limited(StringType, Limits{MinLength: &two, MaxLength: &five, Pattern: regexp.MustCompile(`\A\s$`)}), Sent,
			`{"type":"string","minLength":2,"maxLength":5,"pattern":"^[\\t\\n\\f\\r ]$"}`},
		{"a pattern that cannot be said", limited(StringType, Limits{Pattern: regexp.MustCompile(`(?m)^a`)}), Sent,
			`{"type":"string","description":"It matches the regular expression (RE2) (?m)^a ."}`},
		{"enum or null", limited(StringType, Limits{Enum: []any{"a", "b"}}).OrNull(), Sent, `{"type":["string","null"],"enum":["a","b",null]}`},
		{"secret", limited(SecretType, Limits{Enum: []any{"a"}, MinLength: &two}), Sent,
			`{"type":"string","format":"password","description":"Only certain values are allowed.","minLength":2,"writeOnly":true}`},
		{"decimal, sent", limited(DecimalType, Limits{Min: decimal, Max: long}), Sent,
			`{"type":["string","number"],"description":"An exact decimal number. At least 0.50. At most 0.12345678901234567890.",` +
				`"pattern":"^-?[0-9]+(\\.[0-9]+)?([eE][-+]?[0-9]{1,4})?$","minimum":0.5}`},
		{"decimal, answered", limited(DecimalType, Limits{Min: decimal}), Answered,
			`{"type":"string","description":"An exact decimal number. At least 0.50.","pattern":"^-?[0-9]+(\\.[0-9]+)?$"}`},
		{"date", limited(&Type{Kind: Date}, Limits{Min: "2026-01-01"}), Sent, `{"type":"string","format":"date","description":"At least 2026-01-01."}`},
		{"timezone", limited(&Type{Kind: Timezone}, Limits{Enum: []any{"UTC", "Asia/Tokyo"}}), Sent,
			`{"type":"string","description":"A name of the IANA time zone database, such as Europe/Berlin.","enum":["UTC","Asia/Tokyo"]}`},
		{"bytes", (&Type{Kind: Bytes}).OrNull(), Answered, `{"type":["string","null"],"contentEncoding":"base64"}`},
		{"list", limited(ListOf(IntType), Limits{MinItems: &two, MaxItems: &five}), Sent,
			`{"type":"array","minItems":2,"maxItems":5,"items":{"type":"integer","format":"int64"}}`},
		{"object", ObjectOf(
			Field{Name: "id", Type: IntType, Description: "Which."},
			Field{Name: "title", Type: StringType.OrNull(), Optional: true, Example: "Alien"},
			Field{Name: "n", Type: IntType, Optional: true, HasDefault: true, Default: 3},
			Field{Name: "key", Type: SecretType, Optional: true, HasDefault: true, Default: "hidden", Example: "hidden"},
		), Sent, `{"type":"object","properties":{"id":{"type":"integer","format":"int64","description":"Which."},` +
			`"title":{"type":["string","null"],"examples":["Alien"]},"n":{"type":"integer","format":"int64","default":3},` +
			`"key":{"type":"string","format":"password","writeOnly":true}},"required":["id"],"additionalProperties":false}`},
		{"open object", &Type{Kind: ObjectK, Open: true}, Answered, `{"type":"object"}`},
	} {
		if diff := cmp.Diff(c.want, string(AppendJSON(nil, c.t.JSONSchema(c.side)))); diff != "" {
			t.Errorf("%s: -want +got\n%s", c.name, diff)
		}
	}
}

// TestJSONSchemaAgrees holds texts against types and against what is told of them.
// That 1.0 and 1e0 are no int is all that JSON Schema cannot say.
func TestJSONSchemaAgrees(t *testing.T) {
	t.Parallel()
	texts := []string{`null`, `true`, `0`, `-7`, `1.5`, `""`, `"a"`, `"1.50"`, `"1e3"`, `"1e"`, `"2026-01-31"`, `"2026-02-30"`, `"12:30:00"`, `"12:30"`, `"24:00:00"`,
		`"12:30:00.5"`, `"2026-01-31T12:00:00Z"`, `"2026-01-31 12:00"`, `"1h30m"`, `"1.5d"`, `"-0"`, `"h"`, `"1"`, `"1w2d"`, `"123e4567-e89b-12d3-a456-426614174000"`, `"a@example.com"`,
		`"a.example.com"`, `"https://example.com/x"`, `"ftp://example.com"`, `"/x"`, `[]`, `[1]`, `["a"]`, `{}`, `{"a":1}`, `{"a":"x"}`, `{"b":1}`, `{"a":1,"b":1}`, `{"a":null}`}
	types := []*Type{nil, AnyType, NullType, BoolType, IntType, IntType.OrNull(), FloatType, DecimalType, StringType, {Kind: Date}, {Kind: Time}, DateTimeType,
		DurationType, UUIDType, {Kind: Email}, {Kind: URL}, SecretType, ListOf(IntType), ListOf(nil), {Kind: ObjectK, Open: true}, ObjectOf(),
		ObjectOf(Field{Name: "a", Type: IntType}), ObjectOf(Field{Name: "a", Type: IntType, Optional: true}),
		{Kind: ObjectK, Fields: []Field{{Name: "a", Type: IntType}}, Open: true}}
	for _, typ := range types {
		s := compileSchema(t, typ.JSONSchema(Sent))
		for _, text := range texts {
			var faults []Fault
			_, err := typ.DecodeText([]byte(text), "", &faults)
			v, _ := jsonschema.UnmarshalJSON(strings.NewReader(text))
			taken, described := err == nil && len(faults) == 0, s.Validate(v) == nil
			if taken != described {
				t.Errorf("%s as %s: it is taken: %t, described: %t", text, typ, taken, described)
			}
		}
	}
}

// TestJSONSchemaOfAnswers holds what is written against what is told of it.
func TestJSONSchemaOfAnswers(t *testing.T) {
	t.Parallel()
	decimal, _ := ParseDecimal("-9.90")
	for _, c := range []struct {
		t *Type
		v any
	}{
		{DecimalType, decimal}, {DurationType, 90 * time.Minute}, {DurationType, -time.Nanosecond}, {DurationType, time.Duration(0)}, {DurationType, 1500 * time.Nanosecond},
		{DateTimeType, time.Date(2026, 1, 31, 12, 0, 0, 5000, time.FixedZone("", 3600))}, {&Type{Kind: Bytes}, []byte{1, 2}}, {FloatType, 1e300}, {IntType, -1 << 63},
		{ObjectOf(Field{Name: "a", Type: IntType, Optional: true}), NewObject("a", nil)}, {ListOf(StringType.OrNull()), []any{"x", nil}},
	} {
		text := AppendJSON(nil, c.v)
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err == nil {
			err = compileSchema(t, c.t.JSONSchema(Answered)).Validate(v)
		}
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func compileSchema(t *testing.T, o *Object) *jsonschema.Schema {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(AppendJSON(nil, o)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("schema.json", v); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// patterns are expressions with what ECMAScript says for them, "" where nothing can.
var patterns = [][2]string{
	{`^[0-9]{5}$`, `^[0-9]{5}$`},
	{`^[\w.-]+@(?:[a-z]+\.)*x$`, `^[\w.-]+@(?:[a-z]+\.)*x$`},
	{`\A\pL+\z`, `^\p{L}+$`},
	{`\P{^Lu}`, `\p{Lu}`},
	{`\s\S[\s]`, "[\\t\\n\\f\\r ][^\\t\\n\\f\\r ][\\t\\n\\f\\r ]"},
	{`a.b`, `a[^\n]b`},
	{`(?P<year>\d+)-(?<m>\d)`, `(\d+)-(\d)`},
	{`(?i)ok`, `[Oo][Kk` + "\u212a" + `]`},
	{`(?s)a.b`, `a[\s\S]b`},
	{`(?m)^a$`, ``},
	{`[[:alpha:]]`, `[A-Za-z]`},
	{`[]a[]`, `[\]a\[]`},
	{`{x}`, `\{x\}`},
	{`a{,2}`, `a\{,2\}`},
	{`\-\"\/`, `-"/`},
	{`[\-a]`, `[\-a]`},
	{`[\d-x]`, `[\x2D0-9x]`},
	{`\Qa.b\E`, `a\.b`},
	{`\x{263a}`, "☺"},
	{`\x41`, `\x41`},
	{`^*a`, `(?:^)*a`},
	{`\p{Latin}\p{Greek}`, ``},
	{`[^\x00-\x{10FFFF}]`, `[^\s\S]`},
	{`a||b`, `a||b`},
	{`(?i:a)b`, `[Aa]b`},
	{`[^-]`, `[^-]`},
	{`x+?y*?z??w{2,}?`, `x+?y*?z??w{2,}?`},
}

func TestECMAScript(t *testing.T) {
	t.Parallel()
	for _, p := range patterns {
		got, ok := ECMAScript(regexp.MustCompile(p[0]))
		if ok != (p[1] != "") || ok && got != p[1] {
			t.Errorf("%s becomes %q, %t; want %q", p[0], got, ok, p[1])
		}
	}
}

// samples are texts in which expressions are sought.
var samples = []string{"", "a", "b", "ab", "a\nb", "a\rb", "a\u2028b", "\v", "\u00a0", " ", "-", "]", "[", "{x}", "a{,2}", "x", "7", "12345", "OK", "o\u212a", "é", "Ж", "☺", "ſ", "α",
	"A", "z", "_", "\"", "/", "a.b", "2026-1", "a@b.x", "^a", "\\", "K", "k", "Ǆ", "😀", "xyww"}

// TestECMAScriptInNode asks a real engine of ECMAScript.
func TestECMAScriptInNode(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed")
	}
	type question struct{ Pattern, Text string }
	var questions []question
	var want []bool
	for _, p := range patterns {
		re := regexp.MustCompile(p[0])
		if pattern, ok := ECMAScript(re); ok {
			for _, text := range samples {
				questions, want = append(questions, question{pattern, text}), append(want, re.MatchString(text))
			}
		}
	}
	input, err := json.Marshal(questions)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(node, "-e", `const q = JSON.parse(require("fs").readFileSync(0)); console.log(JSON.stringify(q.map(q => new RegExp(q.Pattern, "u").test(q.Text))))`)
	cmd.Stdin = bytes.NewReader(input)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var got []bool
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	for i, q := range questions {
		if got[i] != want[i] {
			t.Errorf("%s in %q: %t in ECMAScript, %t in Go", q.Pattern, q.Text, got[i], want[i])
		}
	}
}

// FuzzECMAScript makes sure that Go finds the same with what it is given back.
func FuzzECMAScript(f *testing.F) {
	for _, p := range patterns {
		f.Add(p[0], "a\nb")
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		re, err := regexp.Compile(pattern)
		if err != nil || len(pattern) > 200 {
			return
		}
		translated, ok := ECMAScript(re)
		if !ok {
			return
		}
		again, err := regexp.Compile(translated)
		if err != nil {
			t.Fatalf("%q becomes %q: %v", pattern, translated, err)
		}
		for _, text := range append(samples, text) {
			if re.MatchString(text) != again.MatchString(text) {
				t.Fatalf("%q becomes %q, and %q differs", pattern, translated, text)
			}
		}
	})
}
