// Package identity knows who calls: the users and their roles in the main
// database, their passwords, and the tickets that are signed for them.
package identity

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"cloudlet/engine/language/source"
)

// The roles that every app has from its start; they cannot be deleted.
const (
	RoleRoot  = "root"  // passes every role check
	RoleAdmin = "admin" // for whoever administers the app; the engine gives it no meaning
	RoleGuest = "guest" // for whoever may just enter; the engine gives it no meaning
)

// Limits of names and passwords.
const (
	MaxUserName       = 64   // characters of a user's name
	MaxRoleName       = 64   // characters of a role's name
	MinPasswordLength = 12   // characters, unless Options say otherwise
	MaxPasswordSize   = 1024 // bytes
)

// Error is what identity refuses, with what a client may know of it. Two errors
// are the same to errors.Is when their codes are.
type Error struct {
	Status int    // HTTP
	Code   string // stable, snake_case
	Detail string // a sentence that holds no secret
}

// Error is the sentence.
func (e *Error) Error() string { return e.Detail }

// Is compares the codes.
func (e *Error) Is(target error) bool {
	o, ok := target.(*Error)
	return ok && o.Code == e.Code
}

// What identity refuses. The errors that it returns may say more in Detail, and
// are found by errors.Is.
var (
	// ErrInvalidCredentials is the same for an unknown user, a wrong password and a locked user.
	ErrInvalidCredentials = &Error{401, "invalid_credentials", "The username or the password is wrong."}
	// ErrTooBusy means that too many passwords wait to be computed: try again after a second.
	ErrTooBusy = &Error{429, "too_many_logins", "Too many logins at once; try again in a moment."}
	// ErrNoTicket means that there was no ticket at all.
	ErrNoTicket = &Error{401, "no_ticket", "A ticket is needed; send it as Authorization: Bearer."}
	// ErrExpired means that the ticket was ours, and its time is over.
	ErrExpired = &Error{401, "ticket_expired", "The ticket has expired; log in again."}
	// ErrInvalidTicket means that the ticket is not ours, or was ended: its user is
	// locked, deleted or has a new password.
	ErrInvalidTicket = &Error{401, "invalid_ticket", "The ticket is not valid; log in again."}

	// ErrInvalidRefresh means that the refresh token is unknown, used, expired or ended.
	ErrInvalidRefresh = &Error{401, "invalid_refresh_token", "The refresh token is not valid; log in again."}

	// ErrNoSuchUser means that no user has the name.
	ErrNoSuchUser = &Error{404, "no_such_user", "There is no such user."}
	// ErrUserNameTaken means that a user has the name already, perhaps in other case.
	ErrUserNameTaken = &Error{409, "username_taken", "The username is taken."}
	// ErrEmailTaken means that a user has the e-mail address already, perhaps in other case.
	ErrEmailTaken = &Error{409, "email_taken", "The e-mail address is taken."}
	// ErrInvalidEmail means that it is no e-mail address.
	ErrInvalidEmail = &Error{400, "invalid_email", "That is no e-mail address."}
	// ErrInvalidName means that nobody is called so.
	ErrInvalidName = &Error{400, "invalid_name", "A name has at most 200 characters, and no control characters."}
	// ErrInvalidExtras means that the app's own fields are too large.
	ErrInvalidExtras = &Error{400, "invalid_extras", "The extras are too large: at most 16 KiB as JSON."}
	// ErrNotConfirmed means that the user has still to prove the e-mail address.
	ErrNotConfirmed = &Error{403, "not_confirmed", "The e-mail address has not been confirmed yet; follow the link in the mail."}
	// ErrInvalidUserName means that no user can have such a name.
	ErrInvalidUserName = &Error{400, "invalid_username", "A username has 1 to 64 characters, no colon or control characters, and no space at its ends."}
	// ErrInvalidPassword means that the password breaks the rules for passwords.
	ErrInvalidPassword = &Error{400, "invalid_password", "The password does not follow the rules for passwords."}
	// ErrUserLocked means that no ticket can be issued to the user.
	ErrUserLocked = &Error{403, "user_locked", "The user is locked."}
	// ErrLastRoot keeps an app from locking itself out.
	ErrLastRoot = &Error{409, "last_root", "The last user with the role root cannot be deleted, locked or lose that role."}

	// ErrNoSuchRole means that no role has the name.
	ErrNoSuchRole = &Error{404, "no_such_role", "There is no such role."}
	// ErrRoleNameTaken means that a role has the name already.
	ErrRoleNameTaken = &Error{409, "role_taken", "The role exists already."}
	// ErrInvalidRoleName means that no role can have such a name.
	ErrInvalidRoleName = &Error{400, "invalid_role", "A role's name is a lower case letter, then up to 63 lower case letters, digits, _ or -."}
	// ErrBuiltInRole means that root, admin and guest stay.
	ErrBuiltInRole = &Error{409, "built_in_role", "The roles root, admin and guest cannot be deleted."}
	// ErrRoleInUse means that users have the role, and force was not asked for.
	ErrRoleInUse = &Error{409, "role_in_use", "Users have the role."}
)

