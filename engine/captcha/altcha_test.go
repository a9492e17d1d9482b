package captcha

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloudlet/engine/database"
	"cloudlet/engine/secret"

	"github.com/altcha-org/altcha-lib-go"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock stands still until it is moved.
type clock struct{ seconds atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.seconds.Store(1_800_000_000)
	return c
}

func (c *clock) now() time.Time       { return time.Unix(c.seconds.Load(), 0) }
func (c *clock) move(d time.Duration) { c.seconds.Add(int64(d / time.Second)) }

func open(t testing.TB) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), database.Config{Name: "main", URL: "sqlite::memory:"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if problems, err := db.Migrate(t.Context(), []database.Set{Migrations()}); err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	return db
}

func challenge(t testing.TB, s *Service) Challenge {
	t.Helper()
	c, err := s.Challenge()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// solve does the work, with the library's own solver, and answers as the widget does.
func solve(t testing.TB, c Challenge) altcha.Payload {
	t.Helper()
	found, err := altcha.SolveChallenge(c.Challenge, c.Salt, altcha.Algorithm(c.Algorithm), c.MaxNumber, 0, nil)
	if err != nil || found == nil {
		t.Fatal("nobody solves it", err)
	}
	return altcha.Payload{Algorithm: c.Algorithm, Challenge: c.Challenge, Number: int64(found.Number), Salt: c.Salt, Signature: c.Signature}
}

func token(t testing.TB, p any) string {
	t.Helper()
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(text)
}

func (s *Service) check(t testing.TB, token string) error {
	return s.Verify(t.Context(), Answer{Provider: Altcha, Token: token})
}

func TestWork(t *testing.T) {
	t.Parallel()
	now := newClock()
	s := New(open(t), secret.NewKeyring(), Options{MaxNumber: 2000, Clock: now.now})
	c := challenge(t, s)
	if c.Algorithm != "SHA-256" || c.MaxNumber != 2000 || len(c.Challenge) != 64 || len(c.Signature) != 64 || len(c.Salt) < 32 {
		t.Errorf("the challenge is %+v", c)
	}
	good := token(t, solve(t, c))
	if err := s.check(t, good); err != nil {
		t.Error(err)
	}
	if err := s.check(t, good); !errors.Is(err, ErrFailed) || !strings.Contains(err.Error(), "used before") {
		t.Errorf("a second time: %v", err)
	}
	// The same solution, written in another way.
	other := base64.StdEncoding.EncodeToString([]byte(" " + string(must(base64.StdEncoding.DecodeString(good)))))
	if err := s.check(t, other); !errors.Is(err, ErrFailed) || !strings.Contains(err.Error(), "used before") {
		t.Errorf("a second time: %v", err)
	}
	withTook := token(t, map[string]any{"algorithm": c.Algorithm, "challenge": c.Challenge, "number": 1, "salt": c.Salt, "signature": c.Signature, "took": 7})
	if err := s.check(t, withTook); !errors.Is(err, ErrFailed) {
		t.Errorf("a guess: %v", err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestWorkOnce: of many that bring the same solution at once, one passes.
func TestWorkOnce(t *testing.T) {
	t.Parallel()
	s := New(open(t), secret.NewKeyring(), Options{MaxNumber: 1000})
	good := token(t, solve(t, challenge(t, s)))
	var passed atomic.Int32
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if err := s.check(t, good); err == nil {
				passed.Add(1)
			} else if !errors.Is(err, ErrFailed) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if passed.Load() != 1 {
		t.Errorf("%d passed", passed.Load())
	}
}

// TestWorkAfterRestart: what was used stays so for another service, and a challenge of
// before can still be answered; the table does not grow for ever.
func TestWorkAfterRestart(t *testing.T) {
	t.Parallel()
	now, db, keys := newClock(), open(t), secret.NewKeyring()
	o := Options{MaxNumber: 1000, Expires: 10 * time.Minute, Clock: now.now}
	first := New(db, keys, o)
	used, open := token(t, solve(t, challenge(t, first))), token(t, solve(t, challenge(t, first)))
	if err := first.check(t, used); err != nil {
		t.Fatal(err)
	}
	second := New(db, keys, o)
	if err := second.check(t, used); !errors.Is(err, ErrFailed) {
		t.Errorf("a used one passes after a restart: %v", err)
	}
	now.move(10*time.Minute - time.Second)
	if err := second.check(t, open); err != nil {
		t.Error(err)
	}
	now.move(time.Second)
	late := token(t, solve(t, challenge(t, second)))
	for name, old := range map[string]string{"used": used, "open": open} {
		if err := second.check(t, old); !errors.Is(err, ErrFailed) || !strings.Contains(err.Error(), "expired") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := second.check(t, late); err != nil {
		t.Error(err)
	}
	row, err := db.QueryRow(t.Context(), "SELECT count(*) FROM cloudlet_used_captchas")
	if err != nil {
		t.Fatal(err)
	}
	if n := 0; row.Scan(&n) != nil || n != 1 {
		t.Errorf("the table has %v", row)
	}
}

// TestWorkTampered are solutions of challenges that were changed or are not ours.
func TestWorkTampered(t *testing.T) {
	t.Parallel()
	now := newClock()
	keys := secret.NewKeyring()
	s := New(open(t), keys, Options{MaxNumber: 1000, Clock: now.now})
	c := challenge(t, s)
	good := solve(t, c)
	kid, _ := keys.Derive(purpose)
	easy := func(key string, algorithm altcha.Algorithm, salt string) altcha.Payload {
		n := int64(0)
		made := must(altcha.CreateChallenge(altcha.ChallengeOptions{Algorithm: algorithm, Number: &n, HMACKey: key, Salt: salt}))
		return altcha.Payload{Algorithm: made.Algorithm, Challenge: made.Challenge, Salt: made.Salt, Signature: made.Signature}
	}
	for name, p := range map[string]altcha.Payload{
		"later":          edit(good, func(p *altcha.Payload) { p.Salt = strings.Replace(p.Salt, "expires=1", "expires=9", 1) }),
		"no end":         edit(good, func(p *altcha.Payload) { p.Salt = strings.Replace(p.Salt, "expires=", "x=", 1) }),
		"digits moved":   edit(good, func(p *altcha.Payload) { p.Salt += "1" }),
		"another number": edit(good, func(p *altcha.Payload) { p.Number++ }),
		"negative":       edit(good, func(p *altcha.Payload) { p.Number = -p.Number - 1 }),
		"another hash":   edit(good, func(p *altcha.Payload) { p.Challenge = strings.Repeat("0", 64) }),
		"upper case": edit(good, func(p *altcha.Payload) {
			p.Challenge, p.Signature = strings.ToUpper(p.Challenge), strings.ToUpper(p.Signature)
		}),
		"no signature":    edit(good, func(p *altcha.Payload) { p.Signature = "" }),
		"another kid":     edit(good, func(p *altcha.Payload) { p.Salt = strings.Replace(p.Salt, kid, "0123456789abcdef", 1) }),
		"SHA-1":           edit(good, func(p *altcha.Payload) { p.Algorithm = "SHA-1" }),
		"no algorithm":    edit(good, func(p *altcha.Payload) { p.Algorithm = "" }),
		"signed by none":  easy("", altcha.SHA256, "aa?expires=9999999999&kid="+kid),
		"signed by kid":   easy(kid, altcha.SHA256, "aa?expires=9999999999&kid="+kid),
		"nobody's kid":    easy("", altcha.SHA256, "aa?expires=9999999999"),
		"SHA-512 by none": easy("", altcha.SHA512, "aa?expires=9999999999&kid="+kid),
		"empty":           {},
	} {
		if err := s.check(t, token(t, p)); !errors.Is(err, ErrFailed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, text := range []string{"", "x", "e30=", "bnVsbA==", "W10=", token(t, map[string]any{"number": "1"}), strings.Repeat("A", longestToken+1)} {
		if err := s.check(t, text); !errors.Is(err, ErrFailed) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
	if err := s.check(t, token(t, good)); err != nil {
		t.Errorf("none of that used it up: %v", err)
	}
}

func edit(p altcha.Payload, change func(*altcha.Payload)) altcha.Payload {
	change(&p)
	return p
}

// TestWorkAfterRotation: a challenge outlives the secret that signed it, for as long as
// tickets of that secret do.
func TestWorkAfterRotation(t *testing.T) {
	t.Parallel()
	keys, err := secret.OpenKeyring(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	now := &clock{}
	now.seconds.Store(time.Now().Unix())
	s := New(open(t), keys, Options{MaxNumber: 1000, Clock: now.now, Expires: 24 * time.Hour})
	soon, late := token(t, solve(t, challenge(t, s))), token(t, solve(t, challenge(t, s)))
	if err := keys.Rotate(time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := s.check(t, soon); err != nil {
		t.Error(err)
	}
	now.move(2 * time.Hour)
	if err := s.check(t, late); !errors.Is(err, ErrFailed) {
		t.Errorf("got %v", err)
	}
}

// FuzzToken: no text passes but the solution that was worked for, once.
func FuzzToken(f *testing.F) {
	s := New(open(f), secret.NewKeyring(), Options{MaxNumber: 1000})
	c := challenge(f, s)
	p := solve(f, c)
	good := token(f, p)
	f.Add(good[:len(good)-4])
	f.Add(token(f, edit(p, func(p *altcha.Payload) { p.Number++ })))
	f.Add(token(f, edit(p, func(p *altcha.Payload) { p.Salt = strings.Replace(p.Salt, "?", "?x&", 1) })))
	f.Add("e30=")
	if err := s.check(f, good); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if err := s.check(t, text); !errors.Is(err, ErrFailed) {
			t.Errorf("%q gives %v", text, err)
		}
	})
}
