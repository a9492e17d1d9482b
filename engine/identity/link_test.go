package identity

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloudlet/engine/database"
)

const newPassword = "a brand new password"

// openLinks is a service with bob in it, who has not proven the address yet.
func openLinks(t testing.TB) (*Service, *clock) {
	t.Helper()
	s, c := openCheap(t)
	must(t, s.AddUser(t.Context(), Act{}, NewUser{Name: "bob", Password: bobPassword, Email: "bob@example.com", Unconfirmed: true}))
	return s, c
}

func confirmation(t testing.TB, s *Service, email string) string {
	t.Helper()
	token, err := s.Confirmation(t.Context(), Act{}, "bob", email, 24*time.Hour)
	must(t, err)
	return token
}

func resetToken(t testing.TB, s *Service) string {
	t.Helper()
	token, u, err := s.Reset(t.Context(), Act{}, "bob", "")
	must(t, err)
	if token == "" || u.Name != "bob" {
		t.Fatalf("no token, or one of %v", u)
	}
	return token
}

func choose(s *Service, token string) error {
	n, err := s.PrepareReset(contextOf, Act{}, token, newPassword)
	if err == nil {
		_, _, err = s.ResetPassword(contextOf, Act{}, token, n)
	}
	return err
}

// A token that is unknown, used, expired, replaced or for something else is refused
// in the same words.
func TestLinksAreRefusedAlike(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]func(s *Service, c *clock) (confirm, reset string){
		"unknown": func(*Service, *clock) (string, string) { return newLinkToken(), newLinkToken() },
		"empty":   func(*Service, *clock) (string, string) { return "", "" },
		"long":    func(*Service, *clock) (string, string) { l := strings.Repeat("A", 1<<20); return l, l },
		"used": func(s *Service, _ *clock) (string, string) {
			confirm, reset := confirmation(t, s, ""), resetToken(t, s)
			_, _, err := s.Confirm(contextOf, Act{}, confirm)
			must(t, err, choose(s, reset))
			return confirm, reset
		},
		"expired": func(s *Service, c *clock) (string, string) {
			confirm, reset := confirmation(t, s, ""), resetToken(t, s)
			c.move(24 * time.Hour)
			return confirm, reset
		},
		"replaced": func(s *Service, _ *clock) (string, string) {
			confirm, reset := confirmation(t, s, ""), resetToken(t, s)
			confirmation(t, s, "")
			resetToken(t, s)
			return confirm, reset
		},
		"of another purpose": func(s *Service, _ *clock) (string, string) {
			confirm, reset := confirmation(t, s, ""), resetToken(t, s)
			return reset, confirm
		},
		"after another address": func(s *Service, _ *clock) (string, string) {
			confirm, reset := confirmation(t, s, ""), resetToken(t, s)
			email := "robert@example.com"
			_, err := s.UpdateUser(contextOf, Act{}, "bob", Update{Email: &email})
			must(t, err)
			return confirm, reset
		},
		"of a deleted user": func(s *Service, _ *clock) (string, string) {
			confirm, reset := confirmation(t, s, ""), resetToken(t, s)
			must(t, s.DeleteUser(contextOf, Act{}, "bob"))
			return confirm, reset
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, c := openLinks(t)
			confirm, reset := bad(s, c)
			_, _, err1 := s.Confirm(t.Context(), Act{}, confirm)
			err2 := choose(s, reset)
			for _, err := range []error{err1, err2} {
				if err != error(ErrInvalidToken) {
					t.Errorf("%v", err)
				}
			}
		})
	}
}

// Of twenty who use a token at once one succeeds.
func TestLinksAtOnce(t *testing.T) {
	t.Parallel()
	s, _ := openLinks(t)
	confirm, reset := confirmation(t, s, ""), resetToken(t, s)
	for name, use := range map[string]func() error{
		"confirm": func() error { _, _, err := s.Confirm(contextOf, Act{}, confirm); return err },
		"reset":   func() error { return choose(s, reset) },
	} {
		var won atomic.Int32
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				switch err := use(); {
				case err == nil:
					won.Add(1)
				case !errors.Is(err, ErrInvalidToken):
					t.Errorf("%s: %v", name, err)
				}
			})
		}
		all.Wait()
		if n := won.Load(); n != 1 {
			t.Errorf("%s: %d succeeded", name, n)
		}
	}
}

func TestConfirm(t *testing.T) {
	t.Parallel()
	s, _ := openLinks(t)
	wantError(t, logIn(s, "bob", bobPassword, here), ErrNotConfirmed)
	u, first, err := s.Confirm(t.Context(), Act{}, confirmation(t, s, ""))
	must(t, err)
	if !first || !u.Confirmed || u.Name != "bob" {
		t.Errorf("%v %+v", first, u)
	}
	must(t, logIn(s, "bob", bobPassword, here))
	// Another address is the user's when it is confirmed, and not before.
	token := confirmation(t, s, "robert@example.com")
	if u, _ := s.User(t.Context(), Act{}, "bob"); u.Email != "bob@example.com" {
		t.Errorf("the address is %s already", u.Email)
	}
	u, first, err = s.Confirm(t.Context(), Act{}, token)
	must(t, err)
	if first || u.Email != "robert@example.com" {
		t.Errorf("%v %+v", first, u)
	}
	// Who was faster has it.
	token = confirmation(t, s, "alice@example.com")
	email := "alice@example.com"
	_, err = s.UpdateUser(t.Context(), Act{}, "alice", Update{Email: &email})
	must(t, err)
	_, _, err = s.Confirm(t.Context(), Act{}, token)
	wantError(t, err, ErrEmailTaken)
}

