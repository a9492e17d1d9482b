package expression

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplit(t *testing.T) {
	t.Parallel()
	lit := func(s string, at int) Part { return Part{Literal: s, Offset: at} }
	src := func(s string, at int) Part { return Part{Source: s, Expression: true, Offset: at} }
	tests := []struct {
		text string
		want []Part
	}{
		{``, nil},
		{`plain $ { } text's`, []Part{lit(`plain $ { } text's`, 0)}},
		{`${a}`, []Part{src(`a`, 2)}},
		{`x${a}y${b}`, []Part{lit("x", 0), src("a", 3), lit("y", 5), src("b", 8)}},
		{`$${a} ${b}`, []Part{lit("${a} ", 0), src("b", 8)}},
		{`$$${a}`, []Part{lit("$${a}", 0)}},
		{`${"}" + '\'}' + ` + "`}`" + `}.`, []Part{src(`"}" + '\'}' + `+"`}`", 2), lit(".", 20)}},
		{`${map(a, {#.b})}`, []Part{src(`map(a, {#.b})`, 2)}},
		{`${a /* } */ + {b: [1]}["b"]}`, []Part{src(`a /* } */ + {b: [1]}["b"]`, 2)}},
		{"${a // }\n}", []Part{src("a // }\n", 2)}},
		{`${a / b}`, []Part{src(`a / b`, 2)}},
		{`it's ${a}'`, []Part{lit("it's ", 0), src("a", 7), lit("'", 9)}},
		{`${}`, []Part{src("", 2)}},
	}
	for _, test := range tests {
		got, fault := Split(test.text)
		if fault != nil {
			t.Errorf("%s: %v", test.text, *fault)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", test.text, diff)
		}
	}
}

func TestSplitFaults(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, code, at string }{
		{`a ${b`, "unclosed_expression", `${b`},
		{`a ${b "c }`, "unclosed_string", `"c }`},
		{`${(a}`, "unclosed_bracket", `(`},
		{`${[a)}`, "unclosed_bracket", `[`},
		{`${f({a}`, "unclosed_bracket", `(`},
		{`${a /* }`, "unclosed_expression", `${a /* }`},
	}
	for _, test := range tests {
		parts, fault := Split(test.text)
		if fault == nil {
			t.Errorf("%s: got %v", test.text, parts)
			continue
		}
		if at := test.text[fault.From:fault.To]; fault.Code != test.code || at != test.at {
			t.Errorf("%s: got %s at %q, want %s at %q", test.text, fault.Code, at, test.code, test.at)
		}
	}
}

func FuzzSplit(f *testing.F) {
	f.Add("a ${b + \"}\"} $${c}")
	f.Fuzz(func(t *testing.T, text string) {
		parts, fault := Split(text)
		if fault != nil {
			if fault.From < 0 || fault.To > len(text) || fault.From > fault.To {
				t.Fatalf("fault outside the text: %v", fault)
			}
			return
		}
		last := 0
		for _, p := range parts {
			if p.Offset < last || p.Offset+len(p.Source) > len(text) {
				t.Fatalf("part outside the text: %v", p)
			}
			if p.Expression && text[p.Offset:p.Offset+len(p.Source)+1] != p.Source+"}" {
				t.Fatalf("part is not what stands there: %v", p)
			}
			last = p.Offset + len(p.Source)
		}
	})
}
