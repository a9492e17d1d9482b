package outgoing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"cloudlet/engine/failure"
)

// carrier is a RoundTripper that is a function.
type carrier func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f carrier) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answering(status int) carrier {
	return func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(""))}, nil
	}
}

func failing(err error) carrier {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// TestBreaker: a host that fails is left alone, asked once after half a minute, and again
// when it does well; others are not concerned.
func TestBreaker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var behave atomic.Pointer[carrier]
		set := func(c carrier) { behave.Store(&c) }
		asked := 0
		client := New(carrier(func(r *http.Request) (*http.Response, error) {
			asked++
			return (*behave.Load())(r)
		}))
		want := func(address, want string, times int) *failure.Error {
			t.Helper()
			before := asked
			got, err := ask(t.Context(), client, &Request{}, address)
			if got != want || asked-before != times {
				t.Errorf("%s gives %q (%v) and asks %d times; want %q and %d", address, got, err, asked-before, want, times)
			}
			var e *failure.Error
			errors.As(err, &e)
			return e
		}
		set(answering(500))
		for range inARow {
			want("http://a.example/", "500 ", 1)
		}
		if e := want("http://a.example/other", "circuit_open", 0); e.RetryAfter != openFor {
			t.Errorf("to be tried after %s", e.RetryAfter)
		}
		want("http://b.example/", "500 ", 1)
		want("https://a.example/", "500 ", 1)
		time.Sleep(openFor + time.Second)
		want("http://a.example/", "500 ", 1)
		want("http://a.example/", "circuit_open", 0)
		time.Sleep(openFor + time.Second)
		set(answering(200))
		want("http://a.example/", "200 ", 1)
		want("http://a.example/", "200 ", 1)
	})
}

// TestBreakerCounts: only what is the host's fault opens a circuit.
func TestBreakerCounts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		behave carrier
		opens  bool
	}{
		"not found":     {answering(404), false},
		"too many":      {answering(429), false},
		"broken":        {answering(502), true},
		"unreachable":   {failing(&net.OpError{Op: "dial", Err: errors.New("connection refused")}), true},
		"a private one": {failing(fmt.Errorf("dial: %w", errRefused)), false},
		"too slow":      {failing(context.DeadlineExceeded), true},
	} {
		client := New(c.behave)
		for range inARow {
			ask(t.Context(), client, &Request{}, "http://a.example/")
		}
		got, _ := ask(t.Context(), client, &Request{}, "http://a.example/")
		if opens := got == "circuit_open"; opens != c.opens {
			t.Errorf("%s: %s", name, got)
		}
	}
	client := New(failing(context.Canceled))
	gone, stop := context.WithCancel(t.Context())
	stop()
	for range 2 * inARow {
		if got, _ := ask(gone, client, &Request{}, "http://a.example/"); got != context.Canceled.Error() {
			t.Errorf("a client that goes: %s", got)
		}
	}
}

// TestBreakersAreBounded: whoever asks ever new hosts fills no memory.
func TestBreakersAreBounded(t *testing.T) {
	t.Parallel()
	client := New(answering(200))
	for i := range 2 * mostHosts {
		ask(t.Context(), client, &Request{}, fmt.Sprintf("http://h%d.example/", i))
	}
	client.breakers.hosts.CleanUp()
	if n := client.breakers.hosts.EstimatedSize(); n > mostHosts {
		t.Errorf("%d hosts are remembered", n)
	}
}