// Who chooses a password anew ends everything that was opened with the one before.
func TestResetPassword(t *testing.T) {
	t.Parallel()
	s, _ := openLinks(t)
	must(t, s.ConfirmUser(t.Context(), Act{}, "bob"))
	ticket, err := s.Authenticate(t.Context(), Act{}, Credentials{Username: "bob", Password: bobPassword, Remember: true})
	must(t, err)
	key, err := s.CreateKey(t.Context(), asCaller(callerOf(t, s, "bob")), NewKey{Name: "ci"})
	must(t, err)
	token := resetToken(t, s)
	_, err = s.PrepareReset(t.Context(), Act{}, token, "short")
	wantError(t, err, ErrInvalidPassword)
	must(t, choose(s, token))
	wantEnded(t, s, "after the reset", ticket)
	wantError(t, logIn(s, "bob", bobPassword, here), ErrInvalidCredentials)
	must(t, logIn(s, "bob", newPassword, here))
	if _, err := s.Verify(t.Context(), key.Text); err != nil {
		t.Errorf("the API key: %v", err)
	}
	// A link that is on its way ends when the password is changed.
	token = resetToken(t, s)
	must(t, s.SetPassword(t.Context(), Act{}, "bob", bobPassword))
	wantError(t, choose(s, token), ErrInvalidToken)
	// The token came through the mail: that proves the address.
	must(t, s.AddUser(t.Context(), Act{}, NewUser{Name: "carl", Password: bobPassword, Email: "carl@example.com", Unconfirmed: true}))
	token, _, err = s.Reset(t.Context(), Act{}, "", "CARL@example.com")
	must(t, err)
	n, err := s.PrepareReset(t.Context(), Act{}, token, newPassword)
	must(t, err)
	u, first, err := s.ResetPassword(t.Context(), Act{}, token, n)
	must(t, err)
	if !first || !u.Confirmed {
		t.Errorf("%v %+v", first, u)
	}
}

func TestResetOfNobody(t *testing.T) {
	t.Parallel()
	s, c := openLinks(t)
	ask := func(name, email string) string {
		token, u, err := s.Reset(t.Context(), Act{}, name, email)
		must(t, err)
		if (token == "") != (u == nil) {
			t.Errorf("%q of %v", token, u)
		}
		return token
	}
	for _, who := range [][2]string{{"nobody", ""}, {"", "nobody@example.com"}, {"", ""}, {"bob", "alice@example.com"}, {"b:b", ""}} {
		if ask(who[0], who[1]) != "" {
			t.Errorf("%v gets a token", who)
		}
	}
	for i := range linkLimit {
		if ask("bob", "") == "" {
			t.Fatalf("no token %d", i+1)
		}
	}
	if ask("bob", "") != "" {
		t.Error("one more than the limit")
	}
	c.move(linkWindow)
	if ask("bob", "BOB@example.com") == "" {
		t.Error("no token an hour later")
	}
	if got := rowsOf(t, s, "SELECT count(*) FROM cloudlet_link_tokens"); got[0] != "1" {
		t.Errorf("%s tokens are kept", got)
	}
	must(t, s.Lock(t.Context(), Act{}, "bob"))
	if ask("bob", "") != "" {
		t.Error("a locked user gets a token")
	}
}

func TestTooManyConfirmations(t *testing.T) {
	t.Parallel()
	s, c := openLinks(t)
	for range linkLimit {
		confirmation(t, s, "")
	}
	_, err := s.Confirmation(t.Context(), Act{}, "bob", "", time.Hour)
	wantError(t, err, ErrTooManyLinks)
	c.move(linkWindow)
	confirmation(t, s, "")
}

// What a rollback undoes, a token too.
func TestLinksInTransactions(t *testing.T) {
	t.Parallel()
	s, _ := openLinks(t)
	token, undone := confirmation(t, s, ""), errors.New("undone")
	err := s.db.Write(t.Context(), func(tx *database.Tx) error {
		if _, _, err := s.Confirm(t.Context(), Act{Tx: tx}, token); err != nil {
			return err
		}
		_, _, err := s.Confirm(t.Context(), Act{Tx: tx}, token)
		wantError(t, err, ErrInvalidToken)
		return undone
	})
	if err != undone {
		t.Fatal(err)
	}
	_, _, err = s.Confirm(t.Context(), Act{}, token)
	must(t, err)
}

