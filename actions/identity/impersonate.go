package identity

import (
	"cloudlet/engine/action"
	"cloudlet/engine/identity"
	"cloudlet/engine/language/schema"
)

// Impersonate gives a ticket of another user.
var Impersonate = action.Define(action.Spec[impersonateInputs, any]{
	Name: "impersonate", Summary: "Gives a ticket of another user that names the caller as the one who acts (RFC 8693).", Main: "username",
	Doc: "Whatever the endpoint's `auth` says, only root may, with a ticket of a login. There is no refresh token; the ticket ends when root is locked, loses the role or changes " +
		"the password. `${user.impersonator}` is who acts, null otherwise; the audit log names both. Who acts as somebody else cannot make API keys, change a password or an " +
		"e-mail address, log out everywhere, or impersonate on.",
	Example: "- impersonate: ${args.username}\n",
	Result:  ticketType(schema.TokenType.OrNull()),
	Failures: fails(unauthorized, noSuchUser, loginRequired,
		action.OutcomeOf(identity.ErrForbidden, "the caller does not have the role root"),
		action.OutcomeOf(identity.ErrUserLocked, "the user is locked"),
		action.OutcomeOf(identity.ErrNotConfirmed, "the user has not confirmed the e-mail address yet"),
	),
	Prepare: func(l action.Load, in *impersonateInputs) action.Result {
		refuseInTransaction(l, "impersonate")
		return action.Gives(ticketType(schema.TokenType.OrNull()))
	},
	Run: func(c *action.Call, in *impersonateInputs) (any, error) {
		r := &reading{call: c}
		username := value(r, &in.Username)
		act, err := r.actOfCaller()
		if err != nil {
			return nil, err
		}
		t, err := c.Services.Identity.Impersonate(c.Context, act, username)
		if err != nil {
			return nil, err
		}
		return ticketObject(t), nil
	},
})

type impersonateInputs struct {
	Username action.Expr[string] `doc:"The user."`
}
