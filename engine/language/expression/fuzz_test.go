package expression

import (
	"errors"
	"math"
	"strings"
	"testing"

	"cloudlet/engine/language/schema"
	"github.com/expr-lang/expr"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func FuzzExpression(f *testing.F) {
	for _, seed := range []string{
		`args.username + "x"`, `map(1..3, # * #index)`, `let x = n; x > 1 ? {a: x} : [x]`, `films | filter(.id in [1]) | sortBy(.title, "desc")`,
		`user?.name ?? (n < 2 < 3 ? "a" : b)`, `if n > 1 {1} else if true {2} else {3}`, `args.data[n:-1]?.[0]`, `not (1 in [2]) and -n ** 2 == 1 // x`,
		`a ?: b`, `{(n): 1, "a b": .5}`, `map(films, {{a: #}})`, `é.x + 'it\'s'`, "`raw`", `1; let a = 2; a`, `::len("x")`, `args?.data?.list?.[0].x`,
		`dateFormat(dateAdd(start, n, "month", "Europe/Berlin"), args.username) + string(datePart(args.data, "week"))`,
	} {
		f.Add(seed, 7, "text", 1.5)
	}
	f.Fuzz(func(t *testing.T, source string, n int, s string, x float64) {
		scope, frame := world()
		p, faults := Compile(source, scope)
		for _, fault := range faults {
			if fault.From < 0 || fault.To < fault.From || fault.To > len(source) || fault.Text == "" || fault.Code == "" {
				t.Fatalf("%q: fault %+v", source, fault)
			}
		}
		if p == nil {
			if faults == nil {
				t.Fatalf("%q: neither program nor fault", source)
			}
			return
		}
		if again, faults := Compile(p.String(), scope); faults != nil {
			if c := faults[0].Code; c != "too_long" && c != "too_deep" {
				t.Fatalf("%q printed as %q: %v", source, p, faults)
			}
		} else if again.String() != p.String() || again.Type.String() != p.Type.String() || again.Type.Highest() != p.Type.Highest() {
			t.Fatalf("%q: %s (%s) is printed as %s (%s)", source, p, p.Type, again, again.Type)
		}
		for _, v := range []any{nil, n, s, []any{n, s, nil}, schema.NewObject("a", n, "b", s, "c", x)} {
			frame.Slots[5] = v // whatever the type says: it must not panic
			frame.Slots[0] = schema.NewObject("username", s, "data", v)
			result, err := p.Run(frame)
			var e *Error
			if err != nil && (!errors.As(err, &e) || e.From < 0 || e.To > len(source) || e.From > e.To) {
				t.Fatalf("%q: %v", source, err)
			}
			if frame.turns > MaxTurns || frame.memory > MaxMemory {
				t.Fatalf("%q: out of bounds", source)
			}
			if kindOf(result) == schema.JSON {
				t.Fatalf("%q: %v is no value", source, result)
			}
		}
	})
}

// expression draws an expression on which expr and we must agree: no null, no
// overflow, no decimals.
func drawExpression(t *rapid.T, kind string, depth int) string {
	draw := func(kind string) string { return drawExpression(t, kind, depth-1) }
	pick := func(options ...func() string) string {
		return options[rapid.IntRange(0, len(options)-1).Draw(t, "rule")]()
	}
	word := func(w string) func() string { return func() string { return w } }
	op := func(left string, ops []string, right string) func() string {
		return func() string {
			return "(" + draw(left) + " " + rapid.SampledFrom(ops).Draw(t, "op") + " " + draw(right) + ")"
		}
	}
	call := func(name string, kinds ...string) func() string {
		return func() string {
			var args []string
			for _, k := range kinds {
				args = append(args, draw(k))
			}
			return name + "(" + strings.Join(args, ", ") + ")"
		}
	}
	loop := func(name, body string) func() string {
		return func() string { return name + "(" + draw("list") + ", " + body + ")" }
	}
	if depth <= 0 {
		return map[string][]string{"int": {"1", "n", "40"}, "bool": {"true", "b"}, "text": {`"é"`, "s", `"a b"`}, "list": {"l", "[3, 1, 2]", "1..4"}}[kind][rapid.IntRange(0, 1).Draw(t, "leaf")]
	}
	switch kind {
	case "int":
		return pick(word("n"), op("int", []string{"+", "-", "*"}, "int"), call("len", "text"), call("len", "list"), call("sum", "list"), call("max", "int", "int"),
			loop("count", "# > n"), func() string { return "(" + draw("bool") + " ? " + draw("int") + " : " + draw("int") + ")" },
			func() string { return "int(" + draw("int") + " / 2)" }, func() string { return draw("list") + "[0]" }, func() string { return "-" + draw("int") },
			call("indexOf", "text", "text"), call("bitand", "int", "int"))
	case "bool":
		return pick(word("b"), op("bool", []string{"&&", "||", "==", "!="}, "bool"), op("int", []string{"<", "<=", ">", ">=", "==", "!="}, "int"),
			op("text", []string{"<", "==", "contains", "startsWith", "endsWith"}, "text"), op("int", []string{"in", "not in"}, "list"),
			func() string { return "!" + draw("bool") }, loop("all", "# > 1"), loop("any", "# == n"), loop("none", "# < n"), loop("one", "# == 1"))
	case "text":
		return pick(word("s"), op("text", []string{"+"}, "text"), call("upper", "text"), call("trim", "text"), call("replace", "text", "text", "text"),
			func() string { return "string(" + draw("int") + ")" }, func() string { return "repeat(" + draw("text") + ", 2)" }, func() string { return `join(split(` + draw("text") + `, "a"), "-")` })
	}
	return pick(word("l"), loop("filter", "# > 1 || #index == 0"), loop("map", "# + n"), loop("sortBy", "-#"), call("reverse", "list"), call("uniq", "list"), call("concat", "list", "list"),
		call("sort", "list"), func() string { return draw("list") + "[:3]" })
}

// TestAgainstExpr compares with the library's own machine.
func TestAgainstExpr(t *testing.T) {
	t.Parallel()
	scope := names{"n": {Type: schema.IntType, Slot: 0}, "b": {Type: schema.BoolType, Slot: 1}, "s": {Type: schema.StringType, Slot: 2}, "l": {Type: schema.ListOf(schema.IntType), Slot: 3}}
	rapid.Check(t, func(t *rapid.T) {
		source := drawExpression(t, rapid.SampledFrom([]string{"int", "bool", "text", "list"}).Draw(t, "kind"), rapid.IntRange(1, 4).Draw(t, "depth"))
		n, b := rapid.IntRange(-9, 9).Draw(t, "n"), rapid.Bool().Draw(t, "b")
		s := rapid.SampledFrom([]string{"", "a", "banana", "xyz"}).Draw(t, "s")
		l := rapid.SliceOfN(rapid.IntRange(-5, 5), 1, 4).Draw(t, "l")
		list := make([]any, len(l))
		for i := range l {
			list[i] = l[i]
		}
		ours, faults := Compile(source, scope)
		if faults != nil {
			t.Fatalf("%s: %v", source, faults)
		}
		got, err := ours.Run(&Frame{Slots: []any{n, b, s, list}})
		theirs, wrong := expr.Eval(source, map[string]any{"n": n, "b": b, "s": s, "l": list})
		if (err != nil) != (wrong != nil) {
			var e *Error
			if errors.As(err, &e) && (e.Code == codeArithmetic || e.Code == codeExpensive) {
				return // expr wraps
			}
			t.Fatalf("%s: %v, expr: %v", source, err, wrong)
		}
		if err == nil && !cmp.Equal(normal(got), normal(theirs)) && !strings.Contains(source, "indexOf") {
			t.Fatalf("%s: %v, expr: %v", source, got, theirs)
		}
	})
}

// normal makes the lists of expr ours.
func normal(v any) any {
	switch v := v.(type) {
	case []int:
		list := make([]any, len(v))
		for i := range v {
			list[i] = v[i]
		}
		return list
	case float64:
		return math.Round(v*1e6) / 1e6
	}
	return v
}
