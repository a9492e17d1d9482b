package oidc

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"cloudlet/engine/internal/outside/issuer"

	"github.com/golang-jwt/jwt/v5"
)

// forgery changes the claims of an ID token, and says what signs it.
type forgery func(jwt.MapClaims) (method jwt.SigningMethod, key any)

// with sets claims of a token that the provider signs; nil removes one.
func with(pairs ...any) forgery {
	return func(c jwt.MapClaims) (jwt.SigningMethod, any) {
		for i := 0; i < len(pairs); i += 2 {
			if c[pairs[i].(string)] = pairs[i+1]; pairs[i+1] == nil {
				delete(c, pairs[i].(string))
			}
		}
		return jwt.SigningMethodES256, nil
	}
}

// signed leaves the claims as they are.
func signed(method jwt.SigningMethod, key any) forgery {
	return func(jwt.MapClaims) (jwt.SigningMethod, any) { return method, key }
}

// TestForged are ID tokens that must not be believed, though the provider gives them.
func TestForged(t *testing.T) {
	w := newWorld(t)
	now := time.Now().Unix()
	for name, c := range map[string]struct {
		want   string // of the reason; "" where it is good
		change forgery
	}{
		"as it was":         {"", with()},
		"azp is us":         {"", with("aud", []string{"web", "x"}, "azp", "web")},
		"a minute off":      {"", with("exp", now-30, "iat", now+30)},
		"another nonce":     {"nonce", with("nonce", "x")},
		"no nonce":          {"nonce", with("nonce", nil)},
		"another audience":  {"audience", with("aud", "other")},
		"no audience":       {"audience", with("aud", nil)},
		"many and no azp":   {"another party", with("aud", []string{"web", "x"}, "azp", nil)},
		"another azp":       {"another party", with("azp", "x")},
		"another issuer":    {"different provider", with("iss", "https://evil.example")},
		"expired":           {"expired", with("exp", now-90)},
		"no end":            {"expired", with("exp", nil)},
		"of the future":     {"future", with("iat", now+300)},
		"no subject":        {"subject", with("sub", nil)},
		"a long subject":    {"subject", with("sub", strings.Repeat("x", longestSubject+1))},
		"another at_hash":   {"access token", with("at_hash", "AAAAAAAAAAAAAAAAAAAAAA")},
		"other user's info": {"another user", with("sub", "id-bob")},
		"claims of a kind":  {"other types", with("email", 7)},
		"none":              {"malformed", signed(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType)},
		"our secret as key": {"malformed", signed(jwt.SigningMethodHS256, []byte(issuer.ClientSecret))},
	} {
		r := w.login("ada")
		w.provider.Forge(c.change)
		// The provider's document says RS256 alone; forged ones are signed with ES256.
		w.believe("RS256", "ES256")
		login, err := w.finish(r)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (!errors.Is(err, ErrInvalidIdentity) || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: got %+v and %v", name, login, err)
		}
		w.provider.Tamper(nil)
	}
	r := w.login("ada")
	w.provider.Forge(with())
	w.believe("RS256")
	if reason := w.fails(r, ErrInvalidIdentity); !strings.Contains(reason, "malformed") {
		t.Errorf("an algorithm that the discovery document does not have: %s", reason)
	}
}

// believe has the service discover the provider anew, with these algorithms.
func (w *world) believe(algorithms ...string) {
	w.t.Helper()
	text := `"id_token_signing_alg_values_supported":["` + strings.Join(algorithms, `","`) + `"]`
	before := w.options.Outgoing
	w.options.Outgoing = carries(func(r *http.Request) (*http.Response, error) {
		answer, err := before.RoundTrip(r)
		if err != nil || !strings.HasSuffix(r.URL.Path, "/openid-configuration") {
			return answer, err
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		answer.Body = io.NopCloser(strings.NewReader(strings.Replace(string(body), `"id_token_signing_alg_values_supported":["RS256"]`, text, 1)))
		return answer, err
	})
	w.service.Configure(w.options)
	w.options.Outgoing = before
}

// carries is a function that is an http.RoundTripper.
type carries func(*http.Request) (*http.Response, error)

func (f carries) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
