// Package issuer runs an OpenID provider on this machine, the example server of
// github.com/zitadel/oidc, for tests to log in at. Nothing but tests uses it.
package issuer

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
)

// User is a user of the provider. The ID is the subject.
type User = storage.User

// ClientID and ClientSecret are what the app is known by.
const (
	ClientID     = "web"
	ClientSecret = "the client's very secret secret"
)

// Issuer is a running provider.
type Issuer struct {
	URL  string
	Host string // host:port
	real http.Handler
	// key signs what Forge makes, and is among the provider's keys.
	key *ecdsa.PrivateKey
	// tamper, where it is set, answers in the provider's place; it may ask the real one.
	tamper atomic.Pointer[func(w http.ResponseWriter, r *http.Request, real http.Handler)]

	mu    sync.Mutex
	asked map[string]int
}

// Start runs a provider until the test ends. redirects are the addresses that it
// sends browsers back to.
func Start(t testing.TB, users []User, redirects ...string) *Issuer {
	t.Helper()
	p := &Issuer{asked: map[string]int{}}
	server := httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(server.Close)
	p.URL, p.Host = server.URL, strings.TrimPrefix(server.URL, "http://")
	byID := map[string]*User{}
	for _, u := range users {
		byID[u.ID] = &u
	}
	text, err := json.Marshal(byID)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "users.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	store, err := storage.StoreFromFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if p.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	clients := map[string]*storage.Client{ClientID: storage.WebClient(ClientID, ClientSecret, redirects...)}
	p.real = exampleop.SetupServer(p.URL, storage.NewStorageWithClients(store, clients), nil, false)
	return p
}

// Tamper lets f answer in the provider's place; nil lets the provider answer itself.
func (p *Issuer) Tamper(f func(w http.ResponseWriter, r *http.Request, real http.Handler)) {
	if f == nil {
		p.tamper.Store(nil)
		return
	}
	p.tamper.Store(&f)
}

// Asked counts the requests to a path.
func (p *Issuer) Asked(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked[path]
}

func (p *Issuer) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked[r.URL.Path]++
	p.mu.Unlock()
	if f := p.tamper.Load(); f != nil {
		(*f)(w, r, p.real)
		return
	}
	p.real.ServeHTTP(w, r)
}

// Forge lets the provider give ID tokens that change has changed, signed with another
// of its keys. change gives the header and claims to sign; a key other than nil signs
// in place of that one.
func (p *Issuer) Forge(change func(claims jwt.MapClaims) (method jwt.SigningMethod, key any)) {
	p.Tamper(func(w http.ResponseWriter, r *http.Request, real http.Handler) {
		recorded := httptest.NewRecorder()
		real.ServeHTTP(recorded, r)
		var body map[string]any
		if json.Unmarshal(recorded.Body.Bytes(), &body) != nil {
			body = nil
		}
		switch {
		case r.URL.Path == "/oauth/token" && body["id_token"] != nil:
			body["id_token"] = p.forged(body["id_token"].(string), change)
		case r.URL.Path == "/keys":
			body["keys"] = append(body["keys"].([]any), p.published())
		default:
			for name, values := range recorded.Header() {
				w.Header()[name] = values
			}
			w.WriteHeader(recorded.Code)
			_, _ = w.Write(recorded.Body.Bytes()) // a client that went away misses nothing
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(body) // as above
	})
}

func (p *Issuer) forged(original string, change func(jwt.MapClaims) (jwt.SigningMethod, any)) string {
	claims := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(original, claims); err != nil {
		return err.Error()
	}
	method, key := change(claims)
	if key == nil {
		key = p.key
	}
	token := jwt.NewWithClaims(method, claims)
	token.Header["kid"] = "forged"
	text, err := token.SignedString(key)
	if err != nil {
		return err.Error()
	}
	return text
}

// published is the key of forged tokens as the provider's list of keys has it.
func (p *Issuer) published() map[string]any {
	public, err := p.key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		panic(err) // only for curves of other packages
	}
	text := base64.RawURLEncoding.EncodeToString
	return map[string]any{"kty": "EC", "crv": "P-256", "use": "sig", "kid": "forged", "alg": "ES256", "x": text(public[1:33]), "y": text(public[33:])}
}

var formID = regexp.MustCompile(`name="id" value="([^"]+)"`)

// Login walks a browser from the address at the provider through its login form, and
// gives the address that the provider sends it back to, which is not followed.
func (p *Issuer) Login(t testing.TB, browser *http.Client, address, username, password string) string {
	t.Helper()
	stopping := *browser
	stopping.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	id := ""
	for range 5 {
		body, next := visit(t, &stopping, address, nil)
		if next != "" && !strings.HasPrefix(next, p.URL) {
			return next // a refusal needs no form
		}
		if found := formID.FindStringSubmatch(body); found != nil {
			id = found[1]
			break
		}
		if next == "" {
			t.Fatalf("the provider has no form at %s, but %s", address, body)
		}
		address = next
	}
	form := url.Values{"id": {id}, "username": {username}, "password": {password}}
	body, next := visit(t, &stopping, p.URL+"/login/username", form)
	for next != "" && strings.HasPrefix(next, p.URL) {
		body, next = visit(t, &stopping, next, nil)
	}
	if next == "" {
		t.Fatalf("the provider lets %s not in: %s", username, body)
	}
	return next
}

// visit opens a page, or sends a form, and gives the page and where it redirects to.
func visit(t testing.TB, browser *http.Client, address string, form url.Values) (body, next string) {
	t.Helper()
	var answer *http.Response
	var err error
	if form == nil {
		answer, err = browser.Get(address)
	} else {
		answer, err = browser.PostForm(address, form)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if to, err := answer.Location(); err == nil {
		next = to.String()
	}
	return string(text), next
}
