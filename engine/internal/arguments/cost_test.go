package arguments

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"cloudlet/engine/language/schema"
)

// two are a query's arguments with limits, as a typical GET has them.
func two() (*Set, *http.Request) {
	s := Compile([]schema.Field{
		{Name: "title", Type: &schema.Type{Kind: schema.String, Limits: &schema.Limits{MinLength: pointer(1), MaxLength: pointer(100)}}},
		{Name: "year", Type: &schema.Type{Kind: schema.Int, Limits: &schema.Limits{Min: 1888, Max: 2100}}},
	}, "GET", false)
	return s, httptest.NewRequest("GET", "/films?title=Alien&year=1979", nil)
}

func TestQueryAllocations(t *testing.T) {
	s, r := two()
	values := make([]any, 2)
	allocations := testing.AllocsPerRun(100, func() {
		if f := s.Decode(r, nil, 1000, nil, values); f != nil {
			t.Fatal(f)
		}
	})
	if allocations > 2 { // the string and the int, each in its interface
		t.Errorf("%v allocations for two arguments of a query", allocations)
	}
}

func BenchmarkQuery(b *testing.B) {
	s, r := two()
	values := make([]any, 2)
	b.ReportAllocs()
	for b.Loop() {
		if f := s.Decode(r, nil, 1000, nil, values); f != nil {
			b.Fatal(f)
		}
	}
}

func BenchmarkBody(b *testing.B) {
	s := Compile(film(), "POST", false)
	values := make([]any, s.Shape().Len())
	body := strings.NewReader("")
	r := httptest.NewRequest("POST", "/", http.NoBody)
	r.Header.Set("Content-Type", "application/json")
	r.Body = http.MaxBytesReader(nil, readCloser{body}, 1<<20)
	path := func(string) string { return "1" }
	const text = `{"title":"Alien","year":1979,"page":2,"tags":["horror","space"],"address":{"zip":"12345","street":"Main"}}`
	b.ReportAllocs()
	for b.Loop() {
		body.Reset(text)
		r.Body = readCloser{body}
		if f := s.Decode(r, path, 1000, nil, values); f != nil {
			b.Fatal(f)
		}
	}
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }
