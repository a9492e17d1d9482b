package identity

import (
	"context"
	"errors"
	"time"

	"cloudlet/engine/database"
)

// mostRegistrations is how many try to register from one address within an hour. Each costs a
// computation and may fill a row of the users for a week.
const mostRegistrations = 100

// PrepareRegister checks a user who wants to register, counts the try, and computes the
// password, ahead of Register. It fails as AddUser does where the user can be none, with
// ErrTooManyRegistrations, and as Gate.Hash does.
func (s *Service) PrepareRegister(ctx context.Context, act Act, n *NewUser) error {
	if n.Email == "" {
		return ErrInvalidEmail
	}
	if err := n.Check(); err != nil {
		return err
	}
	if err := s.checkNewPassword(n.Name, n.Password); err != nil {
		return err
	}
	wait, err := s.Take(ctx, act, Bound{What: "register", Of: NetworkOf(act.Address), Most: mostRegistrations})
	if err != nil {
		return err
	}
	if wait > 0 {
		return ErrTooManyRegistrations.After(wait)
	}
	n.Computed, err = s.Password(ctx, n.Name, n.Password)
	return err
}

// Register makes a user who has still to prove the e-mail address, and the token of a
// link that proves it. Where a user has the address already both are none, and the new user
// is made without an address: nobody can log in with it, and it is gone after a week. Without
// it, a login with the new password, or a second registration with the name, would tell
// whoever asks that the address is known. The caller tells the owner.
// It fails as AddUser does, but for ErrEmailTaken, and with ErrInvalidEmail where there is no address.
func (s *Service) Register(ctx context.Context, act Act, n NewUser, validFor time.Duration) (token string, user *User, err error) {
	if n.Email == "" {
		return "", nil, ErrInvalidEmail
	}
	n.Unconfirmed = true
	if n.Computed == nil {
		if err := s.PrepareRegister(ctx, act, &n); err != nil {
			return "", nil, err
		}
	}
	err = s.within(ctx, act, func() {}, func(tx *database.Tx) error {
		in := act
		in.Tx = tx
		if err := s.AddUser(ctx, in, n); errors.Is(err, ErrEmailTaken) {
			n.Email = ""
			return s.AddUser(ctx, in, n)
		} else if err != nil {
			return err
		}
		if token, err = s.Confirmation(ctx, in, n.Name, "", validFor); err != nil {
			return err
		}
		user, err = s.User(ctx, in, n.Name)
		return err
	})
	if err != nil {
		return "", nil, err
	}
	return token, user, nil
}
