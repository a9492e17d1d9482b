package outgoing

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Client asks other services. It is safe for use by several goroutines at once.
type Client struct {
	transport http.RoundTripper
	breakers  *breakers
}

// New makes a client on what carries requests, such as NewTransport's.
func New(transport http.RoundTripper) *Client { return &Client{transport, newBreakers()} }

// Request is a request to another service.
type Request struct {
	Method string
	URL    *url.URL // of ParseURL
	Header http.Header
	Body   *Body // nil: none
	// MaxSize is how many bytes the answer's body may have once it is decompressed; at 0
	// nobody reads it.
	MaxSize int64
	// Follow is how many redirects are followed; at 0 a redirect is an answer as any other.
	Follow int
	// Hosts, where there are some, are the only hosts that are asked: see Permits.
	Hosts []string
}

// Body is the body of a request. It can be sent more than once.
type Body struct {
	// Open gives the body from its beginning.
	Open func() (io.ReadCloser, error)
	// Size is how many bytes it has.
	Size int64
}

// Answer is what a service answered.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	From   string // who answered: scheme, host and port
}

// Do sends a request, follows redirects and reads the answer whole. It fails with the
// context's error where that has ended, else with a *failure.Error. net/http itself sends a request again
// only where a kept connection was closed before anything of it was written, or where nothing of an
// answer came and the method is GET, HEAD, OPTIONS or TRACE, or there is an Idempotency-Key.
func (c *Client) Do(ctx context.Context, r *Request) (*Answer, error) {
	h := &hop{method: r.Method, url: r.URL, header: r.Header.Clone(), body: r.Body}
	if h.header == nil {
		h.header = http.Header{}
	}
	for followed := 0; ; followed++ {
		a, err := c.once(ctx, r, h)
		if err != nil {
			return nil, err
		}
		location := a.Header.Get("Location")
		if r.Follow == 0 || location == "" || !slices.Contains(redirects, a.Status) {
			return a, nil
		}
		if followed == r.Follow {
			return nil, ErrRedirect.Because("%s: more than %d redirects", h, r.Follow)
		}
		if err := h.redirect(a.Status, location); err != nil {
			return nil, err
		}
	}
}

// once sends one request and reads its answer, that of a redirect without its body.
func (c *Client) once(ctx context.Context, r *Request, h *hop) (a *Answer, err error) {
	if len(r.Hosts) > 0 && !Permits(r.Hosts, h.url.Hostname()) {
		return nil, ErrRefused.Because("%s: the host is none of those permitted", h)
	}
	done, err := c.breakers.enter(h.url)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err == nil {
			done(statusFault(a.Status))
		} else {
			done(err)
		}
	}()
	request, err := h.request(ctx)
	if err != nil {
		return nil, err
	}
	answer, err := c.transport.RoundTrip(request)
	if err != nil {
		return nil, failed(ctx, h, err)
	}
	defer answer.Body.Close()
	a = &Answer{Status: answer.StatusCode, Header: answer.Header, From: origin(h.url)}
	if r.MaxSize == 0 || r.Follow > 0 && slices.Contains(redirects, a.Status) && a.Header.Get("Location") != "" {
		return a, nil // nobody reads its body
	}
	a.Body, err = read(answer, r.MaxSize)
	if err != nil {
		return nil, failed(ctx, h, err)
	}
	return a, nil
}

// read reads a body that may have so many bytes. What a lie about its length, or a broken
// compression, makes of it is no answer.
func read(answer *http.Response, most int64) ([]byte, error) {
	if answer.ContentLength > most {
		return nil, ErrTooLarge.Because("the answer's body has more than %d bytes", most)
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, most+1))
	switch {
	case int64(len(text)) > most:
		return nil, ErrTooLarge.Because("the answer's body has more than %d bytes", most)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return nil, err
	case err != nil:
		return nil, ErrInvalidAnswer.Because("the answer's body is cut off, or not coded as it says")
	}
	return text, nil
}

// Encoded reports whether the body is still encoded: net/http decodes one gzip alone.
func (a *Answer) Encoded() bool {
	coding := strings.TrimSpace(a.Header.Get("Content-Encoding"))
	return coding != "" && !strings.EqualFold(coding, "identity")
}

// Bytes is a body that is in memory.
func Bytes(text []byte) *Body {
	return &Body{Size: int64(len(text)), Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }}
}
