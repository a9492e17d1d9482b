package expression

import (
	"slices"
	"strings"
	"testing"

	"cloudlet/engine/language/schema"
)

// mistakes are sources with one mistake each.
var mistakes = []struct{ source, at, text, hint string }{
	{`arg.username`, `arg.username`, `unknown name "arg.username"`, `did you mean "args.username"?`},
	{`arg.usrname`, `arg.usrname`, `unknown name "arg.usrname"`, `did you mean "args.username"?`},
	{`len(arg?.username) + 1`, `arg?.username`, `unknown name "arg.username"`, `did you mean "args.username"?`},
	{`username`, `username`, `unknown name "username"`, `did you mean "args.username"?`},
	{`zzzzzz`, `zzzzzz`, `unknown name "zzzzzz"`, ``},
	{`args.usrname`, `usrname`, `args has no field "usrname"`, `did you mean "username"?`},
	{`films[0].titel`, `titel`, `films[0] has no field "titel"`, `did you mean "title"?`},
	{`map(films, .titel)`, `titel`, `the object has no field "titel"`, `did you mean "title"?`},
	{`films.title`, `title`, `a list has no field "title"`, `take an item, as in [0], or use map(…)`},
	{`n < "3"`, `n < "3"`, `cannot compare int with string`, `use int(…), float(…) or string(…)`},
	{`n == "3"`, `n == "3"`, `cannot compare int with string`, `use int(…), float(…) or string(…)`},
	{`config.zzzzzz`, `zzzzzz`, `config has no field "zzzzzz"`, `say what it is under config in cloudlet.yaml`},
	{`args.zzzzzz`, `zzzzzz`, `args has no field "zzzzzz"`, `it has username, password, age, tags, X-Token, data, on`},
	{`films + films`, `films + films`, `cannot add list and list`, `use concat(…)`},
	{`"é" + (n + "x")`, `n + "x"`, `cannot add int and string`, `use string(…)`},
	{`films[0].price * 1.5`, `films[0].price * 1.5`, `cannot multiply decimal by float`, `use decimal(…) or float(…)`},
	{`start < "2026-01-01"`, `start < "2026-01-01"`, `cannot compare datetime with string`, `use date(…)`},
	{`n && true`, `n`, `the left side of "&&" must be a bool, not an int`, `compare it with a value`},
	{`filter(films, .id)`, `.id`, `the predicate of filter must be a bool, not an int`, `compare it with a value`},
	{`upper(n)`, `n`, `upper needs a string as its text, not an int`, `upper(text: string) string`},
	{`upper()`, `upper`, `upper takes 1 argument, not 0`, `upper(text: string) string`},
	{`uper("a")`, `uper`, `unknown function "uper"`, `did you mean "upper"?`},
	{`reduce(films, #acc)`, `reduce`, `"reduce" is not part of the language`, `use sum, map, filter or count`},
	{`$env.PATH`, `$env`, `"$env" is not part of the language`, `use the names themselves`},
	{`args.username.upper()`, `upper`, `values have no functions of their own`, `write upper(…) around the value`},
	{`toJSON(secrets)`, `secrets`, `secrets is read only by a literal field name`, `write secrets.name`},
	{`config["com" + "pany"]`, `config`, `config is read only by a literal field name`, `write config.name`},
	{`config.compny`, `compny`, `config has no field "compny"`, `did you mean "company"?`},
	{`"b" in "abc"`, `"abc"`, `"in" needs a list or an object, not a string`, `for a part of a text use "contains"`},
	{`1 in args.tags`, `1 in args.tags`, `cannot look for an int in a list of string`, ``},
	{`"a" matches "("`, `"("`, "the pattern is not valid: missing closing ): `(`", `patterns are RE2`},
	{`let n = 1; n`, `n`, `"n" is already bound`, `choose another name`},
	{`{a: 1, a: 2}`, `a`, `the key "a" is given twice`, ``},
	{`map(films, #idx)`, `#idx`, `unknown name "#idx"`, ``},
	{`sortBy(films, .id, "down")`, `"down"`, `the order is "asc" or "desc"`, ``},
	{`b"x"`, `b"x"`, `this is not part of the language`, ``},
	{``, ``, `the expression is empty`, `a literal "${" is written "$${"`},
	{`"a" + null`, `"a" + null`, `cannot add string and null`, ``},
	{`map(films)`, `)`, `an argument is missing`, ``},
	{`1 +`, `+`, `the expression ends too early`, ``},
	{`1 + * 2`, `*`, `unexpected "*"`, ``},
	{`é @ 1`, `@`, `unexpected character "@"`, ``},
	{`'a' + "abc`, `"abc`, `the string is not closed`, ``},
	{`99999999999999999999`, `9`, `the number cannot be read or is too large`, ``},
	{`n ?? 1 + 2`, `+`, `"??" and "+" need parentheses between them`, ``},
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for _, test := range mistakes {
		t.Run(test.source, func(t *testing.T) {
			t.Parallel()
			scope, _ := world()
			p, faults := Compile(test.source, scope)
			if len(faults) != 1 || p != nil {
				t.Fatalf("got %v and %v", p, faults)
			}
			f := faults[0]
			if at := test.source[f.From:f.To]; at != test.at || f.Text != test.text || f.Hint != test.hint {
				t.Errorf("got %q at %q, hint %q\nwant %q at %q, hint %q", f.Text, at, f.Hint, test.text, test.at, test.hint)
			}
			if f.Code == "" {
				t.Error("no code")
			}
		})
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	scope, _ := world()
	_, faults := Compile(`[arg.username + 1, args.usrname, n + "x"]`, scope)
	if len(faults) != 3 {
		t.Errorf("got %v", faults)
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	scope, _ := world()
	for _, test := range []struct{ source, code string }{
		{strings.Repeat("(", 2000), "too_deep"},
		{strings.Repeat("[", MaxDepth+1) + strings.Repeat("]", MaxDepth+1), "too_deep"},
		{strings.Repeat("-", 4000) + "1", "too_deep"},
		{strings.Repeat("not ", 1000) + "true", "too_deep"},
		{strings.Repeat(" ", MaxSource) + "1", "too_long"},
		{"\xff", "syntax"},
	} {
		if _, faults := Compile(test.source, scope); len(faults) != 1 || faults[0].Code != test.code {
			t.Errorf("%.20q: got %v", test.source, faults)
		}
	}
	deep := strings.Repeat("(", MaxDepth) + "1" + strings.Repeat(")", MaxDepth)
	if _, faults := Compile(deep, scope); faults != nil {
		t.Errorf("got %v", faults)
	}
	chain := "1" + strings.Repeat(" < 2", 500) + strings.Repeat(" ?: (true", 40) + strings.Repeat(")", 40)
	if _, faults := Compile(chain, scope); faults != nil {
		t.Errorf("got %v", faults)
	}
	// What the parser gives twice must not double the work at each level.
	nested := strings.Repeat("n < max(0, ", 30) + "1" + strings.Repeat(") < 9 ? 1 : 2", 30)
	if _, faults := Compile(nested, scope); len(faults) != 0 {
		t.Errorf("got %v", faults)
	}
}

func TestClasses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		source string
		own    schema.Class
		most   schema.Class
	}{
		{`args.username`, schema.Public, schema.Public},
		{`args.password`, schema.Secret, schema.Secret},
		{`len(args.password)`, schema.Secret, schema.Secret},
		{`args.password == "x"`, schema.Secret, schema.Secret},
		{`args.password == "x" ? 1 : 2`, schema.Secret, schema.Secret},
		{`{a: args.password, b: 1}`, schema.Public, schema.Secret},
		{`{a: args.password, b: 1}.b`, schema.Public, schema.Public},
		{`{a: args.password, b: 1}["a"]`, schema.Secret, schema.Secret},
		{`{(args.password): 1}`, schema.Secret, schema.Secret},
		{`[1, args.password]`, schema.Public, schema.Secret},
		{`[1, args.password][0]`, schema.Secret, schema.Secret},
		{`"x" + args.password`, schema.Secret, schema.Secret},
		{`request.headers.accept`, schema.Token, schema.Token},
		{`request.method`, schema.Public, schema.Public},
		{`request`, schema.Public, schema.Token},
		{`request["met" + "hod"]`, schema.Token, schema.Token},
		{`random(3)`, schema.Token, schema.Token},
		{`random(3) + args.password`, schema.Secret, schema.Secret},
		{`secrets.smtp`, schema.Secret, schema.Secret},
		{`upper(secrets.smtp)`, schema.Secret, schema.Secret},
		{`let s = args.password; s + "x"`, schema.Secret, schema.Secret},
		{`map(args.tags, # + args.password)`, schema.Public, schema.Secret},
		{`filter(args.tags, # == args.password)`, schema.Secret, schema.Secret},
		{`count(args.tags, # == args.password)`, schema.Secret, schema.Secret},
		{`map([{p: args.password, n: 1}], .n)`, schema.Public, schema.Public},
		{`first([{p: args.password, n: 1}]).n`, schema.Public, schema.Public},
		{`len([args.password])`, schema.Public, schema.Public},
		{`sort([args.password])`, schema.Secret, schema.Secret},
		{`groupBy([{p: args.password, n: 1}], .n)`, schema.Secret, schema.Secret},
		{`sortBy(args.tags, #, args.password)`, schema.Secret, schema.Secret},
		{`args.tags[len(args.password)]`, schema.Secret, schema.Secret},
		{`args.password ?? "x"`, schema.Secret, schema.Secret},
		{`null ?? args.password`, schema.Secret, schema.Secret},
		{`toJSON({a: args.password})`, schema.Secret, schema.Secret},
		{`(args.password == "x" ? {a: 1} : {a: 2}).a`, schema.Secret, schema.Secret},
		{`1..len(args.password)`, schema.Secret, schema.Secret},
		{`map(1..len(args.password), 1)`, schema.Secret, schema.Secret},
	}
	for _, test := range tests {
		scope, _ := world()
		p, faults := Compile(test.source, scope)
		if faults != nil {
			t.Errorf("%s: %v", test.source, faults)
			continue
		}
		if p.Type.Class != test.own || p.Type.Highest() != test.most {
			t.Errorf("%s: got %s, in all %s; want %s, in all %s", test.source, p.Type.Class, p.Type.Highest(), test.own, test.most)
		}
	}
}

func TestReads(t *testing.T) {
	t.Parallel()
	tests := []struct {
		source         string
		slots          []int
		headers, other bool
	}{
		{`request.headers.accept`, []int{2}, true, false},
		{`request?.method`, []int{2}, false, true},
		{`request["headers"]`, []int{2}, true, false},
		{`request["head" + "ers"]`, []int{2}, true, true},
		{`let r = request; r.method`, []int{2}, true, true},
		{`films[n].title + args.username`, []int{0, 3, 5}, false, false},
		{`config.company`, nil, false, false},
	}
	for _, test := range tests {
		scope, _ := world()
		p, faults := Compile(test.source, scope)
		if faults != nil {
			t.Fatal(test.source, faults)
		}
		if got := p.Slots(); !slices.Equal(got, test.slots) {
			t.Errorf("%s: slots %v", test.source, got)
		}
		if p.Reads(2, "headers") != test.headers || p.Reads(2, "method") != test.other {
			t.Errorf("%s: reads headers %v, method %v", test.source, p.Reads(2, "headers"), p.Reads(2, "method"))
		}
	}
}
