package identity

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloudlet/engine/database"
	"cloudlet/engine/secret"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	alicePassword = "correct horse battery"
	bobPassword   = "another long password"
)

// clock stands still until a test moves it.
type clock struct{ now atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.now.Store(time.Date(2026, 11, 23, 22, 0, 0, 0, time.UTC).UnixMilli())
	return c
}

func (c *clock) Now() time.Time       { return time.UnixMilli(c.now.Load()) }
func (c *clock) move(d time.Duration) { c.now.Add(d.Milliseconds()) }
func openDatabase(t testing.TB, dir string) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), database.Config{Name: "main", URL: "sqlite:data/cloudlet.db", Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// openService is a service with a real database in a file of its own.
func openService(t testing.TB, o Options) *Service {
	t.Helper()
	db := openDatabase(t, t.TempDir())
	migrate(t, db)
	return serviceOn(t, db, secret.NewKeyring(), o)
}

func serviceOn(t testing.TB, db *database.DB, keys *secret.Keyring, o Options) *Service {
	t.Helper()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s, err := Open(t.Context(), db, keys, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func migrate(t testing.TB, db *database.DB) {
	t.Helper()
	problems, err := db.Migrate(context.Background(), Migrations())
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
}

func addUser(t testing.TB, s *Service, name, password string, roles ...string) {
	t.Helper()
	if err := s.AddUser(t.Context(), Act{}, NewUser{Name: name, Password: password, Roles: roles, CreateRoles: true}); err != nil {
		t.Fatal(err)
	}
}

func issue(t testing.TB, s *Service, name string) string {
	t.Helper()
	ticket, err := s.Issue(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return ticket.Text
}

// must fails the test where one of a list of steps does.
func must(t testing.TB, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func wantError(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error: %v, want: %v", err, want)
	}
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	c := newClock()
	s := openService(t, Options{Issuer: "films", TicketLifetime: 10 * time.Minute, Clock: c.Now})
	addUser(t, s, "Alice", alicePassword, "guest", "editor")
	got, err := s.Authenticate(t.Context(), Act{}, Credentials{Username: "alice", Password: alicePassword})
	if err != nil {
		t.Fatal(err)
	}
	want := &Ticket{Text: got.Text, TokenType: "Bearer", ExpiresIn: 600, ExpiresAt: c.Now().Add(10 * time.Minute).UTC(), User: "Alice", Roles: []string{"editor", "guest"}}
	if d := cmp.Diff(want, got, cmp.Comparer(func(a, b Ticket) bool {
		return a.Text == b.Text && a.TokenType == b.TokenType && a.ExpiresIn == b.ExpiresIn && a.ExpiresAt.Equal(b.ExpiresAt) && a.User == b.User && cmp.Equal(a.Roles, b.Roles)
	})); d != "" {
		t.Error(d)
	}
	caller, err := s.Verify(t.Context(), got.Text)
	if err != nil {
		t.Fatal(err)
	}
	if caller.Name != "Alice" || !cmp.Equal(caller.Roles, []string{"editor", "guest"}) || !caller.Expires.Equal(got.ExpiresAt) || caller.ID == "" {
		t.Errorf("the ticket speaks for %+v", caller)
	}
}

// Whatever is wrong, the answer is the same and one password is computed.
func TestAuthenticateAlike(t *testing.T) {
	t.Parallel()
	s := openService(t, Options{})
	addUser(t, s, "alice", alicePassword)
	addUser(t, s, "mallory", bobPassword)
	addUser(t, s, "old", alicePassword)
	addUser(t, s, "broken", alicePassword)
	must(t, s.Lock(t.Context(), Act{}, "mallory"))
	storeHash(t, s, "old", bcryptHash)
	storeHash(t, s, "broken", "$argon2id$v=19$m=4194304,t=9,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	long := string(make([]byte, MaxPasswordSize+1))
	for _, test := range []struct {
		name, user, password string
		want                 error
	}{
		{"right", "alice", alicePassword, nil},
		{"wrong", "alice", "wrong password", ErrInvalidCredentials},
		{"empty", "alice", "", ErrInvalidCredentials},
		{"too long", "alice", long, ErrInvalidCredentials},
		{"unknown", "nobody", alicePassword, ErrInvalidCredentials},
		{"impossible name", "a:\x00\xff", alicePassword, ErrInvalidCredentials},
		{"SQL", "' OR 1=1 --", alicePassword, ErrInvalidCredentials},
		{"locked, right", "mallory", bobPassword, ErrInvalidCredentials},
		{"locked, wrong", "mallory", alicePassword, ErrInvalidCredentials},
		{"bcrypt, wrong", "old", "wrong password", ErrInvalidCredentials},
		{"bcrypt, too long", "old", long, ErrInvalidCredentials},
		{"bcrypt, right", "old", "imported password", nil},
		{"renewed", "old", "imported password", nil},
		{"hostile hash", "broken", alicePassword, ErrInvalidCredentials},
	} {
		n := 0
		s.gate.computed = func() { n++ }
		_, err := s.Authenticate(t.Context(), Act{}, Credentials{Username: test.user, Password: test.password})
		if !errors.Is(err, test.want) || err != nil && err.Error() != test.want.Error() {
			t.Errorf("%s: error %v, want %v", test.name, err, test.want)
		}
		if n != 1 {
			t.Errorf("%s: %d computations, want 1", test.name, n)
		}
	}
}

func storeHash(t testing.TB, s *Service, name, hash string) {
	t.Helper()
	if _, err := s.db.Exec(t.Context(), "UPDATE cloudlet_users SET password = ? WHERE username = ?", hash, name); err != nil {
		t.Fatal(err)
	}
}

func storedHash(t testing.TB, s *Service, name string) string {
	t.Helper()
	u, err := findUser(t.Context(), s.db, name)
	if err != nil || u == nil {
		t.Fatal(u, err)
	}
	return u.hash
}

func TestOldHashesAreRenewed(t *testing.T) {
	t.Parallel()
	s := openService(t, Options{})
	addUser(t, s, "alice", alicePassword)
	older := argon{parameters: parameters{memory: 8 << 10, time: 1, threads: 1}, salt: []byte("0123456789abcdef")}
	older.hash = older.compute(alicePassword, 32)
	storeHash(t, s, "alice", older.String())
	ticket := issue(t, s, "alice")
	_, err := s.Authenticate(t.Context(), Act{}, Credentials{Username: "alice", Password: "wrong password"})
	wantError(t, err, ErrInvalidCredentials)
	if storedHash(t, s, "alice") != older.String() {
		t.Error("a wrong password renewed the hash")
	}
	_, err = s.Authenticate(t.Context(), Act{}, Credentials{Username: "alice", Password: alicePassword})
	must(t, err)
	renewed, err := parseArgon(storedHash(t, s, "alice"))
	if err != nil || !renewed.costs(current) {
		t.Errorf("stored after the login: %v, %v", renewed, err)
	}
	if _, err := s.Verify(t.Context(), ticket); err != nil {
		t.Errorf("renewing the hash ended a ticket: %v", err)
	}
	_, err = s.Authenticate(t.Context(), Act{}, Credentials{Username: "alice", Password: alicePassword})
	must(t, err)
}

// A password that is changed while the old one is computed gives no ticket that lasts.
func TestPasswordChangedDuringLogin(t *testing.T) {
	t.Parallel()
	s := openService(t, Options{Clock: newClock().Now})
	addUser(t, s, "alice", alicePassword)
	hash := newHash(bobPassword, current)
	s.gate.computed = func() {
		err := s.changeUser(context.Background(), Act{}, "alice", func(tx *database.Tx, u *userState) error {
			_, err := tx.Exec(context.Background(), "UPDATE cloudlet_users SET password = ? WHERE id = ?", hash, u.id)
			return errors.Join(err, s.endTickets(context.Background(), tx, u))
		})
		if err != nil {
			t.Error(err)
		}
	}
	_, err := s.Authenticate(t.Context(), Act{}, Credentials{Username: "alice", Password: alicePassword})
	wantError(t, err, ErrInvalidCredentials)
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	s := openService(t, Options{})
	addUser(t, s, "alice", alicePassword)
	addUser(t, s, "bob", bobPassword, "guest")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 20 {
				ticket, err := s.Issue(t.Context(), "bob")
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := s.Verify(t.Context(), ticket.Text); err != nil {
					t.Error(err)
				}
			}
		})
		all.Go(func() {
			if i%2 == 0 {
				if err := errors.Join(s.Grant(t.Context(), Act{}, "bob", "admin"), s.Revoke(t.Context(), Act{}, "bob", "admin")); err != nil {
					t.Error(err)
				}
				return
			}
			if _, err := s.Authenticate(t.Context(), Act{}, Credentials{Username: "alice", Password: alicePassword}); err != nil && !errors.Is(err, ErrTooBusy) {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func openKeys(t testing.TB, dir string) *secret.Keyring {
	t.Helper()
	keys, err := secret.OpenKeyring(dir, "")
	must(t, err)
	return keys
}

func signingText(keys *secret.Keyring) []byte {
	_, text := keys.Signing()
	return text
}
