package identity

import (
	"slices"
	"strings"
	"testing"
	"time"

	"cloudlet/engine/database"
	"cloudlet/engine/failure"
)

func createKey(t testing.TB, s *Service, owner string, n NewKey) *Key {
	t.Helper()
	k, err := s.CreateKey(t.Context(), asCaller(callerOf(t, s, owner)), n)
	must(t, err)
	return k
}

func TestKeys(t *testing.T) {
	t.Parallel()
	s, c := openCheap(t)
	must(t, s.AddRole(t.Context(), Act{}, "editor", ""), s.Grant(t.Context(), Act{}, "alice", "editor"))
	all := createKey(t, s, "alice", NewKey{Name: "all"})
	brief := createKey(t, s, "alice", NewKey{Name: "brief", Roles: []string{"guest", "guest"}, ValidFor: time.Hour})
	none := createKey(t, s, "alice", NewKey{Name: "none", Roles: []string{}})
	if len(all.Text) != keyLength || !strings.HasPrefix(all.Text, "ck_"+all.ID+"_") {
		t.Errorf("the key %s has the text %s", all.ID, all.Text)
	}
	roles := func(k *Key) string {
		caller, err := s.Verify(t.Context(), k.Text)
		if err != nil {
			return err.(*failure.Error).Code
		}
		if caller.Name != "alice" || caller.APIKey != k.ID || caller.ID != k.ID || caller.Session != "" {
			t.Errorf("%+v", caller)
		}
		return strings.Join(caller.Roles, " ")
	}
	want := func(what, wantAll, wantBrief, wantNone string) {
		t.Helper()
		for range 2 { // the second time from the cache
			if a, b, n := roles(all), roles(brief), roles(none); a != wantAll || b != wantBrief || n != wantNone {
				t.Errorf("%s: %q %q %q", what, a, b, n)
			}
		}
	}
	want("new", "editor guest", "guest", "")
	must(t, s.Revoke(t.Context(), Act{}, "alice", "editor"))
	want("a role fewer", "guest", "guest", "")
	must(t, s.Grant(t.Context(), Act{}, "alice", "editor", "admin"))
	want("a role more", "editor guest", "guest", "")
	must(t, s.SetPassword(t.Context(), Act{}, "alice", bobPassword))
	want("another password", "editor guest", "guest", "")
	must(t, s.Lock(t.Context(), Act{}, "alice"))
	want("locked", "invalid_ticket", "invalid_ticket", "invalid_ticket")
	must(t, s.Unlock(t.Context(), Act{}, "alice"))
	want("unlocked", "editor guest", "guest", "")
	c.move(time.Hour)
	want("an hour later", "editor guest", "ticket_expired", "")
	c.move(time.Minute) // past the moment that ended older tickets
	alice := asCaller(callerOf(t, s, "alice"))
	must(t, s.RevokeKey(t.Context(), alice, all.ID), s.RevokeKey(t.Context(), alice, "none"))
	want("revoked", "invalid_ticket", "ticket_expired", "invalid_ticket")
	wantError(t, s.RevokeKey(t.Context(), alice, "none"), ErrNoSuchKey)
	createKey(t, s, "alice", NewKey{Name: "brief"}) // the expired one makes room
	keys, err := s.Keys(t.Context(), alice)
	must(t, err)
	if len(keys) != 1 || keys[0].Name != "brief" || keys[0].Text != "" || !keys[0].ExpiresAt.IsZero() || !slices.Equal(keys[0].Roles, []string{"admin", "editor", "guest"}) {
		t.Errorf("%+v", keys)
	}
	last := createKey(t, s, "alice", NewKey{Name: "last"})
	must(t, s.DeleteUser(t.Context(), Act{}, "alice"))
	if got := roles(last); got != "invalid_ticket" {
		t.Errorf("of a deleted user: %s", got)
	}
}

func TestKeysRefused(t *testing.T) {
	t.Parallel()
	s, _ := openCheap(t)
	alice := asCaller(callerOf(t, s, "alice"))
	for _, c := range []struct {
		key  NewKey
		want error
	}{
		{NewKey{}, ErrInvalidName},
		{NewKey{Name: strings.Repeat("x", 65)}, ErrInvalidName},
		{NewKey{Name: "a\x00"}, ErrInvalidName},
		{NewKey{Name: "x", ValidFor: -1}, ErrInvalidExpiry},
		{NewKey{Name: "x", ValidFor: MaxKeyLifetime + 1}, ErrInvalidExpiry},
		{NewKey{Name: "x", Roles: []string{"root"}}, ErrForbidden},
		{NewKey{Name: "x", Roles: []string{"guest", "admin"}}, ErrForbidden},
	} {
		_, err := s.CreateKey(t.Context(), alice, c.key)
		wantError(t, err, c.want)
	}
	createKey(t, s, "alice", NewKey{Name: "ci"})
	_, err := s.CreateKey(t.Context(), alice, NewKey{Name: "ci"})
	wantError(t, err, ErrKeyNameTaken)
	addUser(t, s, "bob", bobPassword)
	createKey(t, s, "bob", NewKey{Name: "ci"})
	err = s.db.Write(t.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(t.Context(), `INSERT INTO cloudlet_api_keys (id, hash, user_id, name, roles, created_at)
			WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
			SELECT i, i, (SELECT id FROM cloudlet_users WHERE username = 'alice'), i, '[]', '2026-01-01T00:00:00Z' FROM n`)
		return err
	})
	must(t, err)
	_, err = s.CreateKey(t.Context(), alice, NewKey{Name: "more"})
	wantError(t, err, ErrTooManyKeys)
	wantError(t, s.RevokeKey(t.Context(), asCaller(callerOf(t, s, "bob")), "57"), ErrNoSuchKey) // another's
}

// What another process revokes ends here too.
func TestKeyRevokedElsewhere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := openDatabase(t, dir)
	migrate(t, db)
	keys := openKeys(t, dir)
	s, other := serviceOn(t, db, keys, Options{CheapPasswords: true}), serviceOn(t, openDatabase(t, dir), keys, Options{})
	addUser(t, s, "alice", alicePassword, "guest")
	k := createKey(t, s, "alice", NewKey{Name: "ci"})
	_, err := s.Verify(t.Context(), k.Text)
	must(t, err)
	must(t, other.RevokeKey(t.Context(), Act{By: "alice"}, "ci"))
	for range 500 {
		if _, err = s.Verify(t.Context(), k.Text); err != nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	wantError(t, err, ErrInvalidTicket)
}

func TestCachedKeyDoesNotAllocate(t *testing.T) {
	s, _ := openCheap(t)
	k := createKey(t, s, "alice", NewKey{Name: "ci"})
	if n := testing.AllocsPerRun(1000, func() {
		if c, err := s.Verify(t.Context(), k.Text); err != nil || !c.HasRole("guest") {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzTokenKey never panics, and lets nothing in but what was made.
func FuzzTokenKey(f *testing.F) {
	s, _ := openCheap(f)
	given := createKey(f, s, "alice", NewKey{Name: "ci"}).Text
	seedTokens(f, given)
	f.Add("ck_" + strings.Repeat("_", keyLength-3))
	f.Add(given[:len(given)-1] + "A")
	f.Fuzz(func(t *testing.T, token string) {
		if token == given {
			t.Skip()
		}
		for _, text := range []string{token, keyPrefix + token} {
			if _, err := s.Verify(t.Context(), text); err == nil {
				t.Errorf("%q was let in", text)
			} else if _, ok := err.(*failure.Error); !ok {
				t.Errorf("%q: %v", text, err)
			}
		}
	})
}
