package identity

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"cloudlet/engine/database"
)

// NewPassword is a password that follows the rules, computed: what costs time is done
// with it before the database is locked. It prints as nothing.
type NewPassword struct {
	username string
	hash     string
	proven   *userState // who showed the present password; nil where nobody did
}

// Format prints whose it is, never the hash.
func (n *NewPassword) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "[new password of %q]", n.username) }

// LogValue logs whose it is, never the hash.
func (n *NewPassword) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(n)) }

// Password checks and computes a user's new password. It fails with
// ErrInvalidPassword, and as Gate.Hash does.
func (s *Service) Password(ctx context.Context, username, password string) (*NewPassword, error) {
	if err := s.checkNewPassword(username, password); err != nil {
		return nil, err
	}
	hash, err := s.gate.Hash(ctx, password)
	if err != nil {
		return nil, err
	}
	return &NewPassword{username: username, hash: hash}, nil
}

// PasswordChange is what somebody shows to have a password changed. It prints without
// either.
type PasswordChange struct {
	Username string
	Current  *string // nil: it is not shown
	Password string
}

// Format prints whose password is changed, never one.
func (p PasswordChange) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "[change of the password of %q]", p.Username)
}

// LogValue logs whose password is changed, never one.
func (p PasswordChange) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(p)) }

// PrepareChange checks the present password and computes the new one, ahead of
// ChangePassword. The present one is needed unless who acts has the role admin or root. It
// fails with ErrLoginRequired, ErrWrongPassword, alike for an unknown user, with
// ErrInvalidPassword, and as CheckPassword does. A wrong password counts as a failed login
// whatever becomes of a transaction: where one is shown, there must be none.
func (s *Service) PrepareChange(ctx context.Context, act Act, p PasswordChange) (*NewPassword, error) {
	if err := act.needLogin(); err != nil {
		return nil, err
	}
	if p.Current == nil {
		if !act.Caller.HasRole(RoleAdmin) {
			return nil, ErrWrongPassword.Saying("The current password is needed.")
		}
		return s.Password(ctx, p.Username, p.Password)
	}
	if err := s.checkNewPassword(p.Username, p.Password); err != nil {
		return nil, err
	}
	u, err := s.findValid(ctx, s.db, p.Username)
	if err != nil {
		return nil, err
	}
	switch err := s.CheckPassword(ctx, act, p.Username, *p.Current); {
	case errors.Is(err, ErrInvalidCredentials):
		return nil, ErrWrongPassword
	case err != nil:
		return nil, err
	}
	n, err := s.Password(ctx, p.Username, p.Password)
	if err == nil {
		n.proven = u
	}
	return n, err
}

// ChangePassword sets a password that PrepareChange made. All tickets of the user end
// but those of the session that asks for it, where the user does. It fails with
// ErrNoSuchUser, ErrForbidden, or ErrWrongPassword where the present password was changed
// meanwhile.
func (s *Service) ChangePassword(ctx context.Context, act Act, n *NewPassword) error {
	return s.administer(ctx, act, n.username, func(tx *database.Tx, u *userState) error {
		if n.proven != nil && (u.locked || n.proven.id != u.id || n.proven.ticketsAfter != u.ticketsAfter) {
			return ErrWrongPassword
		}
		return s.setPassword(ctx, tx, act, u, n.hash, act.Caller.sessionOf(u), "password.changed")
	})
}

// sessionOf is the session of a ticket of the user that has not been ended, else "".
func (c *Caller) sessionOf(u *userState) string {
	if c == nil || c.Name != u.name || c.Impersonator != "" || u.ended(c.made, c.Session) {
		return ""
	}
	return c.Session
}

// setPassword stores a hash and ends the tickets of all sessions but one.
func (s *Service) setPassword(ctx context.Context, tx *database.Tx, act Act, u *userState, hash, session, event string) error {
	if err := s.endOtherTickets(ctx, tx, u, session); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "UPDATE cloudlet_users SET password = ? WHERE id = ?", hash, u.id); err != nil {
		return err
	}
	// A link that is on its way to somebody must not undo it.
	if err := endLinks(ctx, tx, u.id, purposeReset); err != nil {
		return err
	}
	// Nor must one that whoever had the old password asked for give the user another address.
	if _, err := tx.Exec(ctx, `UPDATE cloudlet_link_tokens SET ended = 1
		WHERE user_id = ? AND email IS NOT (SELECT email FROM cloudlet_users u WHERE u.id = user_id) COLLATE NOCASE`, u.id); err != nil {
		return err
	}
	return s.record(ctx, tx, act, event, u.name)
}
