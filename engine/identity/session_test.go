package identity

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"cloudlet/engine/failure"
	"github.com/google/go-cmp/cmp"
)

// enter logs alice in, with a refresh token.
func enter(t testing.TB, s *Service, password string) *Ticket {
	t.Helper()
	ticket, err := s.Authenticate(t.Context(), Act{Address: here}, Credentials{Username: "alice", Password: password, Remember: true})
	must(t, err)
	return ticket
}

func refresh(t testing.TB, s *Service, token string) *Ticket {
	t.Helper()
	ticket, err := s.Refresh(t.Context(), Act{Address: here}, token)
	must(t, err)
	return ticket
}

// wantEnded wants a ticket and its refresh token to be refused.
func wantEnded(t testing.TB, s *Service, what string, ticket *Ticket) {
	t.Helper()
	if _, err := s.Verify(t.Context(), ticket.Text); !errors.Is(err, ErrInvalidTicket) {
		t.Errorf("%s: the ticket: %v", what, err)
	}
	if _, err := s.Refresh(t.Context(), Act{}, ticket.RefreshToken); !errors.Is(err, ErrInvalidRefresh) {
		t.Errorf("%s: the refresh token: %v", what, err)
	}
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	s, c := openCheap(t)
	first := enter(t, s, alicePassword)
	must(t, s.Grant(t.Context(), Act{}, "alice", "admin"))
	c.move(50 * time.Minute)
	second := refresh(t, s, first.RefreshToken)
	if !cmp.Equal(second.Roles, []string{"admin", "guest"}) {
		t.Errorf("the roles are %v", second.Roles)
	}
	if !second.ExpiresAt.Equal(c.Now().Add(time.Hour)) || second.RefreshToken == first.RefreshToken {
		t.Errorf("the ticket expires at %v", second.ExpiresAt)
	}
	for _, ticket := range []*Ticket{first, second} { // a rotation alone ends no ticket
		_, err := s.Verify(t.Context(), ticket.Text)
		must(t, err)
	}
	a, err := s.Verify(t.Context(), first.Text)
	must(t, err)
	b, err := s.Verify(t.Context(), second.Text)
	must(t, err)
	if a.Session == "" || a.Session != b.Session || a.ID == b.ID {
		t.Errorf("the sessions are %q and %q", a.Session, b.Session)
	}
	if kept := strings.Join(rowsOf(t, s, "SELECT hash, session FROM cloudlet_refresh_tokens"), "\n"); strings.Contains(kept, first.RefreshToken) || strings.Contains(kept, second.RefreshToken) {
		t.Errorf("the tokens are kept as they are:\n%s", kept)
	}
	none, err := s.Authenticate(t.Context(), Act{}, Credentials{Username: "alice", Password: alicePassword})
	must(t, err)
	if none.RefreshToken != "" {
		t.Error("a login that is not to be remembered has a refresh token")
	}
}

// A used token that comes back ends its whole session, and no other.
func TestRefreshReplayed(t *testing.T) {
	t.Parallel()
	s, _ := openCheap(t)
	first, other := enter(t, s, alicePassword), enter(t, s, alicePassword)
	second := refresh(t, s, first.RefreshToken)
	third := refresh(t, s, second.RefreshToken)
	for _, ticket := range []*Ticket{first, second, third} {
		_, err := s.Verify(t.Context(), ticket.Text)
		must(t, err)
	}
	_, err := s.Refresh(t.Context(), Act{Address: elsewhere}, first.RefreshToken)
	wantError(t, err, ErrInvalidRefresh)
	for _, ticket := range []*Ticket{first, second, third} {
		wantEnded(t, s, "after the replay", ticket)
	}
	_, err = s.Verify(t.Context(), other.Text)
	must(t, err)
	refresh(t, s, other.RefreshToken)
	if got := rowsOf(t, s, "SELECT subject || ' ' || address FROM cloudlet_audit WHERE event = 'session.copied'"); !cmp.Equal(got, []string{"alice " + elsewhere}) {
		t.Errorf("the audit log has %q", got)
	}
}

// Of the same token sent many times at once one is the first. The others are replays, so
// that in the end nobody holds a good ticket.
func TestRefreshAtOnce(t *testing.T) {
	t.Parallel()
	s, _ := openCheap(t)
	for range 5 {
		token := enter(t, s, alicePassword).RefreshToken
		var mu sync.Mutex
		var won []*Ticket
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				ticket, err := s.Refresh(t.Context(), Act{}, token)
				if err == nil {
					mu.Lock()
					defer mu.Unlock()
					won = append(won, ticket)
				} else if !errors.Is(err, ErrInvalidRefresh) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if len(won) != 1 {
			t.Fatalf("%d won", len(won))
		}
		wantEnded(t, s, "the winner's", won[0])
	}
}

