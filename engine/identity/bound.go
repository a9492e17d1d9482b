package identity

import (
	"context"
	"slices"
	"strings"
	"time"

	"cloudlet/engine/database"
	"github.com/go-json-experiment/json"
)

// Bound is how often something may be done within an hour, by whomever: so that nobody is
// flooded with mails, and no address fills the table of users.
type Bound struct {
	What string // is done
	Of   string // to whom, or from where; kept as a keyed hash
	Most int    // times within an hour
}

const (
	boundWindow = time.Hour
	// mostBounds bounds the table: those that expire first go.
	mostBounds = 100_000
)

// Take counts that it is done once more, and is 0; or it counts nothing, and tells for how
// long it must not be done. It fails with the database's failure.
func (s *Service) Take(ctx context.Context, act Act, b Bound) (wait time.Duration, err error) {
	_, secret := s.keys.Derive("throttle")
	key := throttleKey(secret, "bound", b.What, b.Of)
	// Who asks in vain keeps nobody from writing.
	if _, wait, err = s.taken(ctx, s.querier(act), key, b.Most); wait > 0 || err != nil {
		return wait, err
	}
	err = s.within(ctx, act, func() {}, func(tx *database.Tx) error {
		var recent []int64
		if recent, wait, err = s.taken(ctx, tx, key, b.Most); wait > 0 || err != nil {
			return err
		}
		return s.noteTaken(ctx, tx, key, recent)
	})
	return wait, err
}

// taken is when it was done within the window, and how long to wait for room.
func (s *Service) taken(ctx context.Context, q querier, key string, most int) (recent []int64, wait time.Duration, err error) {
	row, err := q.QueryRow(ctx, "SELECT recent FROM cloudlet_bounds WHERE key = ?", key)
	if err != nil {
		return nil, 0, err
	}
	if row != nil {
		var list string
		if err := row.Scan(&list); err != nil {
			return nil, 0, err
		}
		_ = json.Unmarshal([]byte(list), &recent) // nobody but we write it
	}
	now, window := s.clock().UnixMilli(), boundWindow.Milliseconds()
	recent = slices.DeleteFunc(recent, func(t int64) bool { return t <= now-window || t > now })
	if len(recent) >= most {
		wait = time.Duration(recent[len(recent)-most]+window-now) * time.Millisecond
	}
	return recent, wait, nil
}

func (s *Service) noteTaken(ctx context.Context, tx *database.Tx, key string, recent []int64) error {
	now := s.clock()
	list, err := json.Marshal(append(recent, now.UnixMilli()))
	if err != nil {
		return err
	}
	for _, do := range []struct {
		sql  string
		args []any
	}{
		{"DELETE FROM cloudlet_bounds WHERE expires <= ?", []any{now.UnixMilli()}},
		{"DELETE FROM cloudlet_bounds WHERE expires < (SELECT expires FROM cloudlet_bounds ORDER BY expires DESC LIMIT 1 OFFSET ?)", []any{mostBounds}},
		{`INSERT INTO cloudlet_bounds (key, recent, expires) VALUES (?, ?, ?)
			ON CONFLICT (key) DO UPDATE SET recent = excluded.recent, expires = excluded.expires`, []any{key, string(list), now.Add(boundWindow).UnixMilli()}},
	} {
		if _, err := tx.Exec(ctx, do.sql, do.args...); err != nil {
			return err
		}
	}
	return nil
}

// Mailbox is whose mail is read where, as far as an address tells: many servers deliver
// a+b@… to a, and some a.b@… to ab, so that one reader has any number of addresses.
func Mailbox(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return strings.ToLower(address)
	}
	local, _, _ := strings.Cut(address[:at], "+")
	if local == "" {
		local = address[:at]
	}
	return strings.ToLower(strings.ReplaceAll(local, ".", "") + address[at:])
}
