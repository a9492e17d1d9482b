package web

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"cloudlet/engine/language/schema"
	"cloudlet/engine/outgoing"
)

// FuzzDecoded: whatever a service answers is a value of the language or refused, and
// becomes JSON again.
func FuzzDecoded(f *testing.F) {
	f.Add("application/json", "", []byte(`{"a":[1,"b"]}`))
	f.Add("application/problem+json; charset=UTF-8", "", []byte("\xef\xbb\xbf{}"))
	f.Add("text/plain; charset=latin1", "", []byte("\xe4"))
	f.Add("text/html", "gzip, gzip", []byte("\xff"))
	f.Add("application/json", "", []byte(strings.Repeat("[", 100)))
	f.Fuzz(func(t *testing.T, content, coding string, body []byte) {
		a := &outgoing.Answer{Header: http.Header{"Content-Type": {content}, "Content-Encoding": {coding}}, Body: body}
		v, err := decoded(a)
		if err != nil {
			if !errors.Is(err, outgoing.ErrInvalidAnswer) {
				t.Fatal(err)
			}
			return
		}
		if text, ok := v.(string); ok && !utf8.ValidString(text) {
			t.Fatalf("%q is no text", text)
		}
		if _, err := schema.DecodeAny(schema.AppendJSON(nil, schema.NewObject("body", v))); err != nil && !strings.Contains(err.Error(), "nest") {
			t.Fatalf("%v: %v", v, err)
		}
	})
}
