package identity

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"cloudlet/engine/failure"
	"cloudlet/engine/secret"
	"github.com/google/go-cmp/cmp"
)

// Each change ends or alters a ticket that was verified just before, at once.
func TestChangesHoldAtOnce(t *testing.T) {
	t.Parallel()
	s := openService(t, Options{Clock: newClock().Now})
	must(t, s.AddRole(t.Context(), Act{}, "editor", "Edits."))
	for _, test := range []struct {
		name   string
		change func(user string) error
		want   error
		roles  []string
	}{
		{"nothing", func(string) error { return nil }, nil, []string{"guest"}},
		{"lock", func(u string) error { return s.Lock(t.Context(), Act{}, u) }, ErrInvalidTicket, nil},
		{"lock and unlock", func(u string) error {
			return errors.Join(s.Lock(t.Context(), Act{}, u), s.Unlock(t.Context(), Act{}, u))
		}, ErrInvalidTicket, nil},
		{"delete", func(u string) error { return s.DeleteUser(t.Context(), Act{}, u) }, ErrInvalidTicket, nil},
		{"password", func(u string) error { return s.SetPassword(t.Context(), Act{}, u, bobPassword) }, ErrInvalidTicket, nil},
		{"grant", func(u string) error { return s.Grant(t.Context(), Act{}, u, "admin", "editor") }, nil, []string{"admin", "editor", "guest"}},
		{"revoke", func(u string) error { return s.Revoke(t.Context(), Act{}, u, "guest", "admin") }, nil, []string{}},
		{"delete a role", func(string) error { return s.DeleteRole(t.Context(), Act{}, "editor", true) }, nil, []string{"guest"}},
		{"another user", func(string) error { return s.Lock(t.Context(), Act{}, "nothing") }, nil, []string{"guest"}},
	} {
		user := strings.ReplaceAll(test.name, " ", "")
		addUser(t, s, user, alicePassword, "guest")
		token := issue(t, s, user)
		_, err := s.Verify(t.Context(), token)
		must(t, err, test.change(user))
		got, err := s.Verify(t.Context(), token)
		if err != test.want {
			t.Errorf("%s: error %v, want %v", test.name, err, test.want)
		} else if err == nil && !cmp.Equal(got.Roles, test.roles) {
			t.Errorf("%s: roles %v, want %v", test.name, got.Roles, test.roles)
		}
	}
}

// Also where the clock does not move: what comes after a change is valid, what came
// before is not.
func TestTicketsAfterTheChange(t *testing.T) {
	t.Parallel()
	s := openService(t, Options{Clock: newClock().Now})
	addUser(t, s, "alice", alicePassword)
	var ended []string
	for range 3 {
		token := issue(t, s, "alice")
		if _, err := s.Verify(t.Context(), token); err != nil {
			t.Fatalf("a ticket from after the change: %v", err)
		}
		ended = append(ended, token)
		must(t, s.Lock(t.Context(), Act{}, "alice"), s.Unlock(t.Context(), Act{}, "alice"))
	}
	token := issue(t, s, "alice")
	ended = append(ended, token)
	must(t, s.DeleteUser(t.Context(), Act{}, "alice"))
	addUser(t, s, "alice", bobPassword)
	for i, token := range ended {
		if _, err := s.Verify(t.Context(), token); err != ErrInvalidTicket {
			t.Errorf("ticket %d came back: %v", i, err)
		}
	}
	_, err := s.Verify(t.Context(), issue(t, s, "alice"))
	must(t, err)
}

func TestAddUser(t *testing.T) {
	t.Parallel()
	s := openService(t, Options{MinPasswordLength: 14})
	addUser(t, s, "alice", alicePassword, "guest", "guest", "editor")
	for _, test := range []struct {
		name string
		user NewUser
		want error
	}{
		{"taken", NewUser{Name: "alice", Password: alicePassword}, ErrUserNameTaken},
		{"taken in other case", NewUser{Name: "ALICE", Password: alicePassword}, ErrUserNameTaken},
		{"no name", NewUser{Password: alicePassword}, ErrInvalidUserName},
		{"colon", NewUser{Name: "a:b", Password: alicePassword}, ErrInvalidUserName},
		{"short password", NewUser{Name: "bob", Password: "13 characters"}, ErrInvalidPassword},
		{"unknown role", NewUser{Name: "bob", Password: alicePassword, Roles: []string{"guest", "editr"}}, ErrNoSuchRole},
		{"no role's name", NewUser{Name: "bob", Password: alicePassword, Roles: []string{"A B"}, CreateRoles: true}, ErrInvalidRoleName},
	} {
		err := s.AddUser(t.Context(), Act{}, test.user)
		if !errors.Is(err, test.want) {
			t.Errorf("%s: error %v, want %v", test.name, err, test.want)
		}
		if test.want == ErrNoSuchRole && !strings.Contains(err.Error(), `did you mean "editor"?`) {
			t.Errorf("no hint: %v", err)
		}
	}
	users, _, err := s.Users(t.Context(), Act{}, Filter{})
	must(t, err)
	if len(users) != 1 || users[0].CreatedAt.IsZero() {
		t.Fatalf("users: %+v", users)
	}
	users[0].CreatedAt, users[0].Extras = time.Time{}, nil
	if d := cmp.Diff([]User{{Name: "alice", Roles: []string{"editor", "guest"}, Confirmed: true}}, users); d != "" {
		t.Error(d)
	}
	row, err := s.db.QueryRow(t.Context(), "SELECT username, name, email, created_at FROM cloudlet_profiles")
	if err != nil || row[0] != "alice" {
		t.Errorf("profile: %v, %v", row, err)
	}
}