func TestNoTokenIsKept(t *testing.T) {
	t.Parallel()
	s := memoryService(t, Options{CheapPasswords: true})
	must(t, s.AddUser(t.Context(), Act{}, NewUser{Name: "bob", Password: bobPassword, Email: "bob@example.com"}))
	tokens := []string{confirmation(t, s, ""), resetToken(t, s)}
	key, err := s.CreateKey(t.Context(), asCaller(callerOf(t, s, "bob")), NewKey{Name: "ci"})
	must(t, err)
	tokens = append(tokens, key.Text)
	image, err := s.db.Snapshot(t.Context())
	must(t, err)
	for _, token := range tokens {
		if strings.Contains(string(image), token[len(token)-20:]) {
			t.Errorf("a token is in the database")
		}
	}
	for _, verb := range []string{"%v", "%+v", "%s", "%#v"} {
		if text := fmt.Sprintf(verb, *key); strings.Contains(text, key.Text) {
			t.Errorf("%s prints %s", verb, text)
		}
	}
}

// FuzzTokenConfirm looks for a token that is taken and was never given.
func FuzzTokenConfirm(f *testing.F) {
	s, _ := openLinks(f)
	given := confirmation(f, s, "")
	seedTokens(f, given)
	f.Fuzz(func(t *testing.T, token string) {
		if token == given {
			t.Skip()
		}
		if _, _, err := s.Confirm(t.Context(), Act{}, token); err != error(ErrInvalidToken) {
			t.Errorf("%q: %v", token, err)
		}
	})
}

// FuzzTokenReset does so for those that let a password be chosen anew.
func FuzzTokenReset(f *testing.F) {
	s, _ := openLinks(f)
	given := resetToken(f, s)
	seedTokens(f, given)
	f.Fuzz(func(t *testing.T, token string) {
		if token == given {
			t.Skip()
		}
		if _, err := s.PrepareReset(t.Context(), Act{}, token, newPassword); err != error(ErrInvalidToken) {
			t.Errorf("%q: %v", token, err)
		}
		if _, _, err := s.ResetPassword(t.Context(), Act{}, token, &NewPassword{username: "bob", hash: "x"}); err != error(ErrInvalidToken) {
			t.Errorf("%q: %v", token, err)
		}
	})
}

func seedTokens(f *testing.F, given string) {
	last := len(given) - 1
	for _, seed := range []string{"", given[:last], given + "=", strings.ToUpper(given), given[:last] + "\n", strings.Repeat("A", len(given)), "'; DROP TABLE cloudlet_users --", strings.Repeat("x", 1<<16)} {
		f.Add(seed)
	}
}

// An address of somebody else is counted as any other, gives no token, and is not told.
func TestConfirmationOfAnothersAddress(t *testing.T) {
	t.Parallel()
	s, _ := openLinks(t)
	must(t, s.AddUser(t.Context(), Act{}, NewUser{Name: "eve", Password: bobPassword, Email: "eve@example.com"}))
	for i := range linkLimit {
		email := []string{"BOB@example.com", "free@example.com"}[i%2]
		token, err := s.Confirmation(t.Context(), Act{}, "eve", email, time.Hour)
		if err != nil || (token == "") != (i%2 == 0) {
			t.Fatalf("%s: token %t, %v", email, token != "", err)
		}
	}
	for _, email := range []string{"bob@example.com", "free@example.com"} {
		_, err := s.Confirmation(t.Context(), Act{}, "eve", email, time.Hour)
		wantError(t, err, ErrTooManyLinks)
	}
}

// Whoever was in the account and asked for another address does not get it once the owner
// has chosen a new password.
func TestNewPasswordEndsLinksToOtherAddresses(t *testing.T) {
	t.Parallel()
	s, _ := openLinks(t)
	for name, change := range map[string]func() error{
		"reset":  func() error { return choose(s, resetToken(t, s)) },
		"set":    func() error { return s.SetPassword(contextOf, Act{}, "bob", bobPassword) },
		"tokens": func() error { confirmation(t, s, ""); return nil },
	} {
		token := confirmation(t, s, "evil@example.com")
		must(t, change())
		_, _, err := s.Confirm(contextOf, Act{}, token)
		if !errors.Is(err, ErrInvalidToken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	token := confirmation(t, s, "")
	must(t, choose(s, resetToken(t, s)))
	_, _, err := s.Confirm(contextOf, Act{}, token) // the address that the user has is proven by either
	must(t, err)
}

// Who is locked gets no further with the links of before, nor after an unlock.
func TestLockEndsLinks(t *testing.T) {
	t.Parallel()
	s, _ := openLinks(t)
	confirm, reset := confirmation(t, s, "evil@example.com"), resetToken(t, s)
	must(t, s.Lock(contextOf, Act{}, "bob"), s.Unlock(contextOf, Act{}, "bob"))
	_, _, err := s.Confirm(contextOf, Act{}, confirm)
	wantError(t, err, ErrInvalidToken)
	wantError(t, choose(s, reset), ErrInvalidToken)
}
