package identity

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"cloudlet/engine/secret"
)

// bcryptHash is of "imported password", with the least cost.
var bcryptHash = func() string {
	hash, err := bcrypt.GenerateFromPassword([]byte("imported password"), bcrypt.MinCost)
	if err != nil {
		panic(err)
	}
	return string(hash)
}()

func TestHashAndMatch(t *testing.T) {
	t.Parallel()
	g := NewGate(2, 8)
	hash, err := g.Hash(t.Context(), alicePassword)
	must(t, err)
	if !regexp.MustCompile(`^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$`).MatchString(hash) {
		t.Errorf("no PHC string with OWASP's parameters: %s", hash)
	}
	again, err := g.Hash(t.Context(), alicePassword)
	must(t, err)
	if again == hash {
		t.Error("two hashes have the same salt")
	}
	_, err = g.Hash(t.Context(), strings.Repeat("x", MaxPasswordSize+1))
	wantError(t, err, ErrInvalidPassword)
	for _, test := range []struct {
		password, hash string
		want           bool
	}{
		{alicePassword, hash, true},
		{alicePassword + " ", hash, false},
		{"", hash, false},
		{strings.Repeat("x", MaxPasswordSize+1), hash, false},
		{"imported password", bcryptHash, true},
		{"imported passwore", bcryptHash, false},
		{"imported password", "$2y$" + bcryptHash[4:], true},
		// Made by the reference implementation: echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1 -l 32
		{"password", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", true},
		{"passwore", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", false},
	} {
		got, err := g.Matches(t.Context(), test.password, test.hash)
		if got != test.want || err != nil {
			t.Errorf("%q, %s: %v, %v; want %v", test.password[:min(20, len(test.password))], test.hash, got, err, test.want)
		}
	}
}

// A database is not trusted: nothing here may be computed.
func TestHostileHashes(t *testing.T) {
	t.Parallel()
	g := NewGate(1, 1)
	const salt, sum = "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	for _, hash := range []string{
		"$", "plain text", "$argon2id$", "$argon2i$v=19$m=19456,t=2,p=1$" + salt + "$" + sum,
		"$argon2id$v=16$m=19456,t=2,p=1$" + salt + "$" + sum,
		"$argon2id$v=19$m=4294967295,t=1,p=1$" + salt + "$" + sum,
		"$argon2id$v=19$m=131073,t=1,p=1$" + salt + "$" + sum,
		"$argon2id$v=19$m=131072,t=5,p=1$" + salt + "$" + sum,
		"$argon2id$v=19$m=19456,t=4294967295,p=1$" + salt + "$" + sum,
		"$argon2id$v=19$m=19456,t=0,p=1$" + salt + "$" + sum,
		"$argon2id$v=19$m=19456,t=2,p=0$" + salt + "$" + sum,
		"$argon2id$v=19$m=19456,t=2,p=17$" + salt + "$" + sum,
		"$argon2id$v=19$m=19456,t=2,p=257$" + salt + "$" + sum,
		"$argon2id$v=19$m=7,t=2,p=1$" + salt + "$" + sum,
		"$argon2id$v=19$m=-1,t=2,p=1$" + salt + "$" + sum,
		"$argon2id$v=19$t=2,m=19456,p=1$" + salt + "$" + sum,
		"$argon2id$v=19$m=19456,t=2$" + salt + "$" + sum,
		"$argon2id$v=19$m=19456,t=2,p=1$$" + sum,
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$",
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + sum + "$",
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + strings.Repeat("A", 400),
		"$2a$14$" + bcryptHash[7:], "$2b$31$" + bcryptHash[7:], "$2a$", "$2a$04$short",
	} {
		if ok, err := g.Matches(t.Context(), "", hash); ok || err == nil && hash != "$2a$04$short" {
			t.Errorf("%q: %v, %v", hash, ok, err)
		} else if err != nil && hash != "" && len(hash) > 20 && strings.Contains(err.Error(), hash[20:]) {
			t.Errorf("the error holds the hash: %v", err)
		}
	}
}

// TestNoHash lets nobody in whose password is not known, and tells nobody by its time.
func TestNoHash(t *testing.T) {
	t.Parallel()
	if ok, err := NewGate(1, 1).Matches(t.Context(), "", ""); ok || err != nil {
		t.Error(ok, err)
	}
}

func TestGateBounds(t *testing.T) {
	t.Parallel()
	g := NewGate(1, 2)
	inside, leave := make(chan struct{}), make(chan struct{})
	g.computed = func() { inside <- struct{}{}; <-leave }
	errs := make(chan error, 3)
	hash := func(ctx context.Context) { _, err := g.Hash(ctx, alicePassword); errs <- err }
	go hash(t.Context())
	<-inside // one computes
	ctx, cancel := context.WithCancel(t.Context())
	go hash(ctx)
	go hash(t.Context())
	for len(g.seats) < 3 { // two wait
		runtime.Gosched()
	}
	_, err := g.Hash(t.Context(), alicePassword)
	wantError(t, err, ErrTooBusy)
	cancel()
	wantError(t, <-errs, context.Canceled)
	leave <- struct{}{}
	<-inside // only now the next
	leave <- struct{}{}
	must(t, <-errs, <-errs)
	if len(g.seats) != 0 || len(g.slots) != 0 {
		t.Errorf("%d seats and %d slots were not given back", len(g.seats), len(g.slots))
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = g.Hash(cancelled, alicePassword)
	wantError(t, err, context.Canceled)
}

// Never more than the gate lets in, whatever comes.
func TestGateUnderFlood(t *testing.T) {
	t.Parallel()
	g := NewGate(2, 6)
	var mu sync.Mutex
	computed, refused := 0, 0
	g.computed = func() {
		mu.Lock()
		defer mu.Unlock()
		computed++
		if n := len(g.slots); n > 2 {
			t.Errorf("%d at once", n)
		}
	}
	var all sync.WaitGroup
	for range 40 {
		all.Go(func() {
			_, _, err := g.login(t.Context(), "x", "")
			mu.Lock()
			defer mu.Unlock()
			switch {
			case errors.Is(err, ErrTooBusy):
				refused++
			case err != nil:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if computed+refused != 40 || computed < 8 {
		t.Errorf("%d computed, %d refused", computed, refused)
	}
}

func TestPasswordRules(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		password string
		ok       bool
	}{
		{"12characters", true},
		{"11character", false},
		{"äöüäöüäöüäöü", true},
		{"äöüäöüäöüäö", false},
		{"", false},
		{"valid until \xff", false},
		{strings.Repeat("x", 1024), true},
		{strings.Repeat("x", 1025), false},
		{strings.Repeat("ä", 513), false},
	} {
		err := checkPassword("alice", test.password, MinPasswordLength)
		if test.ok != (err == nil) || err != nil && !errors.Is(err, ErrInvalidPassword) {
			t.Errorf("%.20q: %v", test.password, err)
		}
	}
}

func TestGeneratePassword(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^([0-9a-hjkmnp-tv-z]{6}-){3}[0-9a-hjkmnp-tv-z]{6}$`)
	seen := map[string]bool{}
	for range 1000 {
		p := GeneratePassword()
		if !form.MatchString(p) || seen[p] {
			t.Fatal("a bad password")
		}
		seen[p] = true
		must(t, checkPassword("alice", p, MinPasswordLength))
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for name, ok := range map[string]bool{
		"alice": true, "Ä": true, "a b": true, "a@example.com": true, "o'hara": true, strings.Repeat("ä", 64): true,
		"": false, ".": false, "..": false, "...": true, "a.b": true, " a": false, "a ": false, "a:b": false, "a\n": false, "a\x00b": false, "a\u0085b": false,
		"a\u202eb": false, "a\u200b": false, "a\xff": false, "\u00a0a": false, strings.Repeat("a", 65): false,
	} {
		if err := CheckUserName(name); ok != (err == nil) || err != nil && !errors.Is(err, ErrInvalidUserName) {
			t.Errorf("user %q: %v", name, err)
		}
	}
	for name, ok := range map[string]bool{
		"a": true, "film-editor_2": true, "a" + strings.Repeat("b", 63): true,
		"": false, "A": false, "2a": false, "-a": false, "a b": false, "a\n": false, "ä": false, "a" + strings.Repeat("b", 64): false,
	} {
		if err := CheckRoleName(name); ok != (err == nil) || err != nil && !errors.Is(err, ErrInvalidRoleName) {
			t.Errorf("role %q: %v", name, err)
		}
	}
}

func TestNothingSecretIsPrinted(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	keys := secret.NewKeyring()
	user := NewUser{Name: "alice", Password: alicePassword}
	ticket := Ticket{Text: "eyJ0", User: "alice"}
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "keys", keys, "user", user, "pointer", &user, "ticket", ticket)
	if text := log.String(); !strings.Contains(text, `[ticket of \"alice\"]`) || !strings.Contains(text, "[secret]") ||
		strings.Contains(text, string(signingText(keys))) || strings.Contains(text, "correct") || strings.Contains(text, "eyJ0") {
		t.Errorf("logged: %s", text)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, v := range []any{keys, user, &user, ticket, &ticket, []any{keys, user, ticket}} {
			text := fmt.Sprintf(verb, v)
			if strings.Contains(text, string(signingText(keys))) || strings.Contains(text, "correct") || strings.Contains(text, "eyJ0") || strings.Contains(text, "636f7272656374") {
				t.Errorf("%s prints %s", verb, text)
			}
		}
	}
}

// TestCheapPasswords: only who asks for them has them, they count as current there,
// and everywhere else as outdated.
func TestCheapPasswords(t *testing.T) {
	t.Parallel()
	db := openDatabase(t, t.TempDir())
	migrate(t, db)
	keys := secret.NewKeyring()
	tests := serviceOn(t, db, keys, Options{CheapPasswords: true})
	addUser(t, tests, "alice", alicePassword)
	stored := storedHash(t, tests, "alice")
	if a, err := parseArgon(stored); err != nil || a.parameters != cheap {
		t.Errorf("stored is %s, %v", stored, err)
	}
	for _, password := range []string{alicePassword, "wrong horse battery"} {
		_, err := tests.Authenticate(t.Context(), Act{}, Credentials{Username: "alice", Password: password})
		if (err == nil) != (password == alicePassword) {
			t.Errorf("%q: %v", password, err)
		}
	}
	if storedHash(t, tests, "alice") != stored {
		t.Error("a cheap hash was renewed where hashes are cheap")
	}
	must(t, tests.Close())
	served := serviceOn(t, db, keys, Options{})
	_, err := served.Authenticate(t.Context(), Act{}, Credentials{Username: "alice", Password: alicePassword})
	must(t, err)
	if a, err := parseArgon(storedHash(t, served, "alice")); err != nil || a.parameters != current {
		t.Errorf("after a login elsewhere: %v, %v", a, err)
	}
}
