package mail

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// endless is a text that comes again and again.
type endless string

// Read gives as much of it as there is room for.
func (e endless) Read(p []byte) (n int, err error) {
	for n < len(p) {
		n += copy(p[n:], e)
	}
	return n, nil
}

// TestHostileServers answers without an end, or not in the protocol: the mail waits, little is read, and
// nothing of what was said is kept.
func TestHostileServers(t *testing.T) {
	t.Parallel()
	for what, answer := range map[string]io.Reader{
		"a line without an end":  endless("220 hello "),
		"lines without an end":   endless("220-canary\r\n"),
		"what is no answer":      strings.NewReader("canary\r\n"),
		"a code that is none":    strings.NewReader("2x0 canary\r\n"),
		"zeros":                  endless("\x00"),
		"an end in the middle":   strings.NewReader("220-canary\r\n"),
		"another's greeting":     strings.NewReader("HTTP/1.1 400 Bad Request\r\nX: canary\r\n\r\n"),
		"no STARTTLS, but lines": io.MultiReader(strings.NewReader("220 x\r\n"), endless("250-STARTTLS canary\r\n")),
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			must(t, err)
			sent := make(chan int64, 1)
			go func() {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				defer conn.Close()
				n, _ := io.Copy(conn, answer)
				sent <- n
			}()
			a := openApp(t, t.TempDir(), Config{SMTP: &SMTP{Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port, TLS: "none"}}, Options{})
			a.mail.kind.Backoff = func(int) time.Duration { return time.Hour }
			a.start()
			a.send(message("x"))
			eventually(t, what, func() bool {
				list := a.states()
				return len(list) == 1 && strings.HasPrefix(list[0], "1 retrying 1 1 the ")
			})
			if n := <-sent; n > 16<<20 { // sockets hold some, too
				t.Errorf("%d bytes were taken", n)
			}
			if all := strings.Join(a.states(), " ") + a.log.String(); strings.Contains(all, "canary") {
				t.Error(all)
			}
			listener.Close()
		})
	}
}
