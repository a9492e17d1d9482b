package engine_test

import (
	"context"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"cloudlet/engine"
)

var accountsApp = map[string]string{
	"endpoints/login.yaml": "post:\n  arguments: {username: string, password: secret}\n  actions:\n" +
		"    - authenticate: {username: \"${args.username}\", password: \"${args.password}\"}\n",
	"endpoints/me.yaml":      "get:\n  auth: user\n  actions:\n    - return: ${user.roles}\n",
	"endpoints/editors.yaml": "get:\n  auth: [editor]\n  actions:\n    - return: ${user.name}\n",
}

// ticketOf logs in as a client does.
func (l *live) ticketOf(name, password string) string {
	l.t.Helper()
	body, err := json.Marshal(map[string]string{"username": name, "password": password})
	fatal(l.t, err)
	w, err := client.Post(l.server.URL+"/login", "application/json", strings.NewReader(string(body)))
	fatal(l.t, err)
	defer w.Body.Close()
	var answer struct {
		Ticket string `json:"ticket"`
	}
	fatal(l.t, json.UnmarshalRead(w.Body, &answer))
	return answer.Ticket
}

// TestAccountsHoldInARunningEngine changes users as the command line does, beside
// an engine that has them in its memory.
func TestAccountsHoldInARunningEngine(t *testing.T) {
	t.Parallel()
	l := openLive(t, accountsApp)
	ctx := context.Background()
	accounts, err := engine.OpenAccounts(ctx, l.dir, engine.WithEnvironment(func(string) string { return "" }))
	fatal(t, err)
	defer accounts.Close()
	fatal(t, accounts.AddUser(ctx, engine.CommandLine, engine.NewUser{Name: "alice", Password: casePassword, Roles: []string{"editor"}, CreateRoles: true}))
	ticket := l.ticketOf("alice", casePassword)
	if got := l.get("/editors", ticket); got != `200 "alice"` {
		t.Fatalf("a new user gets %s", got)
	}
	answers := func(path, ticket, status string) func() bool {
		return func() bool { return strings.HasPrefix(l.get(path, ticket), status+" ") }
	}
	fatal(t, accounts.Revoke(ctx, engine.CommandLine, "alice", "editor"))
	l.becomes("a revoked role is gone", answers("/editors", ticket, "403"))
	fatal(t, accounts.Grant(ctx, engine.CommandLine, "alice", "editor"))
	l.becomes("a granted role is there", answers("/editors", ticket, "200"))

	fatal(t, accounts.RotateSecret())
	l.becomes("new tickets have another key", func() bool {
		return header(l.ticketOf("alice", casePassword)) != header(ticket)
	})
	if !answers("/me", ticket, "200")() {
		t.Error("a rotated secret ends old tickets")
	}

	fatal(t, accounts.Lock(ctx, engine.CommandLine, "alice"))
	l.becomes("a locked user is out", answers("/me", ticket, "401"))
	if got := l.ticketOf("alice", casePassword); got != "" {
		t.Error("a locked user logs in")
	}
	fatal(t, accounts.Unlock(ctx, engine.CommandLine, "alice"))
	l.becomes("an unlocked user is in again", func() bool { return l.ticketOf("alice", casePassword) != "" })
	ticket = l.ticketOf("alice", casePassword)
	fatal(t, accounts.SetPassword(ctx, engine.CommandLine, "alice", "another long password"))
	l.becomes("a changed password ends tickets", answers("/me", ticket, "401"))
	if got := l.ticketOf("alice", casePassword); got != "" {
		t.Error("the old password still works")
	}
	ticket = l.ticketOf("alice", "another long password")
	if !answers("/me", ticket, "200")() {
		t.Error("a ticket for the new password does not work")
	}
	fatal(t, l.reload())
	if !answers("/me", ticket, "200")() {
		t.Error("a reload ends tickets")
	}
	fatal(t, accounts.DeleteUser(ctx, engine.CommandLine, "alice"))
	l.becomes("a deleted user is out", answers("/me", ticket, "401"))
}

// header is the first part of a ticket: its algorithm and key.
func header(ticket string) string {
	first, _, _ := strings.Cut(ticket, ".")
	return first
}
