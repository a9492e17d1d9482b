package schema

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFits(t *testing.T) {
	t.Parallel()
	limited := &Type{Kind: Int, Limits: &Limits{Min: 1}}
	optional := func(name string, t *Type) Field { return Field{Name: name, Type: t, Optional: true} }
	ab := ObjectOf(Field{Name: "a", Type: IntType}, Field{Name: "b", Type: StringType})
	open := &Type{Kind: ObjectK, Open: true}
	date, email, place := &Type{Kind: Date}, &Type{Kind: Email}, &Type{Kind: Timezone}
	for _, c := range []struct {
		value, input *Type
		want         Fit
	}{
		{IntType, IntType, Always}, {IntType, StringType, Never}, {StringType, IntType, Never}, {BoolType, IntType, Never},
		{AnyType, IntType, Maybe}, {nil, ab, Maybe}, {IntType, AnyType, Always}, {IntType, nil, Always}, {AnyType, AnyType, Always}, {AnyType, &Type{Kind: JSON, Limits: &Limits{Enum: []any{1}}}, Maybe},
		{IntType.OrNull(), IntType, Maybe}, {IntType.OrNull(), IntType.OrNull(), Always}, {IntType, IntType.OrNull(), Always}, {NullType, IntType, Maybe}, {NullType, IntType.OrNull(), Always},
		{NullType, AnyType, Always}, {IntType, NullType, Never}, {IntType.OrNull(), NullType, Maybe}, {IntType.OrNull(), StringType, Never},
		{IntType, FloatType, Always}, {IntType, DecimalType, Always}, {FloatType, IntType, Never}, {FloatType, DecimalType, Maybe}, {DecimalType, FloatType, Never}, {DecimalType, IntType, Never},
		{date, StringType, Always}, {email, StringType, Always}, {place, StringType, Always}, {StringType, place, Maybe}, {place, place, Always}, {place, email, Never}, {StringType, date, Maybe}, {StringType, DateTimeType, Maybe}, {StringType, DurationType, Maybe}, {StringType, DecimalType, Maybe},
		{date, email, Never}, {date, DateTimeType, Never}, {DateTimeType, StringType, Never}, {DurationType, StringType, Never}, {SecretType, StringType, Always},
		{IntType, limited, Maybe}, {limited, limited, Always}, {limited, IntType, Always},
		{ListOf(IntType), ListOf(FloatType), Always}, {ListOf(StringType), ListOf(IntType), Never}, {ListOf(nil), ListOf(IntType), Maybe}, {ListOf(IntType), &Type{Kind: List}, Always}, {ListOf(IntType), IntType, Never},
		{ab, ab, Always}, {ab, open, Always}, {open, ab, Maybe}, {open, &Type{Kind: ObjectK, Open: true, Fields: ab.Fields}, Maybe}, {ab, ObjectOf(ab.Fields[0]), Never}, {ObjectOf(ab.Fields[0]), ab, Never}, {ab, ListOf(ab), Never},
		{ObjectOf(ab.Fields[0]), ObjectOf(ab.Fields[0], optional("b", StringType)), Always}, {ObjectOf(optional("a", IntType)), ObjectOf(ab.Fields[0]), Maybe},
		{ObjectOf(ab.Fields[0], optional("c", IntType)), ObjectOf(ab.Fields[0]), Maybe}, {ObjectOf(Field{Name: "a", Type: StringType}), ObjectOf(ab.Fields[0]), Never},
		{&Type{Kind: ObjectK, Open: true, Fields: ab.Fields}, ab, Maybe},
	} {
		if got := Fits(c.value, c.input); got != c.want {
			t.Errorf("%v into %v: %v, want %v", c.value, c.input, got, c.want)
		}
	}
}

func TestJoin(t *testing.T) {
	t.Parallel()
	limits := &Limits{Min: 1}
	a := ObjectOf(Field{Name: "id", Type: IntType}, Field{Name: "key", Type: SecretType})
	b := ObjectOf(Field{Name: "title", Type: StringType}, Field{Name: "id", Type: StringType})
	json := func(c Class) *Type { return &Type{Kind: JSON, Nullable: true, Class: c} }
	for _, c := range []struct {
		name             string
		one, other, want *Type
	}{
		{"the same", IntType, &Type{Kind: Int}, &Type{Kind: Int}},
		{"limits go", &Type{Kind: Int, Limits: limits}, IntType, IntType},
		{"shared limits stay", &Type{Kind: Int, Limits: limits}, &Type{Kind: Int, Limits: limits, Nullable: true}, &Type{Kind: Int, Limits: limits, Nullable: true}},
		{"null", NullType, IntType, IntType.OrNull()},
		{"other kinds", IntType, StringType, json(Public)},
		{"other kinds of a class", IntType, a, json(Secret)},
		{"other kinds of text", &Type{Kind: UUID}, &Type{Kind: Email, Class: Token, Nullable: true}, &Type{Kind: String, Class: Token, Nullable: true}},
		{"unknown", nil, TokenType, json(Token)},
		{"classes", StringType, TokenType, TokenType},
		{"lists", ListOf(IntType), ListOf(TokenType), ListOf(json(Token))},
		{"objects", a, b, ObjectOf(Field{Name: "id", Type: json(Public)}, Field{Name: "key", Type: SecretType.OrNull(), Optional: true}, Field{Name: "title", Type: StringType.OrNull(), Optional: true})},
		{"an open object", a, &Type{Kind: ObjectK, Open: true}, &Type{Kind: ObjectK, Open: true, Fields: []Field{{Name: "id", Type: json(Public), Optional: true}, {Name: "key", Type: json(Secret), Optional: true}}}},
		{"both unknown", nil, nil, AnyType},
	} {
		if diff := cmp.Diff(c.want, Join(c.one, c.other)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
	if Join(b, NullType); b.Nullable {
		t.Error("joining changed a shared type")
	}
}
