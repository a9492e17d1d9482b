package engine_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"cloudlet/engine"
)

// circle is somebody who uses the app that ships, with a browser and a mail reader,
// and who remembers whatever nobody else may ever see.
type circle struct {
	*live
	secrets map[string]string // what must be found nowhere, and what it is
	said    bytes.Buffer      // all problems that were answered
}

// openCircle serves a copy of the app that ships, with an endpoint for guests.
func openCircle(t *testing.T) *circle {
	files := map[string]string{"endpoints/guests.yaml": "get:\n  auth: [guest]\n  actions:\n    - return: {name: \"${user.name}\"}\n"}
	for name, text := range tree(t, filepath.Join("..", "endpoints")) {
		if text != "a folder" {
			files["endpoints/"+name] = text
		}
	}
	c := &circle{live: openLive(t, files), secrets: map[string]string{}}
	fatal(t, engine.UsersOf(c.engine).AddUser(t.Context(), engine.CommandLine, engine.NewUser{Name: "root", Password: c.keep("root's password", "hunter hunter hunter"), Roles: []string{"root"}}))
	return c
}

func (c *circle) keep(what, text string) string {
	c.secrets[text] = what
	return text
}

// received is what came back.
type received struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

// ask sends JSON, or a form, as somebody with a ticket or without.
func (c *circle) ask(method, path, ticket string, body any) received {
	c.t.Helper()
	var sent io.Reader
	kind, accept := "application/json", "application/json"
	switch b := body.(type) {
	case url.Values: // as a browser does
		sent, kind, accept = strings.NewReader(b.Encode()), "application/x-www-form-urlencoded", "text/html,*/*"
	case nil:
	case string: // a browser that follows a link
		accept = b
	default:
		text, err := json.Marshal(body)
		fatal(c.t, err)
		sent = bytes.NewReader(text)
	}
	r, err := http.NewRequest(method, c.server.URL+path, sent)
	fatal(c.t, err)
	r.Header.Set("Accept", accept)
	if sent != nil {
		r.Header.Set("Content-Type", kind)
	}
	if ticket != "" {
		r.Header.Set("Authorization", "Bearer "+ticket)
	}
	w, err := client.Do(r)
	fatal(c.t, err)
	defer w.Body.Close()
	text, err := io.ReadAll(w.Body)
	fatal(c.t, err)
	a := received{status: w.StatusCode, header: w.Header, text: string(text)}
	if len(text) > 0 && strings.Contains(w.Header.Get("Content-Type"), "json") {
		var value any
		fatal(c.t, json.Unmarshal(text, &value))
		a.body, _ = value.(object)
	}
	if a.status >= 400 {
		c.said.Write(text)
	}
	return a
}

// want asks and expects a status, and with "401 code_required" a code too.
func (c *circle) wants(want, method, path, ticket string, body any) received {
	c.t.Helper()
	a := c.ask(method, path, ticket, body)
	got := fmt.Sprint(a.status)
	if _, code, ok := strings.Cut(want, " "); ok && code != "" {
		got += fmt.Sprint(" ", a.body["code"])
	}
	if got != want {
		c.t.Fatalf("%s %s: got %s, want %s\n%s", method, path, got, want, a.text)
	}
	return a
}

type object = map[string]any

// login logs alice in and keeps what comes of it.
func (c *circle) login(credentials object) (ticket, refresh string) {
	c.t.Helper()
	a := c.wants("200", "POST", "/auth/login", "", credentials)
	return c.tickets(a)
}

func (c *circle) tickets(a received) (ticket, refresh string) {
	ticket, refresh = a.body["ticket"].(string), a.body["refresh_token"].(string)
	return c.keep("a ticket", ticket), c.keep("a refresh token", refresh)
}

// mails waits until so many mails have been handed over, and gives their texts, the
// oldest first.
func (c *circle) mails(n int) []string {
	c.t.Helper()
	var names []string
	c.becomes(fmt.Sprint(n, " mails"), func() bool {
		names, _ = filepath.Glob(filepath.Join(c.dir, "data", "outbox", "*.eml"))
		return len(names) >= n
	})
	slices.Sort(names)
	if len(names) != n {
		c.t.Fatalf("%d mails, want %d", len(names), n)
	}
	texts := make([]string, n)
	for i, name := range names {
		text, err := os.ReadFile(name)
		fatal(c.t, err)
		texts[i] = string(text)
	}
	return texts
}

