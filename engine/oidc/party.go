package oidc

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	goidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

const (
	discoveryKept  = time.Hour        // how long a discovery document is believed
	discoveryStale = time.Minute      // how long an older one is, when the provider is down then
	discoveryPause = time.Second      // after a failure, before the provider is asked again
	discoveryTime  = 12 * time.Second // for all tries of one discovery
	discoveryTries = 2
	betweenTries   = 200 * time.Millisecond
)

// party is a provider as we know it. It is asked when somebody first logs in there, and
// by one request at a time.
type party struct {
	provider Provider
	client   *http.Client
	turn     chan struct{}
	known    atomic.Pointer[metadata]

	// Of whoever has the turn:
	failed  time.Time
	failure error
}

// metadata is what a provider's discovery document says.
type metadata struct {
	until    time.Time
	provider *goidc.Provider
	endpoint oauth2.Endpoint
	// says is whether answers name their issuer (RFC 9207).
	says bool
}

func newParty(p Provider, client *http.Client) *party {
	return &party{provider: p, client: client, turn: make(chan struct{}, 1)}
}

// context carries the client to go-oidc and oauth2.
func (p *party) context(ctx context.Context) context.Context {
	return goidc.ClientContext(ctx, p.client)
}

// meet tells what the provider's discovery document says: ErrUnavailable where it
// cannot be read, or the context's error.
func (p *party) meet(ctx context.Context) (*metadata, error) {
	if m := p.known.Load(); m != nil && time.Now().Before(m.until) {
		return m, nil
	}
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	old := p.known.Load()
	if old != nil && time.Now().Before(old.until) {
		return old, nil
	}
	if p.failure != nil && time.Since(p.failed) < discoveryPause {
		return nil, p.failure
	}
	m, err := p.discover(ctx)
	switch {
	case err == nil:
		p.failure = nil
	case ctx.Err() != nil:
		return nil, ctx.Err() // the client went, which says nothing of the provider
	case old != nil:
		stale := *old
		stale.until = time.Now().Add(discoveryStale)
		m = &stale
	default:
		p.failed, p.failure = time.Now(), ErrUnavailable.Because("%v", err)
		return nil, p.failure
	}
	p.known.Store(m)
	return m, nil
}

// discover reads the discovery document. What fails is tried once more.
func (p *party) discover(ctx context.Context) (*metadata, error) {
	ctx, cancel := context.WithTimeout(ctx, discoveryTime)
	defer cancel()
	for try := 1; ; try++ {
		found, err := goidc.NewProvider(p.context(ctx), p.provider.Issuer)
		if err == nil {
			return p.read(found)
		}
		if mismatch := (*goidc.IssuerMismatchError)(nil); try == discoveryTries || errors.As(err, &mismatch) {
			return nil, err
		}
		select {
		case <-time.After(betweenTries):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// read checks what the discovery document says.
func (p *party) read(found *goidc.Provider) (*metadata, error) {
	var said struct {
		JWKS    string   `json:"jwks_uri"`
		Methods []string `json:"token_endpoint_auth_methods_supported"`
		Says    bool     `json:"authorization_response_iss_parameter_supported"`
	}
	if err := found.Claims(&said); err != nil {
		return nil, err
	}
	endpoint := found.Endpoint()
	needed := []string{endpoint.AuthURL, endpoint.TokenURL, said.JWKS}
	if user := found.UserInfoEndpoint(); user != "" { // there need not be one
		needed = append(needed, user)
	}
	for _, address := range needed {
		if !p.trusts(address) {
			return nil, errors.New("the discovery document has an endpoint that is no https URL")
		}
	}
	// Said, not tried out: a code that was sent the wrong way may be gone.
	endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if p.provider.ClientSecret == "" || len(said.Methods) > 0 && !slices.Contains(said.Methods, "client_secret_basic") {
		endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return &metadata{until: time.Now().Add(discoveryKept), provider: found, endpoint: endpoint, says: said.Says}, nil
}

// trusts reports whether an endpoint is as safe as the issuer is: http is for an issuer
// on this machine, whose settings say http.
func (p *party) trusts(address string) bool {
	u, err := url.Parse(address)
	issuer, bad := url.Parse(p.provider.Issuer)
	return err == nil && bad == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http" && issuer.Scheme == "http")
}

// config is what oauth2 needs for a login that comes back to a path of ours.
func (p *party) config(m *metadata, redirect string) *oauth2.Config {
	scopes := p.provider.Scopes
	if len(scopes) == 0 {
		scopes = []string{goidc.ScopeEmail, goidc.ScopeProfile}
	}
	if !slices.Contains(scopes, goidc.ScopeOpenID) {
		scopes = append([]string{goidc.ScopeOpenID}, scopes...)
	}
	return &oauth2.Config{ClientID: p.provider.ClientID, ClientSecret: p.provider.ClientSecret, Endpoint: m.endpoint, RedirectURL: redirect, Scopes: scopes}
}
