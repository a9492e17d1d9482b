package expression

import (
	"strings"
	"testing"
	"time"

	"cloudlet/engine/language/schema"
)

func compiled(t *testing.T, source string) *Program {
	t.Helper()
	scope, _ := world()
	p, faults := Compile(source, scope)
	if faults != nil {
		t.Fatalf("%s: %v", source, faults)
	}
	return p
}

func TestConstant(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]bool{
		`1 + 2`: true, `upper("a" + config.company)`: true, `{a: [1]}`: true, `[1, 2] | reverse()`: true, `secrets.smtp`: true,
		`n`: false, `now()`: false, `uuid()`: false, `[random(3)]`: false, `1 / 0`: false, `args.username`: false,
		`let x = n; x`: false, `repeat("x", 1000000)`: false,
	} {
		p := compiled(t, source)
		v, ok := p.Constant()
		if ok != want {
			t.Errorf("%s: constant %v, %v", source, v, ok)
		}
		_, frame := world()
		if got, err := p.Run(frame); ok && (err != nil || !schema.Equal(got, v)) {
			t.Errorf("%s: %v, %v", source, got, err)
		}
	}
}

func TestNewObjectListText(t *testing.T) {
	t.Parallel()
	_, frame := world()
	one := NewConstant(1, schema.IntType)
	password := compiled(t, `args.password`)
	doubled := compiled(t, `sum(map(args.tags, #index * 2))`)
	object := NewObject([]string{"one", "pass", "d"}, []*Program{one, password, doubled})
	if got := object.Type.String(); got != "{one: int, pass: secret, d: int}" {
		t.Errorf("type %s", got)
	}
	if object.Type.Class != schema.Public || object.Type.Highest() != schema.Secret {
		t.Errorf("class %v, %v", object.Type.Class, object.Type.Highest())
	}
	list := NewList([]*Program{object, one})
	text := NewText([]TextPart{{Literal: "a "}, {Program: list}, {Program: compiled(t, `user?.name`)}, {Literal: " z"}})
	v, err := text.Run(frame)
	if want := `a [{"one":1,"pass":"hush","d":2},1] z`; v != want || err != nil {
		t.Errorf("got %v, %v", v, err)
	}
	if text.Type.Class != schema.Secret || !text.Reads(0, "tags") || text.Reads(0, "age") {
		t.Errorf("class %v, reads %v", text.Type.Class, text.reads)
	}
	if _, ok := text.Constant(); ok {
		t.Error("it is no constant")
	}
	whole := NewObject([]string{"l"}, []*Program{NewList([]*Program{one, NewText([]TextPart{{Literal: "x"}, {Program: one}})})})
	if v, ok := whole.Constant(); !ok || string(schema.AppendJSON(nil, v)) != `{"l":[1,"x1"]}` {
		t.Errorf("got %v, %v", v, ok)
	}
	if v, ok := NewList(nil).Constant(); !ok || len(v.([]any)) != 0 {
		t.Errorf("got %v, %v", v, ok)
	}
}

func TestTextIsBounded(t *testing.T) {
	t.Parallel()
	_, frame := world()
	half := compiled(t, `repeat(args.username, 1800000)`)
	if _, err := NewText([]TextPart{{Program: half}, {Program: half}}).Run(frame); err == nil || !strings.Contains(err.Error(), codeExpensive) {
		t.Errorf("got %v", err)
	}
}

func TestStringHidesSecrets(t *testing.T) {
	t.Parallel()
	secret := NewConstant("hush", schema.SecretType)
	for _, p := range []*Program{secret, NewObject([]string{"a"}, []*Program{secret}), NewText([]TextPart{{Program: secret}})} {
		if strings.Contains(p.String(), "hush") {
			t.Errorf("%s", p)
		}
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	v, err := compiled(t, `now() + duration("1h")`).Run(&Frame{Now: func() time.Time { return at }})
	if want := at.Add(time.Hour); err != nil || !schema.Equal(v, want) {
		t.Errorf("got %v, %v", v, err)
	}
}

func TestRandom(t *testing.T) {
	t.Parallel()
	p, seen := compiled(t, `random(62)`), map[rune]bool{}
	for range 50 {
		v, err := p.Run(&Frame{})
		if err != nil || len(v.(string)) != 62 || strings.Trim(v.(string), alphabet) != "" {
			t.Fatal(v, err)
		}
		for _, r := range v.(string) {
			seen[r] = true
		}
	}
	if len(seen) != len(alphabet) {
		t.Errorf("only %d characters", len(seen))
	}
}

func TestFunctionsAreDocumented(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, f := range Functions() {
		if seen[f.Name] || !strings.HasPrefix(f.Signature, f.Name+"(") || !strings.HasSuffix(f.Doc, ".") {
			t.Errorf("%+v", f)
		}
		seen[f.Name] = true
	}
	if len(seen) < 60 {
		t.Errorf("only %d functions", len(seen))
	}
}