var mailedLink = regexp.MustCompile(`http://127\.0\.0\.1:8080(/auth/\w+\?token=)([\w-]{43})`)

// link is the link in the newest of n mails, as a path.
func (c *circle) link(n int) string {
	c.t.Helper()
	all := c.mails(n)
	m := mailedLink.FindStringSubmatch(all[n-1]) // plain ASCII is sent as it is
	if m == nil {
		c.t.Fatalf("there is no link in\n%s", all[n-1])
	}
	c.keep("the token of a link", m[2])
	return m[1] + m[2]
}

// TestCircle walks the whole way of a user: registered, confirmed, logged in,
// refreshed, forgotten, locked, with a second factor, and gone.
func TestCircle(t *testing.T) {
	t.Parallel()
	c := openCircle(t)
	password := c.keep("alice's password", "correct horse battery")
	alice := object{"username": "alice", "email": "alice@example.com", "password": password, "name": "Alice"}
	c.register(alice)
	c.confirm(alice)
	ticket := c.refreshes(alice)
	alice["password"] = c.keep("alice's second password", "battery horse correct")
	ticket = c.forgets(alice, ticket)
	ticket = c.locked(alice, ticket)
	c.leaves(alice, ticket)
	c.canaries()
}

func (c *circle) register(alice object) {
	sent := c.wants("202", "POST", "/auth/register", "", alice)
	link := c.link(1)
	c.wants("403 not_confirmed", "POST", "/auth/login", "", object{"username": "alice", "password": alice["password"]})
	if u, err := engine.UsersOf(c.engine).User(c.t.Context(), engine.CommandLine, "alice"); err != nil || u.Confirmed || len(u.Roles) > 0 {
		c.t.Fatalf("registered as %+v, %v", u, err)
	}
	c.wants("409 username_taken", "POST", "/auth/register", "", object{"username": "ALICE", "email": "a@example.com", "password": alice["password"]})
	c.wants("409 username_taken", "POST", "/auth/register", "", object{"username": "alice", "email": "alice@example.com", "password": alice["password"]})
	c.wants("400 invalid_password", "POST", "/auth/register", "", object{"username": "bob", "email": "b@example.com", "password": "password1234"})
	c.wants("400 invalid_password", "POST", "/auth/register", "", object{"username": "bob", "email": "alice@example.com", "password": "password1234"})
	other := c.wants("202", "POST", "/auth/register", "", object{"username": "mallory", "email": "Alice@Example.com", "password": alice["password"]})
	if other.text != sent.text {
		c.t.Errorf("a known address answers %s, a new one %s", other.text, sent.text)
	}
	if told := c.mails(2)[1]; !strings.Contains(told, "You have an account already") || mailedLink.MatchString(told) {
		c.t.Errorf("the owner is told\n%s", told)
	}
	// Nor does a login with the new name tell that the address is known.
	c.wants("403 not_confirmed", "POST", "/auth/login", "", object{"username": "mallory", "password": alice["password"]})
	// An expired link, and one that was replaced, are as good as a wrong one.
	c.expire()
	c.wants("400 invalid_token", "GET", link, "", nil)
	again := c.wants("202", "POST", "/auth/resend", "", object{"email": "alice@example.com"})
	if unknown := c.wants("202", "POST", "/auth/resend", "", object{"email": "nobody@example.com"}); unknown.text != again.text {
		c.t.Errorf("resend tells an unknown address: %s", unknown.text)
	}
	c.wants("400 invalid_token", "GET", link, "", nil)
	c.wants("400 invalid_token", "GET", link[:len(link)-43]+strings.Repeat("A", 43), "", nil)
}

// expire has all links expire.
func (c *circle) expire() {
	c.t.Helper()
	fatal(c.t, engine.Exec(c.t.Context(), c.engine, "UPDATE cloudlet_link_tokens SET expires = 1"))
}

