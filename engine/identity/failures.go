package identity

import (
	"context"
	"time"

	"cloudlet/engine/database"

	"github.com/go-json-experiment/json"
)

// readFailures reads the counts of some limits, by their keys.
func readFailures(ctx context.Context, q querier, limits []limit) (map[string]failureCount, error) {
	keys := make([]string, 3)
	for i, l := range limits {
		keys[i] = l.key
	}
	rows, err := q.Query(ctx, "SELECT key, recent, waits, until, expires FROM cloudlet_failures WHERE key IN (?, ?, ?)", keys[0], keys[1], keys[2])
	if err != nil {
		return nil, err
	}
	counts := make(map[string]failureCount, len(rows))
	for _, row := range rows {
		var key, recent string
		var f failureCount
		if err := row.Scan(&key, &recent, &f.waits, &f.until, &f.expires); err != nil {
			return nil, err
		}
		// Nobody but we write it; what cannot be read counts as nothing.
		_ = json.Unmarshal([]byte(recent), &f.recent)
		counts[key] = f
	}
	return counts, nil
}

func writeFailures(ctx context.Context, tx *database.Tx, key string, f failureCount) error {
	recent, err := json.Marshal(f.recent)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO cloudlet_failures (key, recent, waits, until, expires) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (key) DO UPDATE SET recent = excluded.recent, waits = excluded.waits, until = excluded.until, expires = excluded.expires`,
		key, string(recent), f.waits, f.until, f.expires)
	return err
}

// forgetFailures removes what has expired, and what the table has no room for.
func forgetFailures(ctx context.Context, tx *database.Tx, now time.Time) error {
	if _, err := tx.Exec(ctx, "DELETE FROM cloudlet_failures WHERE expires <= ?", now.UnixMilli()); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "DELETE FROM cloudlet_failures WHERE expires < (SELECT expires FROM cloudlet_failures ORDER BY expires DESC LIMIT 1 OFFSET ?)", mostFailures)
	return err
}
