package identity

import (
	"context"

	"cloudlet/engine/action"
	"cloudlet/engine/identity"
	"cloudlet/engine/language/source"
)

// UserUpdate changes what belongs to a user.
var UserUpdate = action.Define(action.Spec[userUpdateInputs, any]{
	Name: "user.update", Summary: "Changes a user's e-mail address, name or extras; what is left out or null stays.",
	Writes: true,
	Doc: "Of the extras the given ones change, null removes one, and the others stay: an argument that may be left out needs the old value behind ??, as in ${args.theme ?? user.extras?.theme}. An empty text removes the address or the name. The address is taken as " +
		"proven, and links that were mailed to the one before end: for a user who changes an own one, use `user.confirmation` " +
		"with the new address instead. " + rootRule,
	Example:  "- user.update: {username: \"${user.name}\", name: \"${args.name}\", extras: {theme: \"${args.theme ?? user.extras?.theme}\"}}\n",
	Result:   accountType,
	Failures: fails(noSuchUser, emailTaken, invalidEmail, action.OutcomeOf(identity.ErrInvalidName, "the name is too long, or has control characters"), action.OutcomeOf(identity.ErrInvalidExtras, "the extras are too large"), onlyRoot, loginRequired),
	Run: func(c *action.Call, in *userUpdateInputs) (any, error) {
		r := &reading{call: c}
		username := value(r, &in.Username)
		change := identity.Update{Email: given(r, &in.Email), DisplayName: given(r, &in.DisplayName), Extras: optional(r, &in.Extras)}
		if r.err != nil {
			return nil, r.err
		}
		act, err := c.Act()
		if err != nil {
			return nil, err
		}
		u, err := c.Services.Identity.UpdateUser(c.Context, act, username, change)
		return accountObject(u), err
	},
})

type userUpdateInputs struct {
	Username    action.Expr[string]     `doc:"The user."`
	Email       action.Expr[string]     `doc:"The new e-mail address." optional:""`
	DisplayName action.Expr[string]     `name:"name" doc:"How people know the user." optional:""`
	Extras      action.Expr[action.Map] `doc:"Fields of the app's own that change; null removes one." optional:""`
}

// UserChangePassword gives a user another password.
var UserChangePassword = action.Define(action.Spec[userChangePasswordInputs, action.None]{
	Name: "user.change_password", Summary: "Changes a password, by default the caller's, and ends the user's other tickets.",
	Writes: true,
	Doc: "The current password is needed unless the caller has the role admin or root; a wrong one counts as a failed login. The session that " +
		"asks for it goes on where it is the user's own; all others end, and links to choose a password anew with them. API keys stay. " + rootRule,
	Example: "- user.change_password: {current: \"${args.current}\", password: \"${args.password}\"}\n",
	Failures: fails(
		action.Outcome{Status: 401, Code: unauthorized.Code, When: "no user is named, and the request brings no valid ticket"},
		action.OutcomeOf(identity.ErrWrongPassword, "the current password is needed and not given, or wrong, or the user unknown"),
		badPassword, noSuchUser, onlyRoot, loginRequired, tooBusy,
		action.OutcomeOf(identity.ErrTooManyFailures, "too many tries have failed"),
	),
	Prepare: func(l action.Load, in *userChangePasswordInputs) action.Result {
		if l.Transaction() != "" && in.Current.Given() {
			l.Problem(source.Problem{Span: l.At("current"), Code: "not_in_transaction", Text: "a wrong password counts whatever becomes of the transaction",
				Hint: "put user.change_password ahead of the transaction, or behind it"})
		}
		return action.Effect
	},
	Run: func(c *action.Call, in *userChangePasswordInputs) (action.None, error) {
		r := &reading{call: c}
		p := identity.PasswordChange{Username: orCaller(r, &in.Username), Current: given(r, &in.Current), Password: value(r, &in.Password)}
		act, err := c.Prelude()
		if r.err != nil || err != nil {
			return action.None{}, firstOf(r.err, err)
		}
		n, err := c.Services.Identity.PrepareChange(c.Context, act, p) // before the lock is taken
		if err != nil {
			return action.None{}, err
		}
		if act, err = c.Act(); err != nil {
			return action.None{}, err
		}
		return action.None{}, c.Services.Identity.ChangePassword(c.Context, act, n)
	},
})

type userChangePasswordInputs struct {
	Username action.Expr[string] `doc:"The user; by default the caller." optional:""`
	Current  action.Expr[string] `doc:"The current password." class:"secret" optional:""`
	Password action.Expr[string] `doc:"The new one: at least 12 characters, and not among the common ones." class:"secret"`
}

type userInputs struct {
	Username action.Expr[string] `doc:"The user's name."`
}

// ofUser is an action that does something to a user of a name.
func ofUser(name, summary, doc string, do func(s *identity.Service, ctx context.Context, act identity.Act, user string) error, failures ...action.Outcome) *action.Action {
	return action.Define(action.Spec[userInputs, action.None]{
		Name: name, Summary: summary, Main: "username", Doc: doc + rootRule, Writes: true,
		Example:  "- " + name + ": ${args.username}\n",
		Failures: fails(append(failures, noSuchUser, onlyRoot)...),
		Run: func(c *action.Call, in *userInputs) (action.None, error) {
			username, err := in.Username.Value(c)
			if err != nil {
				return action.None{}, err
			}
			act, err := c.Act()
			if err != nil {
				return action.None{}, err
			}
			return action.None{}, do(c.Services.Identity, c.Context, act, username)
		},
	})
}

// What is done to a user of a name.
var (
	// UserLock keeps a user out.
	UserLock = ofUser("user.lock", "Keeps a user out, and ends the user's tickets at once.",
		"API keys of the user do not work meanwhile. ", (*identity.Service).Lock, lastRoot)
	// UserUnlock lets a user in again.
	UserUnlock = ofUser("user.unlock", "Lets a locked user in again.",
		"Tickets from before do not work any more. ", (*identity.Service).Unlock)
	// UserDelete removes a user.
	UserDelete = ofUser("user.delete", "Deletes a user, with all that belongs to the login, and ends the user's tickets at once.",
		"What the app's own tables hold of the user stays. ", (*identity.Service).DeleteUser, lastRoot, loginRequired)
)
