package identity

import (
	"cloudlet/engine/action"
	"cloudlet/engine/identity"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// Refresh exchanges a refresh token for the next ticket.
var Refresh = action.Define(action.Spec[refreshInputs, any]{
	Name: "refresh", Summary: "Exchanges a refresh token for a new ticket and a new refresh token.", Main: "refresh_token",
	Doc: "The roles are read anew. A token that was used before has been copied by somebody: then the whole session ends, " +
		"with all its tickets, and the user has to log in again.",
	Example: "- refresh: ${args.refresh_token}\n",
	Result:  ticketType(schema.TokenType),
	Failures: append([]action.Outcome{
		{Status: 401, Code: identity.ErrInvalidRefresh.Code, When: "the token is unknown, used, expired, or its session has ended"},
	}, unreadUsers...),
	Prepare: func(l action.Load, in *refreshInputs) action.Result {
		refuseInTransaction(l, "refresh")
		return action.Gives(ticketType(schema.TokenType))
	},
	Run: func(c *action.Call, in *refreshInputs) (any, error) {
		token, err := in.RefreshToken.Value(c)
		if err != nil {
			return nil, err
		}
		act, err := c.Act()
		if err != nil {
			return nil, err
		}
		t, err := c.Services.Identity.Refresh(c.Context, act, token)
		if err != nil {
			return nil, err
		}
		return ticketObject(t), nil
	},
})

type refreshInputs struct {
	RefreshToken action.Expr[string] `doc:"The token that the last login or refresh gave." class:"secret"`
}

// refuseInTransaction reports what would be undone by somebody else's failure: a copied
// token must end its session whatever the chain does then.
func refuseInTransaction(l action.Load, name string) {
	if l.Transaction() != "" {
		l.Problem(source.Problem{Span: l.At(""), Code: "not_in_transaction", Text: name + " takes effect at once, whatever becomes of the transaction", Hint: "put it ahead of the transaction, or behind it"})
	}
}

// Logout ends the caller's session.
var Logout = action.Define(action.Spec[logoutInputs, action.None]{
	Name: "logout", Summary: "Ends the caller's ticket at once, and the refresh token that came with it.",
	Doc:      "With `everywhere` all tickets and refresh tokens of the user end.",
	Example:  "- logout:\n",
	Failures: fails(unauthorized, action.OutcomeOf(identity.ErrLoginRequired, "the caller sent an API key, or acts as somebody else and would end all tickets")),
	Prepare: func(l action.Load, in *logoutInputs) action.Result {
		refuseInTransaction(l, "logout")
		return action.Effect
	},
	Run: func(c *action.Call, in *logoutInputs) (action.None, error) {
		everywhere, err := in.Everywhere.Value(c)
		if err != nil {
			return action.None{}, err
		}
		caller, err := c.Who()
		switch {
		case err != nil:
			return action.None{}, err
		case caller == nil:
			return action.None{}, noCaller()
		}
		act, err := c.Act()
		if err != nil {
			return action.None{}, err
		}
		return action.None{}, c.Services.Identity.Logout(c.Context, act, caller, everywhere)
	},
})

type logoutInputs struct {
	Everywhere action.Expr[bool] `doc:"Whether all of the user's tickets end, on all devices." default:"false"`
}