func (c *circle) confirm(alice object) {
	link := c.link(3)
	c.wants("405", "HEAD", link, "", nil)
	page := c.wants("200", "GET", link, "", "text/html")
	if !strings.Contains(page.text, "Welcome, alice") || page.header.Get("Content-Type") != "text/html; charset=utf-8" {
		c.t.Errorf("the page is %v\n%s", page.header, page.text)
	}
	if used := c.wants("400", "GET", link, "", "text/html"); !strings.Contains(used.header.Get("Content-Type"), "text/html") {
		c.t.Errorf("a used link answers a browser with %v\n%s", used.header, used.text)
	}
	c.wants("400 invalid_token", "GET", link, "", nil)
	if again := c.wants("202", "POST", "/auth/resend", "", object{"email": "alice@example.com"}); again.body["status"] != "confirmation_sent" {
		c.t.Errorf("resend tells a confirmed address: %s", again.text)
	}
	ticket, _ := c.login(object{"username": "alice", "password": alice["password"]})
	c.wants("200", "GET", "/guests", ticket, nil)
	c.wants("403 forbidden", "GET", "/admin/users", ticket, nil)
	if me := c.wants("200", "GET", "/auth/me", ticket, nil); me.body["email"] != "alice@example.com" || me.body["name"] != "Alice" {
		c.t.Errorf("alice is %s", me.text)
	}
}

func (c *circle) refreshes(alice object) (ticket string) {
	first, refresh := c.login(object{"username": "alice", "password": alice["password"]})
	ticket, next := c.tickets(c.wants("200", "POST", "/auth/refresh", "", object{"refresh_token": refresh}))
	c.wants("200", "GET", "/guests", ticket, nil)
	c.wants("200", "GET", "/guests", first, nil)
	// A refresh token that comes back was copied: the whole family ends.
	c.wants("401 invalid_refresh_token", "POST", "/auth/refresh", "", object{"refresh_token": refresh})
	c.wants("401", "GET", "/guests", first, nil)
	c.wants("401", "GET", "/guests", ticket, nil)
	c.wants("401 invalid_refresh_token", "POST", "/auth/refresh", "", object{"refresh_token": next})
	c.wants("401 invalid_refresh_token", "POST", "/auth/refresh", "", object{"refresh_token": "x"})
	// One session that ends leaves the other alone.
	ticket, _ = c.login(object{"username": "alice", "password": alice["password"]})
	other, refresh := c.login(object{"username": "alice", "password": alice["password"]})
	c.wants("204", "POST", "/auth/logout", other, object{})
	c.wants("401", "GET", "/guests", other, nil)
	c.wants("401 invalid_refresh_token", "POST", "/auth/refresh", "", object{"refresh_token": refresh})
	c.wants("200", "GET", "/guests", ticket, nil)
	return ticket
}

func (c *circle) forgets(alice object, ticket string) string {
	known := c.wants("202", "POST", "/auth/forgot", "", object{"email": "alice@example.com"})
	if unknown := c.wants("202", "POST", "/auth/forgot", "", object{"email": "nobody@example.com"}); unknown.text != known.text {
		c.t.Errorf("forgot tells an unknown address: %s", unknown.text)
	}
	link := c.link(4)
	path, token, _ := strings.Cut(link, "?token=")
	form := c.wants("200", "GET", link, "", "text/html")
	if !strings.Contains(form.text, `<form method="post"`) || !strings.Contains(form.text, token) {
		c.t.Errorf("the form is\n%s", form.text)
	}
	c.wants("200", "GET", "/guests", ticket, nil)
	c.wants("400", "POST", path, "", url.Values{"token": {token}, "password": {"short"}})
	done := c.wants("200", "POST", path, "", url.Values{"token": {token}, "password": {alice["password"].(string)}})
	if !strings.Contains(done.text, "The password is changed") {
		c.t.Errorf("it answers\n%s", done.text)
	}
	if told := c.mails(5)[4]; !strings.Contains(told, "Your password was changed") {
		c.t.Errorf("the owner is told\n%s", told)
	}
	c.wants("401", "GET", "/guests", ticket, nil)
	c.wants("400 invalid_token", "POST", path, "", object{"token": token, "password": "yet another password"})
	c.wants("401 invalid_credentials", "POST", "/auth/login", "", object{"username": "alice", "password": "correct horse battery"})
	ticket, _ = c.login(object{"username": "alice", "password": alice["password"]})
	// A password that its owner changes ends what others have open, and the owner is told.
	other, _ := c.login(object{"username": "alice", "password": alice["password"]})
	third := c.keep("alice's third password", "staple staple staple")
	c.wants("400 wrong_password", "POST", "/auth/password", ticket, object{"current": "not the password", "password": third})
	c.wants("204", "POST", "/auth/password", ticket, object{"current": alice["password"], "password": third})
	c.wants("401", "GET", "/guests", other, nil)
	alice["password"] = third
	if told := c.mails(6)[5]; !strings.Contains(told, "Your password was changed") {
		c.t.Errorf("the owner is told\n%s", told)
	}
	ticket, _ = c.login(object{"username": "alice", "password": third})
	return ticket
}

