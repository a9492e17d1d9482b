package identity

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"cloudlet/engine/database"
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
}

// Format prints who it is, never the password.
func (n NewUser) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "[new user %q]", n.Name) }

// LogValue logs who it is, never the password.
func (n NewUser) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(n)) }

// User is what may be told of a user.
type User struct {
	Name      string
	Roles     []string // sorted
	Locked    bool
	CreatedAt time.Time
}

// change runs f in a transaction, after which every caller is read again.
func (s *Service) change(ctx context.Context, f func(tx *database.Tx) error) error {
	err := s.db.Write(ctx, f)
	s.epoch.Add(1) // after a failure too: it may have come after the commit
	return err
}

// changeUser is change for one user: ErrNoSuchUser where there is none.
func (s *Service) changeUser(ctx context.Context, name string, f func(tx *database.Tx, u *userState) error) error {
	if CheckUserName(name) != nil {
		return noSuchUser(name)
	}
	return s.change(ctx, func(tx *database.Tx) error {
		u, err := findUser(ctx, tx, name)
		if err != nil {
			return err
		}
		if u == nil {
			return noSuchUser(name)
		}
		return f(tx, u)
	})
}

// AddUser makes a user. It fails with ErrInvalidUserName, ErrInvalidPassword,
// ErrUserNameTaken, ErrNoSuchRole or ErrInvalidRoleName, and as Gate.Hash does.
func (s *Service) AddUser(ctx context.Context, n NewUser) error {
	if err := CheckUserName(n.Name); err != nil {
		return err
	}
	if err := s.checkNewPassword(n.Password); err != nil {
		return err
	}
	for _, r := range n.Roles {
		if err := CheckRoleName(r); n.CreateRoles && err != nil {
			return err
		}
	}
	hash, err := s.gate.Hash(ctx, n.Password)
	if err != nil {
		return err
	}
	return s.change(ctx, func(tx *database.Tx) error { return s.insertUser(ctx, tx, n, hash) })
}

func (s *Service) checkNewPassword(password string) error {
	return checkPassword(password, s.settings.Load().minPassword)
}

func (s *Service) insertUser(ctx context.Context, tx *database.Tx, n NewUser, hash string) error {
	now := s.clock()
	// Who has the name of a deleted user does not take over that one's tickets.
	r, err := tx.Exec(ctx, `INSERT INTO cloudlet_users (username, password, tickets_after, created_at)
		SELECT ?, ?, max(?, tickets_after), ? FROM cloudlet_identity`,
		n.Name, hash, now.UnixMilli(), now)
	if errors.Is(err, database.ErrExists) {
		return ErrUserNameTaken.with("The username %q is taken.", n.Name)
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
	return grant(ctx, tx, r.LastInsertID, n.Roles)
}

// DeleteUser removes a user and ends the user's tickets. It fails with ErrNoSuchUser
// or ErrLastRoot.
func (s *Service) DeleteUser(ctx context.Context, name string) error {
	return s.changeUser(ctx, name, func(tx *database.Tx, u *userState) error {
		if err := keepRoot(ctx, tx, u); err != nil {
			return err
		}
		if err := s.endTickets(ctx, tx, u); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "DELETE FROM cloudlet_users WHERE id = ?", u.id)
		return err
	})
}

// SetPassword changes a password and ends the user's tickets. It fails with
// ErrNoSuchUser or ErrInvalidPassword, and as Gate.Hash does.
func (s *Service) SetPassword(ctx context.Context, name, password string) error {
	if err := s.checkNewPassword(password); err != nil {
		return err
	}
	hash, err := s.gate.Hash(ctx, password) // before the database is locked
	if err != nil {
		return err
	}
	return s.changeUser(ctx, name, func(tx *database.Tx, u *userState) error {
		if err := s.endTickets(ctx, tx, u); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "UPDATE cloudlet_users SET password = ? WHERE id = ?", hash, u.id)
		return err
	})
}

// Lock keeps a user out and ends the user's tickets; a locked one stays so. It
// fails with ErrNoSuchUser or ErrLastRoot.
func (s *Service) Lock(ctx context.Context, name string) error {
	return s.changeUser(ctx, name, func(tx *database.Tx, u *userState) error {
		if u.locked {
			return nil
		}
		if err := keepRoot(ctx, tx, u); err != nil {
			return err
		}
		if err := s.endTickets(ctx, tx, u); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "UPDATE cloudlet_users SET locked_at = ? WHERE id = ?", s.clock(), u.id)
		return err
	})
}

// Unlock lets a user in again, with new tickets only. It fails with ErrNoSuchUser.
func (s *Service) Unlock(ctx context.Context, name string) error {
	return s.changeUser(ctx, name, func(tx *database.Tx, u *userState) error {
		_, err := tx.Exec(ctx, "UPDATE cloudlet_users SET locked_at = NULL WHERE id = ?", u.id)
		return err
	})
}

// endTickets ends all tickets that the user has. Where the clock stands still, as in
// tests, the newest of them is dated just behind the last such moment; so this one is too.
func (s *Service) endTickets(ctx context.Context, tx *database.Tx, u *userState) error {
	after := max(s.clock().Add(endedMargin).UnixMilli(), u.ticketsAfter+1)
	if _, err := tx.Exec(ctx, "DELETE FROM cloudlet_refresh_tokens WHERE user_id = ?", u.id); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "UPDATE cloudlet_users SET tickets_after = ? WHERE id = ?", after, u.id)
	return err
}

// Users lists all users by name.
func (s *Service) Users(ctx context.Context) ([]User, error) {
	rows, err := s.db.Query(ctx, `SELECT u.username, u.locked_at IS NOT NULL, u.created_at, r.name
		FROM cloudlet_users u
		LEFT JOIN cloudlet_user_roles ur ON ur.user_id = u.id
		LEFT JOIN cloudlet_roles r ON r.id = ur.role_id
		ORDER BY u.username, r.name`)
	if err != nil {
		return nil, err
	}
	users := []User{}
	for _, row := range rows {
		u, role := User{Roles: []string{}}, ""
		if err := row.Scan(&u.Name, &u.Locked, &u.CreatedAt, &role); err != nil {
			return nil, err
		}
		if n := len(users); n == 0 || users[n-1].Name != u.Name {
			users = append(users, u)
		}
		if last := &users[len(users)-1]; role != "" {
			last.Roles = append(last.Roles, role)
		}
	}
	return users, nil
}

// EnsureRoot makes the user root with the role root where nobody has that role:
// at the first start. Without a password it makes one, and returns it to be shown once. It
// fails as AddUser does.
func (s *Service) EnsureRoot(ctx context.Context, password string) (created bool, made string, err error) {
	if n, err := countRoots(ctx, s.db); n > 0 || err != nil {
		return false, "", err
	}
	if password == "" {
		made = GeneratePassword()
		password = made
	}
	if err := s.checkNewPassword(password); err != nil {
		return false, "", err
	}
	hash, err := s.gate.Hash(ctx, password)
	if err != nil {
		return false, "", err
	}
	err = s.change(ctx, func(tx *database.Tx) error {
		n, err := countRoots(ctx, tx)
		if n > 0 || err != nil { // another process was faster
			return err
		}
		created = true
		return s.insertUser(ctx, tx, NewUser{Name: "root", Roles: []string{RoleRoot}}, hash)
	})
	if err != nil || !created {
		return false, "", err
	}
	return true, made, nil
}
