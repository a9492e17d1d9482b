package expression

import (
	"context"
	"errors"
	"strings"
	"testing"

	"cloudlet/engine/language/schema"
)

// results are expressions, what they give, and their types.
var results = []struct{ source, want, typ string }{
	{`args.username`, `"alice"`, `string`},
	{`args["X-Token"]`, `"t"`, `string`},
	{`"hello " + args.username`, `"hello alice"`, `string`},
	{`1 + 2 * 3`, `7`, `int`},
	{`7 / 2`, `3.5`, `float`},
	{`-7 % 3`, `-1`, `int`},
	{`2 ** 10`, `1024`, `float`},
	{`+n`, `5`, `int`},
	{`1 < n < 10`, `true`, `bool`},
	{`n > 1 && not (n == 3)`, `true`, `bool`},
	{`args.age ?? 18`, `18`, `int`},
	{`user?.name`, `null`, `string?`},
	{`user?.name ?? "guest"`, `"guest"`, `string`},
	{`"admin" in user?.roles`, `false`, `bool`},
	{`args.age == null ? "none" : "some"`, `"none"`, `string`},
	{`if n > 3 {"big"} else {"small"}`, `"big"`, `string`},
	{`args.on ?: false`, `true`, `bool`},
	{`let x = n * 2; x + x`, `20`, `int`},
	{`films[0].title`, `"Alien"`, `string`},
	{`films[-1].title`, `"Heat"`, `string`},
	{`films[:1]`, `[{"id":1,"title":"Alien","price":"9.90","rating":8.5}]`, `[{id: int, title: string, price: decimal, rating: float?}]`},
	{`sum(map(films, #.price))`, `"21.90"`, `decimal`},
	{`sum(films, .price)`, `"21.90"`, `decimal`},
	{`films | filter(.id > 1) | map(.title)`, `["Heat"]`, `[string]`},
	{`map(1..3, # * #index)`, `[0,2,6]`, `[int]`},
	{`map(1..2, let a = #; map(1..2, # * a))`, `[[1,2],[2,4]]`, `[[int]]`},
	{`find(films, .id == 9)`, `null`, `{id: int, title: string, price: decimal, rating: float?}?`},
	{`findIndex(films, .id == 2)`, `1`, `int?`},
	{`findLast(films, .id > 0).title`, `"Heat"`, `string`},
	{`findLastIndex(films, .id > 0)`, `1`, `int?`},
	{`count(films, .rating == null)`, `1`, `int`},
	{`all(films, .id > 0) and none(films, .id > 5) and any(films, .id == 1) and one(films, .id == 1)`, `true`, `bool`},
	{`keys(groupBy(films, .id))`, `["1","2"]`, `[string]`},
	{`map(sortBy(films, .price, "desc"), .id)`, `[2,1]`, `[int]`},
	{`{a: 1, "b c": [n], ("d" + "e"): null}`, `{"a":1,"b c":[5],"de":null}`, `object`},
	{`{a: 1, b: {c: "x"}}.b.c`, `"x"`, `string`},
	{`args.data.n + 1`, `8`, `json`},
	{`args.data.missing`, `null`, `json`},
	{`args.data.list[1]`, `"two"`, `json`},
	{`null in args.data.list`, `true`, `bool`},
	{`"n" in args.data`, `true`, `bool`},
	{`start + duration("1h") > start`, `true`, `bool`},
	{`start - duration("24h")`, `"2026-01-01T03:04:05Z"`, `datetime`},
	{`start - date("2026-01-02")`, `"3h4m5s"`, `duration`},
	{`duration("1d") / duration("1h")`, `24`, `float`},
	{`duration("1h") * 2`, `"2h0m0s"`, `duration`},
	{`decimal("0.1") + decimal("0.2") == decimal("0.3")`, `true`, `bool`},
	{`decimal(1) / 4`, `0.25`, `float`},
	{`-decimal("1.50")`, `"-1.50"`, `decimal`},
	{`int("42") + int(1.9) + int(decimal("3.9"))`, `46`, `int`},
	{`float("1.5") + float(1)`, `2.5`, `float`},
	{`string(null) + string(1) + string(true) + string(1.5)`, `"1true1.5"`, `string`},
	{`"héllo"[1:3] + "héllo"[-1]`, `"élo"`, `string`},
	{`len("héllo") + len([1,2]) + len({a: 1})`, `8`, `int`},
	{`indexOf("héllo", "l") + lastIndexOf("héllo", "l")`, `5`, `int`},
	{`"abc" contains "b" and "abc" startsWith "a" and "abc" endsWith "c"`, `true`, `bool`},
	{`args.username matches "^a.*e$"`, `true`, `bool`},
	{`"b" not in ["a"]`, `true`, `bool`},
	{`args.password matches args.username`, `false`, `bool`},
	{`args.data.none contains "x"`, `false`, `bool`},
	{`trim("éaxßé", "ßé") + trim("abc", "") + trim("", "abc")`, `"axabc"`, `string`},
	{`trim(" a ") + trim("xax", "x") + trimPrefix("ab", "a") + trimSuffix("ab", "b") + upper("a") + lower("B")`, `"aabaAb"`, `string`},
	{`split("a,b,c", ",", 2)`, `["a","b,c"]`, `[string]`},
	{`splitAfter("a,b", ",")`, `["a,","b"]`, `[string]`},
	{`replace("aaa", "a", "b", 2) + repeat("x", 3)`, `"bbaxxx"`, `string`},
	{`join(args.tags, "-") + join(["x", "y"])`, `"a-bxy"`, `string`},
	{`hasPrefix("ab", "a") && hasSuffix("ab", "b")`, `true`, `bool`},
	{`fromBase64(toBase64("hé"))`, `"hé"`, `string`},
	{`fromJSON(toJSON({a: [1, null]}))`, `{"a":[1,null]}`, `json`},
	{`[toFixed(3.5, 2), toFixed(2, 2), toFixed(decimal("-0.125"), 2), toFixed(1e21, 0), toFixed(-0.001, 1)]`, `["3.50","2.00","-0.13","1000000000000000000000","0.0"]`, ``},
	{`[abs(-2), ceil(1.2), floor(1.8), round(1.5)]`, `[2,2,1,2]`, ``},
	{`[max(1, 3, 2), min([4, 3]), mean(1, 2), median([1, 5, 3])]`, `[3,3,1.5,3]`, ``},
	{`max([])`, `null`, `json`},
	{`sum([])`, `0`, ``},
	{`[first(args.tags), last(args.tags), get(args.tags, 9), get(args.data, "s")]`, `["a","b",null,"seven"]`, ``},
	{`take(args.tags, 1) == ["a"] and values({a: 1}) == [1]`, `true`, `bool`},
	{`fromPairs(toPairs({a: 1, b: 2}))`, `{"a":1,"b":2}`, `object`},
	{`concat(reverse([1, 2]), uniq([1, 1, "a"]), flatten([[1], [[2]]]), sort([3, 1]))`, `[2,1,1,"a",1,2,1,3]`, ``},
	{`sort(["b", "c", "a"], "desc")`, `["c","b","a"]`, `[string]`},
	{`[bitand(6, 3), bitor(6, 3), bitxor(6, 3), bitnand(6, 3), bitnot(0), bitshl(1, 4), bitshr(-8, 1), bitushr(8, 1)]`, `[2,7,5,4,-1,16,-4,4]`, `[int]`},
	{`type(1) + type("") + type([]) + type({}) + type(start)`, `"intstringlistobjectdatetime"`, `string`},
	{`len(uuid()) == 36 and len(random(20)) == 20 and now() > start`, `true`, `bool`},
	{`config.company`, `"Example"`, `string`},
	{`1; 2`, `2`, `int`},
	{`9007199254740993 > 9007199254740992.0`, `true`, `bool`},
	{`/* one */ 1 // two`, `1`, `int`},
}

