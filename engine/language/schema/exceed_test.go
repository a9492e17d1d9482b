package schema

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestExceeds(t *testing.T) {
	t.Parallel()
	pair := func(a, b *Type) *Type { return ObjectOf(Field{Name: "a", Type: a}, Field{Name: "b", Type: b}) }
	open, token := &Type{Kind: ObjectK, Open: true}, AnyType.WithClass(Token)
	for _, c := range []struct {
		t, place *Type
		want     *Excess
	}{
		{StringType, StringType, nil}, {StringType, SecretType, nil}, {TokenType, SecretType, nil}, {nil, nil, nil}, {nil, SecretType, nil},
		{SecretType, StringType, &Excess{"", Secret, Public}}, {SecretType, TokenType, &Excess{"", Secret, Token}}, {TokenType, nil, &Excess{"", Token, Public}},
		{pair(StringType, SecretType), pair(StringType, SecretType), nil},
		{pair(SecretType, StringType), pair(StringType, SecretType), &Excess{"a", Secret, Public}},
		{pair(SecretType, SecretType), pair(TokenType, SecretType), &Excess{"a", Secret, Token}},
		{pair(SecretType, StringType), pair(StringType, StringType).WithClass(Secret), nil},
		{pair(StringType, StringType).WithClass(Token), pair(TokenType, StringType), &Excess{"", Token, Public}},
		{ListOf(pair(SecretType, StringType)), ListOf(pair(StringType, SecretType)), &Excess{"[].a", Secret, Public}},
		{ListOf(SecretType), ListOf(nil), &Excess{"[]", Secret, Public}}, {ListOf(nil), ListOf(SecretType), nil},
		{pair(pair(StringType, TokenType), StringType), pair(pair(StringType, StringType), SecretType), &Excess{"a.b", Token, Public}},
		{token, pair(StringType, TokenType), &Excess{"", Token, Public}}, {pair(StringType, TokenType), token, nil},
		{pair(StringType, TokenType), AnyType, &Excess{"", Token, Public}}, {open, pair(SecretType, StringType), nil},
		{pair(StringType, TokenType), open, &Excess{"b", Token, Public}}, {pair(StringType, TokenType), open.WithClass(Token), nil},
	} {
		if diff := cmp.Diff(c.want, c.t.Exceeds(c.place)); diff != "" {
			t.Errorf("%v into %v (-want +got):\n%s", c.t, c.place, diff)
		}
	}
}
