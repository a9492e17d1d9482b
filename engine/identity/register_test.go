package identity

import (
	"errors"
	"fmt"
	"testing"
	"time"
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
	if refused := (*Error)(nil); !errors.As(err, &refused) || refused.RetryAfter != time.Hour {
		t.Errorf("it asks to wait %v", refused.RetryAfter)
	}
	if computed != mostRegistrations {
		t.Errorf("%d passwords were computed", computed)
	}
	must(t, register(1001, "2001:db8:0:1::1"))
	c.move(time.Hour)
	must(t, register(1002, "2001:db8::1"))
}
