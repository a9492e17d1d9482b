package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cloudlet/actions"
	"cloudlet/engine"
	"cloudlet/engine/action"
	"cloudlet/engine/database"
)

// TestActionsFailAsDeclared does what the examples of all actions show with a database that works,
// with one that others keep busy, and with one that has lost its tables. Each answers, and where it
// fails, then with a code that its page names. Whoever goes while an action waits takes it along.
func TestActionsFailAsDeclared(t *testing.T) {
	t.Parallel()
	files := examplesApp(t)
	files["cloudlet.yaml"] = strings.Replace(files["cloudlet.yaml"], "sqlite::memory:", "sqlite:data/main.db", 1)
	files["endpoints/tokens.yaml"] = `post:
  actions:
    - authenticate: {username: dora, password: ` + casePassword + `}
      as: ticket
    - user.confirmation: {username: carl}
      as: link
    - user.reset: {email: dora@example.com}
      as: reset
    - return: {refresh: "${ticket.refresh_token}", confirm: "${link.token}", reset: "${reset?.token}"}
`
	l := openLive(t, files, engine.WithEnvironment(func(name string) string { return map[string]string{"CORP": "hidden"}[name] }))
	ctx := t.Context()
	users := engine.UsersOf(l.engine)
	for _, name := range []string{"bob", "carl", "dora"} {
		fatal(t, users.AddUser(ctx, engine.CommandLine, engine.NewUser{Name: name, Password: casePassword, Email: name + "@example.com"}))
	}
	d := &asDeclared{live: l, seen: map[string]bool{}}
	d.takeTokens(t)
	d.doAll(t, "a database that works")
	d.takeTokens(t)
	release := d.keepBusy(t)
	d.leaveAll(t)
	d.doAll(t, "a busy database")
	release()
	d.takeTokens(t)
	d.breakTables(t)
	d.doAll(t, "a broken database")

	for _, code := range []string{"database_busy", "database_failed"} {
		for _, a := range actions.All() {
			declares := slices.ContainsFunc(a.Failures, func(o action.Outcome) bool { return o.Code == code })
			// What these are given is not looked up here, since it is refused before.
			if slices.Contains([]string{"oidc.finish", "captcha", "webhook.verify", "publish"}, a.Name) {
				continue
			}
			if declares && !d.seen[a.Name+" "+code] {
				t.Errorf("%s is said to fail with %s, and does not", a.Name, code)
			}
		}
	}
}

type asDeclared struct {
	*live
	tickets map[string]string // of a user of its own, since some end tickets; by action
	tokens  struct{ Refresh, Confirm, Reset string }
	mu      sync.Mutex
	seen    map[string]bool // "action code"
}

// doAll does the examples of all actions at once.
func (d *asDeclared) doAll(t *testing.T, what string) {
	t.Helper()
	var wg sync.WaitGroup
	for i, a := range actions.All() {
		wg.Go(func() {
			status, code := d.do(t, i, a)
			if status < 400 {
				return
			}
			d.mu.Lock()
			defer d.mu.Unlock()
			d.seen[a.Name+" "+code] = true
			known := slices.Contains([]string{"invalid_arguments", "forbidden"}, code) || asksForCaller(a.Example) && strings.HasPrefix(code, "database_")
			for _, other := range actions.All() {
				if strings.Contains(endpointOf(a.Example), other.Name+":") {
					known = known || slices.ContainsFunc(other.Failures, func(o action.Outcome) bool { return o.Code == code })
				}
			}
			// The codes of fail and assert are the author's.
			if !known && !strings.Contains(a.Example, "fail:") && a.Name != "assert" {
				t.Errorf("with %s, %s fails with %d %s, which its page does not name", what, a.Name, status, code)
			}
		})
	}
	wg.Wait()
}

var exampleTexts = map[string]string{
	"password": casePassword, "current": casePassword, "username": "bob", "email": "new@example.com", "sort": "title", "code": "123456", "after": "",
}

