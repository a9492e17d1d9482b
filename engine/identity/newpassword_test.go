package identity

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cloudlet/engine/language/schema"
)

// change has alice's password changed, as an action does.
func change(s *Service, act Act, current *string, password string) error {
	n, err := s.PrepareChange(contextOf, act, PasswordChange{Username: "alice", Current: current, Password: password})
	if err == nil {
		err = s.ChangePassword(contextOf, act, n)
	}
	return err
}

func ptr(s string) *string { return &s }

// The session that changes the password goes on, and all others end.
func TestChangePassword(t *testing.T) {
	t.Parallel()
	s, c := openCheap(t)
	own, other := enter(t, s, alicePassword), enter(t, s, alicePassword)
	caller, err := s.Verify(t.Context(), own.Text)
	must(t, err)
	alice := asCaller(caller)
	wantError(t, change(s, alice, nil, newPassword), ErrWrongPassword)
	wantError(t, change(s, alice, ptr(""), newPassword), ErrWrongPassword)
	wantError(t, change(s, alice, ptr(bobPassword), newPassword), ErrWrongPassword)
	wantError(t, change(s, alice, ptr(alicePassword), "short"), ErrInvalidPassword)
	must(t, change(s, alice, ptr(alicePassword), newPassword))
	wantEnded(t, s, "another session", other)
	if _, err := s.Verify(t.Context(), own.Text); err != nil {
		t.Errorf("the own session: %v", err)
	}
	own = refresh(t, s, own.RefreshToken)
	wantError(t, logIn(s, "alice", alicePassword, here), ErrInvalidCredentials)
	must(t, logIn(s, "alice", newPassword, here))
	// Once more, and the kept session is the only one still.
	must(t, change(s, alice, ptr(newPassword), bobPassword))
	if _, err := s.Verify(t.Context(), own.Text); err != nil {
		t.Errorf("the own session, the second time: %v", err)
	}
	// What ends all ends the kept one too.
	must(t, s.Lock(t.Context(), Act{}, "alice"), s.Unlock(t.Context(), Act{}, "alice"))
	wantEnded(t, s, "locked", own)
	c.move(endedMargin * 2)
	// A ticket that was ended keeps nothing when the change comes late.
	late := enter(t, s, bobPassword)
	caller, err = s.Verify(t.Context(), late.Text)
	must(t, err)
	must(t, s.Logout(t.Context(), Act{}, caller, true))
	must(t, change(s, asCaller(caller), ptr(bobPassword), newPassword))
	wantEnded(t, s, "logged out meanwhile", late)
}

func TestChangePasswordOfAnother(t *testing.T) {
	t.Parallel()
	s, _ := openCheap(t)
	addUser(t, s, "ada", alicePassword, RoleAdmin)
	addUser(t, s, "bob", alicePassword)
	ticket := enter(t, s, alicePassword)
	wantError(t, change(s, asCaller(callerOf(t, s, "bob")), nil, newPassword), ErrWrongPassword)
	wantError(t, change(s, Act{}, nil, newPassword), ErrWrongPassword)
	must(t, change(s, asCaller(callerOf(t, s, "ada")), nil, newPassword))
	wantEnded(t, s, "by an administrator", ticket)
	must(t, logIn(s, "alice", newPassword, here))
	// Nobody is told who exists.
	for _, name := range []string{"nobody", "n:o"} {
		_, err := s.PrepareChange(contextOf, Act{}, PasswordChange{Username: name, Current: ptr(alicePassword), Password: newPassword})
		wantError(t, err, ErrWrongPassword)
	}
}

