package identity

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloudlet/engine/secret"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
)

// codeAt is what an authenticator app shows.
func codeAt(t testing.TB, secret string, at time.Time) string {
	t.Helper()
	code, err := totp.GenerateCode(secret, at)
	must(t, err)
	return code
}

// wrongCode is a code that the app shows at none of the times that are taken.
func wrongCode(t testing.TB, secret string, at time.Time) string {
	t.Helper()
	taken := map[string]bool{}
	for _, d := range []time.Duration{-time.Minute, -30 * time.Second, 0, 30 * time.Second, time.Minute} {
		taken[codeAt(t, secret, at.Add(d))] = true
	}
	for _, code := range []string{"000000", "111111", "222222", "333333", "444444", "555555"} {
		if !taken[code] {
			return code
		}
	}
	t.Fatal("no code is wrong")
	return ""
}

// callerOf is alice with a ticket.
func callerOf(t testing.TB, s *Service, name string) *Caller {
	t.Helper()
	c, err := s.Verify(t.Context(), issue(t, s, name))
	must(t, err)
	return c
}

// withApp has alice use an authenticator app, and moves the clock past the code that confirmed it.
func withApp(t testing.TB, s *Service, c *clock) (secret string, recovery []string) {
	t.Helper()
	alice := callerOf(t, s, "alice")
	e, err := s.EnrollTOTP(t.Context(), Act{}, alice, "")
	must(t, err)
	recovery, err = s.ConfirmTOTP(t.Context(), Act{}, alice, codeAt(t, e.Secret, c.Now()))
	must(t, err)
	c.move(time.Minute)
	return e.Secret, recovery
}

func logInWith(s *Service, password, code, address string) error {
	_, err := s.Authenticate(context.Background(), Act{Address: address}, Credentials{Username: "alice", Password: password, Code: code})
	return err
}

func TestEnroll(t *testing.T) {
	t.Parallel()
	s, c := openCheap(t)
	must(t, s.Configure(Options{Issuer: "Films & more"}))
	alice := callerOf(t, s, "alice")
	_, err := s.ConfirmTOTP(t.Context(), Act{}, alice, "123456")
	wantError(t, err, ErrNotEnrolled)
	wantError(t, s.VerifyTOTP(t.Context(), Act{}, alice, "123456"), ErrNotEnrolled)
	wantError(t, s.DisableTOTP(t.Context(), Act{}, alice, "123456"), ErrNotEnrolled)
	first, err := s.EnrollTOTP(t.Context(), Act{}, alice, "")
	must(t, err)
	second, err := s.EnrollTOTP(t.Context(), Act{}, alice, "")
	must(t, err)
	must(t, logInWith(s, alicePassword, "", here)) // nothing is on yet
	key, err := otp.NewKeyFromURL(second.URL)
	must(t, err)
	u, err := url.Parse(second.URL)
	must(t, err)
	if key.Issuer() != "Films & more" || key.AccountName() != "alice" || key.Secret() != second.Secret || key.Period() != 30 || key.Digits() != otp.DigitsSix || u.Host != "totp" {
		t.Errorf("the app reads %s", second.URL)
	}
	if first.Secret == second.Secret || len(second.Secret) != 32 {
		t.Errorf("the secrets %s and %s", first.Secret, second.Secret)
	}
	_, err = s.ConfirmTOTP(t.Context(), Act{}, alice, codeAt(t, first.Secret, c.Now()))
	wantError(t, err, ErrInvalidCode)
	recovery, err := s.ConfirmTOTP(t.Context(), Act{}, alice, codeAt(t, second.Secret, c.Now()))
	must(t, err)
	if len(recovery) != RecoveryCodes {
		t.Errorf("the recovery codes are %q", recovery)
	}
	kept := strings.Join(rowsOf(t, s, "SELECT secret, pending FROM cloudlet_totp UNION SELECT hash, '' FROM cloudlet_recovery_codes UNION SELECT event, fields FROM cloudlet_audit"), "\n")
	for _, secret := range append([]string{first.Secret, second.Secret}, recovery...) {
		if strings.Contains(kept, secret) || strings.Contains(kept, strings.ReplaceAll(secret, "-", "")) {
			t.Errorf("%s is kept as it is:\n%s", secret, kept)
		}
	}
	_, err = s.EnrollTOTP(t.Context(), Act{}, alice, "")
	wantError(t, err, ErrCodeRequired)
	c.move(time.Minute)
	third, err := s.EnrollTOTP(t.Context(), Act{}, alice, recovery[0])
	must(t, err)
	// The present app goes on until the next is confirmed.
	must(t, s.VerifyTOTP(t.Context(), Act{}, alice, codeAt(t, second.Secret, c.Now())))
	_, err = s.ConfirmTOTP(t.Context(), Act{}, alice, codeAt(t, third.Secret, c.Now()))
	must(t, err)
	c.move(time.Minute)
	wantError(t, logInWith(s, alicePassword, recovery[1], here), ErrInvalidCode)
	must(t, logInWith(s, alicePassword, codeAt(t, third.Secret, c.Now()), here))
}

