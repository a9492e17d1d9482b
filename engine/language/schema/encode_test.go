package schema

import (
	"math"
	"testing"
	"time"
)

func TestAppendJSON(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		v          any
		json, text string
	}{
		{nil, `null`, ``}, {true, `true`, `true`}, {false, `false`, `false`}, {-7, `-7`, `-7`}, {1.5, `1.5`, `1.5`}, {100.0, `100`, `100`}, {1e21, `1e+21`, `1e+21`}, {1e15, `1e+15`, `1e+15`},
		{1.2345678901234567e20, `1.2345678901234567e+20`, `1.2345678901234567e+20`}, {1e-7, `1e-07`, `1e-07`}, {math.Inf(1), `null`, `null`}, {math.NaN(), `null`, `null`},
		{"a\"\\\n\x00<&>\u2028é", "\"a\\\"\\\\\\n\\u0000<&>\u2028é\"", "a\"\\\n\x00<&>\u2028é"}, {"\xff", "\"\ufffd\"", "\xff"},
		{decimalOf(t, "9.90"), `"9.90"`, `9.90`}, {time.Date(2026, 1, 31, 10, 0, 0, 120, time.UTC), `"2026-01-31T10:00:00.00000012Z"`, `2026-01-31T10:00:00.00000012Z`},
		{90 * time.Minute, `"1h30m0s"`, `1h30m0s`}, {[]byte("ab\xff"), `"YWL/"`, `YWL/`}, {[]any{}, `[]`, `[]`}, {[]any{1, nil, "a"}, `[1,null,"a"]`, `[1,null,"a"]`},
		{NewObject("z", 1, "a\"", NewObject()), `{"z":1,"a\"":{}}`, `{"z":1,"a\"":{}}`}, {Raw(`{"a": 1}`), `{"a": 1}`, `{"a": 1}`}, {Raw(nil), `null`, `null`}, {(*Object)(nil), `null`, `null`},
	} {
		if got := string(AppendJSON([]byte("x"), c.v)); got != "x"+c.json {
			t.Errorf("%v is %s, want x%s", c.v, got, c.json)
		}
		if got := Text(c.v); got != c.text {
			t.Errorf("%v is the text %q, want %q", c.v, got, c.text)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a Go type that is no value was encoded")
		}
	}()
	AppendJSON(nil, int32(1))
}

func TestAppendJSONAllocations(t *testing.T) {
	var v any = NewObject("id", 1000, "title", "Alien", "tags", []any{"a", 1.5}, "at", time.Unix(0, 0).UTC(), "raw", []byte("abc"))
	dst := make([]byte, 0, 1000)
	if n := testing.AllocsPerRun(100, func() { dst = AppendJSON(dst[:0], v) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	var v any = NewObject("id", 1000, "title", "Alien", "tags", []any{"a", 1.5}, "at", time.Unix(0, 0).UTC())
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst = AppendJSON(dst[:0], v)
	}
}

func TestEqual(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 31, 10, 0, 0, 0, time.UTC)
	many := func(first any) *Object {
		return NewObject("a", first, "b", 1, "c", 1, "d", 1, "e", 1, "f", 1, "g", 1, "h", 1, "i", 1)
	}
	for _, c := range []struct {
		a, b any
		want bool
	}{
		{nil, nil, true}, {nil, 0, false}, {nil, "", false}, {true, true, true}, {true, false, false}, {true, 1, false}, {1, 1.0, true}, {1, 1.5, false}, {1, decimalOf(t, "1.00"), true},
		{1.5, decimalOf(t, "1.5"), true}, {0.1, decimalOf(t, "0.1"), true}, {1e200, decimalOf(t, "1"), false}, {9007199254740993, 9007199254740992.0, false}, {math.MaxInt64, 9223372036854775808.0, false},
		{math.MinInt64, -9223372036854775808.0, true}, {1, -1e300, false}, {0, math.Copysign(0, -1), true}, {"a", "a", true}, {"a", "b", false}, {"1", 1, false},
		{at, at.In(time.FixedZone("", 3600)), true}, {at, "2026-01-31T10:00:00Z", false}, {time.Second, time.Second, true}, {time.Second, 1000000000, false}, {[]byte("a"), []byte("a"), true}, {[]byte("a"), "a", false},
		{[]any{1, []any{2.0}}, []any{1.0, []any{2}}, true}, {[]any{1}, []any{1, 2}, false}, {[]any{}, nil, false}, {Raw("1"), Raw("1"), true}, {Raw("1"), 1, false},
		{NewObject("a", 1, "b", 2), NewObject("b", 2, "a", 1), true}, {NewObject("a", nil), NewObject("b", nil), false}, {NewObject("a", 1), NewObject(), false}, {many(1), many(1.0), true}, {many(1), many(2), false},
	} {
		if Equal(c.a, c.b) != c.want || Equal(c.b, c.a) != c.want {
			t.Errorf("%v and %v are equal: want %v", c.a, c.b, c.want)
		}
	}
}

// Limits order numbers of different kinds, also where float64(int) would round.
func TestCompareIntFloat(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		i    int
		f    float64
		want int
	}{{math.MaxInt64, 1 << 63, -1}, {math.MinInt64, -1 << 63, 0}, {math.MinInt64, -1e19, 1}, {1, 1.5, -1}, {-1, -1.5, 1}, {1<<53 + 1, 1 << 53, 1}} {
		if got := compareIntFloat(c.i, c.f); got != c.want {
			t.Errorf("%d against %v: %d, want %d", c.i, c.f, got, c.want)
		}
	}
}

func TestRedacted(t *testing.T) {
	t.Parallel()
	typ := ObjectOf(Field{Name: "name", Type: StringType}, Field{Name: "password", Type: SecretType.OrNull()}, Field{Name: "keys", Type: ListOf(TokenType)})
	v := NewObject("keys", []any{"k1", "k2"}, "password", "p", "name", "alice", "other", "o")
	for _, c := range []struct {
		v    any
		t    *Type
		want string
	}{
		{v, typ, `{"keys":["[secret]","[secret]"],"password":"[secret]","name":"alice","other":"[secret]"}`}, {v, typ.WithClass(Token), `"[secret]"`}, {"p", SecretType, `"[secret]"`}, {nil, SecretType, `null`},
		{NewObject("password", nil), typ, `{"password":null}`}, {[]any{v}, typ, `"[secret]"`}, {Raw("1"), typ, `"[secret]"`}, {"x", typ, `"[secret]"`}, {"x", StringType, `"x"`}, {"x", nil, `"x"`},
		{v, ListOf(typ), `"[secret]"`}, {[]any{v}, &Type{Kind: JSON, Class: Secret}, `"[secret]"`},
	} {
		if got := string(AppendJSON(nil, Redacted(c.v, c.t))); got != c.want {
			t.Errorf("%v: %s, want %s", c.t, got, c.want)
		}
	}
	if got, _ := v.Lookup("password"); got != "p" {
		t.Error("the value itself was changed")
	}
}
