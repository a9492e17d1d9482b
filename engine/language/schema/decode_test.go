package schema

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDecode(t *testing.T) {
	t.Parallel()
	film := ObjectOf(
		Field{Name: "id", Type: IntType}, Field{Name: "title", Type: StringType}, Field{Name: "price", Type: DecimalType, Optional: true},
		Field{Name: "tags", Type: ListOf(StringType), Optional: true, HasDefault: true, Default: []any{"new"}},
		Field{Name: "more", Type: &Type{Kind: ObjectK, Open: true, Nullable: true, Fields: []Field{{Name: "a", Type: FloatType}}}, Optional: true})
	for _, c := range []struct {
		typ        *Type
		text, want string
	}{
		{film, `{"title":"A","id":1}`, `{"id":1,"title":"A","price":null,"tags":["new"],"more":null}`},
		{film, `{"id":1,"title":"\u0041\n","price":1.50,"tags":[],"more":{"z":[{}],"a":7}}`, `{"id":1,"title":"A\n","price":"1.50","tags":[],"more":{"a":7,"z":[{}]}}`},
		{film, `{"\u0069d":1,"title":"","price":null,"more":null}`, `{"id":1,"title":"","price":null,"tags":["new"],"more":null}`},
		{ListOf(film), `[{"id":1,"title":"a"},{"id":2,"title":"b"}]`, `[{"id":1,"title":"a","price":null,"tags":["new"],"more":null},{"id":2,"title":"b","price":null,"tags":["new"],"more":null}]`},
		{DecimalType, `"1.50"`, `"1.50"`}, {DecimalType, `1e2`, `"100"`}, {FloatType, `7`, `7`}, {IntType, `-0`, `0`}, {DurationType, `"90m"`, `"1h30m0s"`},
		{&Type{Kind: Bytes}, `"YQ=="`, `"YQ=="`}, {DateTimeType, `"2026-01-31T10:00:00.500Z"`, `"2026-01-31T10:00:00.5Z"`}, {AnyType, `[9223372036854775807,-9223372036854775808]`, `[9223372036854775807,-9223372036854775808]`},
		{AnyType, `[1.0,1e2,18446744073709551616,0.1]`, `[1,100,1.8446744073709552e+19,0.1]`}, {StringType.OrNull(), `null`, `null`}, {&Type{Kind: JSON}, `null`, `null`}, {BoolType, `true`, `true`},
	} {
		var faults []Fault
		v, err := c.typ.DecodeText([]byte(c.text), "", &faults)
		if err != nil || len(faults) > 0 {
			t.Errorf("%s: %v %v", c.text, err, faults)
		} else if got := string(AppendJSON(nil, v)); got != c.want {
			t.Errorf("%s: %s, want %s", c.text, got, c.want)
		}
	}
}

