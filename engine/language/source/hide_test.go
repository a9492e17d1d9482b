package source

import (
	"strings"
	"testing"
)

// TestHide shows a line with what is hidden of it; the carets stay at their place.
func TestHide(t *testing.T) {
	t.Parallel()
	f := NewFile("cloudlet.yaml", []byte("a: 1\nsmtp: {password: gehäuse, user: x}\n"))
	from := strings.Index(string(f.Text), "gehäuse")
	f.Hide(from, from+len("gehäuse"))
	user := strings.Index(string(f.Text), "user")
	var b strings.Builder
	if err := WriteText(&b, []Problem{{Span: f.Span(user, user+4), Text: "unknown key"}, {Span: f.Span(0, 1), Text: "this too"}}); err != nil {
		t.Fatal(err)
	}
	want := "cloudlet.yaml:2:27: unknown key\n   2 | smtp: {password: •••••••, user: x}\n     |                           ^^^^\n" +
		"cloudlet.yaml:1:1: this too\n   1 | a: 1\n     | ^\n"
	if b.String() != want {
		t.Errorf("printed:\n%s\nwant:\n%s", b.String(), want)
	}
}
