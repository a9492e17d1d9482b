package identity

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// eventually waits for what another process did to be noticed. The contract says a
// second; the machine that runs the tests may be slower.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never noticed: %s", what)
		}
	}
}

// Two services on one file are two processes: the engine and the command line.
func TestChangesOfAnotherProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := openDatabase(t, dir)
	migrate(t, db)
	engine := serviceOn(t, db, openKeys(t, dir), Options{})
	command := serviceOn(t, openDatabase(t, dir), openKeys(t, dir), Options{})
	addUser(t, command, "alice", alicePassword)
	addUser(t, command, "bob", alicePassword)
	alice, bob := issue(t, engine, "alice"), issue(t, command, "bob")
	for _, token := range []string{alice, bob} {
		_, err := engine.Verify(t.Context(), token)
		must(t, err)
	}
	must(t, command.Grant(t.Context(), Act{}, "alice", "guest"))
	eventually(t, "a role that was granted", func() bool {
		c, err := engine.Verify(t.Context(), alice)
		return err == nil && c.HasRole("guest")
	})
	must(t, command.Lock(t.Context(), Act{}, "alice"))
	eventually(t, "a user who was locked", func() bool {
		_, err := engine.Verify(t.Context(), alice)
		return errors.Is(err, ErrInvalidTicket)
	})
	must(t, command.SetPassword(t.Context(), Act{}, "bob", bobPassword))
	eventually(t, "a password that was changed", func() bool {
		_, err := engine.Verify(t.Context(), bob)
		return errors.Is(err, ErrInvalidTicket)
	})
	bob = issue(t, engine, "bob")
	must(t, command.DeleteUser(t.Context(), Act{}, "bob"))
	eventually(t, "a user who was deleted", func() bool {
		_, err := engine.Verify(t.Context(), bob)
		return errors.Is(err, ErrInvalidTicket)
	})
}

func TestSecretOfAnotherProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := openDatabase(t, dir)
	migrate(t, db)
	engine := serviceOn(t, db, openKeys(t, dir), Options{})
	command := openKeys(t, dir)
	addUser(t, engine, "alice", alicePassword)
	before := issue(t, engine, "alice")
	must(t, command.Rotate(time.Hour))
	other := serviceOn(t, openDatabase(t, dir), command, Options{})
	if _, err := engine.Verify(t.Context(), issue(t, other, "alice")); err != nil {
		t.Errorf("a ticket of the new secret is refused: %v", err)
	}
	_, err := engine.Verify(t.Context(), before)
	must(t, err)
	eventually(t, "a new secret", func() bool { return engine.keys.Keys()[0].ID == command.Keys()[0].ID })
	// A secret that became known is taken out by hand: its tickets must end.
	file := filepath.Join(dir, "secret.key")
	text, err := os.ReadFile(file)
	must(t, err)
	first, _, _ := strings.Cut(string(text), "\n")
	must(t, os.WriteFile(file, []byte(first+"\n"), 0o600))
	eventually(t, "a secret that was removed", func() bool {
		_, err := engine.Verify(t.Context(), before)
		return errors.Is(err, ErrInvalidTicket)
	})
}

// Writes of the app itself, however many, do not make anybody be read again.
func TestOtherWritesChangeNothing(t *testing.T) {
	t.Parallel()
	s := openService(t, Options{})
	w := &watcher{service: s}
	must(t, w.start(t.Context()))
	before := s.epoch.Load()
	_, err := s.db.Exec(t.Context(), "UPDATE cloudlet_roles SET description = 'x'")
	must(t, err)
	version := w.version
	w.look(t.Context())
	if w.version == version || s.epoch.Load() != before {
		t.Errorf("epoch %d, before %d", s.epoch.Load(), before)
	}
	// As with a tool of the database, past every service.
	addUser(t, s, "alice", alicePassword, "guest")
	w.look(t.Context())
	before = s.epoch.Load()
	_, err = s.db.Exec(t.Context(), "UPDATE cloudlet_users SET locked_at = '2026-11-23T00:00:00Z'")
	must(t, err)
	w.look(t.Context())
	if s.epoch.Load() == before {
		t.Error("a change by hand was not noticed")
	}
}

// lines is a log that several goroutines write.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), text)
}

func TestFailuresAreLoggedOnce(t *testing.T) {
	t.Parallel()
	var log lines
	s := openService(t, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
	must(t, s.Close()) // the watcher below is the only one
	w := &watcher{service: s}
	must(t, w.start(t.Context()), s.db.Close())
	before := s.epoch.Load()
	for range 3 {
		w.look(t.Context())
	}
	if n := log.count("could not be read"); n != 1 {
		t.Errorf("logged %d times", n)
	}
	if s.epoch.Load() != before+3 {
		t.Error("old answers are trusted though the database cannot be asked")
	}
}

func TestConfigure(t *testing.T) {
	t.Parallel()
	s := openService(t, Options{})
	addUser(t, s, "alice", alicePassword, "admin")
	token := issue(t, s, "alice")
	_, err := s.Verify(t.Context(), token)
	must(t, err, s.Configure(Options{TicketLifetime: time.Minute, Includes: map[string][]string{"admin": {"editor"}}}))
	c, err := s.Verify(t.Context(), token)
	if err != nil || !c.HasRole("editor") {
		t.Errorf("after the roles changed: %+v, %v", c, err)
	}
	if ticket, err := s.Issue(t.Context(), "alice"); err != nil || ticket.ExpiresIn != 60 {
		t.Error(ticket, err)
	}
	must(t, s.Configure(Options{Issuer: "another"}))
	_, err = s.Verify(t.Context(), token)
	wantError(t, err, ErrInvalidTicket)
	for _, o := range []Options{{TicketLifetime: -time.Hour}, {TicketLifetime: time.Millisecond}, {MinPasswordLength: -1}, {MinPasswordLength: 5000}} {
		if s.Configure(o) == nil {
			t.Errorf("%+v was taken", o)
		}
	}
}
