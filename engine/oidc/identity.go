package oidc

import (
	"context"
	"crypto/subtle"
	"strings"
	"time"
	"unicode/utf8"

	goidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Identity is who a provider says that somebody is. Issuer and Subject together never
// change and are nobody else's (OpenID Connect Core, section 5.7); the rest may.
type Identity struct {
	Provider string // its name here
	Issuer   string
	Subject  string
	Email    string // "" unless the provider verified it
	Name     string // as the user likes to be called; may be empty
}

const (
	// skew is how far a provider's clock may be off.
	skew           = time.Minute
	longestSubject = 255 // bytes, by OpenID Connect Core, section 2
	longestEmail   = 254 // bytes, by RFC 5321 with erratum 1690
	longestName    = 200 // characters
)

// said is what a token or the UserInfo endpoint says of a user.
type said struct {
	Email     string `json:"email"`
	Verified  any    `json:"email_verified"` // some send it as a text
	Name      string `json:"name"`
	Preferred string `json:"preferred_username"`
	Party     string `json:"azp"`
}

// identify believes an ID token only if the provider signed it, for us, now, and for
// this login (OpenID Connect Core, section 3.1.3.7).
func (p *party) identify(ctx context.Context, m *metadata, token *oauth2.Token, nonce string, now time.Time) (*Identity, error) {
	raw, _ := token.Extra("id_token").(string)
	if raw == "" {
		return nil, ErrInvalidIdentity.Because("there is no ID token")
	}
	// Without a list of its own go-oidc takes the algorithms that the discovery document
	// has, of those with public keys: never none, nor HMAC.
	verifier := m.provider.Verifier(&goidc.Config{ClientID: p.provider.ClientID, Now: func() time.Time { return now.Add(-skew) }})
	id, err := verifier.Verify(p.context(ctx), raw)
	if err != nil {
		if strings.Contains(err.Error(), "fetching keys") { // go-oidc does not wrap it
			return nil, unavailable(ctx, "%v", err)
		}
		return nil, ErrInvalidIdentity.Because("%v", err)
	}
	var s said
	if err := id.Claims(&s); err != nil {
		return nil, ErrInvalidIdentity.Because("the ID token's claims have other types than they should")
	}
	switch {
	case subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(nonce)) != 1:
		err = ErrInvalidIdentity.Because("the ID token is of another login: its nonce differs")
	case id.IssuedAt.After(now.Add(skew)):
		err = ErrInvalidIdentity.Because("the ID token is of the future")
	case s.Party != "" && s.Party != p.provider.ClientID, s.Party == "" && len(id.Audience) > 1:
		err = ErrInvalidIdentity.Because("the ID token was made for another party")
	case id.Subject == "" || len(id.Subject) > longestSubject:
		err = ErrInvalidIdentity.Because("the ID token has no subject, or too long a one")
	case id.AccessTokenHash != "" && id.VerifyAccessToken(token.AccessToken) != nil:
		err = ErrInvalidIdentity.Because("the ID token came with another access token")
	}
	if err != nil {
		return nil, err
	}
	if s.Email == "" || s.called() == "" {
		if err := p.ask(ctx, m, token, id.Subject, &s); err != nil {
			return nil, err
		}
	}
	return &Identity{Issuer: p.provider.Issuer, Subject: id.Subject, Email: s.verified(), Name: s.called()}, nil
}

// ask takes what the ID token does not say from the UserInfo endpoint, where there is
// one: many providers keep names and addresses out of tokens.
func (p *party) ask(ctx context.Context, m *metadata, token *oauth2.Token, subject string, s *said) error {
	if m.provider.UserInfoEndpoint() == "" {
		return nil
	}
	info, err := m.provider.UserInfo(p.context(ctx), oauth2.StaticTokenSource(token))
	if err != nil {
		return unavailable(ctx, "the UserInfo endpoint failed") // its words may be the user's data
	}
	// Section 5.3.2: it may be another user's.
	if info.Subject != subject {
		return ErrInvalidIdentity.Because("the UserInfo endpoint tells of another user")
	}
	var more said
	if err := info.Claims(&more); err != nil {
		return ErrInvalidIdentity.Because("the UserInfo endpoint's claims have other types than they should")
	}
	if s.Email == "" { // an address and its verification are of one place
		s.Email, s.Verified = more.Email, more.Verified
	}
	if s.called() == "" {
		s.Name, s.Preferred = more.Name, more.Preferred
	}
	return nil
}

// verified is the address, if the provider verified it.
func (s *said) verified() string {
	if s.Verified != true && s.Verified != "true" || len(s.Email) > longestEmail || !utf8.ValidString(s.Email) {
		return ""
	}
	return s.Email
}

// called is how the user likes to be called.
func (s *said) called() string {
	name := strings.TrimSpace(s.Name)
	if name == "" {
		name = strings.TrimSpace(s.Preferred)
	}
	if name = strings.ToValidUTF8(name, ""); utf8.RuneCountInString(name) > longestName {
		name = string([]rune(name)[:longestName])
	}
	return name
}
