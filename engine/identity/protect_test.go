package identity

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var contextOf = context.Background()

// asCaller is what somebody does with a ticket.
func asCaller(c *Caller) Act { return Act{By: c.Name, Caller: c} }

// rootTries are the ways to become root, or to change a user.
func rootTries(s *Service) map[string]func(act Act, user string) error {
	name := "Boss"
	ctx := contextOf
	return map[string]func(act Act, user string) error{
		"update": func(act Act, user string) error {
			email := user + "@example.com"
			_, err := s.UpdateUser(ctx, act, user, Update{Email: &email, DisplayName: &name})
			return err
		},
		"confirmation": func(act Act, user string) error {
			_, err := s.Confirmation(ctx, act, user, "new@example.com", time.Hour)
			return err
		},
		"confirm":  func(act Act, user string) error { return s.ConfirmUser(ctx, act, user) },
		"password": func(act Act, user string) error { return s.SetPassword(ctx, act, user, bobPassword) },
		"change": func(act Act, user string) error {
			n, err := s.PrepareChange(ctx, act, PasswordChange{Username: user, Password: bobPassword})
			if err != nil {
				return err
			}
			return s.ChangePassword(ctx, act, n)
		},
		"unlock": func(act Act, user string) error { return s.Unlock(ctx, act, user) },
		"lock":   func(act Act, user string) error { return s.Lock(ctx, act, user) },
		"delete": func(act Act, user string) error { return s.DeleteUser(ctx, act, user) },
		"make": func(act Act, user string) error {
			return s.AddUser(ctx, act, NewUser{Name: user + "2", Password: bobPassword, Roles: []string{RoleGuest, RoleRoot}})
		},
		"make chief": func(act Act, user string) error {
			return s.AddUser(ctx, act, NewUser{Name: user + "2", Password: bobPassword, Roles: []string{"chief"}})
		},
		"grant":        func(act Act, _ string) error { return s.Grant(ctx, act, act.By, RoleRoot) },
		"grant chief":  func(act Act, _ string) error { return s.Grant(ctx, act, act.By, "chief") },
		"set":          func(act Act, _ string) error { return s.SetRoles(ctx, act, act.By, RoleAdmin, RoleRoot) },
		"revoke":       func(act Act, user string) error { return s.Revoke(ctx, act, user, RoleRoot) },
		"take by set":  func(act Act, user string) error { return s.SetRoles(ctx, act, user, RoleGuest) },
		"delete chief": func(act Act, _ string) error { return s.DeleteRole(ctx, act, "chief", true) },
		"impersonate":  func(act Act, user string) error { _, err := s.Impersonate(ctx, act, user); return err },
	}
}

// Who is not root neither becomes it nor changes who is.
func TestNobodyBecomesRoot(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := openService(t, Options{Clock: c.Now, CheapPasswords: true, Includes: map[string][]string{"chief": {RoleRoot}}})
	addUser(t, s, "boss", alicePassword, RoleRoot)
	addUser(t, s, "second", alicePassword, RoleRoot)
	addUser(t, s, "chief", alicePassword, "chief")
	addUser(t, s, "ada", alicePassword, RoleAdmin)
	addUser(t, s, "alice", alicePassword, RoleGuest)
	ctx, does := contextOf, rootTries(s)
	ada := asCaller(callerOf(t, s, "ada"))
	key, err := s.CreateKey(ctx, asCaller(callerOf(t, s, "boss")), NewKey{Name: "key"})
	must(t, err)
	program, err := s.Verify(t.Context(), key.Text)
	must(t, err)
	users := func() []string {
		return rowsOf(t, s, "SELECT username, email, password, locked_at, tickets_after FROM cloudlet_users ORDER BY id")
	}
	before := users()
	for what, do := range does {
		for _, user := range []string{"second", "chief"} {
			if what == "revoke" && user == "chief" {
				continue // does not have it
			}
			if err := do(ada, user); err == nil || !ErrForbidden.Is(err) {
				t.Errorf("an admin: %s of %s: %v", what, user, err)
			}
			if err := do(Act{By: "somebody"}, user); err == nil || !ErrForbidden.Is(err) && what != "change" && what != "grant" && what != "grant chief" && what != "set" {
				t.Errorf("somebody of whom nothing is known: %s of %s: %v", what, user, err)
			}
			if what == "set" {
				continue // boss has the role already
			}
			if err := do(asCaller(program), user); err == nil || !ErrForbidden.Is(err) && !ErrLoginRequired.Is(err) {
				t.Errorf("root's API key: %s of %s: %v", what, user, err)
			}
		}
	}
	if token, _, err := s.Reset(ctx, ada, "second", ""); token != "" || err != nil {
		t.Errorf("an admin has a token of root: %v", err)
	}
	if diff := cmp.Diff(before, users()); diff != "" {
		t.Error(diff)
	}
	// Other users an administrator may change, and root everybody.
	for _, what := range []string{"update", "confirmation", "confirm", "password", "change", "lock", "unlock", "delete"} {
		if err := does[what](ada, "alice"); err != nil {
			t.Errorf("an admin: %s of alice: %v", what, err)
		}
	}
	boss := asCaller(callerOf(t, s, "boss"))
	for _, what := range []string{"update", "confirm", "password", "change", "lock", "unlock", "make", "revoke", "delete"} {
		if err := does[what](boss, "second"); err != nil {
			t.Errorf("root: %s of second: %v", what, err)
		}
	}
}

// One's own account is one's own, whatever the roles.
func TestRootChangesItself(t *testing.T) {
	t.Parallel()
	s, _ := openCheap(t)
	addUser(t, s, "boss", alicePassword, RoleRoot)
	limited := NewCaller("boss", []string{RoleGuest}, nil) // as a `call` with fewer roles might be
	must(t, s.SetPassword(t.Context(), Act{By: "Boss", Caller: limited}, "boss", bobPassword))
	wantError(t, s.Grant(t.Context(), Act{By: "boss", Caller: limited}, "boss", RoleRoot), ErrForbidden)
}

// Names that are the same to Unicode's folding are two users to the database: who has the
// one is not the other.
func TestWhoIsCalledAlmostAsRoot(t *testing.T) {
	t.Parallel()
	s, _ := openCheap(t)
	ctx := t.Context()
	for root, other := range map[string]string{"boss": "bo\u017fs", "kim": "\u212aim", "Éric": "éric"} {
		must(t, s.AddUser(ctx, Act{}, NewUser{Name: root, Password: alicePassword, Roles: []string{RoleRoot}, Email: root + "@example.com"}))
		addUser(t, s, other, alicePassword, RoleAdmin)
		act := asCaller(callerOf(t, s, other))
		email := "mine@example.com"
		_, err := s.UpdateUser(ctx, act, root, Update{Email: &email})
		wantError(t, err, ErrForbidden)
		wantError(t, s.SetPassword(ctx, act, root, bobPassword), ErrForbidden)
		wantError(t, s.DeleteUser(ctx, act, root), ErrForbidden)
		// Nor is an address another one.
		if u, err := s.sought(ctx, Act{}, root, other+"@example.com"); u != nil || err != nil {
			t.Errorf("%s is found by the address of %s: %v", root, other, err)
		}
	}
}