func TestUnknownUsers(t *testing.T) {
	t.Parallel()
	s := openService(t, Options{})
	for _, name := range []string{"nobody", "", "a:b", strings.Repeat("x", 5000), "a\xff"} {
		_, issued := s.Issue(t.Context(), name)
		for i, err := range []error{
			issued, s.Lock(t.Context(), Act{}, name), s.Unlock(t.Context(), Act{}, name), s.DeleteUser(t.Context(), Act{}, name),
			s.Grant(t.Context(), Act{}, name, "guest"), s.Revoke(t.Context(), Act{}, name, "guest"), s.SetPassword(t.Context(), Act{}, name, alicePassword),
		} {
			if !errors.Is(err, ErrNoSuchUser) || len(err.Error()) > 300 {
				t.Errorf("%.20q, %d: %v", name, i, err)
			}
		}
	}
}

func TestLockedUser(t *testing.T) {
	t.Parallel()
	s := openService(t, Options{})
	addUser(t, s, "alice", alicePassword)
	must(t, s.Lock(t.Context(), Act{}, "alice"), s.Lock(t.Context(), Act{}, "Alice"))
	_, err := s.Issue(t.Context(), "alice")
	wantError(t, err, ErrUserLocked)
	users, _, err := s.Users(t.Context(), Act{}, Filter{})
	if err != nil || !users[0].Locked {
		t.Errorf("%+v, %v", users, err)
	}
	must(t, s.Unlock(t.Context(), Act{}, "alice"))
	_, err = s.Authenticate(t.Context(), Act{}, Credentials{Username: "alice", Password: alicePassword})
	must(t, err)
}

// Whatever is tried, somebody can still enter as root.
func TestLastRoot(t *testing.T) {
	t.Parallel()
	s := openService(t, Options{})
	addUser(t, s, "alice", alicePassword, "root", "guest")
	refused := func(user string) {
		t.Helper()
		wantError(t, s.DeleteUser(t.Context(), Act{}, user), ErrLastRoot)
		wantError(t, s.Lock(t.Context(), Act{}, user), ErrLastRoot)
		wantError(t, s.Revoke(t.Context(), Act{}, user, "guest", "root"), ErrLastRoot)
	}
	refused("alice")
	if users, _, _ := s.Users(t.Context(), Act{}, Filter{}); !slices.Contains(users[0].Roles, "guest") {
		t.Error("a refused change was made in part")
	}
	addUser(t, s, "bob", bobPassword)
	refused("alice")
	must(t, s.Grant(t.Context(), Act{}, "bob", "root"), s.Lock(t.Context(), Act{}, "bob"))
	refused("alice") // one who is locked cannot help
	must(t, s.Unlock(t.Context(), Act{}, "bob"), s.Revoke(t.Context(), Act{}, "alice", "root"))
	refused("bob")
	must(t, s.Grant(t.Context(), Act{}, "alice", "root"), s.DeleteUser(t.Context(), Act{}, "bob"))
	refused("alice")
}

