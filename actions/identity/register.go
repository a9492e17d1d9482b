package identity

import (
	"time"

	"cloudlet/engine/action"
	"cloudlet/engine/identity"
)

// UserRegister makes a user who has to prove the e-mail address.
var UserRegister = action.Define(action.Spec[userRegisterInputs, any]{
	Name: "user.register", Summary: "Makes a user who has still to prove the e-mail address, and the token of the link that proves it.",
	Writes: true,
	Doc: "It is `user.create` with `confirmed: false` and `user.confirmation` in one, for endpoints that anybody may call: where a user has the address already, " +
		"the result is null, after the same work and the same checks, so that the answer need not tell. The user is made then too, without the address, and removed " +
		"after a week: else a login would tell. Mail the link, or the news that there is an account already, in the same `transaction`. " +
		"`user.confirm` takes the token. No more than 100 tries within an hour come from one address (of IPv6: one /64).",
	Example: "- user.register:\n    username: ${args.username}\n    email: ${args.email}\n    password: ${args.password}\n  as: registered\n",
	Result:  resetType,
	Failures: fails(
		action.OutcomeOf(identity.ErrUserNameTaken, "a user has the name"),
		action.OutcomeOf(identity.ErrInvalidUserName, "no user can have the name"),
		badPassword, invalidEmail,
		action.OutcomeOf(identity.ErrInvalidName, "the name is too long, or has control characters"),
		action.OutcomeOf(identity.ErrInvalidExtras, "the extras are too large"),
		tooBusy, action.OutcomeOf(identity.ErrTooManyRegistrations, "100 have tried to register from the address within the hour"),
	),
	Prepare: func(l action.Load, in *userRegisterInputs) action.Result {
		checkValidFor(l, in.ValidFor)
		return action.Gives(resetType)
	},
	Run: func(c *action.Call, in *userRegisterInputs) (any, error) {
		r := &reading{call: c}
		n := identity.NewUser{
			Name: value(r, &in.Username), Password: value(r, &in.Password), Email: value(r, &in.Email), DisplayName: optional(r, &in.DisplayName),
			Extras: optional(r, &in.Extras),
		}
		if r.err != nil {
			return nil, r.err
		}
		users := c.Services.Identity
		act, err := c.Prelude()
		if err != nil {
			return nil, err
		}
		if err := users.PrepareRegister(c.Context, act, &n); err != nil { // before the lock is taken
			return nil, err
		}
		if act, err = c.Act(); err != nil {
			return nil, err
		}
		token, u, err := users.Register(c.Context, act, n, in.ValidFor)
		if err != nil || token == "" {
			return nil, err
		}
		return resetShape.New([]any{token, accountObject(u)}), nil
	},
})

type userRegisterInputs struct {
	Username    action.Expr[string]     `doc:"The name to log in with, at most 64 characters. ASCII letters are compared without case."`
	Email       action.Expr[string]     `doc:"The e-mail address, to be proven."`
	Password    action.Expr[string]     `doc:"At least 12 characters, and not among those that are tried first." class:"secret"`
	DisplayName action.Expr[string]     `name:"name" doc:"How people know the user." optional:""`
	Extras      action.Expr[action.Map] `doc:"The app's own fields, at most 16 KiB as JSON." optional:""`
	ValidFor    time.Duration           `doc:"How long the token can be used, at most 30 days." default:"24h"`
}