// A password that was changed while another change was being computed stays.
func TestChangePasswordOvertaken(t *testing.T) {
	t.Parallel()
	s, _ := openCheap(t)
	n, err := s.PrepareChange(t.Context(), Act{}, PasswordChange{Username: "alice", Current: ptr(alicePassword), Password: newPassword})
	must(t, err)
	must(t, s.SetPassword(t.Context(), Act{}, "alice", bobPassword))
	wantError(t, s.ChangePassword(t.Context(), Act{}, n), ErrWrongPassword)
	for _, v := range []any{n, PasswordChange{Username: "alice", Current: ptr(alicePassword), Password: newPassword}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			if text := fmt.Sprintf(verb, v); strings.Contains(text, n.hash) || strings.Contains(text, newPassword) || !strings.Contains(text, "alice") {
				t.Errorf("%s prints %s", verb, text)
			}
		}
	}
}

// Guesses of the present password are slowed as logins are.
func TestChangePasswordIsSlowed(t *testing.T) {
	t.Parallel()
	s, _ := openCheap(t)
	act := Act{Address: here}
	var err error
	for range 10 {
		if err = change(s, act, ptr(bobPassword), newPassword); !ErrWrongPassword.Is(err) {
			break
		}
	}
	wantError(t, err, ErrTooManyFailures)
	wantError(t, logIn(s, "alice", alicePassword, here), ErrTooManyFailures)
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	s, _ := openCheap(t)
	act := Act{}
	u, err := s.UpdateUser(t.Context(), act, "ALICE", Update{Email: ptr("alice@example.com"), DisplayName: ptr("Alice"), Extras: schema.NewObject("a", 1, "b", "x")})
	must(t, err)
	if u.Name != "alice" || u.Email != "alice@example.com" || u.DisplayName != "Alice" || string(schema.AppendJSON(nil, u.Extras)) != `{"a":1,"b":"x"}` {
		t.Errorf("%+v", u)
	}
	u, err = s.UpdateUser(t.Context(), act, "alice", Update{Extras: schema.NewObject("a", nil, "c", true)})
	must(t, err)
	if u.Email != "alice@example.com" || string(schema.AppendJSON(nil, u.Extras)) != `{"b":"x","c":true}` {
		t.Errorf("%+v", u)
	}
	if c := callerOf(t, s, "alice"); string(schema.AppendJSON(nil, c.Extras)) != `{"b":"x","c":true}` {
		t.Errorf("the caller's extras are %s", schema.AppendJSON(nil, c.Extras))
	}
	_, err = s.UpdateUser(t.Context(), act, "alice", Update{Extras: schema.NewObject("big", strings.Repeat("x", MaxExtras))})
	wantError(t, err, ErrInvalidExtras)
	_, err = s.UpdateUser(t.Context(), act, "nobody", Update{})
	wantError(t, err, ErrNoSuchUser)
	// Whoever changes the address vouches for it.
	must(t, s.AddUser(t.Context(), act, NewUser{Name: "bob", Password: bobPassword, Unconfirmed: true}))
	u, err = s.UpdateUser(t.Context(), act, "bob", Update{Email: ptr("bob@example.com")})
	must(t, err)
	if !u.Confirmed {
		t.Error("bob is not confirmed")
	}
	_, err = s.UpdateUser(t.Context(), act, "bob", Update{Email: ptr("ALICE@example.com")})
	wantError(t, err, ErrEmailTaken)
}

func TestAvailable(t *testing.T) {
	t.Parallel()
	s, c := openCheap(t)
	must(t, s.AddUser(t.Context(), Act{}, NewUser{Name: "bob", Password: bobPassword, Email: "bob@example.com", Unconfirmed: true}))
	free := func(name, email string) bool {
		ok, err := s.Available(t.Context(), Act{}, name, email)
		must(t, err)
		return ok
	}
	for _, taken := range [][2]string{{"Alice", ""}, {"BOB", ""}, {"", "BOB@example.com"}, {"carl", "bob@example.com"}, {"a:b", ""}, {"carl", "no address"}} {
		if free(taken[0], taken[1]) {
			t.Errorf("%v is free", taken)
		}
	}
	if !free("carl", "carl@example.com") {
		t.Error("carl is taken")
	}
	c.move(unconfirmedFor + time.Second)
	if !free("bob", "bob@example.com") || free("alice", "") {
		t.Error("who never came back keeps the name")
	}
}
