package expression

import (
	"fmt"
	"testing"

	"cloudlet/engine/language/schema"
	"pgregory.net/rapid"
)

// secretScope knows a public text, p, and a secret one, s.
type secretScope struct{}

func (secretScope) Lookup(name string) (Variable, bool) {
	switch name {
	case "p":
		return Variable{Type: schema.StringType, Slot: 0}, true
	case "s":
		return Variable{Type: schema.SecretType, Slot: 1}, true
	}
	return Variable{}, false
}

func (secretScope) Names() []string { return []string{"p", "s"} }

// drawn makes sources of a kind from templates, whose %s are sources of other kinds:
// T text, N int, B bool, L list of texts, O object, I the item of the innermost list.
var drawn = map[byte][]string{
	'T': {"p", "s", `"a"`, "upper(%T)", "%T + %T", "(%B ? %T : %T)", `(first(%L) ?? "x")`, "%O.a", "string(%N)", "toJSON(%O)", "toJSON(%L)",
		`join(%L, %T)`, "(find(%L, %P) ?? %T)", `trim(%T, %T)`, `(let x%V = %T; %T + "y")`, "string(get(%O, %T))", "type(%O[%T])", `dateFormat(date("2026-01-02"), %T)`, `string(%L[0:%N])`},
	'N': {"1", "len(%T)", "len(%L)", "len(%O)", "indexOf(%T, %T)", "count(%L, %P)", "(findIndex(%L, %P) ?? 7)", "sum(map(%L, len(#)))", "max(%N, %N)", "(%N + %N)"},
	'B': {"(%T == %T)", "(%T in %L)", "(%T in %O)", "any(%L, %P)", "all(%L, %P)", "(%B && %B)", "!%B", "(%N < %N)", "(%T contains %T)", "(%L == %L)"},
	'P': {"# == %T", "#index < %N", "len(#) > %N", "%B"},
	'L': {"[%T, %T]", `split(%T, %T)`, "map(%L, # + %T)", "map(%L, %T)", "filter(%L, %P)", "sort(%L)", "uniq(%L)", "reverse(%L)", "keys(%O)", "concat(%L, %L)",
		"take(%L, len(%T))", "%L[0:%N]", "sortBy(%L, len(#))", "map(toPairs(%O), #[0])", "map(values(%O), string(#))", "(%B ? %L : %L)", "map(1..len(%L), string(#))"},
	'O': {"{a: %T, b: %T}", "{a: %T, (%T): %T}", "(%B ? %O : %O)", "{a: %L, b: %N}", "groupBy(%L, # + %T)", "fromPairs([[%T, %T]])", "fromJSON(toJSON(%O))"},
}

func draw(t *rapid.T, kind byte, depth int, lets *int) string {
	list := drawn[kind]
	if depth <= 0 {
		list = list[:1+len(list)/6]
	}
	template, out := rapid.SampledFrom(list).Draw(t, "template"), ""
	for i := 0; i < len(template); i++ {
		switch {
		case template[i] != '%':
			out += template[i : i+1]
		case template[i+1] == 'V':
			*lets++
			out, i = out+fmt.Sprint(*lets), i+1
		default:
			out, i = out+draw(t, template[i+1], depth-1, lets), i+1
		}
	}
	return out
}

// public is what of a value may be seen: Redacted shows null, which is one bit too many here.
func public(v any, t *schema.Type) any {
	switch {
	case t.Highest() == schema.Public:
		return v
	case t.Class > schema.Public:
		return schema.Masked
	case t.Kind == schema.List && v != nil:
		list := []any{}
		for _, item := range v.([]any) {
			list = append(list, public(item, t.Elem))
		}
		return list
	case t.Kind == schema.ObjectK && v != nil:
		pairs := []any{}
		for name, value := range v.(*schema.Object).All() {
			if f, ok := t.Field(name); ok {
				value = public(value, f.Type)
			}
			pairs = append(pairs, name, value)
		}
		return schema.NewObject(pairs...)
	}
	return v
}

// TestPublicPartsTellNothing holds the classes against what they promise: a part that
// is not marked secret is the same whatever the secret is.
func TestPublicPartsTellNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		for range 20 {
			lets := 0
			holdToClasses(t, draw(t, rapid.SampledFrom([]byte("TNBLO")).Draw(t, "kind"), 4, &lets))
		}
	})
}

func holdToClasses(t *rapid.T, source string) {
	p, faults := Compile(source, secretScope{})
	if faults != nil {
		return // too deep, or of kinds that do not fit
	}
	seen := ""
	for i, secret := range []string{"a", "", "b,A", "key", "aaaaaaaa"} {
		v, err := p.Run(&Frame{Slots: []any{"a", secret}})
		if err != nil {
			return // that an evaluation fails may depend on a secret
		}
		shown := string(schema.AppendJSON(nil, public(v, p.Type)))
		if i > 0 && shown != seen {
			t.Fatalf("%s\nof the type %s shows %s for one secret and %s for %q", source, p.Type, seen, shown, secret)
		}
		seen = shown
	}
}
