package identity

import (
	"context"
	"slices"
	"strings"

	"cloudlet/engine/database"
)

// Endpoints decide by `auth` who administers users. One rule stands above them, so that
// an administrator cannot make himself root: only root gives or takes the role root, or a
// role that includes it, and only root changes a user who has it. It holds for whoever is
// logged in; where nobody is, as in a registration, and on the command line, there is
// nothing to gain. A user may always change himself, but for his roles.

// isRoot reports whether who acts may do what only root may. An API key never may: who
// finds it would own the app for ever.
func (act Act) isRoot() bool {
	return act.By == "" || strings.Contains(act.By, ":") || act.Caller.HasRole(RoleRoot) && act.Caller.APIKey == ""
}

// protect fails with ErrForbidden where who acts may not change the user.
func (s *Service) protect(act Act, u *userState) error {
	if act.isRoot() || same(act.By, u.name) || !s.includeRoot(u.roles) {
		return nil
	}
	return ErrForbidden.Saying("Only a user with the role root may do that to another.")
}

// mayGive fails with ErrForbidden where who acts may not give or take the roles.
func (s *Service) mayGive(act Act, roles []string) error {
	if act.isRoot() || !s.includeRoot(roles) {
		return nil
	}
	return ErrForbidden.Saying("Only a user with the role root may give or take it.")
}

// includeRoot reports whether roles pass every check.
func (s *Service) includeRoot(roles []string) bool {
	return slices.Contains(reach(roles, s.settings.Load().includes), RoleRoot)
}

// administer is changeUser for what the user may not do to everybody: it fails as
// protect does.
func (s *Service) administer(ctx context.Context, act Act, name string, f func(tx *database.Tx, u *userState) error) error {
	return s.changeUser(ctx, act, name, func(tx *database.Tx, u *userState) error {
		if err := s.protect(act, u); err != nil {
			return err
		}
		return f(tx, u)
	})
}

// needLogin fails with ErrLoginRequired for an API key and for who acts as somebody
// else. Neither may make what lasts longer than itself: passwords, keys, other tickets.
func (act Act) needLogin() error {
	if act.Caller != nil && (act.Caller.APIKey != "" || act.Caller.Impersonator != "") {
		return ErrLoginRequired
	}
	return nil
}