// with is the error with another sentence.
func (e *Error) with(format string, args ...any) *Error {
	return &Error{e.Status, e.Code, fmt.Sprintf(format, args...)}
}

func noSuchUser(name string) error { return ErrNoSuchUser.with("There is no user %q.", clip(name)) }

func noSuchRole(name string, known []string) error {
	if hint := source.DidYouMean(name, known); hint != "" {
		return ErrNoSuchRole.with("There is no role %q; %s", clip(name), hint)
	}
	return ErrNoSuchRole.with("There is no role %q.", clip(name))
}

// clip keeps a hostile name from filling an answer.
func clip(name string) string {
	const widest = 80
	if utf8.RuneCountInString(name) <= widest {
		return name
	}
	return string([]rune(name)[:widest]) + "…"
}

// CheckUserName tells whether a user may have the name: 1 to 64 characters, no
// control characters, no colon (RFC 7617 separates with it), no space at its
// ends. The error is ErrInvalidUserName.
func CheckUserName(name string) error {
	if !utf8.ValidString(name) || name == "" || utf8.RuneCountInString(name) > MaxUserName ||
		strings.TrimSpace(name) != name || strings.ContainsFunc(name, neverInNames) {
		return ErrInvalidUserName
	}
	return nil
}

// neverInNames also holds what is invisible, so that no two names look the same for it.
func neverInNames(r rune) bool {
	return r == ':' || r == utf8.RuneError || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) ||
		unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r)
}

var roleName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,63}$`)

// CheckRoleName tells whether a role may have the name: a lower case letter,
// then up to 63 lower case letters, digits, _ or -. The error is ErrInvalidRoleName.
func CheckRoleName(name string) error {
	if !roleName.MatchString(name) {
		return ErrInvalidRoleName.with("%q is no name for a role: a lower case letter, then up to 63 lower case letters, digits, _ or -.", clip(name))
	}
	return nil
}

// checkPassword tells whether a new password may be used. Its text is never in the error.
func checkPassword(username, password string, minimum int) error {
	switch n := utf8.RuneCountInString(password); {
	case !utf8.ValidString(password):
		return ErrInvalidPassword.with("The password is not valid UTF-8.")
	case n < minimum:
		return ErrInvalidPassword.with("The password has %d characters; it needs at least %d.", n, minimum)
	case len(password) > MaxPasswordSize:
		return ErrInvalidPassword.with("The password has %d bytes; it may have at most %d.", len(password), MaxPasswordSize)
	case isGuessable(password), strings.EqualFold(password, username):
		return ErrInvalidPassword.with("The password is one of those that are tried first; choose another.")
	}
	return nil
}
