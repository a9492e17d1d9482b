package outgoing

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"
)

// zipped is a text of so many zeros, compressed so many times.
func zipped(size, times int) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	block := make([]byte, 1<<16)
	for ; size > 0; size -= len(block) {
		w.Write(block[:min(size, len(block))])
	}
	w.Close()
	for ; times > 1; times-- {
		var outer bytes.Buffer
		w := gzip.NewWriter(&outer)
		w.Write(b.Bytes())
		w.Close()
		b = outer
	}
	return b.Bytes()
}

func head(lines ...string) string { return strings.Join(lines, "\r\n") + "\r\n\r\n" }

// endless writes a text again and again until nobody reads it.
func endless(first, again string) func(net.Conn, *http.Request) {
	return func(c net.Conn, _ *http.Request) {
		io.WriteString(c, first)
		block := []byte(strings.Repeat(again, 1+4096/len(again)))
		for {
			if _, err := c.Write(block); err != nil {
				return
			}
		}
	}
}

func says(text string) func(net.Conn, *http.Request) {
	return func(c net.Conn, _ *http.Request) { io.WriteString(c, text) }
}

// stalls says something, then nothing until the other side goes.
func stalls(text string) func(net.Conn, *http.Request) {
	return func(c net.Conn, _ *http.Request) {
		io.WriteString(c, text)
		io.Copy(io.Discard, c)
	}
}

// hostile are answers, good ones among them, with what each gives.
func hostile() map[string]hostileAnswer {
	bomb := string(zipped(8<<20, 1))
	nested := string(zipped(8<<20, 2))
	ok := "HTTP/1.1 200 OK"
	return map[string]hostileAnswer{
		"good":                  {says(head(ok, "Content-Length: 2") + "hi"), "200 hi"},
		"gzip":                  {says(head(ok, "Content-Encoding: gzip", "Connection: close") + string(zipped(3, 1))), "200 \x00\x00\x00"},
		"a gzip bomb":           {says(head(ok, "Content-Encoding: gzip", "Connection: close") + bomb), "answer_too_large"},
		"a length over it":      {stalls(head(ok, "Content-Length: 1048577")), "answer_too_large"},
		"an endless body":       {endless(head(ok, "Connection: close"), "x"), "answer_too_large"},
		"endless chunks":        {endless(head(ok, "Transfer-Encoding: chunked"), "1\r\nx\r\n"), "answer_too_large"},
		"chunk extensions":      {endless(head(ok, "Transfer-Encoding: chunked"), "1;"+strings.Repeat("a", 3000)+"\r\nx\r\n"), "invalid_answer"},
		"a chunk that lies":     {says(head(ok, "Transfer-Encoding: chunked") + "ff\r\nx\r\n0\r\n\r\n"), "invalid_answer"},
		"a huge chunk":          {says(head(ok, "Transfer-Encoding: chunked") + "ffffffffffffffffff\r\nx"), "invalid_answer"},
		"a negative length":     {says(head(ok, "Content-Length: -1") + "x"), "unreachable"},
		"two lengths":           {says(head(ok, "Content-Length: 1", "Content-Length: 2") + "xy"), "unreachable"},
		"a body cut off":        {says(head(ok, "Content-Length: 5") + "x"), "invalid_answer"},
		"a gzip cut off":        {says(head(ok, "Content-Encoding: gzip", "Connection: close") + bomb[:100]), "invalid_answer"},
		"no gzip":               {says(head(ok, "Content-Encoding: gzip", "Connection: close") + "hello, world"), "invalid_answer"},
		"endless headers":       {endless(ok+"\r\n", "X-A: b\r\n"), "unreachable"},
		"an endless header":     {endless(ok+"\r\nX-A: ", "b"), "unreachable"},
		"endless informations":  {endless("", head("HTTP/1.1 103 Early Hints")), "unreachable"},
		"no HTTP":               {says("SSH-2.0-canary\r\n"), "unreachable"},
		"no header":             {says(ok + "\r\ncanary\r\n\r\n"), "unreachable"},
		"no length":             {says(head(ok, "Content-Length: canary")), "unreachable"},
		"no chunk":              {says(head(ok, "Transfer-Encoding: chunked") + "canary\r\n"), "invalid_answer"},
		"no status":             {says(head("HTTP/1.1 canary")), "unreachable"},
		"no place":              {says(head("HTTP/1.1 302 Found", "Location: http://[canary/", "Content-Length: 0")), "redirect_refused"},
		"nothing":               {says(""), "unreachable"},
		"silence":               {stalls(""), context.DeadlineExceeded.Error()},
		"a slow head":           {stalls(ok + "\r\nX-A"), context.DeadlineExceeded.Error()},
		"a slow body":           {stalls(head(ok, "Content-Length: 9") + "x"), context.DeadlineExceeded.Error()},
		"a redirect in circles": {says(head("HTTP/1.1 302 Found", "Location: /", "Content-Length: 0")), "redirect_refused"},
		"a redirect to a file":  {says(head("HTTP/1.1 302 Found", "Location: file:///etc/passwd", "Content-Length: 0")), "redirect_refused"},
		"a redirect to a user":  {says(head("HTTP/1.1 302 Found", "Location: http://a:b@example.com/", "Content-Length: 0")), "redirect_refused"},
		"a redirect to numbers": {says(head("HTTP/1.1 302 Found", "Location: http://2130706433/", "Content-Length: 0")), "address_refused"},
		"a redirect to nothing": {says(head("HTTP/1.1 302 Found", "Content-Length: 2") + "hi"), "302 hi"},
		"an endless redirect":   {endless(head("HTTP/1.1 302 Found", "Location: /", "Connection: close"), "x"), "redirect_refused"},
		"two codings":           {says(head(ok, "Content-Encoding: gzip, gzip", fmt.Sprintf("Content-Length: %d", len(nested))) + nested), "200 " + nested},
	}
}

type hostileAnswer struct {
	answer func(net.Conn, *http.Request)
	want   string
}

// TestHostileAnswers: whatever a service answers with, asking it ends, and with what it should.
func TestHostileAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range hostile() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := serve(t, c.answer)
			ctx := t.Context()
			if strings.Contains(c.want, "deadline") {
				ctx = within(t, 50*time.Millisecond)
			}
			client := clientFor(t, address)
			got, err := ask(ctx, client, &Request{Follow: 5}, address)
			if got != c.want {
				t.Errorf("got %.80q (%v), want %.80q", got, err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "canary") {
				t.Errorf("the reason quotes the answer: %v", err)
			}
		})
	}
}

// TestBombTakesNoMemory: what is over the limit is never held.
func TestBombTakesNoMemory(t *testing.T) {
	bomb := string(zipped(32<<20, 1))
	address := serve(t, says(head("HTTP/1.1 200 OK", "Content-Encoding: gzip", "Connection: close")+bomb))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got, err := ask(t.Context(), clientFor(t, address), &Request{MaxSize: 1 << 20}, address)
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; got != "answer_too_large" || used > 8<<20 {
		t.Errorf("it gives %s (%v) and allocates %d KiB", got, err, used>>10)
	}
}
