package tasks

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cloudlet/engine/database"
	"cloudlet/engine/jobs"
	"cloudlet/engine/secret"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestNewSchedule(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"30 6 * * mon-fri": "", "@daily": "", " */5  *  * * * ": "", "0 0 1 1 *": "",
		"": "five fields", "* * * *": "five fields", "0 0 0 * * *": "five fields", "@often": "five fields", "61 * * * *": `"61" is no minute`, "a b c d e": `"a" is no minute`, "0 25 * * mon": `"25" is no hour`, "0 8 * * monday": `"monday" is no weekday`, "0 8 * foo *": `"foo" is no month`,
		"0 0 30 2 *": "no day",
	} {
		_, err := NewSchedule(text, "")
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, zone := range []string{"Europe/Berln", "Local", "../etc/passwd", "CEST5"} {
		if _, err := NewSchedule("@daily", zone); err == nil {
			t.Errorf("the zone %q is taken", zone)
		}
	}
}

// TestClocksChange follows a schedule over the nights on which clocks are put forward and back.
func TestClocksChange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ cron, zone, from, want string }{
		{"30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00+01:00", "2026-03-29T03:00:00+02:00 2026-03-30T02:30:00+02:00"}, // the 29th has no 02:30
		{"30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00+02:00", "2026-10-25T02:30:00+02:00 2026-10-26T02:30:00+01:00"}, // the 25th has two
		{"30 2 * * *", "Europe/Berlin", "2026-10-25T02:10:00+01:00", "2026-10-26T02:30:00+01:00 2026-10-27T02:30:00+01:00"},
		{"*/20 2 * * *", "Europe/Berlin", "2026-03-29T00:30:00+01:00", "2026-03-29T03:00:00+02:00 2026-03-30T02:00:00+02:00"},
		{"0 0 * * *", "Europe/Berlin", "2026-10-24T12:00:00+02:00", "2026-10-25T00:00:00+02:00 2026-10-26T00:00:00+01:00"},
		{"0 * * * *", "Europe/Berlin", "2026-03-29T00:30:00+01:00", "2026-03-29T01:00:00+01:00 2026-03-29T03:00:00+02:00"},
		{"15 * * * *", "Europe/Berlin", "2026-03-29T01:00:00+01:00", "2026-03-29T01:15:00+01:00 2026-03-29T03:15:00+02:00"},
		{"*/30 * * * *", "Europe/Berlin", "2026-10-25T02:10:00+02:00", "2026-10-25T02:30:00+02:00 2026-10-25T02:00:00+01:00"},
		{"@hourly", "Europe/Berlin", "2026-10-25T01:30:00+02:00", "2026-10-25T02:00:00+02:00 2026-10-25T02:00:00+01:00"},
		{"0 0 * * *", "America/Sao_Paulo", "2018-11-03T12:00:00-03:00", "2018-11-04T01:00:00-02:00 2018-11-05T00:00:00-02:00"}, // its midnight is left out
		{"@weekly", "Pacific/Apia", "2011-12-24T12:00:00-10:00", "2011-12-25T00:00:00-10:00 2012-01-01T00:00:00+14:00"},        // without a 30th
		{"0 0 29 2 *", "America/New_York", "2026-01-01T00:00:00-05:00", "2028-02-29T00:00:00-05:00 2032-02-29T00:00:00-05:00"},
	} {
		s, err := NewSchedule(c.cron, c.zone)
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.RFC3339, c.from)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for range 2 {
			at = s.Next(at)
			got = append(got, at.Format(time.RFC3339))
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%s from %s: %s", c.cron, c.from, text)
		}
	}
}

// TestNextIsBehind goes through a year in zones with changes of all kinds: a schedule never stays
// where it is, and one for each day misses none.
func TestNextIsBehind(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"Europe/Dublin", "America/Havana", "Asia/Beirut", "Australia/Lord_Howe", "America/Santiago", "Africa/Casablanca", "UTC"} {
		for cron, most := range map[string]time.Duration{"@daily": 25 * time.Hour, "30 2 * * *": 26 * time.Hour, "*/7 1 * * *": 26 * time.Hour, "45 */6 * * *": 9 * time.Hour, "59 23 * * *": 26 * time.Hour, "@weekly": 170 * time.Hour} {
			s, err := NewSchedule(cron, zone)
			if err != nil {
				t.Fatal(err)
			}
			at := time.Date(2024, 1, 1, 0, 0, 0, 0, s.zone)
			for end := at.AddDate(1, 0, 0); at.Before(end); {
				next := s.Next(at)
				if !next.After(at) || next.Sub(at) > most {
					t.Fatalf("%s %s: %v is followed by %v", cron, zone, at, next)
				}
				at = next
			}
		}
	}
}

type bench struct {
	*Service
	queue *jobs.Queue
	db    *database.DB
}