func TestAuthenticateWithCode(t *testing.T) {
	t.Parallel()
	s, c := openCheap(t)
	app, recovery := withApp(t, s, c)
	wantError(t, logInWith(s, alicePassword, "", here), ErrCodeRequired)
	wantError(t, logInWith(s, "wrong password", "", here), ErrInvalidCredentials)
	wantError(t, logInWith(s, "wrong password", codeAt(t, app, c.Now()), here), ErrInvalidCredentials)
	wantError(t, logInWith(s, alicePassword, wrongCode(t, app, c.Now()), here), ErrInvalidCode)
	must(t, logInWith(s, alicePassword, codeAt(t, app, c.Now()), here))
	wantError(t, logInWith(s, alicePassword, codeAt(t, app, c.Now()), here), ErrInvalidCode)
	for _, test := range []struct {
		move, shown time.Duration
		want        error
	}{
		{0, -30 * time.Second, ErrInvalidCode}, // older than what was taken
		{30 * time.Second, 30 * time.Second, nil},
		{0, 0, ErrInvalidCode}, // within the window, and older than what was taken
		{90 * time.Second, -30 * time.Second, nil},
		{5 * time.Minute, -60 * time.Second, ErrInvalidCode},
		{0, 60 * time.Second, ErrInvalidCode},
	} {
		c.move(test.move)
		if err := logInWith(s, alicePassword, codeAt(t, app, c.Now().Add(test.shown)), here); !errors.Is(err, test.want) {
			t.Errorf("%+v: %v", test, err)
		}
	}
	spaced := codeAt(t, app, c.Now())
	must(t, logInWith(s, alicePassword, spaced[:3]+" "+spaced[3:], here))
	must(t, logInWith(s, alicePassword, strings.ToUpper(recovery[3]), here))
	wantError(t, logInWith(s, alicePassword, recovery[3], here), ErrInvalidCode)
	must(t, logInWith(s, alicePassword, strings.ReplaceAll(recovery[4], "-", ""), here))
	if got := rowsOf(t, s, "SELECT fields FROM cloudlet_audit WHERE event = 'totp.recovered' ORDER BY number"); len(got) != 2 || got[1] != `{"left":8}` {
		t.Errorf("the audit log has %q", got)
	}
}

