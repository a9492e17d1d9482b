package identity

import (
	"context"
	"errors"
	"time"

	"cloudlet/engine/database"
)

// Register makes a user who has still to prove the e-mail address, and the token of a
// link that proves it. Both are none where a user has the address already: whoever asks
// must not learn that, so nothing else is different, and the caller tells the owner.
// It fails as AddUser does, with ErrInvalidEmail where there is no address.
func (s *Service) Register(ctx context.Context, act Act, n NewUser, validFor time.Duration) (token string, user *User, err error) {
	if n.Email == "" {
		return "", nil, ErrInvalidEmail
	}
	n.Unconfirmed = true
	err = s.within(ctx, act, func() {}, func(tx *database.Tx) error {
		in := act
		in.Tx = tx
		if err := s.AddUser(ctx, in, n); err != nil {
			return err
		}
		if token, err = s.Confirmation(ctx, in, n.Name, "", validFor); err != nil {
			return err
		}
		user, err = s.User(ctx, in, n.Name)
		return err
	})
	if errors.Is(err, ErrEmailTaken) {
		return "", nil, nil
	}
	return token, user, err
}
