package database

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLex(t *testing.T) {
	t.Parallel()
	names := map[TokenKind]string{Space: "_", Comment: "c", Word: "w", Quoted: "q", Text: "t", Blob: "b", Number: "n", Placeholder: "p", Operator: "o", Broken: "!"}
	tests := []struct{ sql, want string }{
		{"", ""},
		{"select 'it''s'", "w:select _:  t:'it''s'"},
		{`"a""b" [c d] ` + "`e`", "q:\"a\"\"b\" _:  q:[c d] _:  q:`e`"},
		{"x'0f' X'00' xy", "b:x'0f' _:  b:X'00' _:  w:xy"},
		{"1 1.5e-3 .5 0xfF 1_000 1e 12abc", "n:1 _:  n:1.5e-3 _:  n:.5 _:  n:0xfF _:  n:1_000 _:  n:1e _:  n:12abc"},
		{"?1,?:a@b $c", "p:?1 o:, p:? p::a p:@b _:  p:$c"},
		{"a--x\nb/* y */c", "w:a c:--x _:\n w:b c:/* y */ w:c"},
		{"a->>'$.b' || c<>d", "w:a o:->> t:'$.b' _:  o:|| _:  w:c o:<> w:d"},
		{"'open", "!:'open"},
		{"/* open", "!:/* open"},
		{"[open", "!:[open"},
		{"größe = €", "w:größe _:  o:= _:  w:€"},
	}
	for _, test := range tests {
		var got []string
		for _, tok := range Lex(test.sql) {
			got = append(got, names[tok.Kind]+":"+test.sql[tok.From:tok.To])
		}
		if diff := cmp.Diff(test.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%q: %s", test.sql, diff)
		}
	}
}

func TestAloneInList(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]bool{
		"id IN (?)":              true,
		"id not in( /* x */ ? )": true,
		"id IN (?, 1)":           false,
		"id IN ((?))":            false,
		"f(?)":                   false,
		"\"in\" (?)":             false,
		"?":                      false,
	} {
		tokens := Lex(sql)
		if got := AloneInList(sql, tokens, TokenAt(tokens, strings.IndexByte(sql, '?'))); got != want {
			t.Errorf("%s: %v", sql, got)
		}
	}
}

func TestTermOf(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]string{
		"ORDER BY ?":                          "ORDER BY",
		"order /* x */ by (( ? )) collate x":  "ORDER BY",
		"ORDER BY a, f(b, c) DESC, ? ASC":     "ORDER BY",
		"OVER (PARTITION BY a ORDER BY ?)":    "ORDER BY",
		"GROUP BY a, ? HAVING b":              "GROUP BY",
		"GROUP BY ? ORDER BY a":               "GROUP BY",
		"ORDER BY ? || a":                     "",
		"ORDER BY a = ?":                      "",
		"ORDER BY f(?)":                       "",
		"ORDER BY f(a, ?)":                    "",
		"ORDER BY a LIMIT ?":                  "",
		"ORDER BY a LIMIT 1, ?":               "",
		"ORDER BY (SELECT ?)":                 "",
		"ORDER BY CASE WHEN ? THEN a END":     "",
		"PARTITION BY ?":                      "",
		"SELECT a, ? FROM (b ORDER BY c)":     "",
		"VALUES (?, 1)":                       "",
		"ORDER BY 'open ?":                    "",
		"?":                                   "",
		"\"by\" ?":                            "",
		"ORDER BY a UNION SELECT b, ?, c":     "",
		"a IN (SELECT b ORDER BY c), ? UNION": "",
	} {
		tokens := Lex(sql)
		if got := TermOf(sql, tokens, TokenAt(tokens, strings.IndexByte(sql, '?'))); got != want {
			t.Errorf("%s: %q", sql, got)
		}
	}
}

func FuzzLex(f *testing.F) {
	for _, seed := range []string{"SELECT 'a''b', \"c\", [d], x'00' -- e\n/* f */ ?1", "'", "/*", "[", "1.e+", ":", "->>", "\x00\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		at := 0
		for i, tok := range Lex(sql) {
			if tok.From != at || tok.To <= tok.From {
				t.Fatalf("token %d is %v after %d", i, tok, at)
			}
			if tok.Kind == Broken && tok.To != len(sql) {
				t.Fatalf("the broken token %v is not the last", tok)
			}
			at = tok.To
		}
		if at != len(sql) {
			t.Fatalf("the tokens end at %d of %d", at, len(sql))
		}
	})
}
