package outgoing

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
)

// TestReplays: where a kept connection breaks behind a request, only what can be sent twice is.
func TestReplays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method, key string
		sent        int32
		want        string
	}{
		{"GET", "", 2, "200 hi"},
		{"POST", "", 1, "unreachable"},
		{"POST", "k", 2, "200 hi"},
		{"PATCH", "", 1, "unreachable"},
	} {
		var sent atomic.Int32
		answer := head("HTTP/1.1 200 OK", "Content-Length: 2") + "hi"
		address := serve(t, func(conn net.Conn, r *http.Request) {
			if r.Method != "OPTIONS" {
				sent.Add(1)
			}
			io.Copy(io.Discard, r.Body)
			io.WriteString(conn, answer)
			if second, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
				io.Copy(io.Discard, second.Body)
				sent.Add(1)
			}
		})
		client := clientFor(t, address)
		if got, err := ask(t.Context(), client, &Request{Method: "OPTIONS"}, address); got != "200 hi" {
			t.Fatal(got, err)
		}
		r := &Request{Method: c.method, Header: http.Header{}}
		if c.method != "GET" {
			r.Body = text("x")
		}
		if c.key != "" {
			r.Header.Set("Idempotency-Key", c.key)
		}
		got, err := ask(t.Context(), client, r, address)
		if got != c.want || sent.Load() != c.sent {
			t.Errorf("%s %s gives %s (%v), sent %d times", c.method, c.key, got, err, sent.Load())
		}
	}
}