func TestRun(t *testing.T) {
	t.Parallel()
	for _, test := range results {
		t.Run(test.source[:min(60, len(test.source))], func(t *testing.T) {
			t.Parallel()
			scope, frame := world()
			p, faults := Compile(test.source, scope)
			if faults != nil {
				t.Fatalf("faults: %v", faults)
			}
			v, err := p.Run(frame)
			if err != nil {
				t.Fatal(err)
			}
			if got := string(schema.AppendJSON(nil, v)); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if got := p.Type.String(); test.typ != "" && got != test.typ {
				t.Errorf("type %s, want %s", got, test.typ)
			}
			again, faults := Compile(p.String(), scope)
			if faults != nil {
				t.Fatalf("%s does not compile: %v", p, faults)
			}
			if again.String() != p.String() || again.Type.String() != p.Type.String() {
				t.Errorf("%s (%s) printed as %s (%s)", p, p.Type, again, again.Type)
			}
		})
	}
}

// failures are expressions that fail, with the code and the place.
var failures = []struct{ source, code, at string }{
	{`1 + args.age`, codeNull, `args.age`},
	{`args.age < 3`, codeNull, `args.age < 3`},
	{`user.name`, codeNull, `user.name`},
	{`args.data.none.x`, codeNull, `args.data.none.x`},
	{`len(args.age ?? args.data.none)`, codeNull, ``},
	{`not args.data.none`, codeNull, `args.data.none`},
	{`args.data.none ? 1 : 2`, codeNull, `args.data.none`},
	{`map(args.data.none, #)`, codeNull, `args.data.none`},
	{`sum(films, .rating)`, codeNull, `sum(films, .rating)`},
	{`sortBy(films, .rating)`, codeNull, ``},
	{`join(args.data.list[2:])`, codeNull, ``},
	{`9223372036854775807 + n`, codeArithmetic, `9223372036854775807 + n`},
	{`(-9223372036854775807 - 1) * (n - 6)`, codeArithmetic, ``},
	{`-9223372036854775807 - n`, codeArithmetic, ``},
	{`toFixed(1, n + 16)`, codeOperand, ``},
	{`n / 0`, codeArithmetic, `n / 0`},
	{`n % (n - 5)`, codeArithmetic, `n % (n - 5)`},
	{`10.0 ** 308 * 10`, codeArithmetic, ``},
	{`(0 - n) ** 0.5`, codeArithmetic, ``},
	{`start + duration("290y")`, codeOperand, `duration("290y")`},
	{`args.data.s + 1`, codeOperand, `args.data.s + 1`},
	{`args.data.s && true`, codeOperand, `args.data.s`},
	{`upper(args.data.n)`, codeOperand, `args.data.n`},
	{`args.data.n.x`, codeOperand, `args.data.n.x`},
	{`args.data.n[0]`, codeOperand, ``},
	{`args.data["list"]["x"]`, codeOperand, ``},
	{`int("x" + args.username)`, codeOperand, ``},
	{`fromJSON("{")`, codeOperand, ``},
	{`args.username matches args.username + "("`, codeOperand, ``},
	{`args.tags[2]`, codeIndex, `args.tags[2]`},
	{`args.username[9]`, codeIndex, ``},
	{`repeat("x", 17000000)`, codeExpensive, ``},
	{`repeat(args.username, 9223372036854775807)`, codeExpensive, ``},
	{`1..2000000`, codeExpensive, ``},
	{`-9223372036854775807..9223372036854775807`, codeExpensive, ``},
	{`map(1..1000, map(1..1000, #))`, codeExpensive, ``},
	{`replace(repeat("a", 10000), "", repeat("b", 10000))`, codeExpensive, ``},
	{`join(map(1..10000, repeat("a", 10000)))`, codeExpensive, ``},
	{`let a = repeat("a", 1000000); toJSON(map(1..100, a))`, codeExpensive, ``},
	{`let a = repeat("a", 8000000); count(1..100000, a contains "b")`, codeExpensive, ``},
	{`let a = repeat("a", 1000000); a matches "(a{500}){2}b" and n > 1`, codeExpensive, ``},
	{`let l = 1..2000; uniq(map(l, [#]))`, codeExpensive, ``},
	{`count(1..9000, ` + strings.Repeat("n + ", 1000) + `n > 1)`, codeExpensive, ``},
	{`random(2000)`, codeOperand, `random(2000)`},
}

