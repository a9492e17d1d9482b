package identity

import (
	"context"

	"cloudlet/engine/database"
)

// Impersonate gives who asks a ticket of another user, which names who asks as its
// `act`. Only root may, with a ticket of a login. The ticket ends with that of the user,
// and with root's own right to it: when root is locked, loses the role, or has all own
// tickets ended. It takes no part in a transaction of the act. It fails with ErrLoginRequired,
// ErrForbidden, ErrNoSuchUser, ErrUserLocked or ErrNotConfirmed.
func (s *Service) Impersonate(ctx context.Context, act Act, username string) (*Ticket, error) {
	if err := act.needLogin(); err != nil {
		return nil, err
	}
	if act.Caller == nil || !act.isRoot() {
		return nil, ErrForbidden.Saying("Only a user with the role root may act as another.")
	}
	now := s.clock()
	u, err := s.unlocked(ctx, username)
	switch {
	case err != nil:
		return nil, err
	case !u.confirmed:
		return nil, ErrNotConfirmed.Saying("The user %q has not confirmed the e-mail address yet.", u.name)
	}
	session := newSession()
	t, _, err := s.issueTo(act.By, u, session, now)
	if err != nil {
		return nil, err
	}
	err = s.db.Write(ctx, func(tx *database.Tx) error {
		return s.record(ctx, tx, act, "user.impersonated", u.name, "session", session)
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}

// actorEnded reports whether who acts by a ticket may not any more.
func (s *Service) actorEnded(ctx context.Context, p proven) (bool, error) {
	a, err := findUser(ctx, s.db, p.actor)
	if err != nil {
		return false, err
	}
	return a == nil || a.locked || !s.includeRoot(a.roles) || p.made <= a.ticketsAfter, nil
}
