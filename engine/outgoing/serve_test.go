package outgoing

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"cloudlet/engine/failure"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve answers each connection with a function that has read the head of a request, and
// gives the address.
func serve(t *testing.T, answer func(net.Conn, *http.Request)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer conn.Close()
				if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					answer(conn, r)
				}
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		all.Wait()
	})
	return "http://" + l.Addr().String()
}

// clientFor reaches the services at some addresses.
func clientFor(t *testing.T, addresses ...string) *Client {
	t.Helper()
	var allow []string
	for _, a := range addresses {
		_, host, _ := strings.Cut(a, "://")
		allow = append(allow, host)
	}
	tr := NewTransport(Dialing{Allow: allow})
	t.Cleanup(tr.CloseIdleConnections)
	return New(tr)
}

// ask asks, and gives the status with the body, or the code of the failure.
func ask(ctx context.Context, c *Client, r *Request, address string) (string, error) {
	var err error
	if r.URL, err = ParseURL(address); err == nil {
		if r.Method == "" {
			r.Method = http.MethodGet
		}
		if r.MaxSize == 0 {
			r.MaxSize = 1 << 20
		}
		var a *Answer
		if a, err = c.Do(ctx, r); err == nil {
			return strconv.Itoa(a.Status) + " " + string(a.Body), nil
		}
	}
	var e *failure.Error
	if errors.As(err, &e) {
		return e.Code, err
	}
	return err.Error(), err
}

func text(s string) *Body {
	return &Body{Size: int64(len(s)), Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(s)), nil }}
}

// httpServer serves over HTTP; it does not wait for clients that keep connections.
func httpServer(t *testing.T, f http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	return s
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), d)
	t.Cleanup(stop)
	return ctx
}
