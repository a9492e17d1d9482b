package identity

import (
	"context"
	"errors"
	"slices"

	"cloudlet/engine/database"
)

// Role is what may be told of a role.
type Role struct {
	Name        string
	Description string
	Users       int // how many have it themselves
}

// Grant gives a user roles, at once for tickets too; those that the user has stay. It
// fails with ErrNoSuchUser, ErrForbidden or ErrNoSuchRole, and then grants none.
func (s *Service) Grant(ctx context.Context, act Act, username string, roles ...string) error {
	return s.changeUser(ctx, act, username, func(tx *database.Tx, u *userState) error {
		if err := s.mayGive(act, roles); err != nil {
			return err
		}
		if err := grant(ctx, tx, u.id, roles); err != nil {
			return err
		}
		return s.record(ctx, tx, act, "role.granted", u.name, "roles", list(roles))
	})
}

func grant(ctx context.Context, tx *database.Tx, user int, roles []string) error {
	for _, name := range roles {
		role, err := findRole(ctx, tx, name)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "INSERT INTO cloudlet_user_roles (user_id, role_id) VALUES (?, ?) ON CONFLICT DO NOTHING", user, role)
		if err != nil {
			return err
		}
	}
	return nil
}

// Revoke takes roles from a user, at once for tickets too; those that the user does
// not have do not matter. It fails with ErrNoSuchUser, ErrForbidden, ErrNoSuchRole or ErrLastRoot, and then
// takes none.
func (s *Service) Revoke(ctx context.Context, act Act, username string, roles ...string) error {
	return s.changeUser(ctx, act, username, func(tx *database.Tx, u *userState) error {
		if err := s.revoke(ctx, tx, act, u, roles); err != nil {
			return err
		}
		return s.record(ctx, tx, act, "role.revoked", u.name, "roles", list(roles))
	})
}

func (s *Service) revoke(ctx context.Context, tx *database.Tx, act Act, u *userState, roles []string) error {
	if err := s.mayGive(act, roles); err != nil {
		return err
	}
	for _, name := range roles {
		role, err := findRole(ctx, tx, name)
		if err != nil {
			return err
		}
		if name == RoleRoot {
			if err := keepRoot(ctx, tx, u); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, "DELETE FROM cloudlet_user_roles WHERE user_id = ? AND role_id = ?", u.id, role); err != nil {
			return err
		}
	}
	return nil
}

// SetRoles gives a user these roles and takes all others, at once for tickets too. It
// fails with ErrNoSuchUser, ErrForbidden, ErrNoSuchRole or ErrLastRoot, and then changes none.
func (s *Service) SetRoles(ctx context.Context, act Act, username string, roles ...string) error {
	return s.changeUser(ctx, act, username, func(tx *database.Tx, u *userState) error {
		var added, gone []string
		for _, r := range roles {
			if !slices.Contains(u.roles, r) {
				added = append(added, r)
			}
		}
		for _, r := range u.roles {
			if !slices.Contains(roles, r) {
				gone = append(gone, r)
			}
		}
		if err := s.mayGive(act, added); err != nil {
			return err
		}
		if err := grant(ctx, tx, u.id, added); err != nil {
			return err
		}
		if err := s.revoke(ctx, tx, act, u, gone); err != nil {
			return err
		}
		return s.record(ctx, tx, act, "role.set", u.name, "roles", list(roles))
	})
}

// AddRole makes a role. It fails with ErrInvalidRoleName, ErrInvalidName or ErrRoleNameTaken.
func (s *Service) AddRole(ctx context.Context, act Act, name, description string) error {
	if err := CheckRoleName(name); err != nil {
		return err
	}
	if err := checkDisplayName(description); err != nil {
		return ErrInvalidName.Saying("A role's description has at most %d characters, and no control characters.", MaxDisplayName)
	}
	return s.within(ctx, act, func() {}, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO cloudlet_roles (name, description) VALUES (?, ?)", name, description)
		if errors.Is(err, database.ErrExists) {
			return ErrRoleNameTaken.Saying("The role %q exists already.", name)
		}
		if err != nil {
			return err
		}
		return s.record(ctx, tx, act, "role.created", name)
	})
}