func TestRoles(t *testing.T) {
	t.Parallel()
	s := openService(t, Options{})
	addUser(t, s, "alice", alicePassword, "guest")
	must(t, s.AddRole(t.Context(), Act{}, "editor", "Edits films."), s.Grant(t.Context(), Act{}, "alice", "editor"))
	wantError(t, s.AddRole(t.Context(), Act{}, "editor", ""), ErrRoleNameTaken)
	wantError(t, s.AddRole(t.Context(), Act{}, "Editor", ""), ErrInvalidRoleName)
	wantError(t, s.Grant(t.Context(), Act{}, "alice", "admin", "nothing"), ErrNoSuchRole)
	wantError(t, s.Revoke(t.Context(), Act{}, "alice", "nothing"), ErrNoSuchRole)
	for _, name := range []string{"root", "admin", "guest"} {
		wantError(t, s.DeleteRole(t.Context(), Act{}, name, true), ErrBuiltInRole)
	}
	wantError(t, s.DeleteRole(t.Context(), Act{}, "nothing", true), ErrNoSuchRole)
	wantError(t, s.DeleteRole(t.Context(), Act{}, "editor", false), ErrRoleInUse)
	roles, err := s.Roles(t.Context(), Act{})
	must(t, err)
	want := []Role{{"admin", "Administers the app.", 0}, {"editor", "Edits films.", 1}, {"guest", "May enter.", 1}, {"root", "Passes every role check.", 0}}
	if d := cmp.Diff(want, roles); d != "" {
		t.Error(d)
	}
	must(t, s.DeleteRole(t.Context(), Act{}, "editor", true))
	if users, _, _ := s.Users(t.Context(), Act{}, Filter{}); !cmp.Equal(users[0].Roles, []string{"guest"}) {
		t.Errorf("roles left: %v", users[0].Roles)
	}
}

func TestEnsureRoot(t *testing.T) {
	t.Parallel()
	s := openService(t, Options{})
	_, _, err := s.EnsureRoot(t.Context(), Act{}, "short")
	wantError(t, err, ErrInvalidPassword)
	created, password, err := s.EnsureRoot(t.Context(), Act{}, "")
	if err != nil || !created || len(password) < 24 {
		t.Fatalf("%v, %v", created, err)
	}
	ticket, err := s.Authenticate(t.Context(), Act{}, Credentials{Username: "root", Password: password})
	if err != nil || !cmp.Equal(ticket.Roles, []string{"root"}) {
		t.Fatal(ticket, err)
	}
	created, password, err = s.EnsureRoot(t.Context(), Act{}, bobPassword)
	if err != nil || created || password != "" {
		t.Errorf("a second root was made: %v, %v", created, err)
	}
	given := openService(t, Options{})
	created, password, err = given.EnsureRoot(t.Context(), Act{}, bobPassword)
	if err != nil || !created || password != "" {
		t.Errorf("with a given password: %v, %q, %v", created, password, err)
	}
	_, err = given.Authenticate(t.Context(), Act{}, Credentials{Username: "root", Password: bobPassword})
	must(t, err)
}

func TestHasRole(t *testing.T) {
	t.Parallel()
	includes := map[string][]string{"admin": {"editor"}, "editor": {"writer", "reader"}, "writer": {"editor"}}
	for _, test := range []struct {
		roles, asked []string
		want         bool
	}{
		{[]string{"guest"}, []string{"guest"}, true},
		{[]string{"guest"}, []string{"admin", "guest"}, true},
		{[]string{"guest"}, []string{"admin"}, false},
		{[]string{"guest"}, nil, false},
		{nil, []string{"guest"}, false},
		{[]string{"root"}, []string{"admin"}, true},
		{[]string{"admin"}, []string{"reader"}, true},
		{[]string{"reader"}, []string{"admin"}, false},
		{[]string{"writer"}, []string{"reader"}, true}, // through a cycle
		{[]string{"admin"}, []string{"root"}, false},
	} {
		if got := NewCaller("x", test.roles, includes).HasRole(test.asked...); got != test.want {
			t.Errorf("%v asked for %v: %v", test.roles, test.asked, got)
		}
	}
	var nobody *Caller
	if nobody.HasRole("guest") {
		t.Error("nobody has a role")
	}
}

// What a database refuses in another way than expected is no word of ours.
func TestDatabaseFailures(t *testing.T) {
	t.Parallel()
	db := openDatabase(t, t.TempDir())
	if _, err := Open(t.Context(), db, secret.NewKeyring(), Options{}); err == nil {
		t.Error("opened without its tables")
	}
	s := openService(t, Options{})
	addUser(t, s, "alice", alicePassword)
	token := issue(t, s, "alice")
	must(t, s.Close(), s.Close(), s.db.Close())
	_, err := s.Verify(t.Context(), token)
	var failure *failure.Error
	if !errors.As(err, &failure) {
		t.Errorf("a ticket that cannot be looked up: %v", err)
	}
	_, err = s.Authenticate(t.Context(), Act{}, Credentials{Username: "alice", Password: alicePassword})
	if !errors.As(err, &failure) {
		t.Errorf("a login without a database: %v", err)
	}
}