func TestFailures(t *testing.T) {
	t.Parallel()
	for _, test := range failures {
		t.Run(test.source[:min(60, len(test.source))], func(t *testing.T) {
			t.Parallel()
			scope, frame := world()
			p, faults := Compile(test.source, scope)
			if faults != nil {
				t.Fatalf("faults: %v", faults)
			}
			v, err := p.Run(frame)
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v and %v", v, err)
			}
			if e.Code != test.code {
				t.Errorf("got %v, want %s", err, test.code)
			}
			if at := test.source[e.From:e.To]; test.at != "" && at != test.at {
				t.Errorf("at %q, want %q", at, test.at)
			}
			for _, word := range []string{"alice", "seven", "[]interface", "*schema"} {
				if strings.Contains(e.Text, word) {
					t.Errorf("the text %q holds %q", e.Text, word)
				}
			}
		})
	}
}

func TestStopped(t *testing.T) {
	t.Parallel()
	scope, frame := world()
	p, _ := Compile(`map(1..n * 1000, # + 1)`, scope)
	done, cancel := context.WithCancel(t.Context())
	frame.Done = done
	if _, err := p.Run(frame); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := p.Run(frame); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestFieldDoesNotAllocate(t *testing.T) {
	scope, frame := world()
	p, _ := Compile(`args.username`, scope)
	if n := testing.AllocsPerRun(100, func() {
		if v, err := p.Run(frame); v != "alice" || err != nil {
			t.Fatal(v, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
