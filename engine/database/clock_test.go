package database

import (
	"testing"
	"time"
)

func TestClock(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	db, err := Open(t.Context(), Config{Name: "main", URL: "sqlite::memory:", Clock: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(t.Context(), "CREATE TABLE a (id INTEGER PRIMARY KEY, made TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP, day TEXT DEFAULT (date('now', '+1 day')))"); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(t.Context(), "CREATE TRIGGER touch AFTER UPDATE ON a BEGIN UPDATE a SET made = datetime('now', '-1 hour') WHERE id = new.id AND made = old.made; END"); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(t.Context(), "INSERT INTO a (id) VALUES (1)"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		sql  string
		want any
	}{
		{"SELECT made FROM a", "2026-01-02 03:04:05"},
		{"SELECT day FROM a", "2026-01-03"},
		{"SELECT CURRENT_TIMESTAMP", "2026-01-02 03:04:05"},
		{"SELECT CURRENT_DATE", "2026-01-02"},
		{"SELECT CURRENT_TIME", "03:04:05"},
		{"SELECT datetime()", "2026-01-02 03:04:05"},
		{"SELECT datetime('NOW', 'start of month')", "2026-01-01 00:00:00"},
		{"SELECT date('now', '-2 days')", "2025-12-31"},
		{"SELECT time('now')", "03:04:05"},
		{"SELECT unixepoch('now')", int(now.Unix())},
		{"SELECT unixepoch()", int(now.Unix())},
		{"SELECT strftime('%Y')", "2026"},
		{"SELECT strftime('%d.%m.', 'now', '+1 month')", "02.02."},
		{"SELECT timediff('now', '2026-01-01')", "+0000-00-01 03:04:05.000"},
		{"SELECT datetime('1999-12-31')", "1999-12-31 00:00:00"},
		{"SELECT datetime('nonsense')", nil},
		{"SELECT datetime(0, 'unixepoch')", "1970-01-01 00:00:00"},
		{"SELECT julianday('now') BETWEEN 2461042 AND 2461043", 1},
		{"SELECT date(NULL)", nil},
		{"SELECT strftime()", nil},
		{"SELECT datetime('now', 'no modifier')", nil},
	} {
		row, err := db.QueryRow(t.Context(), c.sql)
		if err != nil || len(row) != 1 || row[0] != c.want {
			t.Errorf("%s gives %v, %v; want %v", c.sql, row, err, c.want)
		}
	}
	now = now.Add(24 * time.Hour)
	if _, err := db.Exec(t.Context(), "UPDATE a SET day = 'x'"); err != nil {
		t.Fatal(err)
	}
	if row, err := db.QueryRow(t.Context(), "SELECT made FROM a"); err != nil || row[0] != "2026-01-03 02:04:05" {
		t.Errorf("the trigger wrote %v, %v", row, err)
	}
}
