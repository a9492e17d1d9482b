package schema

import (
	"strings"
	"testing"
	"time"
	"unsafe"
)

func TestDetach(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("x", 100)
	list := []any{1, 2, 3}
	at := time.Now()
	v := NewObject(text[:1], text[1:3], "list", list[:2], "raw", []byte("ab"), "rest", []any{nil, true, 1.5, at, FromInt(3), time.Hour, []any{}})
	is := Detach(v).(*Object)
	if !Equal(v, is) {
		t.Errorf("%s", AppendJSON(nil, is))
	}
	name, value := is.At(0)
	if unsafe.StringData(name) == unsafe.StringData(text) || unsafe.StringData(value.(string)) == unsafe.StringData(text[1:]) {
		t.Error("a text is a piece of another")
	}
	if copied := is.Value(1).([]any); cap(copied) != 2 || &copied[0] == &list[0] {
		t.Error("a list is a piece of another")
	}
	rows := Detach([]any{v, v}).([]any)
	if rows[0].(*Object).Shape() != rows[1].(*Object).Shape() {
		t.Error("rows do not share their shape any more")
	}
}