// A code that is sent many times at once is taken once; so is a recovery code.
func TestNoCodeIsTakenTwice(t *testing.T) {
	t.Parallel()
	s, c := openCheap(t)
	app, recovery := withApp(t, s, c)
	for i, code := range []string{codeAt(t, app, c.Now()), recovery[0]} {
		var taken atomic.Int32
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				switch err := logInWith(s, alicePassword, code, elsewhere[:len(elsewhere)-1]+string(rune('1'+i))); {
				case err == nil:
					taken.Add(1)
				case !errors.Is(err, ErrInvalidCode) && !errors.Is(err, ErrTooManyFailures):
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := taken.Load(); n != 1 {
			t.Errorf("%s was taken %d times", code, n)
		}
	}
}

// Guessing of codes is slowed as that of passwords is, also with the right password in
// between, and from many addresses.
func TestGuessingCodesIsSlowed(t *testing.T) {
	t.Parallel()
	s, c := openCheap(t)
	app, _ := withApp(t, s, c)
	alice := callerOf(t, s, "alice")
	wrong := wrongCode(t, app, c.Now())
	for range freePerUser {
		wantError(t, logInWith(s, alicePassword, wrong, here), ErrInvalidCode)
		if err := logInWith(s, alicePassword, "", here); !errors.Is(err, ErrCodeRequired) && !errors.Is(err, ErrTooManyFailures) {
			t.Fatal(err)
		}
	}
	if got := waitOf(logInWith(s, alicePassword, codeAt(t, app, c.Now()), here)); got != firstWait {
		t.Errorf("after so many wrong codes: %v", got)
	}
	for range freePerUser {
		wantError(t, s.VerifyTOTP(t.Context(), Act{Address: here}, alice, wrong), ErrInvalidCode)
	}
	if got := waitOf(s.VerifyTOTP(t.Context(), Act{Address: here}, alice, codeAt(t, app, c.Now()))); got != firstWait {
		t.Errorf("verify after so many wrong codes: %v", got)
	}
	for i := range freePerCode - 2*freePerUser {
		wantError(t, logInWith(s, alicePassword, wrong, "192.0.2."+string(rune('2'+i/4))), ErrInvalidCode)
	}
	if got := waitOf(logInWith(s, alicePassword, codeAt(t, app, c.Now()), elsewhere)); got != firstWait {
		t.Errorf("after so many wrong codes from many addresses: %v", got)
	}
	wantError(t, logInWith(s, "wrong password", "", elsewhere), ErrInvalidCredentials) // without a code nobody is kept waiting
	reasons := strings.Join(rowsOf(t, s, "SELECT DISTINCT event || ' ' || actor || ' ' || subject || ' ' || fields FROM cloudlet_audit WHERE event LIKE 'login.%' AND fields LIKE '%code%' ORDER BY 1"), "\n")
	if want := "login.failed  alice {\"reason\":\"code\"}\nlogin.slowed  alice {\"by\":\"code\",\"seconds\":30}"; reasons != want {
		t.Errorf("the audit log has\n%s", reasons)
	}
}

// A second factor ends what was opened without it, and the session that asks for it goes on.
func TestSecondFactorEndsOtherSessions(t *testing.T) {
	t.Parallel()
	s, c := openCheap(t)
	enter := func(code string) (*Caller, *Ticket) {
		ticket, err := s.Authenticate(t.Context(), Act{}, Credentials{Username: "alice", Password: alicePassword, Code: code, Remember: true})
		must(t, err)
		caller, err := s.Verify(t.Context(), ticket.Text)
		must(t, err)
		return caller, ticket
	}
	ended := func(what string, t1 *Ticket) {
		t.Helper()
		if _, err := s.Verify(t.Context(), t1.Text); err != ErrInvalidTicket {
			t.Errorf("%s: the other ticket: %v", what, err)
		}
		if _, err := s.Refresh(t.Context(), Act{}, t1.RefreshToken); err != ErrInvalidRefresh {
			t.Errorf("%s: the other refresh token: %v", what, err)
		}
	}
	goesOn := func(what string, t1 *Ticket) *Ticket {
		t.Helper()
		_, err := s.Verify(t.Context(), t1.Text)
		must(t, err)
		next, err := s.Refresh(t.Context(), Act{}, t1.RefreshToken)
		must(t, err)
		return next
	}
	caller, own := enter("")
	_, other := enter("")
	e, err := s.EnrollTOTP(t.Context(), Act{}, caller, "")
	must(t, err)
	recovery, err := s.ConfirmTOTP(t.Context(), Act{}, caller, codeAt(t, e.Secret, c.Now()))
	must(t, err)
	ended("confirm", other)
	own = goesOn("confirm", own)
	_, other = enter(recovery[0])
	must(t, s.DisableTOTP(t.Context(), Act{}, caller, recovery[1]))
	ended("disable", other)
	goesOn("disable", own)
	for _, c := range []*Caller{{Name: "alice", APIKey: "key"}, {Name: "alice", Impersonator: "root"}} {
		_, err := s.EnrollTOTP(t.Context(), Act{}, c, "")
		wantError(t, err, ErrLoginRequired)
	}
}

func TestVerifyAndDisable(t *testing.T) {
	t.Parallel()
	s, c := openCheap(t)
	app, recovery := withApp(t, s, c)
	alice := callerOf(t, s, "alice")
	wantError(t, s.VerifyTOTP(t.Context(), Act{}, alice, ""), ErrInvalidCode)
	code := codeAt(t, app, c.Now())
	must(t, s.VerifyTOTP(t.Context(), Act{}, alice, code))
	wantError(t, s.VerifyTOTP(t.Context(), Act{}, alice, code), ErrInvalidCode)
	wantError(t, s.DisableTOTP(t.Context(), Act{}, alice, code), ErrInvalidCode)
	must(t, s.DisableTOTP(t.Context(), Act{}, alice, recovery[9]))
	must(t, logInWith(s, alicePassword, "", here))
	if n, err := count(t.Context(), s.db, "SELECT (SELECT count(*) FROM cloudlet_totp) + (SELECT count(*) FROM cloudlet_recovery_codes)"); err != nil || n != 0 {
		t.Errorf("%d rows are left, %v", n, err)
	}
}

// Where the secret that the app's was sealed with is gone, recovery codes let in.
func TestSealedWithAnotherSecret(t *testing.T) {
	t.Parallel()
	s, c := openCheap(t)
	app, recovery := withApp(t, s, c)
	other := serviceOn(t, s.db, secret.NewKeyring(), Options{Clock: c.Now, CheapPasswords: true})
	wantError(t, logInWith(other, alicePassword, codeAt(t, app, c.Now()), here), ErrInvalidCode)
	must(t, logInWith(other, alicePassword, recovery[0], here))
}

// FuzzCode looks for a text that is taken as a code and is none.
func FuzzCode(f *testing.F) {
	s, c := openCheap(f)
	app, recovery := withApp(f, s, c)
	right := codeAt(f, app, c.Now())
	for _, seed := range []string{"", "123456", right, " " + right, right + "\n", "１２３４５６", recovery[0], strings.ToUpper(recovery[0]), recovery[0] + "x", "'; DROP TABLE x --", strings.Repeat("0", 1000)} {
		f.Add(seed)
	}
	u, err := findUser(f.Context(), s.db, "alice")
	must(f, err)
	st, err := findTOTP(f.Context(), s.db, u.id)
	must(f, err)
	f.Fuzz(func(t *testing.T, code string) {
		kind, text := readCode(code)
		plain := strings.NewReplacer(" ", "", "-", "").Replace(code)
		switch kind {
		case totpCode:
			if _, ok := s.stepOf(t.Context(), u, st.secret, text, st.lastStep); ok && plain != right && plain != codeAt(t, app, c.Now().Add(-30*time.Second)) && plain != codeAt(t, app, c.Now().Add(30*time.Second)) {
				t.Errorf("%q was taken", code)
			}
		case recoveryCode:
			n, err := count(t.Context(), s.db, "SELECT count(*) FROM cloudlet_recovery_codes WHERE hash = ?", recoveryHash(text))
			must(t, err)
			known := false
			for _, r := range recovery {
				known = known || strings.EqualFold(strings.NewReplacer("o", "0", "i", "1", "l", "1").Replace(strings.ToLower(plain)), strings.ReplaceAll(r, "-", ""))
			}
			if n > 0 != known {
				t.Errorf("%q: taken %v, known %v", code, n > 0, known)
			}
		case noCode:
			if text != "" {
				t.Errorf("%q is no code and has the text %q", code, text)
			}
		}
	})
}

// TestResetTOTP: who has lost the app logs in without it once an administrator says so,
// and nobody gets around the own one that way.
func TestResetTOTP(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := openService(t, Options{Clock: c.Now})
	addUser(t, s, "alice", alicePassword)
	addUser(t, s, "ada", bobPassword, "admin")
	addUser(t, s, "rita", bobPassword, "root")
	withApp(t, s, c)
	before := issue(t, s, "alice")
	by := func(name string) Act { return Act{By: name, Caller: callerOf(t, s, name)} }
	wantError(t, s.ResetTOTP(t.Context(), by("alice"), "ALICE"), ErrForbidden)
	wantError(t, s.ResetTOTP(t.Context(), by("ada"), "ada"), ErrForbidden)
	wantError(t, s.ResetTOTP(t.Context(), by("ada"), "rita"), ErrForbidden)
	wantError(t, s.ResetTOTP(t.Context(), by("ada"), "nobody"), ErrNoSuchUser)
	key := by("ada")
	key.Caller = &Caller{Name: "ada", APIKey: "k"}
	wantError(t, s.ResetTOTP(t.Context(), key, "alice"), ErrLoginRequired)
	if _, err := s.Verify(t.Context(), before); err != nil {
		t.Fatalf("what was refused ended tickets: %v", err)
	}
	must(t, s.ResetTOTP(t.Context(), by("ada"), "alice"))
	_, err := s.Verify(t.Context(), before)
	wantError(t, err, ErrInvalidTicket)
	_, err = s.Authenticate(t.Context(), Act{}, Credentials{Username: "alice", Password: alicePassword})
	must(t, err)
	wantError(t, s.ResetTOTP(t.Context(), by("ada"), "alice"), ErrNotEnrolled)
}
