package outgoing

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// redirects are the statuses that send elsewhere (RFC 9110, section 15.4).
var redirects = []int{http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect}

// hop is one request on a chain of redirects.
type hop struct {
	method string
	url    *url.URL
	header http.Header
	body   *Body
	moved  bool // somebody else chose the address
}

// String is the hop in the log: without its query, which may hold what others may not see,
// and behind a redirect without its path, which may echo it.
func (h *hop) String() string {
	if h.moved {
		return h.method + " " + origin(h.url) + " behind a redirect"
	}
	return h.method + " " + h.url.Scheme + "://" + h.url.Host + h.url.EscapedPath()
}

// request makes the request of net/http.
func (h *hop) request(ctx context.Context) (*http.Request, error) {
	r := (&http.Request{Method: h.method, URL: h.url, Host: h.url.Host, Header: h.header, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}).WithContext(ctx)
	if h.body == nil || h.body.Size == 0 {
		if h.method == http.MethodPost || h.method == http.MethodPut || h.method == http.MethodPatch {
			r.Body = http.NoBody
		}
		return r, nil
	}
	body, err := h.body.Open()
	if err != nil {
		return nil, err
	}
	r.Body, r.ContentLength = body, h.body.Size
	r.GetBody = func() (io.ReadCloser, error) { return h.body.Open() }
	return r, nil
}

// redirect goes on to where an answer sends, with what is meant for whoever is there.
func (h *hop) redirect(status int, location string) error {
	next, err := h.url.Parse(location)
	if err != nil {
		return ErrRedirect.Because("%s: the Location is no URL", h)
	}
	if err := check(next); err != nil {
		if errors.Is(err, ErrRefused) {
			return err
		}
		return ErrRedirect.Because("%s: the Location cannot be asked", h)
	}
	if h.url.Scheme == "https" && next.Scheme == "http" {
		return ErrRedirect.Because("%s: from https to http", h)
	}
	switch {
	case status == http.StatusSeeOther && h.method != http.MethodHead,
		h.method == http.MethodPost && (status == http.StatusMovedPermanently || status == http.StatusFound):
		h.method, h.body = http.MethodGet, nil // as browsers do, and the Fetch standard says
		for name := range h.header {
			if strings.HasPrefix(name, "Content-") {
				delete(h.header, name)
			}
		}
	}
	if !sameSite(h.url, next) {
		if h.body != nil {
			return ErrRedirect.Because("%s: the body is for no other host", h)
		}
		h.forget()
	}
	h.url, h.moved = next, true
	return nil
}

// innocent are the headers that tell another host nothing that is for the first alone.
var innocent = []string{"Accept", "Accept-Language", "User-Agent", "Traceparent"}

// forget drops what is for the host alone that the author named: any header may be a key.
func (h *hop) forget() {
	for name := range h.header {
		if !slices.Contains(innocent, name) {
			delete(h.header, name)
		}
	}
}

// sameSite reports whether two addresses are of one service: the same origin, or the same
// host that moves to https.
func sameSite(from, to *url.URL) bool {
	return origin(from) == origin(to) ||
		from.Hostname() == to.Hostname() && origin(from) == "http://"+from.Hostname()+":80" && origin(to) == "https://"+to.Hostname()+":443"
}
