package oidc

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"cloudlet/engine/failure"
	"cloudlet/engine/internal/outside/issuer"
	"cloudlet/engine/secret"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	public   = "http://app.example"
	callback = "/auth/oidc/corp/callback"
)

var users = []issuer.User{
	{ID: "id-ada", Username: "ada", Password: "verysecure", FirstName: "Ada", LastName: "Lovelace", Email: "ada@example.com", EmailVerified: true},
	{ID: "id-bob", Username: "bob", Password: "verysecure", FirstName: "Bob", Email: "bob@example.com"},
}

// clock is the time of a test.
type clock struct {
	mu     sync.Mutex
	offset time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.offset)
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}

// world is a service, a provider and a browser.
type world struct {
	t        *testing.T
	provider *issuer.Issuer
	service  *Service
	clock    *clock
	options  Options
	browser  *http.Client
}

func newWorld(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	w := &world{t: t, provider: issuer.Start(t, users, public+callback), clock: &clock{}}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	w.options = Options{PublicURL: public, Outgoing: transport, Clock: w.clock.now, Providers: map[string]Provider{
		"corp":  {Issuer: w.provider.URL, ClientID: issuer.ClientID, ClientSecret: issuer.ClientSecret},
		"other": {Issuer: w.provider.URL, ClientID: issuer.ClientID, ClientSecret: issuer.ClientSecret},
	}}
	w.service = New(secret.NewKeyring(), w.options)
	t.Cleanup(func() { w.service.Close() })
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	w.browser = &http.Client{Jar: jar, Transport: transport}
	return w
}

func (w *world) start() (address string, cookie *http.Cookie) {
	w.t.Helper()
	address, cookie, err := w.service.Start(w.t.Context(), Beginning{Provider: "corp", ReturnTo: "/films?page=2", Callback: callback})
	if err != nil {
		w.t.Fatal(err)
	}
	return address, cookie
}

// login logs in at the provider, and gives the request that the browser comes back with.
func (w *world) login(user string) *http.Request {
	w.t.Helper()
	address, cookie := w.start()
	return back(w.provider.Login(w.t, w.browser, address, user, "verysecure"), cookie)
}

