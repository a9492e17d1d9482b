package idempotency

import (
	"errors"
	"strings"
	"testing"
	"time"

	"cloudlet/engine/database"
	"cloudlet/engine/secret"
)

func TestKey(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"8e03978e": "8e03978e", `"8e03978e"`: "8e03978e", "a": "a", strings.Repeat("x", 255): strings.Repeat("x", 255), `"`: "", `""`: "", "": "",
		"a b": "", "a\n": "", "é": "", `a"b`: "", `"a`: "", strings.Repeat("x", 256): "",
	} {
		got, err := Key([]string{text})
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for _, values := range [][]string{nil, {"a", "b"}} {
		if _, err := Key(values); !errors.Is(err, ErrInvalidKey) {
			t.Error(values, err)
		}
	}
}

func TestKeeps(t *testing.T) {
	t.Parallel()
	db, err := database.Open(t.Context(), database.Config{Name: "main", URL: "sqlite::memory:"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if problems, err := db.Migrate(t.Context(), []database.Set{Migrations()}); len(problems) > 0 || err != nil {
		t.Fatal(problems, err)
	}
	s := New(db, secret.NewKeyring())
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	keep := func(id ID, now time.Time) error {
		return db.Write(t.Context(), func(tx *database.Tx) error {
			return s.Keep(t.Context(), tx, id, NewFingerprint("x"), &Answer{Status: 201, Body: []byte("canary"), Has: true}, now, now.Add(time.Hour))
		})
	}
	id := NewID("POST /a", "user b", "k")
	for _, other := range []ID{NewID("POST /", "auser b", "k"), NewID("POST /a", "", "k"), NewID("POST /a", "user b", "K")} {
		if other == id {
			t.Error("two are one")
		}
	}
	if err := keep(id, now); err != nil {
		t.Fatal(err)
	}
	if err := keep(id, now); !IsRace(err) {
		t.Error(err)
	}
	if a, err := s.Find(t.Context(), id, NewFingerprint("x"), now.Add(time.Hour-1)); err != nil || a == nil || a.Status != 201 || string(a.Body) != "canary" || !a.Has {
		t.Error(a, err)
	}
	if _, err := s.Find(t.Context(), id, NewFingerprint("y"), now); !errors.Is(err, ErrReused) {
		t.Error(err)
	}
	if row, err := db.QueryRow(t.Context(), "SELECT count(*) FROM cloudlet_idempotent_answers WHERE answer LIKE '%canary%'"); err != nil || row[0] != 0 {
		t.Error(row, err)
	}
	later := now.Add(2 * time.Hour)
	if a, err := s.Find(t.Context(), id, NewFingerprint("y"), later); a != nil || err != nil {
		t.Error(a, err)
	}
	// What has expired makes room for the same key, and goes when others come.
	if err := keep(id, later); err != nil {
		t.Error(err)
	}
	if err := keep(NewID("POST /b", "", "k"), later.Add(2*time.Hour)); err != nil {
		t.Error(err)
	}
	if row, err := db.QueryRow(t.Context(), "SELECT count(*) FROM cloudlet_idempotent_answers"); err != nil || row[0] != 1 {
		t.Error(row, err)
	}
}
