package identity

import "context"

// Caller is the user of a name with the roles that the user has now, as if a
// ticket of theirs had been sent: for calls from within. It fails with
// ErrNoSuchUser, ErrUserLocked, or the database's failure.
func (s *Service) Caller(ctx context.Context, name string) (*Caller, error) {
	u, err := findUser(ctx, s.db, name)
	switch {
	case err != nil:
		return nil, err
	case u == nil:
		return nil, noSuchUser(name)
	case u.locked:
		return nil, ErrUserLocked
	}
	c := NewCaller(u.name, u.roles, s.settings.Load().includes)
	c.Extras = extrasOf(u.extras)
	return c, nil
}
