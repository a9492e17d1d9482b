package oidc

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"cloudlet/engine/failure"
)

// answering lets the provider answer what is asked for a path in this way.
func answering(path string, answer http.HandlerFunc) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, r *http.Request, real http.Handler) {
		if r.URL.Path == path {
			answer(w, r)
			return
		}
		real.ServeHTTP(w, r)
	}
}

const (
	documentPath = "/.well-known/openid-configuration"
	tokenPath    = "/oauth/token"
	userPath     = "/userinfo"
	keysPath     = "/keys"
)

func failing(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "out of order", http.StatusInternalServerError)
}

func huge(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"x":"%s"}`, strings.Repeat("x", answerSize))
}

func elsewhere(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, r.URL.Path+"/../other", http.StatusTemporaryRedirect)
}

func rubbish(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, `{"keys": 7, "sub": [], "access_token": 1, "issuer": {}}`)
}

// TestProviderDown: whatever of the provider is out of order, a login fails with 503,
// and one that is begun when it is well again does not.
func TestProviderDown(t *testing.T) {
	for path, broken := range map[string][]http.HandlerFunc{
		tokenPath: {failing, huge, rubbish}, userPath: {failing, huge, rubbish, elsewhere}, keysPath: {failing, huge, rubbish, elsewhere},
	} {
		t.Run(strings.Trim(path, "/"), func(t *testing.T) {
			w := newWorld(t)
			for i, answer := range broken {
				r := w.login("ada")
				w.provider.Tamper(answering(path, answer))
				if _, err := w.finish(r); !errors.Is(err, ErrUnavailable) {
					t.Errorf("%s %d: %v", path, i, err)
				}
				w.provider.Tamper(nil)
			}
			if n := w.provider.Asked("/other"); n > 0 {
				t.Errorf("a redirect was followed, perhaps with the secret: %d", n)
			}
			if _, err := w.finish(w.login("ada")); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestDiscoveryDown(t *testing.T) {
	w := newWorld(t)
	begin := func() error {
		_, _, err := w.service.Start(t.Context(), Beginning{Provider: "corp", Callback: callback})
		return err
	}
	other := func(old, now string) http.HandlerFunc {
		return func(to http.ResponseWriter, r *http.Request) {
			text := fmt.Sprintf(`{"issuer":%q,"authorization_endpoint":"%[1]s/auth","token_endpoint":"%[1]s/oauth/token","jwks_uri":"%[1]s/keys"}`, w.provider.URL)
			to.Header().Set("Content-Type", "application/json")
			fmt.Fprint(to, strings.Replace(text, old, now, 1))
		}
	}
	for i, answer := range []http.HandlerFunc{failing, huge, rubbish, elsewhere, other(w.provider.URL, "https://evil.example"),
		other("http://127", "ftp://127"), other(`"jwks_uri"`, `"jwks"`), other(`"token_endpoint"`, `"token"`)} {
		w.service.Configure(Options{})
		w.service.Configure(w.options)
		w.provider.Tamper(answering(documentPath, answer))
		before := w.provider.Asked(documentPath)
		if err := begin(); !errors.Is(err, ErrUnavailable) {
			t.Errorf("%d: %v", i, err)
		}
		_ = begin()
		if n := w.provider.Asked(documentPath) - before; n > discoveryTries {
			t.Errorf("%d: a provider that is down was asked %d times at once", i, n)
		}
	}
	w.provider.Tamper(nil)
	for tries := 0; begin() != nil; tries++ {
		if tries > 50 {
			t.Fatal("it does not come back")
		}
		time.Sleep(discoveryPause / 10)
	}
}

// TestDiscoveryStale: a provider that is known and down for the moment can be used on.
func TestDiscoveryStale(t *testing.T) {
	w := newWorld(t)
	r := w.login("ada")
	p := w.service.now.Load().parties["corp"]
	old := *p.known.Load()
	old.until = time.Now().Add(-time.Hour)
	p.known.Store(&old)
	w.provider.Tamper(answering(documentPath, failing))
	if _, err := w.finish(r); err != nil {
		t.Error(err)
	}
	if left := time.Until(p.known.Load().until); left <= 0 || left > discoveryStale {
		t.Errorf("the old document is believed for %v", left)
	}
}

// TestDiscoveryAtOnce: many that begin a login at once ask the provider once, and one
// that goes away does not harm the others.
func TestDiscoveryAtOnce(t *testing.T) {
	w := newWorld(t)
	asked, held := make(chan struct{}, 9), make(chan struct{})
	w.provider.Tamper(func(to http.ResponseWriter, r *http.Request, real http.Handler) {
		asked <- struct{}{}
		select {
		case <-held:
		case <-r.Context().Done():
		}
		real.ServeHTTP(to, r)
	})
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() {
		_, _, err := w.service.Start(ctx, Beginning{Provider: "corp", Callback: callback})
		gone <- err
	}()
	<-asked
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, _, err := w.service.Start(t.Context(), Beginning{Provider: "corp", Callback: callback}); err != nil {
				t.Error(err)
			}
		})
	}
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("who goes away gets %v", err)
	}
	<-asked
	close(held)
	all.Wait()
	if n := w.provider.Asked(documentPath); n != 2 {
		t.Errorf("the provider was asked %d times", n)
	}
}

// TestClose ends what the service still asks.
func TestClose(t *testing.T) {
	w := newWorld(t)
	r := w.login("ada")
	asked := make(chan struct{})
	w.provider.Tamper(answering(keysPath, func(_ http.ResponseWriter, r *http.Request) {
		close(asked)
		<-r.Context().Done()
	}))
	done := make(chan error)
	go func() {
		_, err := w.finish(r)
		done <- err
	}()
	<-asked
	if err := w.service.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if err := w.service.Close(); err != nil {
		t.Error(err)
	}
	w.service.Configure(Options{})
	w.service.Configure(w.options)
	if _, _, err := w.service.Start(t.Context(), Beginning{Provider: "corp", Callback: callback}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("a closed service begins a login: %v", err)
	}
}

func TestTrusts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		issuer, address string
		want            bool
	}{
		{"https://id.example", "https://id.example/token", true},
		{"https://id.example", "https://other.example/token", true},
		{"https://id.example", "http://id.example/token", false},
		{"http://127.0.0.1:8080", "http://127.0.0.1:8080/token", true},
		{"http://127.0.0.1:8080", "https://id.example/token", true},
		{"https://id.example", "/token", false},
		{"https://id.example", "https:///token", false},
		{"https://id.example", "javascript:alert(1)", false},
		{"http://id.example", "ftp://id.example/", false},
		{"https://id.example", "", false},
	} {
		if got := newParty(Provider{Issuer: c.issuer}, nil).trusts(c.address); got != c.want {
			t.Errorf("%s of %s: %v", c.address, c.issuer, got)
		}
	}
}

func TestCheckPath(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		"/": true, "/films?page=2#top": true, "/a//b": true, "/ä": true, "/a?next=https://x.example": true,
		"": false, "films": false, "//evil.example": false, "/\\evil.example": false, "https://evil.example": false, "https:evil.example": false,
		"/\t/evil.example": false, "/a b": false, "\\\\evil.example": false, "javascript:alert(1)": false, "/%zz": false, "/\x00": false,
		"/\r\nSet-Cookie: a=b": false, "/" + strings.Repeat("a", longestPath): false, "?a": false, "///evil.example": false,
	} {
		if got := CheckPath(path) == nil; got != want {
			t.Errorf("%q: %v", path, got)
		}
	}
}

func TestStartRefuses(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		b    Beginning
		want *failure.Error
	}{
		{Beginning{Provider: "nobody", Callback: callback}, ErrNoSuchProvider},
		{Beginning{Provider: "corp", Callback: callback, ReturnTo: "//evil.example"}, ErrInvalidReturn},
		{Beginning{Provider: "corp", Callback: "https://evil.example"}, ErrInvalidReturn},
		{Beginning{Provider: "corp"}, ErrInvalidReturn},
	} {
		if _, _, err := w.service.Start(t.Context(), c.b); !errors.Is(err, c.want) {
			t.Errorf("%+v: %v", c.b, err)
		}
	}
	if _, err := w.service.Finish(t.Context(), "nobody", httptest.NewRequest("GET", "/", nil)); !errors.Is(err, ErrNoSuchProvider) {
		t.Error(err)
	}
}

// TestLongReturn: what Start takes fits into a cookie that browsers keep.
func TestLongReturn(t *testing.T) {
	w := newWorld(t)
	for _, c := range []string{"a", "&", "<", "ä", "\"", "%20"} {
		to := "/" + strings.Repeat(c, (longestPath-1)/len(c))
		_, cookie, err := w.service.Start(t.Context(), Beginning{Provider: "corp", Callback: callback, ReturnTo: to})
		if err != nil || len(cookie.String()) > 4096 {
			t.Errorf("%q gives a cookie of %d bytes, %v", c, len(cookie.String()), err)
			continue
		}
		if p, err := w.service.open(cookie.Value, time.Now()); err != nil || p.ReturnTo != to {
			t.Errorf("%q: %v", c, err)
		}
	}
	long := "/" + strings.Repeat("\"", longestPath-1)
	if _, _, err := w.service.Start(t.Context(), Beginning{Provider: "corp", Callback: long, ReturnTo: long}); !errors.Is(err, ErrInvalidReturn) {
		t.Errorf("got %v", err)
	}
}

func TestUsed(t *testing.T) {
	t.Parallel()
	u := newUsed(3)
	now := time.Now()
	later := now.Add(time.Minute)
	for _, state := range []string{"a", "b", "c"} {
		if !u.take(state, now, later) || u.take(state, now, later) {
			t.Errorf("%s is not taken once", state)
		}
	}
	if !u.take("d", now, later) || len(u.states) != 3 || len(u.order) != 3 {
		t.Errorf("it has %d states", len(u.states))
	}
	if u.take("d", later.Add(-1), later) {
		t.Error("one is taken again")
	}
	if !u.take("e", later, later.Add(time.Minute)) || len(u.states) != 1 || len(u.order) != 1 {
		t.Errorf("what expired is still there: %d", len(u.states))
	}
}
