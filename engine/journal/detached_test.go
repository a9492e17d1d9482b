package journal

import (
	"log/slog"
	"strings"
	"testing"
	"unsafe"
)

// TestKeepsNoLargeTexts keeps none of the texts that lines are pieces of, such as a request's body.
func TestKeepsNoLargeTexts(t *testing.T) {
	t.Parallel()
	body := strings.Repeat("x", 1<<20)
	j := New()
	slog.New(j.Handler(slog.DiscardHandler)).Info(body[:10], "name", body[10:20])
	slog.New(j.Handler(slog.NewTextHandler(&strings.Builder{}, nil))).Info(body[:10], "name", body[10:20])
	for _, l := range j.List(Query{}) {
		value, _ := l.Fields.Lookup("name")
		for i, text := range []string{l.Message, value.(string)} {
			if unsafe.StringData(text) == unsafe.StringData(body[10*i:]) {
				t.Errorf("%d is a piece of the body", i)
			}
		}
	}
	if len(j.List(Query{})) == 0 {
		t.Error("nothing is kept")
	}
}