func open(t *testing.T, dir string, keys *secret.Keyring) *bench {
	t.Helper()
	db, err := database.Open(t.Context(), database.Config{Name: "main", URL: "sqlite:data/x.db", Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if problems, err := db.Migrate(t.Context(), []database.Set{jobs.Migrations(), Migrations()}); len(problems) > 0 || err != nil {
		t.Fatal(problems, err)
	}
	q, err := jobs.Open(db, jobs.Options{Dir: filepath.Join(dir, "data"), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{New(q, db, keys, nil), q, db}
	t.Cleanup(func() {
		if err := errors.Join(b.Close(), q.Close(), db.Close()); err != nil {
			t.Error(err)
		}
	})
	return b
}

func (b *bench) names(t *testing.T) string {
	t.Helper()
	list, err := b.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name)
	}
	return strings.Join(names, " ")
}

func plan(t *testing.T, name, cron string) Planned {
	t.Helper()
	s, err := NewSchedule(cron, "")
	if err != nil {
		t.Fatal(err)
	}
	return Planned{Task{Name: name, Args: []byte("{}"), Attempts: 1}, s}
}

// TestEachTimeOnce has two processes keep one schedule, over a downtime too.
func TestEachTimeOnce(t *testing.T) {
	t.Parallel()
	dir, keys := t.TempDir(), secret.NewKeyring()
	a, b := open(t, dir, keys), open(t, dir, keys)
	list := []Planned{plan(t, "clean", "*/5 * * * *")}
	a.Plan(list)
	b.Plan(list)
	start := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	tick := func(s *bench, after time.Duration) time.Duration {
		t.Helper()
		pause, err := s.clock.tick(t.Context(), start.Add(after))
		if err != nil {
			t.Fatal(err)
		}
		return pause
	}
	if pause := tick(a, 0); pause != 55*time.Second || a.names(t) != "" {
		t.Error(pause, a.names(t))
	}
	tick(b, 0)
	for _, s := range []*bench{a, b, a} {
		tick(s, 55*time.Second)
	}
	if got := a.names(t); got != "clean" {
		t.Error(got)
	}
	// While it is not done it is not kept again; once it is, what was missed comes once.
	tick(a, 6*time.Minute)
	if got := a.names(t); got != "clean" {
		t.Error(got)
	}
	entries, err := a.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Cancel(t.Context(), entries[0].ID); err != nil {
		t.Fatal(err)
	}
	tick(b, 5*time.Hour)
	tick(a, 5*time.Hour)
	if got := b.names(t); got != "clean" {
		t.Error(got)
	}
	// Another schedule begins anew, and one that is gone is forgotten.
	a.Plan([]Planned{plan(t, "clean", "0 0 * * *"), plan(t, "other", "@hourly")})
	tick(a, 5*time.Hour+time.Second)
	schedules, err := a.Schedules(t.Context())
	if err != nil || len(schedules) != 2 || schedules[0].Due.Format(time.RFC3339) != "2030-01-03T00:00:00Z" {
		t.Error(schedules, err)
	}
	a.Plan(nil)
	tick(a, 6*time.Hour)
	if schedules, err := a.Schedules(t.Context()); len(schedules) != 0 || err != nil {
		t.Error(schedules, err)
	}
}

// TestClockSetBack keeps a schedule at the time that it is, and not at that which it was.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), secret.NewKeyring())
	s.Plan([]Planned{plan(t, "clean", "@hourly")})
	start := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, at := range []time.Time{start.AddDate(0, 1, 0), start, start.Add(time.Hour)} {
		if _, err := s.clock.tick(t.Context(), at); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.names(t); got != "clean" {
		t.Error(got)
	}
}

// TestArgumentsAreSealed finds nothing of a job's arguments in the database.
func TestArgumentsAreSealed(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), secret.NewKeyring())
	id, err := s.Enqueue(t.Context(), nil, Task{Name: "a", Args: []byte(`{"token":"canary"}`), Unique: "canary", Attempts: 3})
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.Enqueue(t.Context(), nil, Task{Name: "a", Args: []byte(`{}`), Unique: "canary"})
	if err != nil || again != id {
		t.Error(again, err)
	}
	other, err := s.Enqueue(t.Context(), nil, Task{Name: "b", Args: []byte(`{}`), Unique: "canary"})
	if err != nil || other == id {
		t.Error(other, err)
	}
	row, err := s.db.QueryRow(t.Context(), "SELECT count(*) FROM river_job WHERE json(args) LIKE '%canary%' OR json(metadata) LIKE '%canary%' OR CAST(unique_key AS TEXT) LIKE '%canary%'")
	if err != nil || row[0] != 0 {
		t.Error(row, err)
	}
	args, err := s.queue.Args(t.Context(), "job", id)
	if err != nil {
		t.Fatal(err)
	}
	name, inner, err := s.open(args)
	if name != "a" || !json.Valid(inner) || !strings.Contains(string(inner), "canary") || err != nil {
		t.Error(name, string(inner), err)
	}
}

// TestRotatedElsewhere: what another process seals with a secret that it has just rotated is opened
// here, and what nobody can open is given up.
func TestRotatedElsewhere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ours, err := secret.OpenKeyring(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := secret.OpenKeyring(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := theirs.Rotate(time.Hour); err != nil {
		t.Fatal(err)
	}
	done := 0
	s := New(nil, nil, ours, nil)
	run := func(context.Context, Task, int) error { done++; return nil }
	sealed := func(k *secret.Keyring) json.RawMessage {
		return k.SealJSON(purpose, []byte(`{"name":"a","args":{}}`))
	}
	if err := s.work(t.Context(), &jobs.Job{Args: sealed(theirs)}, run); err != nil || done != 1 {
		t.Error(done, err)
	}
	var f *jobs.Failure
	if err := s.work(t.Context(), &jobs.Job{Args: sealed(secret.NewKeyring())}, run); !errors.As(err, &f) || !f.Permanent || done != 1 {
		t.Error(done, err)
	}
}
