package audit

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cloudlet/engine/database"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/secret"
)

func openLog(t *testing.T, url string, keys *secret.Keyring) *Log {
	t.Helper()
	dir := t.TempDir()
	db, err := database.Open(t.Context(), database.Config{Name: "main", URL: url, Dir: dir})
	must(t, err)
	t.Cleanup(func() { db.Close() })
	problems, err := db.Migrate(t.Context(), []database.Set{Migrations()})
	must(t, err)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return New(db, keys, Options{Head: filepath.Join(dir, "audit.head"), Log: slog.New(slog.DiscardHandler)})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (l *Log) add(t *testing.T, n int) {
	t.Helper()
	for i := range n {
		must(t, l.Append(t.Context(), nil, Entry{Event: "user.locked", Actor: "root", Subject: fmt.Sprint("user", i), Address: "10.0.0.1", Trace: "4bf9",
			Fields: schema.NewObject("reason", "test")}))
	}
}

// tamper changes the table behind the log's back.
func (l *Log) tamper(t *testing.T, sql string) {
	t.Helper()
	for _, s := range []string{"DROP TRIGGER cloudlet_audit_stays", "DROP TRIGGER cloudlet_audit_unchanged", sql} {
		if _, err := l.db.Exec(t.Context(), s); err != nil && !strings.HasPrefix(s, "DROP") {
			t.Fatal(err)
		}
	}
}

func (l *Log) faults(t *testing.T) string {
	t.Helper()
	r, err := l.Verify(t.Context())
	must(t, err)
	return strings.ReplaceAll(strings.Join(r.Faults, "; "), l.head.file, "HEAD")
}

func TestVerify(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, sql, want string }{
		{"nothing", "SELECT 1", ""},
		{"a changed subject", "UPDATE cloudlet_audit SET subject = 'user9' WHERE number = 3", "row 3 was changed"},
		{"a changed time", "UPDATE cloudlet_audit SET at = '2020-01-01T00:00:00.000Z' WHERE number = 1", "row 1 was changed"},
		{"fields moved between columns", "UPDATE cloudlet_audit SET actor = actor || subject, subject = '' WHERE number = 2", "row 2 was changed"},
		{"a missing row", "DELETE FROM cloudlet_audit WHERE number = 3", "row 3 is missing"},
		{"two missing rows", "DELETE FROM cloudlet_audit WHERE number IN (3, 4)", "rows 3 to 4 are missing"},
		{"the first row missing", "DELETE FROM cloudlet_audit WHERE number = 1", "row 1 is missing"},
		{"the last row missing", "DELETE FROM cloudlet_audit WHERE number = 6", "rows 6 to 6 are missing at the end"},
		{"all rows missing", "DELETE FROM cloudlet_audit", "rows 1 to 6 are missing at the end"},
		{"an HMAC of somebody else", "UPDATE cloudlet_audit SET mac = '00' WHERE number = 6", "row 6 was changed; row 6 is not the one that HEAD remembers"},
		{"an unknown secret", "UPDATE cloudlet_audit SET kid = '0000' WHERE number = 2", "row 2 was written with a secret that is not known any more"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := openLog(t, "sqlite::memory:", secret.NewKeyring())
			l.add(t, 6)
			l.tamper(t, c.sql)
			if got := l.faults(t); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// What took the place of removed rows is noticed, however many come after.
func TestVerifyAfterRemoval(t *testing.T) {
	t.Parallel()
	l := openLog(t, "sqlite::memory:", secret.NewKeyring())
	l.add(t, 6)
	l.tamper(t, "DELETE FROM cloudlet_audit WHERE number >= 5")
	l.add(t, 4)
	if got := l.faults(t); got != "row 6 is not the one that HEAD remembers" {
		t.Errorf("got %q", got)
	}
	must(t, l.Accept(t.Context()))
	l.add(t, 1)
	if got := l.faults(t); got != "" {
		t.Errorf("after it was accepted: %q", got)
	}
	must(t, os.Remove(l.head.file))
	l.add(t, 1)
	if got := l.faults(t); !strings.HasPrefix(got, "HEAD is missing") {
		t.Errorf("without a head: %q", got)
	}
	must(t, os.WriteFile(l.head.file, []byte("x"), 0o600))
	if got := l.faults(t); got != "HEAD is damaged" {
		t.Errorf("with a damaged head: %q", got)
	}
}

func TestAppendOnly(t *testing.T) {
	t.Parallel()
	l := openLog(t, "sqlite::memory:", secret.NewKeyring())
	l.add(t, 2)
	for _, sql := range []string{"DELETE FROM cloudlet_audit", "UPDATE cloudlet_audit SET event = 'x'"} {
		if _, err := l.db.Exec(t.Context(), sql); err == nil {
			t.Errorf("%s went through", sql)
		}
	}
}

// A killed process leaves the head behind; the next row catches up.
func TestHeadCatchesUp(t *testing.T) {
	t.Parallel()
	l := openLog(t, "sqlite::memory:", secret.NewKeyring())
	l.add(t, 2)
	old, err := os.ReadFile(l.head.file)
	must(t, err)
	l.add(t, 2)
	must(t, os.WriteFile(l.head.file, old, 0o600))
	if got := l.faults(t); got != "" {
		t.Errorf("behind: %q", got)
	}
	l.add(t, 1)
	if kept, err := l.head.read(); err != nil || kept.number != 5 {
		t.Errorf("the head is %+v, %v", kept, err)
	}
}

func TestConcurrentAppends(t *testing.T) {
	t.Parallel()
	keys := secret.NewKeyring()
	l := openLog(t, "sqlite:audit.db", keys)
	other := New(l.db, keys, Options{Head: l.head.file, Log: slog.New(slog.DiscardHandler)}) // as another process has it
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 10 {
				log := l
				if i%2 == 0 {
					log = other
				}
				if err := log.Append(t.Context(), nil, Entry{Event: "login"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	report, err := l.Verify(t.Context())
	must(t, err)
	if report.Rows != 80 || len(report.Faults) > 0 {
		t.Errorf("%+v", report)
	}
}

func TestRollback(t *testing.T) {
	t.Parallel()
	l := openLog(t, "sqlite::memory:", secret.NewKeyring())
	no := errors.New("no")
	err := l.db.Write(t.Context(), func(tx *database.Tx) error {
		must(t, l.Append(t.Context(), tx, Entry{Event: "user.created"}))
		return no
	})
	if !errors.Is(err, no) {
		t.Fatal(err)
	}
	l.add(t, 1)
	if got := l.faults(t); got != "" {
		t.Error(got)
	}
}

func TestRotatedSecret(t *testing.T) {
	t.Parallel()
	keys, err := secret.OpenKeyring(t.TempDir(), "")
	must(t, err)
	l := openLog(t, "sqlite::memory:", keys)
	l.add(t, 2)
	must(t, keys.Rotate(time.Minute))
	l.add(t, 2)
	if got := l.faults(t); got != "" {
		t.Error(got)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	l := openLog(t, "sqlite::memory:", secret.NewKeyring())
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	l.clock = func() time.Time { return now }
	l.add(t, 3)
	now = now.Add(time.Hour)
	long := strings.Repeat("ä", 400)
	must(t, l.Append(t.Context(), nil, Entry{Event: "login", Actor: "alice", Subject: long, Fields: schema.NewObject("text", strings.Repeat("x", maxFields))}))
	for _, c := range []struct {
		query Query
		want  string
	}{
		{Query{}, "4 of 4 3 2 1"},
		{Query{Event: "user.*"}, "3 of 3 2 1"},
		{Query{Event: "user"}, "0 of"},
		{Query{Event: "login"}, "1 of 4"},
		{Query{Actor: "ROOT", Limit: 1, Offset: 1}, "3 of 2"},
		{Query{Subject: "user1"}, "1 of 2"},
		{Query{After: now}, "1 of 4"},
		{Query{Before: now}, "3 of 3 2 1"},
	} {
		records, total, err := l.List(t.Context(), c.query)
		must(t, err)
		got := fmt.Sprint(total, " of")
		for _, r := range records {
			got += fmt.Sprint(" ", r.Number)
		}
		if got != c.want {
			t.Errorf("%+v: got %s, want %s", c.query, got, c.want)
		}
	}
	records, _, err := l.List(t.Context(), Query{Limit: 2})
	must(t, err)
	if cut := records[0]; len(cut.Subject) != maxText || string(schema.AppendJSON(nil, cut.Fields)) != `{"too_large":true}` || !cut.At.Equal(now) {
		t.Errorf("%+v", cut)
	}
	if r := records[1]; string(schema.AppendJSON(nil, r.Fields)) != `{"reason":"test"}` || r.Address != "10.0.0.1" || r.Trace != "4bf9" {
		t.Errorf("%+v", r)
	}
}
