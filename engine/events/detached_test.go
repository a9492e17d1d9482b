package events

import (
	"strings"
	"testing"
	"unsafe"
)

// TestKeepsNoLargeTexts keeps none of the texts that a message is made of pieces of, such as a
// request's body.
func TestKeepsNoLargeTexts(t *testing.T) {
	t.Parallel()
	body := strings.Repeat("x", 1<<20)
	h := New(Options{})
	if err := h.Publish(nil, Message{Topic: body[:3], Name: body[:4], Data: []byte("1"), Bound: true, Roles: []string{body[:5]}, Users: []string{body[:6]}}); err != nil {
		t.Fatal(err)
	}
	e := h.kept.Front().Value.(*event)
	for name := range h.topics {
		for _, text := range []string{name, e.topic.name, e.Topic, e.Name, e.Roles[0], e.Users[0]} {
			if unsafe.StringData(text) == unsafe.StringData(body) {
				t.Errorf("the text of %d bytes is a piece of the body", len(text))
			}
		}
	}
}
