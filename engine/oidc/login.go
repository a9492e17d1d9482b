package oidc

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	goidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Beginning is the first half of a login.
type Beginning struct {
	Provider string // its name
	// ReturnTo is a path of this site to be given back by Finish; it may be empty.
	ReturnTo string
	// Callback is the path of this site that the provider sends the browser to, where
	// Finish is called. The provider has to know it, behind the public URL.
	Callback string
}

// Login is a login that was finished.
type Login struct {
	Identity
	ReturnTo string // as Start was given it
}

// Start gives the address at the provider to send the browser to, and the cookie to send
// with it. It fails with ErrNoSuchProvider, ErrInvalidReturn, ErrUnavailable or the context's error.
func (s *Service) Start(ctx context.Context, b Beginning) (address string, cookie *http.Cookie, err error) {
	c := s.now.Load()
	party, err := c.party(b.Provider)
	if err != nil {
		return "", nil, err
	}
	for _, path := range []string{b.ReturnTo, b.Callback} {
		if err := CheckPath(path); err != nil && (path != "" || path == b.Callback) {
			return "", nil, err
		}
	}
	m, err := party.meet(ctx)
	if err != nil {
		return "", nil, err
	}
	p := newPending(b.Provider, b.Callback, b.ReturnTo, c.clock())
	address = party.config(m, c.public+b.Callback).AuthCodeURL(p.State, goidc.Nonce(p.Nonce), oauth2.S256ChallengeOption(p.Verifier))
	if cookie = s.cookie(c, p); len(cookie.String()) > longestCookie {
		return "", nil, ErrInvalidReturn // with all that has to be escaped in it
	}
	return address, cookie, nil
}

// Finish takes the request that the provider sent the browser back with, and tells who
// logged in. It fails with ErrNoSuchProvider, ErrInvalidLogin, ErrRefused,
// ErrInvalidIdentity, ErrUnavailable or the context's error.
func (s *Service) Finish(ctx context.Context, provider string, r *http.Request) (*Login, error) {
	c := s.now.Load()
	party, err := c.party(provider)
	if err != nil {
		return nil, err
	}
	p, err := s.pending(c, r)
	if err != nil {
		return nil, err
	}
	answer, err := readAnswer(r.URL)
	if err != nil {
		return nil, err
	}
	now := c.clock()
	switch {
	case subtle.ConstantTimeCompare([]byte(p.State), []byte(answer.state)) != 1:
		return nil, ErrInvalidLogin.Because("the state is not the one of the cookie")
	case p.Provider != provider:
		return nil, ErrInvalidLogin.Because("the login was begun with the provider %q", p.Provider)
	case !s.used.take(p.State, now, time.Unix(p.Expires, 0)):
		return nil, ErrInvalidLogin.Because("the login was finished before")
	}
	m, err := party.meet(ctx)
	if err != nil {
		return nil, err
	}
	if err := party.judge(m, answer); err != nil {
		return nil, err
	}
	token, err := party.exchange(ctx, m, c.public+p.Callback, answer.code, p.Verifier)
	if err != nil {
		return nil, err
	}
	id, err := party.identify(ctx, m, token, p.Nonce, now)
	if err != nil {
		return nil, err
	}
	id.Provider = provider
	return &Login{*id, p.ReturnTo}, nil
}

// answer is what a provider says through the browser (RFC 6749, section 4.1.2).
type answer struct {
	code, state, problem, issuer string
	named                        bool // whether it names its issuer
}

// longestCode bounds what a provider sends through the browser, in bytes.
const longestCode = 4 << 10

// readAnswer reads the query. No parameter may stand there twice.
func readAnswer(u *url.URL) (*answer, error) {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, ErrInvalidLogin.Because("the query cannot be read")
	}
	for _, name := range []string{"code", "state", "error", "iss"} {
		if list := query[name]; len(list) > 1 || len(list) == 1 && len(list[0]) > longestCode {
			return nil, ErrInvalidLogin.Because("the query has %s more than once, or too long", name)
		}
	}
	return &answer{query.Get("code"), query.Get("state"), query.Get("error"), query.Get("iss"), query.Has("iss")}, nil
}

// judge tells whether an answer is this provider's (RFC 9207, section 2.4), and not a refusal.
func (p *party) judge(m *metadata, a *answer) error {
	switch {
	case a.named && a.issuer != p.provider.Issuer, !a.named && m.says:
		return ErrInvalidLogin.Because("the answer is not of the issuer that was asked")
	case a.problem == "server_error", a.problem == "temporarily_unavailable":
		return ErrUnavailable.Because("the provider says %s", a.problem)
	case a.problem != "":
		return ErrRefused.Because("the provider says %q", a.problem)
	case a.code == "":
		return ErrInvalidLogin.Because("the answer has no code")
	}
	return nil
}

// exchange gives the code back to the provider, for the tokens that it stands for.
func (p *party) exchange(ctx context.Context, m *metadata, redirect, code, verifier string) (*oauth2.Token, error) {
	token, err := p.config(m, redirect).Exchange(p.context(ctx), code, oauth2.VerifierOption(verifier))
	if err == nil {
		return token, nil
	}
	// The provider's own words may repeat what it was sent: its code alone is told.
	if refused := (*oauth2.RetrieveError)(nil); errors.As(err, &refused) {
		status := refused.Response.StatusCode
		if status >= 500 || slices.Contains([]string{"invalid_client", "unauthorized_client"}, refused.ErrorCode) || status == http.StatusTooManyRequests {
			return nil, unavailable(ctx, "the token endpoint answers %d %q", status, refused.ErrorCode)
		}
		return nil, ErrInvalidIdentity.Because("the token endpoint answers %d %q", status, refused.ErrorCode)
	}
	return nil, unavailable(ctx, "the token endpoint: %v", err)
}
