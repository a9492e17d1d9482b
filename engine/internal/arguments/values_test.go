package arguments

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"cloudlet/engine/language/schema"
)

func TestFromObject(t *testing.T) {
	t.Parallel()
	s := Compile([]schema.Field{
		{Name: "to", Type: &schema.Type{Kind: schema.Email}},
		{Name: "price", Type: schema.DecimalType, Optional: true},
		{Name: "times", Type: schema.IntType, Optional: true, HasDefault: true, Default: 3},
		{Name: "user", Type: schema.ObjectOf(schema.Field{Name: "name", Type: schema.StringType}), Optional: true},
	}, "", false)
	values := make([]any, 4)
	if f := s.FromObject(schema.NewObject("price", "9.90", "to", "a@b.c", "user", nil), values); f != nil {
		t.Fatal(f)
	}
	if got, want := string(schema.AppendJSON(nil, s.Shape().New(values))), `{"to":"a@b.c","price":"9.90","times":3,"user":null}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	f := s.FromObject(schema.NewObject("tooo", 1, "times", nil, "user", schema.NewObject("nam", 1)), values)
	want := []Error{{"to", "", "is missing"}, {"times", "", "must not be null"}, {"user.nam", "", "is not known; did you mean name?"},
		{"user.name", "", "is missing"}, {"tooo", "", "is not known"}}
	if diff := cmp.Diff(want, f.Errors); diff != "" {
		t.Error(diff)
	}
	if got := f.Error(); got[:len("invalid_arguments: 5 arguments are not valid: to is missing; times ")] != "invalid_arguments: 5 arguments are not valid: to is missing; times " {
		t.Error(got)
	}
}

func TestFromTexts(t *testing.T) {
	t.Parallel()
	s := Compile([]schema.Field{
		{Name: "id", Type: schema.IntType, In: schema.InPath},
		{Name: "tags", Type: schema.ListOf(schema.StringType), Optional: true},
		{Name: "data", Type: schema.AnyType, Optional: true},
		{Name: "where", Type: schema.ObjectOf(schema.Field{Name: "year", Type: schema.IntType}), Optional: true},
	}, "POST", false)
	values := make([]any, 4)
	path := func(string) string { return "7" }
	pairs := [][2]string{{"tags", "a"}, {"data", `[1,"x"]`}, {"tags", "b"}, {"where", `{"year":1979}`}}
	if f := s.FromTexts(pairs, path, nil, values); f != nil {
		t.Fatal(f)
	}
	if got, want := string(schema.AppendJSON(nil, s.Shape().New(values))), `{"id":7,"tags":["a","b"],"data":[1,"x"],"where":{"year":1979}}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	values = make([]any, 4)
	if f := s.FromTexts([][2]string{{"id", "8"}}, nil, nil, values); f != nil || values[0] != 8 {
		t.Error(values, f)
	}
	f := s.FromTexts([][2]string{{"id", "8"}, {"data", "{"}, {"where", "[]"}, {"wher", ""}, {"data", "1"}}, path, nil, values)
	want := []Error{{"id", "", "belongs in the path"}, {"data", "body", "must be valid JSON"}, {"where", "body", "must be an object"}, {"wher", "", "is not known; did you mean where?"}}
	if diff := cmp.Diff(want, f.Errors); diff != "" {
		t.Error(diff)
	}
}

// A composite's arguments have no place; a request can then not give them at all.
func TestWithoutMethodNothingComesFromARequest(t *testing.T) {
	t.Parallel()
	s := Compile([]schema.Field{{Name: "a", Type: schema.IntType, Optional: true}}, "", false)
	_, f := request{method: "GET", query: "a=1"}.decode(s)
	if f == nil || f.Errors[0].Argument != "a" {
		t.Error(f)
	}
}
