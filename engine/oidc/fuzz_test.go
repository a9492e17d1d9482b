package oidc

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"cloudlet/engine/secret"
)

// FuzzToken: nothing but a cookie that was made here begins to be a login, and no query
// finishes one that the cookie does not fit.
func FuzzToken(f *testing.F) {
	keys := secret.NewKeyring()
	s := New(keys, Options{PublicURL: public, Providers: map[string]Provider{"corp": {Issuer: "http://127.0.0.1:1"}},
		Outgoing: carries(func(*http.Request) (*http.Response, error) { return nil, errors.New("nobody is there") })})
	f.Cleanup(func() { s.Close() })
	p := newPending("corp", callback, "/", time.Now())
	good := s.cookie(s.now.Load(), p).Value
	f.Add(good, "code=x&state="+p.State)
	f.Add(good[:len(good)-1], "state="+p.State+"&state=x")
	f.Add("", "error=access_denied")
	f.Add(keys.Seal("mail", []byte("{}")), "%zz")
	f.Add(keys.Seal(purpose, []byte(`{"expires":99999999999}`)), "state=")
	f.Fuzz(func(t *testing.T, cookie, query string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.RawQuery = query
		r.Header["Cookie"] = []string{cookieName + "=" + cookie}
		_, err := s.Finish(t.Context(), "corp", r)
		opened, _ := s.pending(s.now.Load(), r)
		switch {
		case opened == nil && !errors.Is(err, ErrInvalidLogin):
			t.Errorf("a cookie that is not ours: %v", err)
		case opened != nil && r.URL.Query().Get("state") != opened.State && !errors.Is(err, ErrInvalidLogin):
			t.Errorf("another state: %v", err)
		case err == nil:
			t.Error("somebody logged in at nobody's")
		}
	})
}