// What ends or narrows tickets does so to refresh tokens too, at once.
func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	s, c := openCheap(t)
	password := alicePassword
	for _, test := range []struct {
		name string
		end  func(caller *Caller) error
		back func() error
	}{
		{"lock", func(*Caller) error { return s.Lock(t.Context(), Act{}, "alice") }, func() error { return s.Unlock(t.Context(), Act{}, "alice") }},
		{"password", func(*Caller) error {
			password = bobPassword
			return s.SetPassword(t.Context(), Act{}, "alice", bobPassword)
		}, nil},
		{"logout everywhere", func(c *Caller) error { return s.Logout(t.Context(), Act{}, c, true) }, nil},
		{"delete", func(*Caller) error { return s.DeleteUser(t.Context(), Act{}, "alice") }, func() error {
			return s.AddUser(t.Context(), Act{}, NewUser{Name: "alice", Password: bobPassword, Roles: []string{"guest"}})
		}},
	} {
		first, second := enter(t, s, password), enter(t, s, password)
		caller, err := s.Verify(t.Context(), first.Text)
		must(t, err)
		_, err = s.Verify(t.Context(), second.Text)
		must(t, err, test.end(caller))
		wantEnded(t, s, test.name, first)
		wantEnded(t, s, test.name, second)
		if test.back != nil {
			must(t, test.back())
			wantEnded(t, s, test.name+" and back", first)
			wantEnded(t, s, test.name+" and back", second)
		}
	}
	ticket := enter(t, s, password)
	must(t, s.Revoke(t.Context(), Act{}, "alice", "guest"))
	if caller, err := s.Verify(t.Context(), ticket.Text); err != nil || caller.HasRole("guest") {
		t.Errorf("after the role was revoked: %+v, %v", caller, err)
	}
	if next := refresh(t, s, ticket.RefreshToken); len(next.Roles) != 0 {
		t.Errorf("refreshed with the roles %v", next.Roles)
	}
	c.move(31 * 24 * time.Hour)
	enter(t, s, password)
	if n, err := count(t.Context(), s.db, "SELECT count(*) FROM cloudlet_refresh_tokens"); err != nil || n != 1 {
		t.Errorf("%d refresh tokens are kept, %v", n, err)
	}
}

func TestLogout(t *testing.T) {
	t.Parallel()
	s, c := openCheap(t)
	first, other := enter(t, s, alicePassword), enter(t, s, alicePassword)
	second := refresh(t, s, first.RefreshToken)
	caller, err := s.Verify(t.Context(), first.Text)
	must(t, err, s.Logout(t.Context(), Act{}, caller, false))
	wantEnded(t, s, "logout", first)
	wantEnded(t, s, "logout", second)
	_, err = s.Verify(t.Context(), other.Text)
	must(t, err)
	must(t, s.Logout(t.Context(), Act{}, caller, false)) // twice does no harm
	c.move(2 * time.Hour)
	last := refresh(t, s, other.RefreshToken)
	caller, err = s.Verify(t.Context(), last.Text)
	must(t, err, s.Logout(t.Context(), Act{}, caller, false))
	if got := rowsOf(t, s, "SELECT session FROM cloudlet_ended_sessions"); !cmp.Equal(got, []string{caller.Session}) {
		t.Errorf("sessions whose tickets have expired are kept: %q", got)
	}
}

// Tickets that last longer than those that are made now stay ended for as long.
func TestLogoutOfALongTicket(t *testing.T) {
	t.Parallel()
	s, c := openCheap(t)
	must(t, s.Configure(Options{TicketLifetime: 24 * time.Hour}))
	first, second := enter(t, s, alicePassword), enter(t, s, alicePassword)
	must(t, s.Configure(Options{TicketLifetime: time.Minute}))
	caller, err := s.Verify(t.Context(), first.Text)
	must(t, err, s.Logout(t.Context(), Act{}, caller, false))
	third := refresh(t, s, second.RefreshToken)
	_, err = s.Refresh(t.Context(), Act{}, second.RefreshToken)
	wantError(t, err, ErrInvalidRefresh)
	c.move(12 * time.Hour)
	caller, err = s.Verify(t.Context(), enter(t, s, alicePassword).Text)
	must(t, err, s.Logout(t.Context(), Act{}, caller, false))
	wantEnded(t, s, "half a day after the logout", first)
	wantEnded(t, s, "half a day after the replay", second)
	if _, err := s.Verify(t.Context(), third.Text); !errors.Is(err, ErrExpired) {
		t.Errorf("the short ticket: %v", err)
	}
}

