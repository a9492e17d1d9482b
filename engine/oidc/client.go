package oidc

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

const (
	requestTime = 10 * time.Second // for one request, its answer included
	answerSize  = 1 << 20          // bytes of one answer
)

var (
	errClosed   = errors.New("the service is closed")
	errTooLarge = errors.New("the provider's answer is too large")
)

// lifetime ends requests when the service does: go-oidc asks for keys in a goroutine
// that no caller's context ends.
type lifetime struct {
	ctx  context.Context
	stop context.CancelFunc

	mu      sync.Mutex
	over    bool
	running sync.WaitGroup
}

func newLifetime() *lifetime {
	l := &lifetime{}
	l.ctx, l.stop = context.WithCancel(context.Background())
	return l
}

func (l *lifetime) end() {
	l.mu.Lock()
	l.over = true
	l.mu.Unlock()
	l.stop()
	l.running.Wait()
}

func (l *lifetime) enter() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.over {
		l.running.Add(1)
	}
	return !l.over
}

// client asks a provider. It follows no redirects: what it sends, such as the client's
// secret, is for the address that the discovery document names and no other.
func (l *lifetime) client(base http.RoundTripper) *http.Client {
	return &http.Client{
		Transport:     &carrier{base, l},
		Timeout:       requestTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// carrier bounds answers, and ends with the lifetime.
type carrier struct {
	base http.RoundTripper
	life *lifetime
}

// RoundTrip implements http.RoundTripper.
func (t *carrier) RoundTrip(r *http.Request) (*http.Response, error) {
	if !t.life.enter() {
		return nil, errClosed
	}
	ctx, cancel := context.WithCancel(r.Context())
	stop := context.AfterFunc(t.life.ctx, cancel)
	done := sync.OnceFunc(func() {
		stop()
		cancel()
		t.life.running.Done()
	})
	answer, err := t.base.RoundTrip(r.WithContext(ctx))
	if err != nil {
		done()
		return nil, err
	}
	answer.Body = &bounded{body: answer.Body, left: answerSize, done: done}
	return answer, nil
}

// bounded reads so many bytes of a body; one that has more fails.
type bounded struct {
	body io.ReadCloser
	left int
	done func()
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, errTooLarge
	}
	n, err := b.body.Read(p[:min(len(p), b.left+1)])
	if b.left -= n; b.left < 0 {
		return 0, errTooLarge
	}
	return n, err
}

// Close implements io.Closer.
func (b *bounded) Close() error {
	defer b.done()
	return b.body.Close()
}