func back(address string, cookies ...*http.Cookie) *http.Request {
	r := httptest.NewRequest("GET", address, nil)
	for _, c := range cookies {
		r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	return r
}

func (w *world) finish(r *http.Request) (*Login, error) {
	return w.service.Finish(w.t.Context(), "corp", r)
}

// fails finishes a login that must fail, and gives the reason for the log.
func (w *world) fails(r *http.Request, want *failure.Error) string {
	w.t.Helper()
	login, err := w.finish(r)
	if !errors.Is(err, want) {
		w.t.Fatalf("got %+v and %v, want %v", login, err, want)
	}
	for _, secret := range []string{"verysecure", issuer.ClientSecret, r.URL.Query().Get("code"), r.URL.Query().Get("state")} {
		if secret != "" && strings.Contains(err.Error(), secret) {
			w.t.Errorf("the log would have %q", err)
		}
	}
	return err.Error()
}

func TestLogin(t *testing.T) {
	w := newWorld(t)
	address, cookie := w.start()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	for name, want := range map[string]string{"client_id": "web", "response_type": "code", "redirect_uri": public + callback, "code_challenge_method": "S256", "scope": "openid email profile"} {
		if got := q.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		if len(q.Get(name)) < 22 {
			t.Errorf("%s is %q", name, q.Get(name))
		}
		if q.Get(name) != "" && strings.Contains(cookie.Value, q.Get(name)) {
			t.Errorf("the cookie shows the %s", name)
		}
	}
	if !cookie.HttpOnly || cookie.Secure || cookie.SameSite != http.SameSiteLaxMode || cookie.MaxAge != 600 || cookie.Path != "/" || cookie.Domain != "" || cookie.Name != "cloudlet-login" {
		t.Errorf("the cookie is %+v", cookie)
	}
	r := back(w.provider.Login(t, w.browser, address, "ada", "verysecure"), cookie)
	got, err := w.finish(r)
	if err != nil {
		t.Fatal(err)
	}
	want := &Login{Identity{Provider: "corp", Issuer: w.provider.URL, Subject: "id-ada", Email: "ada@example.com", Name: "Ada Lovelace"}, "/films?page=2"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if reason := w.fails(r, ErrInvalidLogin); !strings.Contains(reason, "finished before") {
		t.Error(reason)
	}
	if n := w.provider.Asked("/oauth/token"); n != 1 {
		t.Errorf("the provider was asked for %d tokens", n)
	}
	if n := w.provider.Asked("/.well-known/openid-configuration"); n != 1 {
		t.Errorf("the provider was discovered %d times", n)
	}
}

// TestEmailNotVerified: the address of somebody who has not proved it is nobody's.
func TestEmailNotVerified(t *testing.T) {
	w := newWorld(t)
	got, err := w.finish(w.login("bob"))
	if err != nil {
		t.Fatal(err)
	}
	if got.Email != "" || got.Subject != "id-bob" || got.Name != "Bob" {
		t.Errorf("got %+v", got)
	}
}

func TestCookieOverTLS(t *testing.T) {
	w := newWorld(t)
	w.options.PublicURL = "https://app.example"
	w.service.Configure(w.options)
	_, cookie := w.start()
	if cookie.Name != "__Host-cloudlet-login" || !cookie.Secure || cookie.Path != "/" || cookie.Domain != "" {
		t.Errorf("the cookie is %+v", cookie)
	}
	if gone := w.service.Forget(); gone.Name != cookie.Name || gone.MaxAge >= 0 || gone.Value != "" || !gone.Secure {
		t.Errorf("it is forgotten by %+v", gone)
	}
}

// TestNotThisLogin are answers that belong to another login, or to none.
func TestNotThisLogin(t *testing.T) {
	w := newWorld(t)
	good := w.login("ada")
	_, another := w.start()
	cookie := good.Cookies()[0]
	address := good.URL.String()
	edit := func(change func(q url.Values)) string {
		u := *good.URL
		q := u.Query()
		change(q)
		u.RawQuery = q.Encode()
		return u.String()
	}
	tampered := *cookie
	tampered.Value = tampered.Value[:len(tampered.Value)-2] + "xx"
	foreign := *cookie
	foreign.Value = secret.NewKeyring().Seal(purpose, []byte("{}"))
	for name, c := range map[string]struct {
		r      *http.Request
		reason string
	}{
		"no cookie":           {back(address), "0 cookies"},
		"two cookies":         {back(address, cookie, cookie), "2 cookies"},
		"changed cookie":      {back(address, &tampered), "not ours"},
		"cookie of others":    {back(address, &foreign), "not ours"},
		"long cookie":         {back(address, &http.Cookie{Name: cookieName, Value: strings.Repeat("a", 5000)}), "too long"},
		"other login":         {back(address, another), "not the one of the cookie"},
		"wrong state":         {back(edit(func(q url.Values) { q.Set("state", "x") }), cookie), "not the one of the cookie"},
		"no state":            {back(edit(func(q url.Values) { q.Del("state") }), cookie), "not the one of the cookie"},
		"two states":          {back(edit(func(q url.Values) { q.Add("state", "x") }), cookie), "state more than once"},
		"two codes":           {back(edit(func(q url.Values) { q.Add("code", "x") }), cookie), "code more than once"},
		"long code":           {back(edit(func(q url.Values) { q.Set("code", strings.Repeat("x", 5000)) }), cookie), "too long"},
		"a query that is not": {back(strings.Replace(address, "?", "?%zz&", 1), cookie), "cannot be read"},
	} {
		if reason := w.fails(c.r, ErrInvalidLogin); !strings.Contains(reason, c.reason) {
			t.Errorf("%s: %s", name, reason)
		}
	}
	if _, err := w.service.Finish(t.Context(), "other", good); !errors.Is(err, ErrInvalidLogin) || !strings.Contains(err.Error(), `"corp"`) {
		t.Errorf("with another provider: %v", err)
	}
	if n := w.provider.Asked("/oauth/token"); n != 0 {
		t.Errorf("the provider was asked for %d tokens", n)
	}
	if _, err := w.finish(good); err != nil {
		t.Errorf("none of that was this login, which fails with %v", err)
	}
}

func TestExpires(t *testing.T) {
	w := newWorld(t)
	early, late := w.login("ada"), w.login("ada")
	w.clock.move(loginTime - 5*time.Second)
	if _, err := w.finish(early); err != nil {
		t.Error(err)
	}
	w.clock.move(6 * time.Second)
	if reason := w.fails(late, ErrInvalidLogin); !strings.Contains(reason, "too long") {
		t.Error(reason)
	}
}

// TestRefused are answers without a code.
func TestRefused(t *testing.T) {
	w := newWorld(t)
	for query, want := range map[string]*failure.Error{
		"error=access_denied&error_description=The+user+said+no": ErrRefused,
		"error=login_required":                  ErrRefused,
		"error=temporarily_unavailable":         ErrUnavailable,
		"error=server_error":                    ErrUnavailable,
		"":                                      ErrInvalidLogin,
		"code=made-up":                          ErrInvalidIdentity,
		"code=x&iss=https%3A%2F%2Fevil.example": ErrInvalidLogin,
		"code=x&iss=":                           ErrInvalidLogin,
	} {
		address, cookie := w.start()
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		w.fails(back(public+callback+"?"+query+"&state="+u.Query().Get("state"), cookie), want)
	}
	// The provider itself says no: it knows no way without a form.
	address, cookie := w.start()
	w.fails(back(w.provider.Login(t, w.browser, address+"&prompt=none", "", ""), cookie), ErrRefused)
}

// TestIssuerIsNamed: a provider that says that it names itself in answers has to (RFC 9207).
func TestIssuerIsNamed(t *testing.T) {
	w := newWorld(t)
	w.provider.Tamper(func(to http.ResponseWriter, r *http.Request, real http.Handler) {
		if !strings.HasSuffix(r.URL.Path, "/openid-configuration") {
			real.ServeHTTP(to, r)
			return
		}
		recorded := httptest.NewRecorder()
		real.ServeHTTP(recorded, r)
		to.Header().Set("Content-Type", "application/json")
		fmt.Fprint(to, strings.Replace(recorded.Body.String(), "{", `{"authorization_response_iss_parameter_supported":true,`, 1))
	})
	w.fails(w.login("ada"), ErrInvalidLogin)
	r := w.login("ada")
	r.URL.RawQuery += "&iss=" + url.QueryEscape(w.provider.URL)
	if _, err := w.finish(r); err != nil {
		t.Error(err)
	}
}