func TestRefreshExpires(t *testing.T) {
	t.Parallel()
	s, c := openCheap(t)
	ticket := enter(t, s, alicePassword)
	c.move(30*24*time.Hour - time.Second)
	ticket = refresh(t, s, ticket.RefreshToken)
	c.move(30 * 24 * time.Hour)
	_, err := s.Refresh(t.Context(), Act{}, ticket.RefreshToken)
	wantError(t, err, ErrInvalidRefresh)
}

// Whoever logs in or refreshes without end does not fill the database.
func TestSessionsAreBounded(t *testing.T) {
	t.Parallel()
	s, c := openCheap(t)
	addUser(t, s, "bob", bobPassword)
	bob, err := s.Authenticate(t.Context(), Act{}, Credentials{Username: "bob", Password: bobPassword, Remember: true})
	must(t, err)
	oldest := enter(t, s, alicePassword)
	busy := enter(t, s, alicePassword)
	for range mostUsed + 20 {
		c.move(time.Second)
		busy = refresh(t, s, busy.RefreshToken)
	}
	for range mostSessions - 1 {
		c.move(time.Second)
		enter(t, s, alicePassword)
	}
	_, err = s.Refresh(t.Context(), Act{}, oldest.RefreshToken)
	wantError(t, err, ErrInvalidRefresh)
	refresh(t, s, busy.RefreshToken)
	refresh(t, s, bob.RefreshToken)
	if n, err := count(t.Context(), s.db, "SELECT count(*) FROM cloudlet_refresh_tokens r JOIN cloudlet_users u ON u.id = r.user_id WHERE username = 'alice'"); err != nil || n > mostSessions+mostUsed+1 {
		t.Errorf("%d refresh tokens are kept, %v", n, err)
	}
}

// A ticket that was verified is good without a look at the database, until something
// changes; only its first use, which has to know the roles, reads.
func TestVerifiedTicketsReadNothing(t *testing.T) {
	t.Parallel()
	s, _ := openCheap(t)
	known, unknown := enter(t, s, alicePassword), enter(t, s, alicePassword)
	_, err := s.Verify(t.Context(), known.Text)
	must(t, err, s.Close(), s.db.Close()) // the watcher first, which would notice
	for range 3 {
		_, err := s.Verify(t.Context(), known.Text)
		must(t, err)
	}
	var refused *failure.Error
	if _, err := s.Verify(t.Context(), unknown.Text); err == nil || errors.As(err, &refused) && refused.Status == 401 {
		t.Errorf("without a database: %v", err)
	}
}

// What ends in one process ends in another, within a second.
func TestSessionsOfAnotherProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := openDatabase(t, dir)
	migrate(t, db)
	engine := serviceOn(t, db, openKeys(t, dir), Options{CheapPasswords: true})
	command := serviceOn(t, openDatabase(t, dir), openKeys(t, dir), Options{CheapPasswords: true})
	addUser(t, engine, "alice", alicePassword)
	for what, end := range map[string]func(ticket *Ticket) error{
		"logout": func(ticket *Ticket) error {
			caller, err := command.Verify(t.Context(), ticket.Text)
			return errors.Join(err, command.Logout(t.Context(), Act{}, caller, false))
		},
		"replay": func(ticket *Ticket) error {
			_, err := command.Refresh(t.Context(), Act{}, ticket.RefreshToken)
			_, replay := command.Refresh(t.Context(), Act{}, ticket.RefreshToken)
			if !errors.Is(replay, ErrInvalidRefresh) {
				return replay
			}
			return err
		},
	} {
		ticket := enter(t, engine, alicePassword)
		_, err := engine.Verify(t.Context(), ticket.Text)
		must(t, err, end(ticket))
		eventually(t, what, func() bool {
			_, err := engine.Verify(t.Context(), ticket.Text)
			return errors.Is(err, ErrInvalidTicket)
		})
	}
}

// FuzzToken looks for a token that is taken and was never given.
func FuzzToken(f *testing.F) {
	s, _ := openCheap(f)
	given := enter(f, s, alicePassword).RefreshToken
	for _, seed := range []string{"", given[:42], given + "=", strings.ToUpper(given), given[:42] + "\n", strings.Repeat("A", 43), "'; DROP TABLE cloudlet_users --", strings.Repeat("x", 1<<16)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if token == given {
			t.Skip()
		}
		if ticket, err := s.Refresh(t.Context(), Act{}, token); !errors.Is(err, ErrInvalidRefresh) || ticket != nil {
			t.Errorf("%q: %v", token, err)
		}
	})
}
