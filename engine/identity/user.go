package identity

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"cloudlet/engine/database"
	"cloudlet/engine/language/schema"
)

// endedMargin is added to the moment from which a user's older tickets are ended. A
// login that had begun before then, and read the user before the change was committed,
// issues a ticket that is ended too. The next ticket is dated behind it.
const endedMargin = 10 * time.Second

// NewUser is a user to be made. It prints without its password.
type NewUser struct {
	Name     string // 1 to 64 characters; ASCII letters are compared without case
	Password string // 12 characters or as Options say, at most 1024 bytes
	Roles    []string
	// CreateRoles makes the roles that do not exist.
	CreateRoles bool
	Email       string         // "": none; compared without case
	DisplayName string         // how people know the user; may be ""
	Extras      *schema.Object // the app's own fields; nil: none
	// Unconfirmed says that the user has still to prove the e-mail address, and cannot
	// log in before.
	Unconfirmed bool
	// Computed takes Password's place where it was computed already, by Service.Password.
	Computed *NewPassword
}

// Format prints who it is, never the password.
func (n NewUser) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "[new user %q]", n.Name) }

// LogValue logs who it is, never the password.
func (n NewUser) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(n)) }

// User is what may be told of a user.
type User struct {
	Name        string
	DisplayName string
	Email       string
	Roles       []string // sorted
	Extras      *schema.Object
	Confirmed   bool
	Locked      bool
	CreatedAt   time.Time
}

// AddUser makes a user. It fails with ErrInvalidUserName, ErrInvalidPassword, ErrInvalidEmail,
// ErrInvalidName, ErrInvalidExtras, ErrForbidden, ErrUserNameTaken, ErrEmailTaken, ErrNoSuchRole or ErrInvalidRoleName, and as Gate.Hash does.
// The password is computed before the database is locked; inside a transaction it is better
// done before that begins, as Computed.
func (s *Service) AddUser(ctx context.Context, act Act, n NewUser) error {
	if err := n.Check(); err != nil {
		return err
	}
	if err := s.mayGive(act, n.Roles); err != nil {
		return err
	}
	if n.Computed == nil {
		computed, err := s.Password(ctx, n.Name, n.Password)
		if err != nil {
			return err
		}
		n.Computed = computed
	}
	return s.change(ctx, act, func(tx *database.Tx) error { return s.insertUser(ctx, tx, act, n, n.Computed.hash) })
}

// Check tells whether everything but the password may be so. It fails with ErrInvalidUserName,
// ErrInvalidEmail, ErrInvalidName, ErrInvalidExtras, or ErrInvalidRoleName for a role that CreateRoles would make.
func (n *NewUser) Check() error {
	if err := CheckUserName(n.Name); err != nil {
		return err
	}
	if err := checkEmail(n.Email); err != nil {
		return err
	}
	if err := checkExtras(n.Extras); err != nil {
		return err
	}
	for _, r := range n.Roles {
		if err := CheckRoleName(r); n.CreateRoles && err != nil {
			return err
		}
	}
	return checkDisplayName(n.DisplayName)
}

func (s *Service) checkNewPassword(username, password string) error {
	return checkPassword(username, password, s.settings.Load().minPassword)
}

func (s *Service) insertUser(ctx context.Context, tx *database.Tx, act Act, n NewUser, hash string) error {
	now := s.clock()
	if err := s.removeUnconfirmed(ctx, tx, now); err != nil {
		return err
	}
	if taken, err := count(ctx, tx, "SELECT count(*) FROM cloudlet_users WHERE username = ?", n.Name); err != nil {
		return err
	} else if taken > 0 {
		return ErrUserNameTaken.Saying("The username %q is taken.", n.Name)
	}
	var confirmed, email any
	if !n.Unconfirmed {
		confirmed = now
	}
	if n.Email != "" {
		email = n.Email
	}
	// Who has the name of a deleted user does not take over that one's tickets.
	r, err := tx.Exec(ctx, `INSERT INTO cloudlet_users (username, name, email, extras, password, tickets_after, created_at, confirmed_at)
		SELECT ?, ?, ?, ?, ?, max(?, tickets_after), ?, ? FROM cloudlet_identity`,
		n.Name, n.DisplayName, email, extrasText(n.Extras), hash, now.UnixMilli(), now, confirmed)
	if errors.Is(err, database.ErrExists) {
		return ErrEmailTaken
	}
	if err != nil {
		return err
	}
	if n.CreateRoles {
		for _, role := range n.Roles {
			if _, err := tx.Exec(ctx, "INSERT INTO cloudlet_roles (name) VALUES (?) ON CONFLICT DO NOTHING", role); err != nil {
				return err
			}
		}
	}
	if err := grant(ctx, tx, r.LastInsertID, n.Roles); err != nil {
		return err
	}
	return s.record(ctx, tx, act, "user.created", n.Name, "roles", list(n.Roles), "confirmed", !n.Unconfirmed)
}

// unconfirmedFor is how long a user who does not prove the e-mail address keeps the name.
const unconfirmedFor = 7 * 24 * time.Hour