func TestDecodeFaults(t *testing.T) {
	t.Parallel()
	address := ObjectOf(Field{Name: "street", Type: StringType}, Field{Name: "zip", Type: StringType})
	for _, c := range []struct {
		typ  *Type
		text string
		want []Fault
	}{
		{IntType, `"7"`, []Fault{{"x", "must be an integer"}}}, {IntType, `7.0`, []Fault{{"x", "must be an integer"}}}, {IntType, `1e3`, []Fault{{"x", "must be an integer"}}},
		{IntType, `9223372036854775808`, []Fault{{"x", "must be an integer of 64 bits"}}}, {IntType, `null`, []Fault{{"x", "must not be null"}}}, {IntType, `[[{}]]`, []Fault{{"x", "must be an integer"}}},
		{FloatType, `"1"`, []Fault{{"x", "must be a number"}}}, {FloatType, `1e309`, []Fault{{"x", "is too large"}}}, {StringType, `1`, []Fault{{"x", "must be a string"}}},
		{BoolType, `"true"`, []Fault{{"x", "must be true or false"}}}, {BoolType, `0`, []Fault{{"x", "must be true or false"}}}, {DecimalType, `true`, []Fault{{"x", "must be a decimal number"}}},
		{DecimalType, `1e999999999`, []Fault{{"x", "must be a decimal number of at most 100 digits"}}}, {DurationType, `5`, []Fault{{"x", "must be a duration such as 1h30m"}}},
		{&Type{Kind: File}, `"a"`, []Fault{{"x", "must be a file"}}}, {AnyType, `{"a":[1,1e999]}`, []Fault{{"x.a[1]", "is too large"}}},
		{AnyType, `[9007199254740993000000]`, []Fault{{"x[0]", "is too large to be kept exactly"}}}, {ListOf(IntType), `{}`, []Fault{{"x", "must be a list"}}},
		{address, `{"street":1,"zpi":{"a":[]},"q":1}`, []Fault{{"x.street", "must be a string"}, {"x.zpi", "is not known; did you mean zip?"}, {"x.q", "is not known"}, {"x.zip", "is missing"}}},
		{ObjectOf(Field{Name: "a", Type: IntType, Optional: true, HasDefault: true, Default: 1}), `{"a":null}`, []Fault{{"x.a", "must not be null"}}},
		{ListOf(address), `[{"street":"a","zip":"b"},7,{}]`, []Fault{{"x[1]", "must be an object"}, {"x[2].street", "is missing"}, {"x[2].zip", "is missing"}}},
	} {
		var faults []Fault
		if _, err := c.typ.DecodeText([]byte(c.text), "x", &faults); err != nil {
			t.Errorf("%s: %v", c.text, err)
		}
		if diff := cmp.Diff(c.want, faults); diff != "" {
			t.Errorf("%s: %s", c.text, diff)
		}
	}
	var faults []Fault
	if _, err := ListOf(IntType).DecodeText([]byte("["+strings.Repeat(`"",`, 999)+"null]"), "", &faults); err != nil || len(faults) != MaxFaults {
		t.Error(len(faults), err)
	}
}

func TestDecodeAnyIsStrict(t *testing.T) {
	t.Parallel()
	deepest := strings.Repeat("[", 64) + strings.Repeat("]", 64)
	if _, err := DecodeAny([]byte(deepest)); err != nil {
		t.Error(err)
	}
	for text, want := range map[string]string{
		"":                   "is not valid JSON at byte 0: the text ends too early",
		"[1,":                "is not valid JSON at byte 3: the text ends too early",
		"[1}":                "is not valid JSON at byte 2: invalid character '}' after array element (expecting ',' or ']')",
		`{"a":1,"\u0061":2}`: "is not valid JSON at byte 7: a name stands twice in an object",
		`{1:2}`:              "is not valid JSON at byte 1: the name of a field must be a string",
		`{"a":1}{}`:          "is not valid JSON at byte 7: something follows the value",
		"[" + deepest + "]":  "is not valid JSON at byte 65: it nests deeper than 64 levels",
		strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100): "is not valid JSON at byte 321: it nests deeper than 64 levels",
	} {
		var syntax *SyntaxError
		if v, err := DecodeAny([]byte(text)); !errors.As(err, &syntax) || err.Error() != want {
			t.Errorf("%s: %v, %v", text, v, err)
		}
	}
	for _, text := range []string{"\"\xff\"", `"\ud800"`, "01", "+1", "1.", "NaN", "'a'", "[1,]", "// a\n1", "\ufeff1", "tru"} {
		var syntax *SyntaxError
		if v, err := DecodeAny([]byte(text)); !errors.As(err, &syntax) {
			t.Errorf("%q: %v, %v", text, v, err)
		}
	}
	if v, err := DecodeAny([]byte(`[18446744073709551617,18446744073709551616]`)); err != nil || string(AppendJSON(nil, v)) != `["18446744073709551617",1.8446744073709552e+19]` {
		t.Error(v, err)
	}
	if _, err := DecodeAny([]byte(`{"a":1e999}`)); err == nil || err.Error() != "a is too large" {
		t.Error(err)
	}
	// A value of the wrong type is skipped, and skipping is as strict.
	var faults []Fault
	if _, err := IntType.DecodeText([]byte("["+deepest+"]"), "", &faults); err == nil {
		t.Error("a value to skip nests too deep")
	}
}
