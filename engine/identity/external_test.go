package identity

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"cloudlet/engine/database"
	"cloudlet/engine/secret"

	"github.com/google/go-cmp/cmp"
)

const issuer = "https://id.example.com"

func external(subject, email, name string) External {
	return External{Issuer: issuer, Subject: subject, Provider: "corp", Email: email, Name: name}
}

// memoryService is a service of a database in memory, which has one connection.
func memoryService(t testing.TB, o Options) *Service {
	t.Helper()
	db, err := database.Open(t.Context(), database.Config{Name: "main", URL: "sqlite::memory:"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	migrate(t, db)
	o.CheapPasswords = true
	return serviceOn(t, db, secret.NewKeyring(), o)
}

func (s *Service) enters(t testing.TB, e External) *Ticket {
	t.Helper()
	ticket, err := s.LoginExternal(t.Context(), Act{Address: "192.0.2.7"}, e, true)
	if err != nil {
		t.Fatal(err)
	}
	return ticket
}

// events are the audit log's, each with whom it is about.
func events(t testing.TB, s *Service) []string {
	t.Helper()
	rows, err := s.db.Query(t.Context(), "SELECT event, subject FROM cloudlet_audit ORDER BY number")
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, row := range rows {
		var event, subject string
		must(t, row.Scan(&event, &subject))
		list = append(list, event+" "+subject)
	}
	return list
}

func TestExternalFirstLogin(t *testing.T) {
	t.Parallel()
	s := memoryService(t, Options{})
	e := external("1", "Ada.Lovelace@example.com", "Ada Lovelace")
	ticket := s.enters(t, e)
	if ticket.User != "ada.lovelace" || !slices.Equal(ticket.Roles, []string{RoleGuest}) || ticket.RefreshToken == "" {
		t.Errorf("got %q %q", ticket.User, ticket.Roles)
	}
	if caller, err := s.Verify(t.Context(), ticket.Text); err != nil || caller.Name != "ada.lovelace" {
		t.Errorf("its ticket: %v %v", caller, err)
	}
	if _, err := s.Refresh(t.Context(), Act{}, ticket.RefreshToken); err != nil {
		t.Error(err)
	}
	u, err := s.User(t.Context(), Act{}, "ada.lovelace")
	must(t, err)
	if u.Email != "Ada.Lovelace@example.com" || u.DisplayName != "Ada Lovelace" || !u.Confirmed {
		t.Errorf("the user is %+v", u)
	}
	// There is no password, an empty one neither.
	for _, password := range []string{"", "correct horse battery"} {
		_, err := s.Authenticate(t.Context(), Act{}, Credentials{Username: "ada.lovelace", Password: password})
		wantError(t, err, ErrInvalidCredentials)
	}
	// The second time nothing is made, whatever the provider says of the user by then.
	e.Email, e.Name = "", "Augusta"
	if again := s.enters(t, e); again.User != ticket.User {
		t.Errorf("the second time it is %q", again.User)
	}
	want := []string{"user.created ada.lovelace", "account.linked ada.lovelace", "login ada.lovelace",
		"login.failed ada.lovelace", "login.failed ada.lovelace", "login ada.lovelace"}
	got := slices.DeleteFunc(events(t, s), func(e string) bool { return strings.HasPrefix(e, "ticket.") || strings.HasPrefix(e, "refresh") })
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the audit log (-want +got):\n%s", diff)
	}
	// The same subject of another issuer is somebody else.
	other := e
	other.Issuer = "https://other.example.com"
	if ticket := s.enters(t, other); ticket.User != "augusta" {
		t.Errorf("the same subject of another issuer is %q", ticket.User)
	}
}

// TestExternalTakesNothingOver: an address that somebody only claims links nothing, and
// one that is proven on both sides does.
func TestExternalTakesNothingOver(t *testing.T) {
	t.Parallel()
	s := memoryService(t, Options{})
	add := func(n NewUser) {
		t.Helper()
		n.Password = alicePassword
		must(t, s.AddUser(t.Context(), Act{}, n))
	}
	add(NewUser{Name: "alice", Email: "alice@example.com", Roles: []string{RoleAdmin}})
	add(NewUser{Name: "squatter", Email: "bob@example.com", Unconfirmed: true})
	add(NewUser{Name: "locked", Email: "locked@example.com"})
	add(NewUser{Name: "careful", Email: "careful@example.com"})
	add(NewUser{Name: "carol"})
	must(t, s.Lock(t.Context(), Act{}, "locked"))
	if _, err := s.db.Exec(t.Context(), "INSERT INTO cloudlet_totp (user_id, secret) SELECT id, 'x' FROM cloudlet_users WHERE username = 'careful'"); err != nil {
		t.Fatal(err)
	}
	if got := s.enters(t, external("a", "ALICE@example.com", "Alice")); got.User != "alice" || !slices.Contains(got.Roles, RoleAdmin) {
		t.Errorf("a confirmed address: %q %q", got.User, got.Roles)
	}
	if got := s.enters(t, external("b", "bob@example.com", "Bob")); got.User != "bob" || !slices.Equal(got.Roles, []string{RoleGuest}) {
		t.Errorf("an address that a local user has not confirmed: %q", got.User)
	}
	bob, err := s.User(t.Context(), Act{}, "bob")
	must(t, err)
	if bob.Email != "" {
		t.Errorf("two users have the address %q", bob.Email)
	}
	// Without a verified address a name alone links nothing.
	if got := s.enters(t, external("c", "", "carol")); got.User != "carol-2" {
		t.Errorf("a name: %q", got.User)
	}
	before := events(t, s)
	_, err = s.LoginExternal(t.Context(), Act{}, external("d", "locked@example.com", ""), true)
	wantError(t, err, ErrInvalidCredentials)
	if got := events(t, s)[len(before):]; !slices.Equal(got, []string{"login.failed locked"}) {
		t.Errorf("a locked user leaves %q", got)
	}
	_, err = s.LoginExternal(t.Context(), Act{}, external("e", "careful@example.com", ""), true)
	wantError(t, err, ErrEmailTaken)
	if n, err := count(t.Context(), s.db, "SELECT count(*) FROM cloudlet_external_accounts"); err != nil || n != 3 {
		t.Errorf("%d accounts are linked, %v", n, err)
	}
}

func TestExternalLocked(t *testing.T) {
	t.Parallel()
	s := memoryService(t, Options{})
	e := external("1", "ada@example.com", "Ada")
	ticket := s.enters(t, e)
	must(t, s.Lock(t.Context(), Act{}, "ada"))
	got, err := s.LoginExternal(t.Context(), Act{}, e, true)
	if wantError(t, err, ErrInvalidCredentials); got != nil {
		t.Error("a locked user has a ticket")
	}
	if _, err := s.Verify(t.Context(), ticket.Text); err == nil {
		t.Error("the ticket of before is good")
	}
	if log := events(t, s); log[len(log)-1] != "login.failed ada" {
		t.Errorf("the audit log ends with %q", log[len(log)-1])
	}
	must(t, s.Unlock(t.Context(), Act{}, "ada"))
	s.enters(t, e)
	// Whoever is deleted and comes again is a new user.
	must(t, s.DeleteUser(t.Context(), Act{}, "ada"))
	if again := s.enters(t, e); again.User != "ada" || !slices.Equal(again.Roles, []string{RoleGuest}) {
		t.Errorf("got %q %q", again.User, again.Roles)
	}
}

// TestExternalAtOnce: first logins at once make one user.
func TestExternalAtOnce(t *testing.T) {
	t.Parallel()
	s := memoryService(t, Options{})
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if got := s.enters(t, external("1", "ada@example.com", "Ada")); got.User != "ada" {
				t.Errorf("got %q", got.User)
			}
		})
	}
	all.Wait()
	if n, err := count(t.Context(), s.db, "SELECT count(*) FROM cloudlet_users"); err != nil || n != 1 {
		t.Errorf("%d users, %v", n, err)
	}
}

