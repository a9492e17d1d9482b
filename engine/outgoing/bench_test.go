package outgoing

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// BenchmarkDo asks a service on this machine: as we do, and as net/http alone does.
func BenchmarkDo(b *testing.B) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hi") }))
	defer s.Close()
	tr := NewTransport(Dialing{Allow: []string{s.Listener.Addr().String()}})
	defer tr.CloseIdleConnections()
	b.Run("ours", func(b *testing.B) {
		client := New(tr)
		u, err := ParseURL(s.URL)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := client.Do(b.Context(), &Request{Method: "GET", URL: u, MaxSize: 1 << 20, Follow: 5}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("net/http", func(b *testing.B) {
		client := &http.Client{Transport: tr}
		b.ReportAllocs()
		for b.Loop() {
			answer, err := client.Get(s.URL)
			if err != nil {
				b.Fatal(err)
			}
			io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
		}
	})
}
