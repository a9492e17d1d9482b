package engine_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"strings"
	"testing"

	"cloudlet/engine"
	"cloudlet/engine/identity"
	"cloudlet/engine/internal/outside/issuer"

	"github.com/google/go-cmp/cmp"
)

// elsewhere is a running app, with the shipped endpoints of a login elsewhere, and the
// provider that it is configured with.
type elsewhere struct {
	*live
	provider *issuer.Issuer
	said     *logBuffer // at every level
}

const password = "verysecure"

var providerUsers = []issuer.User{
	{ID: "id-ada", Username: "ada", Password: password, FirstName: "Ada", LastName: "Lovelace", Email: "ada@example.com", EmailVerified: true},
	{ID: "id-bob", Username: "bob", Password: password, FirstName: "Bob", LastName: "Builder", Email: "boss@example.com"},
	{ID: "id-eve", Username: "eve", Password: password, FirstName: "Eve", LastName: "Adams", Email: "victim@example.com", EmailVerified: true},
}

func openElsewhere(t *testing.T) *elsewhere {
	t.Helper()
	files := map[string]string{"endpoints/mine.yaml": "get:\n  auth: user\n  actions:\n    - return: ${user.name}\n"}
	for _, name := range []string{"start", "callback"} {
		name = "endpoints/auth/oidc/{provider}/" + name + ".yaml"
		text, err := os.ReadFile("../" + name)
		fatal(t, err)
		files[name] = string(text)
	}
	e := &elsewhere{said: &logBuffer{}}
	e.live = openLive(t, files, engine.WithLog(slog.New(slog.NewTextHandler(e.said, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		engine.WithEnvironment(func(name string) string {
			if name == "CLIENT_SECRET" {
				return issuer.ClientSecret
			}
			return ""
		}))
	e.provider = issuer.Start(t, providerUsers, e.server.URL+"/auth/oidc/corp/callback")
	e.configure("corp")
	return e
}

// configure gives the provider a name here. That is a reload, as are all changes.
func (e *elsewhere) configure(name string) {
	e.t.Helper()
	e.write("cloudlet.yaml", fmt.Sprintf("public_url: %s\nhttp: {allow: [%q]}\nsecrets: {client: {env: CLIENT_SECRET}}\n"+
		"oidc:\n  %s: {issuer: %q, client_id: %s, client_secret: \"${secrets.client}\"}\n", e.server.URL, e.provider.Host, name, e.provider.URL, issuer.ClientID))
	fatal(e.t, e.reload())
}

// browser keeps cookies and follows no redirect by itself.
func browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	fatal(t, err)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Jar: jar, Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// visit opens an address: its status, JSON body and headers.
func (e *elsewhere) visit(b *http.Client, address string) (int, map[string]any, http.Header) {
	e.t.Helper()
	w, err := b.Get(address)
	fatal(e.t, err)
	defer w.Body.Close()
	text, err := io.ReadAll(w.Body)
	fatal(e.t, err)
	var body map[string]any
	if len(text) > 0 && json.Unmarshal(text, &body) != nil {
		e.t.Errorf("%s answers %s", address, text)
	}
	return w.StatusCode, body, w.Header
}

// begin goes to the provider by way of the app, and gives the address there.
func (e *elsewhere) begin(b *http.Client) string {
	e.t.Helper()
	status, body, header := e.visit(b, e.server.URL+"/auth/oidc/corp/start?return_to=/films")
	if status != 302 || header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(header.Get("Location"), e.provider.URL+"/auth?") {
		e.t.Fatalf("the login begins with %d %v %v", status, body, header)
	}
	return header.Get("Location")
}

// back is the address that the provider sends a browser back to.
func (e *elsewhere) back(b *http.Client, user string) string {
	e.t.Helper()
	return e.provider.Login(e.t, b, e.begin(b), user, password)
}

// login logs in as a user of the provider who is let in.
func (e *elsewhere) login(b *http.Client, user string) map[string]any {
	e.t.Helper()
	status, ticket, header := e.visit(b, e.back(b, user))
	if status != 200 || header.Get("Cache-Control") != "no-store" {
		e.t.Fatalf("the login of %s ends with %d %v %s", user, status, ticket, e.said.all())
	}
	return ticket
}

// refused opens an address that must not let anybody in.
func (e *elsewhere) refused(b *http.Client, address string, status int, code string) {
	e.t.Helper()
	got, body, header := e.visit(b, address)
	if got != status || body["code"] != code {
		e.t.Errorf("got %d %v, want %d %s", got, body, status, code)
	}
	if status == 503 && header.Get("Retry-After") == "" {
		e.t.Error("it does not say when to come again")
	}
}

func TestLoginElsewhere(t *testing.T) {
	t.Parallel()
	e := openElsewhere(t)
	b := browser(t)
	first := e.login(b, "ada")
	if first["return_to"] != "/films" || first["token_type"] != "Bearer" {
		t.Errorf("got %v", first)
	}
	if diff := cmp.Diff(map[string]any{"name": "ada", "roles": []any{"guest"}}, first["user"]); diff != "" {
		t.Errorf("the user (-want +got):\n%s", diff)
	}
	if got := e.get("/mine", first["ticket"].(string)); got != `200 "ada"` {
		t.Errorf("the ticket gives %s", got)
	}
	u, err := url.Parse(e.server.URL)
	fatal(t, err)
	if left := b.Jar.Cookies(u); len(left) != 0 {
		t.Errorf("the cookie of the login is left: %v", left)
	}
	// HEAD, as scanners of links send it, uses up nothing: it is not taken.
	head, err := b.Head(e.server.URL + "/auth/oidc/corp/callback?code=x")
	fatal(t, err)
	if head.Body.Close(); head.StatusCode != 405 {
		t.Errorf("HEAD answers %s", head.Status)
	}
	// Once more, from another browser: the same user.
	other := browser(t)
	back := e.back(other, "ada")
	kept := *other
	jar, err := cookiejar.New(nil)
	fatal(t, err)
	jar.SetCookies(u, other.Jar.Cookies(u))
	kept.Jar = jar
	if status, again, _ := e.visit(other, back); status != 200 || again["user"].(map[string]any)["name"] != "ada" {
		t.Errorf("the second time it is %d %v", status, again)
	}
	// The same answer of the provider, by somebody who kept the cookie, without one, and by a
	// browser that began another login.
	e.refused(&kept, back, 400, "invalid_login")
	e.refused(browser(t), back, 400, "invalid_login")
	third := browser(t)
	e.begin(third)
	e.refused(third, back, 400, "invalid_login")
	rows, err := engine.Look(t.Context(), e.engine, "main", "SELECT event, subject FROM cloudlet_audit WHERE event NOT LIKE 'audit%' ORDER BY number")
	fatal(t, err)
	if want := `[["user.created","ada"],["account.linked","ada"],["login","ada"],["login","ada"]]`; rows != want {
		t.Errorf("the audit log has %s", rows)
	}
	e.keepsSilent(back, first)
}

// keepsSilent holds the log at every level against what must not be in it.
func (e *elsewhere) keepsSilent(back string, ticket map[string]any) {
	e.t.Helper()
	u, err := url.Parse(back)
	fatal(e.t, err)
	log := e.said.all() + e.log.all()
	if !strings.Contains(log, "invalid_login") {
		e.t.Errorf("the log tells nothing of what was refused: %s", log)
	}
	for _, secret := range []string{issuer.ClientSecret, password, u.Query().Get("code"), u.Query().Get("state"), ticket["ticket"].(string), ticket["refresh_token"].(string)} {
		if strings.Contains(log, secret) {
			e.t.Errorf("the log has %s", secret)
		}
	}
}

// TestLoginElsewhereTakesNothingOver: an address that the provider did not verify, or
// that the local user did not, gives nobody's account away.
func TestLoginElsewhereTakesNothingOver(t *testing.T) {
	t.Parallel()
	e := openElsewhere(t)
	users := engine.UsersOf(e.engine)
	for _, n := range []identity.NewUser{
		{Name: "boss", Email: "boss@example.com", Roles: []string{"root"}},
		{Name: "squatter", Email: "victim@example.com", Unconfirmed: true},
		{Name: "countess", Email: "Ada@example.com", Roles: []string{"admin"}},
	} {
		n.Password = "correct horse battery"
		fatal(t, users.AddUser(t.Context(), identity.Act{}, n))
	}
	// A second factor is not gone around.
	e.alter("INSERT INTO cloudlet_totp (user_id, secret) SELECT id, 'x' FROM cloudlet_users WHERE username = 'countess'")
	b := browser(t)
	e.refused(b, e.back(b, "ada"), 409, "email_taken")
	e.alter("DELETE FROM cloudlet_totp")
	for user, want := range map[string]string{"bob": "bob-builder [guest]", "eve": "victim [guest]", "ada": "countess [admin]"} {
		u := e.login(browser(t), user)["user"].(map[string]any)
		if got := fmt.Sprint(u["name"], " ", u["roles"]); got != want {
			t.Errorf("%s is %s, want %s", user, got, want)
		}
	}
	e.alter("UPDATE cloudlet_users SET confirmed_at = NULL WHERE username = 'countess'")
	b = browser(t)
	e.refused(b, e.back(b, "ada"), 403, "not_confirmed")
	fatal(t, users.Lock(t.Context(), identity.Act{}, "countess"))
	b = browser(t)
	e.refused(b, e.back(b, "ada"), 401, "invalid_credentials")
}

// alter changes the users behind the engine's back.
func (e *elsewhere) alter(sql string) {
	e.t.Helper()
	_, err := engine.DatabasesOf(e.engine)["main"].Exec(e.t.Context(), sql)
	fatal(e.t, err)
}

// TestLoginElsewhereFails is what goes wrong on the way.
func TestLoginElsewhereFails(t *testing.T) {
	t.Parallel()
	e := openElsewhere(t)
	b := browser(t)
	for path, want := range map[string]string{
		"/auth/oidc/cor/start":                                     "404 no_such_provider",
		"/auth/oidc/cor/callback?code=x":                           "404 no_such_provider",
		"/auth/oidc/corp/callback":                                 "400 invalid_login",
		"/auth/oidc/corp/start?return_to=//evil.example":           "400 invalid_return_to",
		"/auth/oidc/corp/start?return_to=https%3A%2F%2Fa.example/": "400 invalid_return_to",
	} {
		status, code, _ := strings.Cut(want, " ")
		got, body, _ := e.visit(b, e.server.URL+path)
		if fmt.Sprint(got) != status || body["code"] != code {
			t.Errorf("%s: %d %v", path, got, body)
		}
	}
	e.refused(b, e.provider.Login(t, b, e.begin(b)+"&prompt=none", "", ""), 401, "login_refused")
	back := e.back(b, "ada")
	e.provider.Tamper(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { http.Error(w, "no", 500) })
	e.refused(b, back, 503, "provider_unavailable")
	if rows, err := engine.Look(t.Context(), e.engine, "main", "SELECT count(*) FROM cloudlet_users"); err != nil || rows != "[[0]]" {
		t.Errorf("there are users: %s %v", rows, err)
	}
	// Under another name it is another configuration, which knows nothing of the provider yet.
	e.configure("other")
	e.refused(b, e.server.URL+"/auth/oidc/corp/start", 404, "no_such_provider")
	e.refused(b, e.server.URL+"/auth/oidc/other/start", 503, "provider_unavailable")
	e.provider.Tamper(nil)
	e.configure("corp")
	e.login(b, "ada")
	// Without http.allow the provider, which is on this machine, cannot be reached.
	e.write("cloudlet.yaml", strings.Replace(e.read("cloudlet.yaml"), "http: {", "# {", 1))
	fatal(t, e.reload())
	e.refused(b, e.server.URL+"/auth/oidc/corp/start", 503, "provider_unavailable")
}

func (e *elsewhere) read(name string) string {
	e.t.Helper()
	text, err := os.ReadFile(e.dir + "/" + name)
	fatal(e.t, err)
	return string(text)
}