// removeUnconfirmed removes the users who registered and never came back, so that
// nobody keeps names and addresses of others by it.
func (s *Service) removeUnconfirmed(ctx context.Context, tx *database.Tx, now time.Time) error {
	r, err := tx.Exec(ctx, "DELETE FROM cloudlet_users WHERE confirmed_at IS NULL AND created_at < ?", now.Add(-unconfirmedFor))
	if err != nil || r.RowsAffected == 0 {
		return err
	}
	return s.record(ctx, tx, Act{}, "user.expired", "", "users", int(r.RowsAffected))
}

// DeleteUser removes a user and ends the user's tickets. It fails with ErrNoSuchUser,
// ErrForbidden or ErrLastRoot, and with ErrLoginRequired where an API key deletes its owner,
// or an impersonator the user.
func (s *Service) DeleteUser(ctx context.Context, act Act, name string) error {
	return s.administer(ctx, act, name, func(tx *database.Tx, u *userState) error {
		if same(act.By, u.name) {
			if err := act.needLogin(); err != nil {
				return err
			}
		}
		if err := keepRoot(ctx, tx, u); err != nil {
			return err
		}
		if err := s.endTickets(ctx, tx, u); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "DELETE FROM cloudlet_users WHERE id = ?", u.id); err != nil {
			return err
		}
		return s.record(ctx, tx, act, "user.deleted", u.name)
	})
}

// SetPassword changes a password and ends the user's tickets. It fails with
// ErrNoSuchUser, ErrForbidden or ErrInvalidPassword, and as Gate.Hash does.
func (s *Service) SetPassword(ctx context.Context, act Act, name, password string) error {
	n, err := s.Password(ctx, name, password) // before the database is locked
	if err != nil {
		return err
	}
	return s.administer(ctx, act, name, func(tx *database.Tx, u *userState) error {
		return s.setPassword(ctx, tx, act, u, n.hash, "", "password.changed")
	})
}

// Lock keeps a user out and ends the user's tickets and links; a locked one stays so. It
// fails with ErrNoSuchUser, ErrForbidden or ErrLastRoot.
func (s *Service) Lock(ctx context.Context, act Act, name string) error {
	return s.administer(ctx, act, name, func(tx *database.Tx, u *userState) error {
		if u.locked {
			return nil
		}
		if err := keepRoot(ctx, tx, u); err != nil {
			return err
		}
		if err := s.endTickets(ctx, tx, u); err != nil {
			return err
		}
		if err := endLinks(ctx, tx, u.id); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "UPDATE cloudlet_users SET locked_at = ? WHERE id = ?", s.clock(), u.id); err != nil {
			return err
		}
		return s.record(ctx, tx, act, "user.locked", u.name)
	})
}

// Unlock lets a user in again, with new tickets only. It fails with ErrNoSuchUser
// or ErrForbidden.
func (s *Service) Unlock(ctx context.Context, act Act, name string) error {
	return s.administer(ctx, act, name, func(tx *database.Tx, u *userState) error {
		if !u.locked {
			return nil
		}
		if _, err := tx.Exec(ctx, "UPDATE cloudlet_users SET locked_at = NULL WHERE id = ?", u.id); err != nil {
			return err
		}
		return s.record(ctx, tx, act, "user.unlocked", u.name)
	})
}

// endTickets ends all tickets that the user has. Where the clock stands still, as in
// tests, the newest of them is dated just behind the last such moment; so this one is too.
func (s *Service) endTickets(ctx context.Context, tx *database.Tx, u *userState) error {
	return s.endOtherTickets(ctx, tx, u, "")
}

// endOtherTickets is endTickets for all sessions but one.
func (s *Service) endOtherTickets(ctx context.Context, tx *database.Tx, u *userState, session string) error {
	after := max(s.clock().Add(endedMargin).UnixMilli(), u.ticketsAfter+1)
	if _, err := tx.Exec(ctx, "DELETE FROM cloudlet_refresh_tokens WHERE user_id = ? AND session <> ?", u.id, session); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "UPDATE cloudlet_users SET tickets_after = ?, kept_session = nullif(?, '') WHERE id = ?", after, session, u.id)
	return err
}

// EnsureRoot makes the user root with the role root where nobody has that role:
// at the first start. Without a password it makes one, and returns it to be shown once. It
// fails as AddUser does.
func (s *Service) EnsureRoot(ctx context.Context, act Act, password string) (created bool, made string, err error) {
	if n, err := countRoots(ctx, s.db); n > 0 || err != nil {
		return false, "", err
	}
	if password == "" {
		made = GeneratePassword()
		password = made
	}
	if err := s.checkNewPassword("root", password); err != nil {
		return false, "", err
	}
	hash, err := s.gate.Hash(ctx, password)
	if err != nil {
		return false, "", err
	}
	err = s.change(ctx, act, func(tx *database.Tx) error {
		n, err := countRoots(ctx, tx)
		if n > 0 || err != nil { // another process was faster
			return err
		}
		created = true
		return s.insertUser(ctx, tx, act, NewUser{Name: "root", Roles: []string{RoleRoot}}, hash)
	})
	if err != nil || !created {
		return false, "", err
	}
	return true, made, nil
}
