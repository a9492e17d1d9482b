package schema

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLayout(t *testing.T) {
	t.Parallel()
	film := ObjectOf(Field{Name: "id", Type: IntType}, Field{Name: "title", Type: StringType.OrNull()})
	open := ObjectOf(Field{Name: "film", Type: film}, Field{Name: "tags", Type: ListOf(StringType)})
	open.Open = true
	for name, test := range map[string]struct {
		t     *Type
		width int
		want  string
	}{
		"anything":               {nil, 1, "json"},
		"it fits":                {film, 26, "{id: int, title: string?}"},
		"it fits exactly":        {film, 25, "{id: int, title: string?}"},
		"one too wide":           {film, 24, "{\n  id: int\n  title: string?\n}"},
		"no object":              {StringType.OrNull(), 2, "string?"},
		"a list that may be no":  {ListOf(film.OrNull()).OrNull(), 10, "[{\n  id: int\n  title: string?\n}?]?"},
		"nested, the inner fits": {open, 40, "{\n  film: {id: int, title: string?}\n  tags: [string]\n  …\n}"},
		"nested, nothing fits":   {open, 20, "{\n  film: {\n    id: int\n    title: string?\n  }\n  tags: [string]\n  …\n}"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, test.t.Layout(test.width)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTypeAsJSON(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(map[string]*Type{"a": ListOf(SecretType), "b": nil})
	if err != nil || string(text) != `{"a":"[secret]","b":null}` {
		t.Errorf("got %s, %v", text, err)
	}
}