func (c *circle) locked(alice object, ticket string) string {
	root, _ := c.login(object{"username": "root", "password": "hunter hunter hunter"})
	if list := c.wants("200", "GET", "/admin/users?search=ALI", root, nil); list.body["total"] != 1.0 {
		c.t.Errorf("the list is %s", list.text)
	}
	c.wants("204", "PUT", "/admin/users/alice/lock", root, object{})
	c.wants("401", "GET", "/guests", ticket, nil)
	c.wants("401 invalid_credentials", "POST", "/auth/login", "", object{"username": "alice", "password": alice["password"]})
	c.wants("204", "DELETE", "/admin/users/alice/lock", root, nil)
	c.wants("401", "GET", "/guests", ticket, nil)
	ticket, _ = c.login(object{"username": "alice", "password": alice["password"]})
	// A role that is revoked narrows a ticket at once.
	c.wants("200", "DELETE", "/admin/users/alice/roles?roles=guest", root, nil)
	c.wants("403", "GET", "/guests", ticket, nil)
	c.wants("200", "POST", "/admin/users/alice/roles", root, object{"roles": []string{"guest"}})
	c.wants("200", "GET", "/guests", ticket, nil)
	c.wants("409 last_root", "PUT", "/admin/users/root/lock", root, object{})
	acting := c.wants("200", "POST", "/admin/users/alice/impersonate", root, object{})
	c.wants("200", "GET", "/guests", c.keep("a ticket", acting.body["ticket"].(string)), nil)
	return ticket
}

func (c *circle) leaves(alice object, ticket string) {
	enrolled := c.wants("200", "POST", "/auth/totp", ticket, object{"password": alice["password"]})
	secret := c.keep("the secret of the second factor", enrolled.body["secret"].(string))
	code := func(at time.Time) string {
		text, err := totp.GenerateCode(secret, at)
		fatal(c.t, err)
		return text
	}
	now := time.Now()
	c.wants("401", "PUT", "/auth/totp", ticket, object{"code": "000000x"})
	confirmed := c.wants("200", "PUT", "/auth/totp", ticket, object{"code": code(now)})
	codes := confirmed.body["recovery_codes"].([]any)
	if len(codes) != 10 {
		c.t.Fatalf("the recovery codes are %v", codes)
	}
	for _, text := range codes {
		c.keep("a recovery code", text.(string))
	}
	credentials := object{"username": "alice", "password": alice["password"]}
	c.wants("401 code_required", "POST", "/auth/login", "", credentials)
	credentials["code"] = code(now) // it was used to confirm
	c.wants("401 invalid_code", "POST", "/auth/login", "", credentials)
	credentials["code"] = code(now.Add(30 * time.Second))
	ticket, _ = c.login(credentials)
	credentials["code"] = codes[3]
	c.login(credentials)
	c.wants("401 invalid_code", "POST", "/auth/login", "", credentials)
	c.wants("401 code_required", "DELETE", "/auth/me", ticket, object{"password": alice["password"]})
	c.wants("204", "DELETE", "/auth/me", ticket, object{"password": alice["password"], "code": codes[4]})
	c.wants("401", "GET", "/guests", ticket, nil)
	c.wants("401 invalid_credentials", "POST", "/auth/login", "", credentials)
}
