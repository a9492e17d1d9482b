// Package oidc lets users log in with an account that they have elsewhere: it is the
// relying party of OpenID Connect Core 1.0, with the code flow and PKCE (RFC 7636), as
// RFC 9700 asks for.
//
// A login has two halves. Start sends the browser to the provider and gives it a cookie;
// Finish takes what the provider sent the browser back with, and the cookie, and tells
// who it is. Nothing is kept here in between: the cookie holds it, sealed.
package oidc

import (
	"context"
	"net/http"
	"reflect"
	"sync/atomic"
	"time"

	"cloudlet/engine/failure"
	"cloudlet/engine/secret"
)

// Provider is where users have an account.
type Provider struct {
	// Issuer is the provider's URL, as its discovery document names it.
	Issuer string
	// ClientID and ClientSecret are what the provider knows this app by. Without a
	// secret the app is a public client, which only PKCE protects.
	ClientID, ClientSecret string
	// Scopes are asked for besides openid; email and profile where there are none.
	Scopes []string
}

// Options say how a Service works.
type Options struct {
	// Providers are those that users may log in with, by name.
	Providers map[string]Provider
	// PublicURL is what the app's own addresses begin with, without a slash at its end.
	PublicURL string
	// Outgoing carries the requests to the providers.
	Outgoing http.RoundTripper
	// Clock is time.Now where it is nil.
	Clock func() time.Time
}

// Service lets users of some providers in. It is safe for use by several goroutines.
type Service struct {
	keys  *secret.Keyring
	now   atomic.Pointer[configuration]
	used  *used
	lives *lifetime
}

// configuration is what Configure may change.
type configuration struct {
	parties  map[string]*party
	public   string
	outgoing http.RoundTripper
	clock    func() time.Time
}

// New makes the service. It asks no provider before somebody wants to log in. Close it.
func New(keys *secret.Keyring, o Options) *Service {
	s := &Service{keys: keys, used: newUsed(mostUsed), lives: newLifetime()}
	s.Configure(o)
	return s
}

// Configure changes the options. What is known of a provider that stays as it was is kept.
func (s *Service) Configure(o Options) {
	c := &configuration{parties: map[string]*party{}, public: o.PublicURL, outgoing: o.Outgoing, clock: o.Clock}
	if c.clock == nil {
		c.clock = time.Now
	}
	if c.outgoing == nil {
		c.outgoing = http.DefaultTransport
	}
	before := s.now.Load()
	for name, p := range o.Providers {
		if old := before.unchanged(name, p, c.outgoing); old != nil {
			c.parties[name] = old
		} else {
			c.parties[name] = newParty(p, s.lives.client(c.outgoing))
		}
	}
	s.now.Store(c)
}

// unchanged is the party that stays as it was, or nil.
func (c *configuration) unchanged(name string, p Provider, outgoing http.RoundTripper) *party {
	if c == nil || c.parties[name] == nil || !reflect.DeepEqual(c.parties[name].provider, p) {
		return nil
	}
	if !reflect.ValueOf(outgoing).Comparable() || c.outgoing != outgoing {
		return nil
	}
	return c.parties[name]
}

// Close ends what is still being asked of providers, and waits for it. It may be called twice.
func (s *Service) Close() error {
	s.lives.end()
	return nil
}

// What a login fails with.
var (
	// ErrNoSuchProvider means that no provider has the name.
	ErrNoSuchProvider = &failure.Error{Status: 404, Code: "no_such_provider", Detail: "There is no such provider."}
	// ErrUnavailable means that the provider cannot be reached, or does not do what it should.
	ErrUnavailable = &failure.Error{Status: 503, Code: "provider_unavailable", RetryAfter: 5 * time.Second, Detail: "The provider cannot be reached at the moment; try again later."}
	// ErrInvalidReturn means that a return address is none of this site.
	ErrInvalidReturn = &failure.Error{Status: 400, Code: "invalid_return_to", Detail: "The address to return to is no path of this site."}
	// ErrInvalidLogin means that the login was not begun in this browser, took too long,
	// was finished before, or was begun with another provider.
	ErrInvalidLogin = &failure.Error{Status: 400, Code: "invalid_login", Detail: "This login cannot be finished: it took too long, was finished before or was begun elsewhere. Begin it again."}
	// ErrRefused means that the provider, or the user there, said no.
	ErrRefused = &failure.Error{Status: 401, Code: "login_refused", Detail: "The login was refused or given up."}
	// ErrInvalidIdentity means that what the provider says of the user cannot be believed.
	ErrInvalidIdentity = &failure.Error{Status: 401, Code: "invalid_identity", Detail: "The provider's answer is not valid. Begin the login again."}
)

// party finds a provider by its name.
func (c *configuration) party(name string) (*party, error) {
	if p := c.parties[name]; p != nil {
		return p, nil
	}
	return nil, ErrNoSuchProvider
}

// unavailable is an error of asking a provider: the context's, where that has ended.
func unavailable(ctx context.Context, format string, args ...any) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return ErrUnavailable.Because(format, args...)
}
