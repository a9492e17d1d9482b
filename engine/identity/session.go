package identity

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"time"

	"cloudlet/engine/database"
	"github.com/google/uuid"
)

// refreshSize is how many random bytes a refresh token has: 256 bits.
const refreshSize = 32

// newRefreshToken makes a token, and what is kept of it.
func newRefreshToken() (token, hash string) {
	b := make([]byte, refreshSize)
	rand.Read(b) // never fails
	token = base64.RawURLEncoding.EncodeToString(b)
	return token, refreshHash(token)
}

// refreshHash is what is kept of a token. A token has so many random bits that a hash
// need not be slow.
func refreshHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// Bounds of what is kept of a user who logs in or refreshes without end.
const (
	mostSessions = 100 // with a refresh token; the oldest end
	mostUsed     = 100 // used tokens of a session: a copy of an older one is refused and no more
)

// remember gives the ticket of a session a refresh token. Those that have expired are
// removed on the way, and those that are too many, so that the table does not grow for ever.
func (s *Service) remember(ctx context.Context, tx *database.Tx, u *userState, session string, t *Ticket, made int64, now time.Time) error {
	token, hash := newRefreshToken()
	expires := now.Add(s.settings.Load().refresh).UnixMilli()
	for _, do := range []struct {
		sql  string
		args []any
	}{
		{"DELETE FROM cloudlet_refresh_tokens WHERE expires <= ?", []any{now.UnixMilli()}},
		{"INSERT INTO cloudlet_refresh_tokens (hash, session, user_id, made, expires, tickets_until) VALUES (?, ?, ?, ?, ?, ?)",
			[]any{hash, session, u.id, made, expires, t.ExpiresAt.UnixMilli()}},
		{`DELETE FROM cloudlet_refresh_tokens WHERE session = ? AND used = 1 AND hash NOT IN
			(SELECT hash FROM cloudlet_refresh_tokens WHERE session = ? AND used = 1 ORDER BY made DESC LIMIT ?)`, []any{session, session, mostUsed}},
		{`DELETE FROM cloudlet_refresh_tokens WHERE user_id = ? AND session NOT IN
			(SELECT session FROM cloudlet_refresh_tokens WHERE user_id = ? AND used = 0 ORDER BY session = ? DESC, made DESC LIMIT ?)`, []any{u.id, u.id, session, mostSessions}},
	} {
		if _, err := tx.Exec(ctx, do.sql, do.args...); err != nil {
			return err
		}
	}
	t.RefreshToken = token
	return nil
}

// Refresh exchanges a refresh token for a new ticket and a new refresh token; the
// roles are read anew. A token that was used before has been copied by somebody: then
// the whole session ends, with all its tickets, also where it was the client itself that
// tried again: nobody can tell. It fails with ErrInvalidRefresh for any token that is not
// good, or with the database's failure.
func (s *Service) Refresh(ctx context.Context, act Act, token string) (*Ticket, error) {
	if len(token) != base64.RawURLEncoding.EncodedLen(refreshSize) {
		return nil, ErrInvalidRefresh
	}
	// Whoever invents tokens does not keep others from writing.
	if r, err := findRefresh(ctx, s.db, refreshHash(token)); err != nil {
		return nil, err
	} else if r == nil {
		return nil, ErrInvalidRefresh
	}
	var ticket *Ticket
	copied := ""
	err := s.db.Write(ctx, func(tx *database.Tx) error {
		r, err := findRefresh(ctx, tx, refreshHash(token))
		if err != nil || r == nil {
			return err
		}
		if r.used {
			copied = r.username
			if err := s.record(ctx, tx, act, "session.copied", r.username, "session", r.session); err != nil {
				return err
			}
			return s.endSession(ctx, tx, r.session, time.Time{})
		}
		ticket, err = s.exchange(ctx, tx, r, refreshHash(token))
		return err
	})
	if copied != "" {
		s.touched.touch(copied)
	}
	if err == nil && ticket == nil {
		err = ErrInvalidRefresh
	}
	return ticket, err
}

