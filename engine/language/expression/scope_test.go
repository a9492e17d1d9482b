package expression

import (
	"time"

	"cloudlet/engine/language/schema"
)

// names is a scope of fixed variables.
type names map[string]Variable

func (n names) Lookup(name string) (Variable, bool) {
	v, ok := n[name]
	return v, ok
}

func (n names) Names() []string {
	var list []string
	for name := range n {
		list = append(list, name)
	}
	return list
}

func field(name string, t *schema.Type) schema.Field { return schema.Field{Name: name, Type: t} }

// world is what most tests may read, in the order of their slots.
func world() (names, *Frame) {
	film := schema.ObjectOf(field("id", schema.IntType), field("title", schema.StringType), field("price", schema.DecimalType), field("rating", schema.FloatType.OrNull()))
	args := schema.ObjectOf(field("username", schema.StringType), field("password", schema.SecretType), field("age", schema.IntType.OrNull()),
		field("tags", schema.ListOf(schema.StringType)), field("X-Token", schema.TokenType), field("data", schema.AnyType), field("on", schema.BoolType))
	user := schema.ObjectOf(field("name", schema.StringType), field("roles", schema.ListOf(schema.StringType))).OrNull()
	request := schema.ObjectOf(field("method", schema.StringType), field("headers", &schema.Type{Kind: schema.ObjectK, Open: true, Class: schema.Token}))
	alien := schema.NewObject("id", 1, "title", "Alien", "price", must(schema.ParseDecimal("9.90")), "rating", 8.5)
	heat := schema.NewObject("id", 2, "title", "Heat", "price", must(schema.ParseDecimal("12.00")), "rating", nil)
	data := schema.NewObject("n", 7, "s", "seven", "list", []any{1, "two", nil}, "none", nil)
	scope := names{
		"args": {Type: args, Slot: 0}, "user": {Type: user, Slot: 1}, "request": {Type: request, Slot: 2},
		"films": {Type: schema.ListOf(film), Slot: 3}, "start": {Type: schema.DateTimeType, Slot: 4}, "n": {Type: schema.IntType, Slot: 5},
		"config":  {Type: schema.ObjectOf(field("company", schema.StringType)), Constant: schema.NewObject("company", "Example"), IsConstant: true, LiteralOnly: true},
		"secrets": {Type: schema.ObjectOf(field("smtp", schema.SecretType)), Constant: schema.NewObject("smtp", "hush"), IsConstant: true, LiteralOnly: true},
	}
	frame := &Frame{Slots: []any{
		schema.NewObject("username", "alice", "password", "hush", "age", nil, "tags", []any{"a", "b"}, "X-Token", "t", "data", data, "on", true),
		nil, schema.NewObject("method", "GET", "headers", schema.NewObject("accept", "*/*")),
		[]any{alien, heat}, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), 5,
	}}
	return scope, frame
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