// takeTokens takes tokens that are good once, and a ticket for each that asks who calls.
func (d *asDeclared) takeTokens(t *testing.T) {
	t.Helper()
	d.tickets = map[string]string{}
	users := engine.UsersOf(d.engine)
	for i, a := range actions.All() {
		if name := fmt.Sprint("caller", i); asksForCaller(a.Example) {
			err := users.AddUser(t.Context(), engine.CommandLine, engine.NewUser{Name: name, Password: casePassword, Roles: []string{"root"}})
			if err != nil && !strings.Contains(err.Error(), "taken") {
				t.Fatal(err)
			}
			ticket, err := users.Issue(t.Context(), name)
			fatal(t, err)
			d.tickets[a.Name] = ticket.Text
		}
	}
	w, err := http.Post(d.server.URL+"/tokens", "", nil)
	fatal(t, err)
	defer w.Body.Close()
	if err := json.NewDecoder(w.Body).Decode(&d.tokens); err != nil || w.StatusCode != 200 {
		t.Fatal(w.Status, err)
	}
}

// valueOf is what an example is given for an argument.
func (d *asDeclared) valueOf(example, name string) any {
	switch exampleTypes[name] {
	case "int":
		return 1
	case "[string]":
		return []string{"Alien"}
	case "json":
		return map[string]any{"title": "Alien"}
	}
	for action, token := range map[string]string{"refresh:": d.tokens.Refresh, "user.confirm:": d.tokens.Confirm, "user.reset_password:": d.tokens.Reset} {
		if strings.Contains(example, action) && strings.HasSuffix(name, "token") {
			return token
		}
	}
	if text, ok := exampleTexts[name]; ok {
		return text
	}
	return "x"
}

func (d *asDeclared) do(t *testing.T, i int, a *action.Action) (status int, code string) {
	t.Helper()
	r := d.request(t, i, a)
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	w, err := client.Do(r)
	fatal(t, err)
	defer w.Body.Close()
	var problem struct{ Code string }
	if w.StatusCode >= 400 {
		fatal(t, json.NewDecoder(w.Body).Decode(&problem))
	}
	return w.StatusCode, problem.Code
}

// request asks for what the example of an action shows.
func (d *asDeclared) request(t *testing.T, i int, a *action.Action) *http.Request {
	t.Helper()
	body := map[string]any{}
	for _, name := range argumentNames(a.Example) {
		body[name] = d.valueOf(a.Example, name)
	}
	text, err := json.Marshal(body)
	fatal(t, err)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.server.URL+fmt.Sprintf("/example%02d", i), strings.NewReader(string(text)))
	fatal(t, err)
	r.Header.Set("Content-Type", "application/json")
	if ticket, ok := d.tickets[a.Name]; ok {
		r.Header.Set("Authorization", "Bearer "+ticket)
	}
	return r
}

// leaveAll asks for all of them, and goes after a moment: none waits for the database on its own.
func (d *asDeclared) leaveAll(t *testing.T) {
	t.Helper()
	var wg sync.WaitGroup
	for i, a := range actions.All() {
		r := d.request(t, i, a)
		wg.Go(func() {
			ctx, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer stop()
			w := httptest.NewRecorder()
			d.engine.ServeHTTP(w, r.WithContext(ctx))
			if strings.Contains(w.Body.String(), "database_busy") {
				t.Errorf("%s waits though the client is gone: %s", a.Name, w.Body)
			}
		})
	}
	wg.Wait()
}

// keepBusy takes the writer and all readers until the release.
func (d *asDeclared) keepBusy(t *testing.T) (release func()) {
	t.Helper()
	db := engine.DatabasesOf(d.engine)["main"]
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	var begun sync.WaitGroup
	begun.Add(1)
	wg.Go(func() {
		if err := db.Write(ctx, func(*database.Tx) error {
			begun.Done()
			<-ctx.Done()
			return nil
		}); err != nil && ctx.Err() == nil {
			t.Error(err)
		}
	})
	begun.Wait()
	for range 4 { // as many as there are readers
		wg.Go(func() {
			_, _ = db.Query(ctx, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n")
		})
	}
	// Who finds a reader still idle could come as far as what is noted also for clients that have gone.
	for idle := true; idle; {
		soon, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
		_, err := db.Query(soon, "SELECT 1")
		stop()
		idle = err == nil
	}
	return func() {
		cancel()
		wg.Wait()
	}
}

// breakTables takes all tables away.
func (d *asDeclared) breakTables(t *testing.T) {
	t.Helper()
	db := engine.DatabasesOf(d.engine)["main"]
	_, err := db.Exec(t.Context(), "PRAGMA foreign_keys = 0")
	fatal(t, err)
	rows, err := db.Query(t.Context(), "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
	fatal(t, err)
	for range 3 { // those that others refer to go last
		for _, r := range rows {
			_, _ = db.Exec(t.Context(), "DROP TABLE IF EXISTS \""+r[0].(string)+"\"")
		}
	}
}
