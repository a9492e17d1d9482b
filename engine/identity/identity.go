// Package identity knows who calls: the users and their roles in the main
// database, their passwords, and the tickets that are signed for them.
package identity

import (
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"cloudlet/engine/failure"
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

// bearer is how those prove who they are whom a 401 asks (RFC 6750).
const bearer = "Bearer"

// What identity refuses. The errors that it returns may say more in Detail, and
// are found by errors.Is.
var (
	// ErrInvalidCredentials is the same for an unknown user, a wrong password and a locked user.
	ErrInvalidCredentials = &failure.Error{Status: 401, Code: "invalid_credentials", Challenge: bearer, Detail: "The username or the password is wrong."}
	// ErrTooBusy means that too many passwords wait to be computed: try again after a second.
	ErrTooBusy = &failure.Error{Status: 429, Code: "too_many_logins", RetryAfter: time.Second, Detail: "Too many logins at once; try again in a moment."}
	// ErrTooManyFailures means that somebody guesses: try again after RetryAfter.
	ErrTooManyFailures = &failure.Error{Status: 429, Code: "too_many_failures", Detail: "Too many tries have failed; try again later."}
	// ErrCodeRequired means that the password is right, and a code of the second factor is needed too.
	ErrCodeRequired = &failure.Error{Status: 401, Code: "code_required", Challenge: bearer, Detail: "A code of the authenticator app is needed too."}
	// ErrInvalidCode means that the code is wrong, too old, or was used before.
	ErrInvalidCode = &failure.Error{Status: 401, Code: "invalid_code", Challenge: bearer, Detail: "The code is not valid; wait for the next one."}
	// ErrNotEnrolled means that the user has no second factor that the code could be of.
	ErrNotEnrolled = &failure.Error{Status: 409, Code: "totp_not_enrolled", Detail: "There is no authenticator app to check a code of; enroll one first."}
	// ErrNoTicket means that there was no ticket at all.
	ErrNoTicket = &failure.Error{Status: 401, Code: "no_ticket", Challenge: bearer, Detail: "A ticket is needed; send it as Authorization: Bearer."}
	// ErrExpired means that the ticket was ours, and its time is over.
	ErrExpired = &failure.Error{Status: 401, Code: "ticket_expired", Challenge: bearer, Detail: "The ticket has expired; log in again."}
	// ErrInvalidTicket means that the ticket is not ours, or was ended: its user is
	// locked, deleted or has a new password.
	ErrInvalidTicket = &failure.Error{Status: 401, Code: "invalid_ticket", Challenge: bearer, Detail: "The ticket is not valid; log in again."}

	// ErrInvalidRefresh means that the refresh token is unknown, used, expired or ended.
	ErrInvalidRefresh = &failure.Error{Status: 401, Code: "invalid_refresh_token", Challenge: bearer, Detail: "The refresh token is not valid; log in again."}

	// ErrNoSuchUser means that no user has the name.
	ErrNoSuchUser = &failure.Error{Status: 404, Code: "no_such_user", Detail: "There is no such user."}
	// ErrUserNameTaken means that a user has the name already, perhaps in other case.
	ErrUserNameTaken = &failure.Error{Status: 409, Code: "username_taken", Detail: "The username is taken."}
	// ErrEmailTaken means that a user has the e-mail address already, perhaps in other case.
	ErrEmailTaken = &failure.Error{Status: 409, Code: "email_taken", Detail: "The e-mail address is taken."}
	// ErrInvalidEmail means that it is no e-mail address.
	ErrInvalidEmail = &failure.Error{Status: 400, Code: "invalid_email", Detail: "That is no e-mail address."}
	// ErrInvalidName means that nobody is called so.
	ErrInvalidName = &failure.Error{Status: 400, Code: "invalid_name", Detail: "A name has at most 200 characters, and no control characters."}
	// ErrInvalidExtras means that the app's own fields are too large.
	ErrInvalidExtras = &failure.Error{Status: 400, Code: "invalid_extras", Detail: "The extras are too large: at most 16 KiB as JSON."}
	// ErrNotConfirmed means that the user has still to prove the e-mail address.
	ErrNotConfirmed = &failure.Error{Status: 403, Code: "not_confirmed", Detail: "The e-mail address has not been confirmed yet; follow the link in the mail."}
	// ErrInvalidToken means that the token of a link is unknown, used, or expired.
	ErrInvalidToken = &failure.Error{Status: 400, Code: "invalid_token", Detail: "The link is not valid any more; ask for a new one."}
	// ErrTooManyLinks means that the user got several links within the hour.
	ErrTooManyLinks = &failure.Error{Status: 429, Code: "too_many_links", RetryAfter: time.Minute, Detail: "Several links have been made within the hour; use the newest, or try again later."}
	// ErrTooManyRegistrations means that too many register from one address: try again after RetryAfter.
	ErrTooManyRegistrations = &failure.Error{Status: 429, Code: "too_many_registrations", Detail: "Too many have registered from your address; try again later."}
	// ErrWrongPassword means that the present password was not shown.
	ErrWrongPassword = &failure.Error{Status: 400, Code: "wrong_password", Detail: "The current password is wrong."}
	// ErrForbidden keeps who is not root from becoming it.
	ErrForbidden = &failure.Error{Status: 403, Code: "forbidden", Detail: "Your roles do not permit this."}
	// ErrLoginRequired means that an API key, or who acts as somebody else, cannot do this.
	ErrLoginRequired = &failure.Error{Status: 403, Code: "login_required", Detail: "This needs a ticket that the user has got by a login."}

	// ErrNoSuchKey means that the user has no API key of the name or id.
	ErrNoSuchKey = &failure.Error{Status: 404, Code: "no_such_api_key", Detail: "There is no such API key."}
	// ErrKeyNameTaken means that the user has an API key of the name.
	ErrKeyNameTaken = &failure.Error{Status: 409, Code: "api_key_taken", Detail: "There is an API key of that name already."}
	// ErrTooManyKeys means that the user has as many API keys as one may have.
	ErrTooManyKeys = &failure.Error{Status: 409, Code: "too_many_api_keys", Detail: "There are 100 API keys already; revoke one first."}
	// ErrInvalidExpiry means that an API key cannot be valid for so long.
	ErrInvalidExpiry = &failure.Error{Status: 400, Code: "invalid_expiry", Detail: "An API key is valid for more than nothing, and at most five years."}

	// ErrInvalidUserName means that no user can have such a name.
	ErrInvalidUserName = &failure.Error{Status: 400, Code: "invalid_username", Detail: "A username has 1 to 64 characters, no colon or control characters, and no space at its ends."}
	// ErrInvalidPassword means that the password breaks the rules for passwords.
	ErrInvalidPassword = &failure.Error{Status: 400, Code: "invalid_password", Detail: "The password does not follow the rules for passwords."}
	// ErrUserLocked means that no ticket can be issued to the user.
	ErrUserLocked = &failure.Error{Status: 403, Code: "user_locked", Detail: "The user is locked."}
	// ErrLastRoot keeps an app from locking itself out.
	ErrLastRoot = &failure.Error{Status: 409, Code: "last_root", Detail: "The last user with the role root cannot be deleted, locked or lose that role."}

	// ErrNoSuchRole means that no role has the name.
	ErrNoSuchRole = &failure.Error{Status: 404, Code: "no_such_role", Detail: "There is no such role."}
	// ErrRoleNameTaken means that a role has the name already.
	ErrRoleNameTaken = &failure.Error{Status: 409, Code: "role_taken", Detail: "The role exists already."}
	// ErrInvalidRoleName means that no role can have such a name.
	ErrInvalidRoleName = &failure.Error{Status: 400, Code: "invalid_role", Detail: "A role's name is a lower case letter, then up to 63 lower case letters, digits, _ or -."}
	// ErrBuiltInRole means that root, admin and guest stay.
	ErrBuiltInRole = &failure.Error{Status: 409, Code: "built_in_role", Detail: "The roles root, admin and guest cannot be deleted."}
	// ErrRoleInUse means that users have the role, and force was not asked for.
	ErrRoleInUse = &failure.Error{Status: 409, Code: "role_in_use", Detail: "Users have the role."}
)

func noSuchUser(name string) error { return ErrNoSuchUser.Saying("There is no user %q.", clip(name)) }

func noSuchRole(name string, known []string) error {
	if hint := source.DidYouMean(name, known); hint != "" {
		return ErrNoSuchRole.Saying("There is no role %q; %s", clip(name), hint)
	}
	return ErrNoSuchRole.Saying("There is no role %q.", clip(name))
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
// ends; and neither . nor .., which are no segment of a path (RFC 3986, section 5.2.4): no
// endpoint could be asked for such a user, to lock it. The error is ErrInvalidUserName.
func CheckUserName(name string) error {
	if !utf8.ValidString(name) || name == "" || utf8.RuneCountInString(name) > MaxUserName ||
		name == "." || name == ".." || strings.TrimSpace(name) != name || strings.ContainsFunc(name, neverInNames) {
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
		return ErrInvalidRoleName.Saying("%q is no name for a role: a lower case letter, then up to 63 lower case letters, digits, _ or -.", clip(name))
	}
	return nil
}

// checkPassword tells whether a new password may be used. Its text is never in the error.
func checkPassword(username, password string, minimum int) error {
	switch n := utf8.RuneCountInString(password); {
	case !utf8.ValidString(password):
		return ErrInvalidPassword.Saying("The password is not valid UTF-8.")
	case n == 1 && n < minimum:
		return ErrInvalidPassword.Saying("The password has 1 character; it needs at least %d.", minimum)
	case n < minimum:
		return ErrInvalidPassword.Saying("The password has %d characters; it needs at least %d.", n, minimum)
	case len(password) > MaxPasswordSize:
		return ErrInvalidPassword.Saying("The password has %d bytes; it may have at most %d.", len(password), MaxPasswordSize)
	case isGuessable(password), strings.EqualFold(password, username):
		return ErrInvalidPassword.Saying("The password is one of those that are tried first; choose another.")
	}
	return nil
}
