package identity

import (
	"errors"

	"cloudlet/engine/action"
	"cloudlet/engine/identity"
)

// UserCheckPassword asks the caller for the password again.
var UserCheckPassword = action.Define(action.Spec[userCheckPasswordInputs, action.None]{
	Name: "user.check_password", Summary: "Goes on only with the caller's password: for what a ticket alone should not open.", Main: "password",
	Doc: "Put it ahead of steps that somebody who found a browser open must not run. A wrong password counts as a failed login. " +
		"`totp.verify` does the same with the authenticator app. API keys and who acts as somebody else are refused.",
	Example: "- user.check_password: ${args.password}\n",
	Failures: fails(
		unauthorized, loginRequired, tooBusy,
		action.OutcomeOf(identity.ErrWrongPassword, "the password is wrong, or the caller has none"),
		action.OutcomeOf(identity.ErrTooManyFailures, "too many tries have failed"),
	),
	Prepare: outsideTransaction[userCheckPasswordInputs]("user.check_password", action.Effect),
	Run: func(c *action.Call, in *userCheckPasswordInputs) (action.None, error) {
		password, err := in.Password.Value(c)
		if err != nil {
			return action.None{}, err
		}
		caller, act, err := whoActs(c)
		if err != nil {
			return action.None{}, err
		}
		if caller.APIKey != "" || caller.Impersonator != "" {
			return action.None{}, identity.ErrLoginRequired
		}
		err = c.Services.Identity.CheckPassword(c.Context, act, caller.Name, password)
		if errors.Is(err, identity.ErrInvalidCredentials) {
			err = identity.ErrWrongPassword // the ticket is good: no client is to throw it away
		}
		return action.None{}, err
	},
})

type userCheckPasswordInputs struct {
	Password action.Expr[string] `doc:"The caller's password." class:"secret"`
}