// TestExternalIsOne: what fails in the middle leaves nothing.
func TestExternalIsOne(t *testing.T) {
	t.Parallel()
	s := memoryService(t, Options{})
	if _, err := s.db.Exec(t.Context(), "CREATE TRIGGER broken BEFORE INSERT ON cloudlet_refresh_tokens BEGIN SELECT RAISE(ABORT, 'no'); END"); err != nil {
		t.Fatal(err)
	}
	before := len(events(t, s))
	if _, err := s.LoginExternal(t.Context(), Act{}, external("1", "ada@example.com", "Ada"), true); err == nil {
		t.Fatal("it succeeds")
	}
	users, err := count(t.Context(), s.db, "SELECT count(*) + (SELECT count(*) FROM cloudlet_external_accounts) FROM cloudlet_users")
	if err != nil || users != 0 || len(events(t, s)) != before {
		t.Errorf("it leaves %d users and accounts, and %q, %v", users, events(t, s), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.LoginExternal(ctx, Act{}, external("1", "", ""), false); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestWishedName(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ä", 100)
	for _, c := range []struct{ email, name, want string }{
		{"Ada.Lovelace@example.com", "x", "ada.lovelace"},
		{"ada+news@example.com", "", "ada-news"},
		{"\"a b:c\"@example.com", "", "a-b-c"},
		{"..@example.com", "Ada", "user"},
		{"", "Ada  Lovelace ", "ada-lovelace"},
		{"", "Åsa Öberg", "åsa-öberg"},
		{"", "山田 太郎", "山田-太郎"},
		{"", "\u202eevil\x00\xff", "evil"},
		{"", "", "user"}, {"", "🙂", "user"}, {"", "-_.", "user"},
		{"", long, long[:2*longestWish]},
	} {
		if got := wishedName(&External{Email: c.email, Name: c.name}); got != c.want || CheckUserName(got) != nil {
			t.Errorf("%q, %q: %q, want %q", c.email, c.name, got, c.want)
		}
	}
}

func TestFreeName(t *testing.T) {
	t.Parallel()
	s := memoryService(t, Options{})
	names := map[string]bool{}
	for i := range mostWishes + 5 {
		got := s.enters(t, External{Issuer: issuer, Subject: strings.Repeat("x", i+1), Name: "Root"}).User
		if names[strings.ToLower(got)] || got == "root" || !strings.HasPrefix(got, "root-") {
			t.Errorf("the user %d is called %q", i, got)
		}
		names[got] = true
	}
}
