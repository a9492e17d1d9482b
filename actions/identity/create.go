package identity

import (
	"cloudlet/engine/action"
	"cloudlet/engine/identity"
)

// UserCreate makes a user.
var UserCreate = action.Define(action.Spec[userCreateInputs, any]{
	Name: "user.create", Summary: "Makes a user.",
	Writes: true,
	Doc: "Who registers proves the e-mail address first: with `confirmed: false` the user cannot log in until `user.confirm`, and is removed " +
		"after a week without it. " + rootRule,
	Example: "- user.create:\n    username: ${args.username}\n    password: ${args.password}\n    email: ${args.email}\n    confirmed: false\n",
	Result:  accountType,
	Failures: fails(
		action.OutcomeOf(identity.ErrUserNameTaken, "a user has the name"),
		emailTaken,
		action.OutcomeOf(identity.ErrInvalidUserName, "no user can have the name"),
		badPassword, invalidEmail,
		action.OutcomeOf(identity.ErrInvalidName, "the name is too long, or has control characters"),
		action.OutcomeOf(identity.ErrInvalidExtras, "the extras are too large"),
		noSuchRole, onlyRoot, tooBusy,
	),
	Run: func(c *action.Call, in *userCreateInputs) (any, error) {
		r := &reading{call: c}
		n := identity.NewUser{
			Name: value(r, &in.Username), Password: value(r, &in.Password), Email: optional(r, &in.Email), DisplayName: optional(r, &in.DisplayName),
			Roles: roleNames(r, &in.Roles), Extras: optional(r, &in.Extras), Unconfirmed: !value(r, &in.Confirmed),
		}
		if r.err != nil {
			return nil, r.err
		}
		users := c.Services.Identity
		if err := n.Check(); err != nil {
			return nil, err
		}
		var err error
		if n.Computed, err = users.Password(c.Context, n.Name, n.Password); err != nil { // before the lock is taken
			return nil, err
		}
		act, err := c.Act()
		if err != nil {
			return nil, err
		}
		if err := users.AddUser(c.Context, act, n); err != nil {
			return nil, err
		}
		u, err := users.User(c.Context, act, n.Name)
		return accountObject(u), err
	},
})

type userCreateInputs struct {
	Username    action.Expr[string]     `doc:"The name to log in with, at most 64 characters. ASCII letters are compared without case."`
	Password    action.Expr[string]     `doc:"At least 12 characters, and not among the common ones." class:"secret"`
	Email       action.Expr[string]     `doc:"The e-mail address; no two users have the same." optional:""`
	DisplayName action.Expr[string]     `name:"name" doc:"How people know the user." optional:""`
	Roles       action.Expr[[]string]   `doc:"The roles that the user has." optional:"" roles:""`
	Extras      action.Expr[action.Map] `doc:"The app's own fields, at most 16 KiB as JSON." optional:""`
	Confirmed   action.Expr[bool]       `doc:"Whether the e-mail address needs no proof." default:"true"`
}
