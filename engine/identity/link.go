package identity

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"time"

	"cloudlet/engine/database"
)

// Links in mails carry a token: 256 random bits, kept as SHA-256, for one use. What it is
// good for is its purpose; of each there is one that works for a user, the newest. Those
// before it are kept for an hour, so that they can be counted: nobody is flooded with mails
// from here.
const (
	purposeConfirm = "confirm" // proves an e-mail address
	purposeReset   = "reset"   // lets a password be chosen anew
)

const (
	linkSize   = 32        // random bytes
	linkWindow = time.Hour // in which a user gets linkLimit tokens of a purpose
	linkLimit  = 5

	// MaxConfirmation is how long a confirmation can be valid.
	MaxConfirmation = 30 * 24 * time.Hour
	resetLifetime   = time.Hour
)

func newLinkToken() string {
	b := make([]byte, linkSize)
	rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

func linkHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// Confirmation makes a token that proves an e-mail address: the user's present one, or
// another that becomes the user's when it is confirmed. The token is "" where another user
// has that address, after the same work and counted alike: whoever asks must not learn it. It
// fails with ErrNoSuchUser, ErrForbidden, ErrInvalidEmail, ErrTooManyLinks, and with
// ErrLoginRequired where another address is asked for with an API key or by an impersonator.
func (s *Service) Confirmation(ctx context.Context, act Act, username, email string, validFor time.Duration) (token string, err error) {
	if err := checkEmail(email); err != nil {
		return "", err
	}
	err = s.administer(ctx, act, username, func(tx *database.Tx, u *userState) error {
		present, err := emailOf(ctx, tx, u.id)
		if err != nil {
			return err
		}
		taken := 0
		if email != "" && !same(email, present) {
			if err := act.needLogin(); err != nil {
				return err
			}
			taken, err = count(ctx, tx, "SELECT count(*) FROM cloudlet_users WHERE email = ? COLLATE NOCASE AND id <> ?", email, u.id)
			if err != nil {
				return err
			}
			present = email
		}
		token, err = s.makeLink(ctx, tx, u, purposeConfirm, present, validFor)
		switch {
		case err == nil && token == "":
			return ErrTooManyLinks
		case err == nil && taken > 0:
			token, err = "", endLinks(ctx, tx, u.id, purposeConfirm)
		}
		if err != nil {
			return err
		}
		return s.record(ctx, tx, act, "user.confirmation", u.name)
	})
	if err != nil {
		return "", err
	}
	return token, nil
}

// Reset makes a token, valid for an hour, with which the password of a user can be
// chosen anew; and tells whose. The user is found by name, by e-mail address, or by both
// where both are given. The token is "" where there is no such user, or one who is locked,
// has had five within the hour, or has the role root while another user asks.
func (s *Service) Reset(ctx context.Context, act Act, username, email string) (token string, user *User, err error) {
	if user, err = s.sought(ctx, act, username, email); err != nil {
		return "", nil, err
	}
	err = s.within(ctx, act, func() {}, func(tx *database.Tx) error {
		if user == nil { // the same work as for a user, more or less
			return s.tidyLinks(ctx, tx)
		}
		u, err := findUser(ctx, tx, user.Name)
		if err != nil || u == nil || u.locked || s.protect(act, u) != nil {
			return err
		}
		if token, err = s.makeLink(ctx, tx, u, purposeReset, user.Email, resetLifetime); err != nil || token == "" {
			return err
		}
		return s.record(ctx, tx, act, "password.reset_asked", u.name)
	})
	if err != nil || token == "" {
		return "", nil, err
	}
	return token, user, nil
}

// sought is the user who has the name and the address, as far as they are given.
func (s *Service) sought(ctx context.Context, act Act, username, email string) (*User, error) {
	if username == "" {
		return s.UserOfEmail(ctx, act, email)
	}
	u, err := s.User(ctx, act, username)
	if u != nil && email != "" && !same(u.Email, email) {
		return nil, err
	}
	return u, err
}

// makeLink makes a token in place of the user's others of the purpose; "" where there
// were too many.
func (s *Service) makeLink(ctx context.Context, tx *database.Tx, u *userState, purpose, email string, validFor time.Duration) (string, error) {
	if err := s.tidyLinks(ctx, tx); err != nil {
		return "", err
	}
	now := s.clock()
	n, err := count(ctx, tx, "SELECT count(*) FROM cloudlet_link_tokens WHERE user_id = ? AND purpose = ? AND made > ?",
		u.id, purpose, now.Add(-linkWindow).UnixMilli())
	if err != nil || n >= linkLimit {
		return "", err
	}
	if err := endLinks(ctx, tx, u.id, purpose); err != nil {
		return "", err
	}
	token := newLinkToken()
	_, err = tx.Exec(ctx, "INSERT INTO cloudlet_link_tokens (hash, user_id, purpose, email, made, expires) VALUES (?, ?, ?, ?, ?, ?)",
		linkHash(token), u.id, purpose, email, now.UnixMilli(), now.Add(validFor).UnixMilli())
	return token, err
}

// tidyLinks removes the tokens that neither work nor count.
func (s *Service) tidyLinks(ctx context.Context, tx *database.Tx) error {
	now := s.clock()
	_, err := tx.Exec(ctx, "DELETE FROM cloudlet_link_tokens WHERE made <= ? AND (ended = 1 OR expires <= ?)",
		now.Add(-linkWindow).UnixMilli(), now.UnixMilli())
	return err
}

// endLinks ends the tokens that a user has of a purpose, or of all.
func endLinks(ctx context.Context, tx *database.Tx, user int, purposes ...string) error {
	if len(purposes) == 0 {
		purposes = []string{purposeConfirm, purposeReset}
	}
	for _, p := range purposes {
		if _, err := tx.Exec(ctx, "UPDATE cloudlet_link_tokens SET ended = 1 WHERE user_id = ? AND purpose = ?", user, p); err != nil {
			return err
		}
	}
	return nil
}

// link is a token that works.
type link struct {
	username string
	email    string // that it was sent to
}

// findLink finds a token that works: ErrInvalidToken for any other.
func (s *Service) findLink(ctx context.Context, q querier, purpose, token string) (*link, error) {
	if len(token) != base64.RawURLEncoding.EncodedLen(linkSize) {
		return nil, ErrInvalidToken
	}
	row, err := q.QueryRow(ctx, `SELECT u.username, l.email FROM cloudlet_link_tokens l JOIN cloudlet_users u ON u.id = l.user_id
		WHERE l.hash = ? AND l.purpose = ? AND l.ended = 0 AND l.expires > ?`, linkHash(token), purpose, s.clock().UnixMilli())
	if err != nil {
		return nil, err
	}
	if row == nil {
		return nil, ErrInvalidToken
	}
	l := &link{}
	return l, row.Scan(&l.username, &l.email)
}

// useLink uses up a token: ErrInvalidToken where somebody was faster.
func (s *Service) useLink(ctx context.Context, tx *database.Tx, purpose, token string) (*link, error) {
	l, err := s.findLink(ctx, tx, purpose, token)
	if err != nil {
		return nil, err
	}
	r, err := tx.Exec(ctx, "UPDATE cloudlet_link_tokens SET ended = 1 WHERE hash = ? AND ended = 0", linkHash(token))
	if err == nil && r.RowsAffected != 1 {
		err = ErrInvalidToken
	}
	return l, err
}

// Confirm uses up a token of Confirmation: the address that it was sent to is the
// user's and proven. first says that the user was not confirmed before. It fails with
// ErrInvalidToken, or ErrEmailTaken where another user has the address by now.
func (s *Service) Confirm(ctx context.Context, act Act, token string) (user *User, first bool, err error) {
	return s.follow(ctx, act, purposeConfirm, token, func(tx *database.Tx, u *userState, l *link) error {
		present, err := emailOf(ctx, tx, u.id)
		if err != nil {
			return err
		}
		fields := []any{"first_time", !u.confirmed}
		if l.email != "" && !same(l.email, present) {
			if err := s.setEmail(ctx, tx, u, l.email); err != nil {
				return err
			}
			fields = append(fields, "email", true)
		}
		if err := s.markConfirmed(ctx, tx, u); err != nil {
			return err
		}
		return s.record(ctx, tx, act, "user.confirmed", u.name, fields...)
	})
}

// PrepareReset computes the password that ResetPassword will set, for a token that
// works now. It fails with ErrInvalidToken, ErrInvalidPassword, and as Gate.Hash does.
func (s *Service) PrepareReset(ctx context.Context, act Act, token, password string) (*NewPassword, error) {
	l, err := s.findLink(ctx, s.querier(act), purposeReset, token)
	if err != nil {
		return nil, err
	}
	return s.Password(ctx, l.username, password)
}

// ResetPassword uses up a token of Reset: the user has the password from now on, all
// tickets end, and the address that the token was sent to is proven. first says that the
// user was not confirmed before. It fails with ErrInvalidToken.
func (s *Service) ResetPassword(ctx context.Context, act Act, token string, n *NewPassword) (user *User, first bool, err error) {
	return s.follow(ctx, act, purposeReset, token, func(tx *database.Tx, u *userState, l *link) error {
		if u.name != n.username {
			return ErrInvalidToken
		}
		if l.email != "" {
			if err := s.markConfirmed(ctx, tx, u); err != nil {
				return err
			}
		}
		return s.setPassword(ctx, tx, act, u, n.hash, "", "password.reset")
	})
}

// follow uses up a token and has something done to its user.
func (s *Service) follow(ctx context.Context, act Act, purpose, token string, do func(tx *database.Tx, u *userState, l *link) error) (user *User, first bool, err error) {
	found, err := s.findLink(ctx, s.querier(act), purpose, token)
	if err != nil {
		return nil, false, err
	}
	err = s.changeUser(ctx, act, found.username, func(tx *database.Tx, u *userState) error {
		l, err := s.useLink(ctx, tx, purpose, token)
		if err != nil {
			return err
		}
		if l.username != u.name {
			return ErrInvalidToken
		}
		if err := do(tx, u, l); err != nil {
			return err
		}
		first = !u.confirmed
		in := act
		in.Tx = tx
		user, err = s.User(ctx, in, u.name)
		return err
	})
	if errors.Is(err, ErrNoSuchUser) { // gone meanwhile
		err = ErrInvalidToken
	}
	if err != nil {
		return nil, false, err
	}
	return user, first && user.Confirmed, nil
}

func emailOf(ctx context.Context, q querier, user int) (email string, err error) {
	row, err := q.QueryRow(ctx, "SELECT email FROM cloudlet_users WHERE id = ?", user)
	if err != nil || row == nil {
		return "", err
	}
	return email, row.Scan(&email)
}

// setEmail gives a user an address, "" none. Links that were sent to the one before end.
func (s *Service) setEmail(ctx context.Context, tx *database.Tx, u *userState, email string) error {
	var value any
	if email != "" {
		value = email
	}
	_, err := tx.Exec(ctx, "UPDATE cloudlet_users SET email = ? WHERE id = ?", value, u.id)
	if errors.Is(err, database.ErrExists) {
		return ErrEmailTaken
	}
	if err != nil {
		return err
	}
	return endLinks(ctx, tx, u.id)
}

func (s *Service) markConfirmed(ctx context.Context, tx *database.Tx, u *userState) error {
	_, err := tx.Exec(ctx, "UPDATE cloudlet_users SET confirmed_at = ? WHERE id = ? AND confirmed_at IS NULL", s.clock(), u.id)
	return err
}