// exchange makes a ticket and token in place of a refresh token; nil where it is not
// good any more.
func (s *Service) exchange(ctx context.Context, tx *database.Tx, r *refreshState, hash string) (*Ticket, error) {
	now := s.clock()
	u, err := findUser(ctx, tx, r.username)
	if err != nil || u == nil || u.locked || !u.confirmed || u.ended(r.made, r.session) || now.UnixMilli() >= r.expires {
		return nil, err
	}
	if _, err := tx.Exec(ctx, "UPDATE cloudlet_refresh_tokens SET used = 1 WHERE hash = ?", hash); err != nil {
		return nil, err
	}
	t, made, err := s.issue(u, r.session, now)
	if err != nil {
		return nil, err
	}
	return t, s.remember(ctx, tx, u, r.session, t, made, now)
}

// refreshState is what is kept of a refresh token.
type refreshState struct {
	session, username string
	made, expires     int64
	used              bool
}

// findRefresh finds a refresh token by its hash, nil where there is none or its
// session has ended.
func findRefresh(ctx context.Context, q querier, hash string) (*refreshState, error) {
	row, err := q.QueryRow(ctx, `SELECT r.session, u.username, r.made, r.expires, r.used
		FROM cloudlet_refresh_tokens r JOIN cloudlet_users u ON u.id = r.user_id
		WHERE r.hash = ? AND r.session NOT IN (SELECT session FROM cloudlet_ended_sessions)`, hash)
	if err != nil || row == nil {
		return nil, err
	}
	r := &refreshState{}
	return r, row.Scan(&r.session, &r.username, &r.made, &r.expires, &r.used)
}

// Logout ends the session of a caller's ticket, or everywhere all sessions of the
// user: their tickets and refresh tokens are refused from now on. A caller without a
// ticket has nothing to end. It fails with ErrNoSuchUser, with ErrLoginRequired for an API
// key, and for an impersonator who would end all, or with the database's failure.
func (s *Service) Logout(ctx context.Context, act Act, caller *Caller, everywhere bool) error {
	if !everywhere && caller.Session == "" && caller.APIKey == "" {
		return nil
	}
	if everywhere || caller.APIKey != "" {
		if err := (Act{Caller: caller}).needLogin(); err != nil {
			return err
		}
	}
	return s.changeUser(ctx, act, caller.Name, func(tx *database.Tx, u *userState) error {
		if err := s.record(ctx, tx, act, "logout", u.name, "everywhere", everywhere); err != nil {
			return err
		}
		if everywhere {
			return s.endTickets(ctx, tx, u)
		}
		return s.endSession(ctx, tx, caller.Session, caller.Expires)
	})
}

// endSession ends a session: its refresh tokens go, and its tickets are remembered
// until the last of them has expired, one that is known to last until `last` among them. They may
// last longer than those that are made now, where that was configured since.
func (s *Service) endSession(ctx context.Context, tx *database.Tx, session string, last time.Time) error {
	now := s.clock()
	known, err := count(ctx, tx, "SELECT coalesce(max(tickets_until), 0) FROM cloudlet_refresh_tokens WHERE session = ?", session)
	if err != nil {
		return err
	}
	until := max(int64(known), last.UnixMilli(), now.Add(s.settings.Load().lifetime).UnixMilli()) + endedMargin.Milliseconds()
	for _, do := range []struct {
		sql  string
		args []any
	}{
		{"DELETE FROM cloudlet_refresh_tokens WHERE session = ?", []any{session}},
		{"DELETE FROM cloudlet_ended_sessions WHERE until <= ?", []any{now.UnixMilli()}},
		{"INSERT INTO cloudlet_ended_sessions (session, until) VALUES (?, ?) ON CONFLICT DO NOTHING", []any{session, until}},
	} {
		if _, err := tx.Exec(ctx, do.sql, do.args...); err != nil {
			return err
		}
	}
	return nil
}

// sessionEnded reports whether a session was ended.
func sessionEnded(ctx context.Context, q querier, session string) (bool, error) {
	if session == "" {
		return false, nil
	}
	n, err := count(ctx, q, "SELECT count(*) FROM cloudlet_ended_sessions WHERE session = ?", session)
	return n > 0, err
}

// newSession names a session.
func newSession() string { return uuid.NewString() }
