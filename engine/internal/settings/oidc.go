package settings

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"

	"cloudlet/engine/language/source"
)

// Provider is an OpenID provider that users may log in with.
type Provider struct {
	Issuer       string // its URL, exactly as it writes it
	ClientID     string
	ClientSecret string // "" for a public client, which proves itself by PKCE alone
	Scopes       []string
}

// openID is the scope that makes a login OpenID Connect.
const openID = "openid"

// Names of providers stand in paths.
var providerPattern = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,63}$`)

var providers = &names{
	list: func(s *Settings) []string { return sorted(s.OIDC) },
	check: func(name string) string {
		if !providerPattern.MatchString(name) {
			return "a provider's name is a lower case letter, then up to 63 lower case letters, digits, _ or -"
		}
		return ""
	},
}

var provided = &optional{
	is: func(s *Settings, of string) bool { _, ok := s.OIDC[of]; return ok },
	begin: func(s *Settings, of string) {
		if _, ok := s.OIDC[of]; !ok {
			s.OIDC[of] = Provider{}
		}
	},
}

func oidcKeys() []key {
	return []key{
		{name: "issuer", doc: "The provider's URL: https://accounts.example.com.", shape: textShape, needed: true,
			single: ofProvider(func(p *Provider) *string { return &p.Issuer }, checkIssuer)},
		{name: "client_id", doc: "The app's name at the provider.", shape: textShape, needed: true,
			single: ofProvider(func(p *Provider) *string { return &p.ClientID }, checkLine)},
		{name: "client_secret", doc: "The app's password at the provider: ${secrets.NAME}. A public client has none.", shape: textShape, hidden: true,
			single: ofProvider(func(p *Provider) *string { return &p.ClientSecret }, checkLine)},
		{name: "scopes", doc: "What the app asks for; openid is always among it. The default is [openid, email, profile].", shape: namesShape,
			standard: fixed("openid,email,profile"), list: takeScopes},
	}
}

// ofProvider takes a text of the provider that it belongs to.
func ofProvider(at func(*Provider) *string, check func(string) error) func(*Settings, string, string) (any, error) {
	return func(s *Settings, of, text string) (any, error) {
		if err := check(text); err != nil {
			return nil, err
		}
		p := s.OIDC[of]
		*at(&p) = text
		s.OIDC[of] = p
		return text, nil
	}
}

func checkIssuer(text string) error {
	u, ok := baseURL(text)
	if !ok || u.Scheme != "https" && !isLoopback(u.Hostname()) {
		return errors.New("must be a URL that begins with https:// and has no query, fragment or password; http:// is for this machine only")
	}
	return nil
}

// checkProvider looks whether a provider on this machine may be reached: what is
// private may not, unless http.allow names it.
func (r *reader) checkProvider(path, of string) {
	u, ok := baseURL(r.settings.OIDC[of].Issuer)
	if !ok || !isLoopback(u.Hostname()) {
		return
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	if at, err := parseAllowed(net.JoinHostPort(u.Hostname(), port)); err == nil && !slices.Contains(r.settings.HTTP.Allow, at) {
		r.problems.Add(source.Problem{Span: r.spanOf(path + ".issuer"), Code: "not_allowed", Warning: true,
			Text: path + ".issuer is on this machine, where nothing is asked unless http.allow names it", Hint: fmt.Sprintf("write http: {allow: [%q]}", at)})
	}
}

// scopePattern is a scope-token of RFC 6749, section 3.3.
var scopePattern = regexp.MustCompile(`^[\x21\x23-\x5b\x5d-\x7e]{1,200}$`)

func takeScopes(s *Settings, of string, items []string) ([]string, int, error) {
	scopes, wrong, err := list(items, func(text string) (string, error) {
		if !scopePattern.MatchString(text) {
			return "", errors.New("holds scopes, as in [openid, email, profile]")
		}
		return strings.Clone(text), nil
	})
	if err != nil {
		return nil, wrong, err
	}
	if !slices.Contains(scopes, openID) {
		scopes = append([]string{openID}, scopes...)
	}
	p := s.OIDC[of]
	p.Scopes = scopes
	s.OIDC[of] = p
	return scopes, 0, nil
}