// DeleteRole removes a role; with force also from the users that have it. It fails
// with ErrBuiltInRole, ErrForbidden, ErrNoSuchRole or, without force, ErrRoleInUse.
func (s *Service) DeleteRole(ctx context.Context, act Act, name string, force bool) error {
	if slices.Contains([]string{RoleRoot, RoleAdmin, RoleGuest}, name) {
		return ErrBuiltInRole
	}
	if err := s.mayGive(act, []string{name}); err != nil {
		return err
	}
	return s.change(ctx, act, func(tx *database.Tx) error {
		role, err := findRole(ctx, tx, name)
		if err != nil {
			return err
		}
		users, err := count(ctx, tx, "SELECT count(*) FROM cloudlet_user_roles WHERE role_id = ?", role)
		if err != nil {
			return err
		}
		if users > 0 && !force {
			return ErrRoleInUse.Saying("The role %q is in use: %d users have it. Force takes it from them.", name, users)
		}
		if _, err = tx.Exec(ctx, "DELETE FROM cloudlet_roles WHERE id = ?", role); err != nil {
			return err
		}
		return s.record(ctx, tx, act, "role.deleted", name, "users", users)
	})
}

// Roles lists all roles by name.
func (s *Service) Roles(ctx context.Context, act Act) ([]Role, error) {
	rows, err := s.querier(act).Query(ctx, `SELECT r.name, r.description, count(ur.user_id)
		FROM cloudlet_roles r LEFT JOIN cloudlet_user_roles ur ON ur.role_id = r.id
		GROUP BY r.id ORDER BY r.name`)
	if err != nil {
		return nil, err
	}
	roles := make([]Role, len(rows))
	for i, row := range rows {
		if err := row.Scan(&roles[i].Name, &roles[i].Description, &roles[i].Users); err != nil {
			return nil, err
		}
	}
	return roles, nil
}

// findRole is a role's id; ErrNoSuchRole with the nearest name where there is none.
func findRole(ctx context.Context, q querier, name string) (int, error) {
	rows, err := q.Query(ctx, "SELECT id, name FROM cloudlet_roles")
	if err != nil {
		return 0, err
	}
	known := make([]string, len(rows))
	for i, row := range rows {
		var id int
		if err := row.Scan(&id, &known[i]); err != nil {
			return 0, err
		}
		if known[i] == name {
			return id, nil
		}
	}
	return 0, noSuchRole(name, known)
}

// keepRoot fails with ErrLastRoot where nobody else could enter as root.
func keepRoot(ctx context.Context, tx *database.Tx, u *userState) error {
	if !slices.Contains(u.roles, RoleRoot) {
		return nil
	}
	others, err := count(ctx, tx, `SELECT count(*) FROM cloudlet_users u
		JOIN cloudlet_user_roles ur ON ur.user_id = u.id
		JOIN cloudlet_roles r ON r.id = ur.role_id
		WHERE r.name = 'root' AND u.locked_at IS NULL AND u.confirmed_at IS NOT NULL AND u.id <> ?`, u.id)
	if err != nil {
		return err
	}
	if others == 0 {
		return ErrLastRoot
	}
	return nil
}

// countRoots counts the users with the role root.
func countRoots(ctx context.Context, q querier) (int, error) {
	return count(ctx, q, `SELECT count(*) FROM cloudlet_user_roles ur
		JOIN cloudlet_roles r ON r.id = ur.role_id WHERE r.name = 'root'`)
}

func count(ctx context.Context, q querier, sql string, args ...any) (n int, err error) {
	row, err := q.QueryRow(ctx, sql, args...)
	if err != nil || row == nil {
		return 0, err
	}
	err = row.Scan(&n)
	return n, err
}
