package identity

import (
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
