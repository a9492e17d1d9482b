package identity

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"cloudlet/engine/failure"
)

// Whoever registers with somebody's address learns nothing of it: not by the answer, nor
// by a login, nor by registering again.
func TestRegisterTellsNobody(t *testing.T) {
	t.Parallel()
	s, c := openLinks(t)
	ctx := t.Context()
	must(t, s.ConfirmUser(ctx, Act{}, "bob"))
	for name, email := range map[string]string{"eve": "BOB@example.com", "mallory": "nobody@example.com"} {
		n := NewUser{Name: name, Password: alicePassword, Email: email}
		token, user, err := s.Register(ctx, Act{}, n, time.Hour)
		must(t, err)
		if known := name == "eve"; known != (token == "") || known != (user == nil) {
			t.Errorf("%s: token %t, user %v", name, token != "", user)
		}
		wantError(t, logIn(s, name, alicePassword, "192.0.2.1"), ErrNotConfirmed)
		wantError(t, logIn(s, name, "wrong password", "192.0.2.1"), ErrInvalidCredentials)
		_, _, err = s.Register(ctx, Act{}, NewUser{Name: name, Password: alicePassword, Email: "third@example.com"}, time.Hour)
		wantError(t, err, ErrUserNameTaken)
	}
	// The name is free again after a week, and the owner never noticed.
	c.move(unconfirmedFor + time.Second)
	_, _, err := s.Register(ctx, Act{}, NewUser{Name: "eve", Password: alicePassword, Email: "eve@example.com"}, time.Hour)
	must(t, err)
	if u, err := s.UserOfEmail(ctx, Act{}, "bob@example.com"); err != nil || u == nil || u.Name != "bob" || !u.Confirmed {
		t.Errorf("bob is %+v, %v", u, err)
	}
}

// One address registers so many within an hour, costs no computation after that, and
// keeps no other from it.
func TestRegistrationsOfOneAddress(t *testing.T) {
	t.Parallel()
	s, c := openCheap(t)
	computed := 0
	s.gate.computed = func() { computed++ }
	register := func(i int, address string) error {
		n := NewUser{Name: fmt.Sprint("user", i), Password: bobPassword, Email: fmt.Sprintf("u%d@example.com", i)}
		_, _, err := s.Register(contextOf, Act{Address: address}, n, time.Hour)
		return err
	}
	for i := range mostRegistrations {
		must(t, register(i, fmt.Sprintf("2001:db8::%x", i)))
	}
	err := register(1000, "2001:db8::ffff:1")
	wantError(t, err, ErrTooManyRegistrations)
	if refused := (*failure.Error)(nil); !errors.As(err, &refused) || refused.RetryAfter != time.Hour {
		t.Errorf("it asks to wait %v", refused.RetryAfter)
	}
	if computed != mostRegistrations {
		t.Errorf("%d passwords were computed", computed)
	}
	must(t, register(1001, "2001:db8:0:1::1"))
	c.move(time.Hour)
	must(t, register(1002, "2001:db8::1"))
}

// Who registered and never came back is removed, and the audit log tells.
func TestUnconfirmedAreRemoved(t *testing.T) {
	t.Parallel()
	s, c := openLinks(t)
	c.move(unconfirmedFor + time.Second)
	addUser(t, s, "carl", bobPassword)
	if u, err := s.User(t.Context(), Act{}, "bob"); u != nil || err != nil {
		t.Errorf("bob is %v, %v", u, err)
	}
	if n, err := count(t.Context(), s.db, "SELECT count(*) FROM cloudlet_audit WHERE event = 'user.expired' AND fields = '{\"users\":1}'"); n != 1 || err != nil {
		t.Errorf("%d rows tell, %v", n, err)
	}
	addUser(t, s, "dave", bobPassword) // and nobody is
	if n, err := count(t.Context(), s.db, "SELECT count(*) FROM cloudlet_audit WHERE event = 'user.expired'"); n != 1 || err != nil {
		t.Errorf("%d rows tell, %v", n, err)
	}
}

// A user with the role root who cannot log in is not the one who keeps the app from having none.
func TestLastRootIsConfirmed(t *testing.T) {
	t.Parallel()
	s, _ := openCheap(t)
	addUser(t, s, "boss", alicePassword, RoleRoot)
	must(t, s.AddUser(t.Context(), Act{}, NewUser{Name: "second", Password: alicePassword, Email: "second@example.com", Roles: []string{RoleRoot}, Unconfirmed: true}))
	wantError(t, s.Lock(t.Context(), Act{}, "boss"), ErrLastRoot)
	wantError(t, s.DeleteUser(t.Context(), Act{}, "boss"), ErrLastRoot)
	wantError(t, s.Revoke(t.Context(), Act{}, "boss", RoleRoot), ErrLastRoot)
	must(t, s.ConfirmUser(t.Context(), Act{}, "second"), s.DeleteUser(t.Context(), Act{}, "boss"))
}
