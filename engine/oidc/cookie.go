package oidc

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

const (
	// loginTime is how long a user may take at the provider.
	loginTime = 10 * time.Minute
	// purpose is what the cookie is sealed for.
	purpose = "oidc"
	// cookieName is the cookie's name; behind secureName over TLS, which keeps other
	// hosts of the domain from setting it (RFC 6265bis, section 4.1.3.2).
	cookieName = "cloudlet-login"
	secureName = "__Host-" + cookieName

	longestCookie = 4 << 10 // bytes, name and attributes included: browsers keep no longer ones
	longestPath   = 1 << 10 // bytes of a path of this site
)

// pending is a login between its two halves.
type pending struct {
	Provider string `json:"provider"`
	State    string `json:"state"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"`
	Callback string `json:"callback"`
	ReturnTo string `json:"return_to"`
	Expires  int64  `json:"expires"` // seconds since 1970
}

func newPending(provider, callback, returnTo string, now time.Time) *pending {
	return &pending{
		Provider: provider, Callback: callback, ReturnTo: returnTo,
		State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(),
		Expires: now.Add(loginTime).Unix(),
	}
}

// cookie seals the login for the browser that began it.
func (s *Service) cookie(c *configuration, p *pending) *http.Cookie {
	var plain bytes.Buffer
	e := json.NewEncoder(&plain)
	e.SetEscapeHTML(false) // every & of a path would take six bytes
	if err := e.Encode(p); err != nil {
		panic(err) // texts and a number
	}
	k := c.blank()
	k.Value, k.MaxAge = s.keys.Seal(purpose, plain.Bytes()), int(loginTime/time.Second)
	return k
}

// blank is the cookie without a value.
func (c *configuration) blank() *http.Cookie {
	k := &http.Cookie{Name: cookieName, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if strings.HasPrefix(c.public, "https://") {
		k.Name, k.Secure = secureName, true
	}
	return k
}

// Forget is the cookie that removes the one of a login: it is of no more use.
func (s *Service) Forget() *http.Cookie {
	k := s.now.Load().blank()
	k.MaxAge = -1
	return k
}

// pending opens the login of a request's cookie: ErrInvalidLogin where there is none
// that is good.
func (s *Service) pending(c *configuration, r *http.Request) (*pending, error) {
	found := r.CookiesNamed(c.blank().Name)
	if len(found) != 1 {
		return nil, ErrInvalidLogin.Because("the request has %d cookies of a login", len(found))
	}
	return s.open(found[0].Value, c.clock())
}

func (s *Service) open(sealed string, now time.Time) (*pending, error) {
	if len(sealed) > longestCookie {
		return nil, ErrInvalidLogin.Because("the cookie is too long")
	}
	plain, err := s.keys.Open(purpose, sealed)
	if err != nil {
		return nil, ErrInvalidLogin.Because("the cookie is not ours, or was changed")
	}
	p := &pending{}
	if err := json.Unmarshal(plain, p); err != nil {
		return nil, ErrInvalidLogin.Because("the cookie is of another version")
	}
	if !now.Before(time.Unix(p.Expires, 0)) {
		return nil, ErrInvalidLogin.Because("the login took too long")
	}
	return p, nil
}

// CheckPath tells whether an address is a path of this site, whatever browsers take it
// for: //host and /\host are addresses of other sites. The error is ErrInvalidReturn.
func CheckPath(path string) error {
	u, err := url.Parse(path)
	if err != nil || len(path) > longestPath || u.Scheme != "" || u.Host != "" || u.User != nil ||
		!strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") ||
		strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f }) {
		return ErrInvalidReturn
	}
	return nil
}
