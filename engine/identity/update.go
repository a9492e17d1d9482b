package identity

import (
	"context"

	"cloudlet/engine/database"
	"cloudlet/engine/language/schema"
)

// Update is what changes of a user; what is nil stays.
type Update struct {
	Email       *string // "": none. It is taken as proven by who changes it
	DisplayName *string
	Extras      *schema.Object // those given change, those that are null go, the others stay
}

// UpdateUser changes a user, and returns the user. It fails with ErrNoSuchUser, ErrForbidden,
// ErrInvalidEmail, ErrInvalidName, ErrInvalidExtras, ErrEmailTaken, and with ErrLoginRequired where the
// address is changed with an API key or by an impersonator.
func (s *Service) UpdateUser(ctx context.Context, act Act, name string, change Update) (user *User, err error) {
	if change.Email != nil {
		if err := checkEmail(*change.Email); err != nil {
			return nil, err
		}
	}
	if change.DisplayName != nil {
		if err := checkDisplayName(*change.DisplayName); err != nil {
			return nil, err
		}
	}
	err = s.administer(ctx, act, name, func(tx *database.Tx, u *userState) error {
		changed, err := s.update(ctx, tx, act, u, change)
		if err == nil && len(changed) > 0 {
			err = s.record(ctx, tx, act, "user.updated", u.name, "changed", list(changed))
		}
		if err != nil {
			return err
		}
		act.Tx = tx
		user, err = s.User(ctx, act, u.name)
		return err
	})
	if err != nil {
		return nil, err
	}
	return user, nil
}

// update writes what is given, and names it.
func (s *Service) update(ctx context.Context, tx *database.Tx, act Act, u *userState, change Update) (changed []string, err error) {
	if change.Email != nil {
		different, err := s.changeEmail(ctx, tx, act, u, *change.Email)
		if err != nil {
			return nil, err
		}
		if different {
			changed = append(changed, "email")
		}
	}
	if change.DisplayName != nil {
		if _, err := tx.Exec(ctx, "UPDATE cloudlet_users SET name = ? WHERE id = ?", *change.DisplayName, u.id); err != nil {
			return nil, err
		}
		changed = append(changed, "name")
	}
	if change.Extras != nil && change.Extras.Len() > 0 {
		merged := mergeExtras(extrasOf(u.extras), change.Extras)
		if err := checkExtras(merged); err != nil {
			return nil, err
		}
		if _, err := tx.Exec(ctx, "UPDATE cloudlet_users SET extras = ? WHERE id = ?", extrasText(merged), u.id); err != nil {
			return nil, err
		}
		changed = append(changed, "extras")
	}
	return changed, nil
}

// changeEmail gives a user an address that is taken as proven.
func (s *Service) changeEmail(ctx context.Context, tx *database.Tx, act Act, u *userState, email string) (different bool, err error) {
	present, err := emailOf(ctx, tx, u.id)
	if err != nil || present == email {
		return false, err
	}
	if err := act.needLogin(); err != nil {
		return false, err
	}
	if err := s.setEmail(ctx, tx, u, email); err != nil {
		return false, err
	}
	if email != "" && !same(email, present) {
		err = s.markConfirmed(ctx, tx, u)
	}
	return true, err
}

// mergeExtras is the fields of old with those of change in their place.
func mergeExtras(old, change *schema.Object) *schema.Object {
	var all []any
	for name, v := range old.All() {
		if _, given := change.Lookup(name); !given {
			all = append(all, name, v)
		}
	}
	for name, v := range change.All() {
		if v != nil {
			all = append(all, name, v)
		}
	}
	return schema.NewObject(all...)
}

// ConfirmUser takes a user's address as proven without a token. It fails with
// ErrNoSuchUser or ErrForbidden.
func (s *Service) ConfirmUser(ctx context.Context, act Act, name string) error {
	return s.administer(ctx, act, name, func(tx *database.Tx, u *userState) error {
		if u.confirmed {
			return nil
		}
		if err := s.markConfirmed(ctx, tx, u); err != nil {
			return err
		}
		return s.record(ctx, tx, act, "user.confirmed", u.name, "first_time", true)
	})
}

// Available reports whether a new user may have the name and the address, as far as
// they are given. It fails with the database's failure.
func (s *Service) Available(ctx context.Context, act Act, username, email string) (bool, error) {
	if username != "" && CheckUserName(username) != nil || checkEmail(email) != nil {
		return false, nil
	}
	// Whoever registered and never came back is removed by the next registration.
	const stays = " AND (confirmed_at IS NOT NULL OR created_at >= ?)"
	since, q := s.clock().Add(-unconfirmedFor), s.querier(act)
	for _, c := range []struct{ condition, value string }{
		{"username = ?", username},
		{"email = ? COLLATE NOCASE", email},
	} {
		if c.value == "" {
			continue
		}
		n, err := count(ctx, q, "SELECT count(*) FROM cloudlet_users WHERE "+c.condition+stays, c.value, since)
		if n > 0 || err != nil {
			return false, err
		}
	}
	return true, nil
}
