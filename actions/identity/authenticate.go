// Package identity holds the actions that know who asks.
package identity

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"cloudlet/engine/action"
	"cloudlet/engine/identity"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// ticketType is what a login gives (language.md, section 10), with or without a
// refresh token.
func ticketType(refresh *schema.Type) *schema.Type {
	return schema.ObjectOf(
		schema.Field{Name: "ticket", Type: schema.TokenType},
		schema.Field{Name: "token_type", Type: schema.StringType},
		schema.Field{Name: "expires_in", Type: schema.IntType},
		schema.Field{Name: "expires_at", Type: schema.DateTimeType},
		schema.Field{Name: "refresh_token", Type: refresh},
		schema.Field{Name: "user", Type: schema.ObjectOf(
			schema.Field{Name: "name", Type: schema.StringType},
			schema.Field{Name: "roles", Type: schema.ListOf(schema.StringType)},
		)},
	)
}

var (
	ticketShape = schema.NewShape(ticketType(schema.TokenType).FieldNames()...)
	userShape   = schema.NewShape("name", "roles")
)

// ticketObject is a ticket as the chain sees it.
func ticketObject(t *identity.Ticket) *schema.Object {
	roles := make([]any, len(t.Roles))
	for i, r := range t.Roles {
		roles[i] = r
	}
	var refresh any
	if t.RefreshToken != "" {
		refresh = t.RefreshToken
	}
	return ticketShape.New([]any{t.Text, t.TokenType, t.ExpiresIn, t.ExpiresAt.UTC().Truncate(time.Second), refresh,
		userShape.New([]any{t.User, roles})})
}

// unreadUsers are the failures of reading users.
var unreadUsers = []action.Outcome{
	{Status: 503, Code: "database_busy", When: "the users cannot be read in time"},
	{Status: 500, Code: "database_failed", When: "the users cannot be read"},
}

// tooManyFailures is the failure of whatever can be guessed.
var tooManyFailures = action.Outcome{Status: 429, Code: identity.ErrTooManyFailures.Code, When: "too many tries have failed"}

// Authenticate checks a password and gives a ticket.
var Authenticate = action.Define(action.Spec[authenticateInputs, any]{
	Name: "authenticate", Summary: "Checks a user's password and gives a ticket: a JWT that later requests send as Authorization: Bearer.",
	Doc: "An unknown user and a wrong password are answered alike, and after the same time. The refresh token can be exchanged " +
		"once, by `refresh`, for the next ticket; without `remember` there is none. Whoever guesses is slowed: after 5 failures of " +
		"a user from an address within 15 minutes, or 50 of an address, the next try has to wait 30 seconds, and each further " +
		"failure doubles that up to 15 minutes. A user with an authenticator app (`totp.confirm`) needs a `code` of it, or a recovery code.",
	Login:   true,
	Example: "- authenticate:\n    username: ${args.username}\n    password: ${args.password}\n",
	Result:  ticketType(schema.TokenType.OrNull()),
	Failures: append([]action.Outcome{
		{Status: 401, Code: identity.ErrInvalidCredentials.Code, When: "the user is unknown or locked, or the password wrong"},
		{Status: 401, Code: identity.ErrCodeRequired.Code, When: "the password is right, and a code is needed too"},
		{Status: 401, Code: identity.ErrInvalidCode.Code, When: "the password is right, and the code wrong or used"},
		{Status: 403, Code: identity.ErrNotConfirmed.Code, When: "the password is right, and the e-mail address not confirmed yet"},
		{Status: 429, Code: identity.ErrTooBusy.Code, When: "too many passwords are being checked"},
		tooManyFailures,
	}, unreadUsers...),
	Prepare: func(l action.Load, in *authenticateInputs) action.Result {
		refuseInTransaction(l, "authenticate")
		if remember, known := in.Remember.Constant(); known && remember {
			return action.Gives(ticketType(schema.TokenType))
		}
		return action.Gives(ticketType(schema.TokenType.OrNull()))
	},
	Run: func(c *action.Call, in *authenticateInputs) (any, error) {
		name, err := in.Username.Value(c)
		if err != nil {
			return nil, err
		}
		password, err := in.Password.Value(c)
		if err != nil {
			return nil, err
		}
		code, _, err := in.Code.Optional(c)
		if err != nil {
			return nil, err
		}
		remember, err := in.Remember.Value(c)
		if err != nil {
			return nil, err
		}
		act, err := c.Act()
		if err != nil {
			return nil, err
		}
		t, err := c.Services.Identity.Authenticate(c.Context, act, identity.Credentials{Username: name, Password: password, Code: code, Remember: remember})
		if err != nil {
			return nil, err
		}
		return ticketObject(t), nil
	},
})

type authenticateInputs struct {
	Username action.Expr[string] `doc:"The user's name."`
	Password action.Expr[string] `doc:"The user's password." class:"secret"`
	Code     action.Expr[string] `doc:"Of the user's authenticator app, or a recovery code; null where there is none." class:"secret" optional:""`
	Remember action.Expr[bool]   `doc:"Whether there is a refresh token, too." default:"true"`
}

// Authorize lets only some roles go on.
var Authorize = action.Define(action.Spec[authorizeInputs, action.None]{
	Name: "authorize", Summary: "Goes on only for a user with one of some roles.", Main: "roles",
	Doc:     "Without roles any user with a valid ticket may go on. The role root passes always.",
	Example: "- authorize: [editor, admin]\n",
	Failures: append([]action.Outcome{
		unauthorized,
		{Status: 403, Code: "forbidden", When: "the user has none of the roles"},
	}, unreadUsers...),
	Prepare: func(l action.Load, in *authorizeInputs) action.Result {
		for i, r := range in.Roles {
			if err := identity.CheckRoleName(r); err != nil {
				l.Problem(source.Problem{Span: l.At("roles"), Code: "invalid_name", Text: fmt.Sprintf("%q is no name of a role", r)})
			}
			if slices.Contains(in.Roles[:i], r) {
				l.Problem(source.Problem{Span: l.At("roles"), Code: "duplicate_item", Text: fmt.Sprintf("the role %q stands here twice", r)})
			}
		}
		return action.Effect
	},
	Run: func(c *action.Call, in *authorizeInputs) (action.None, error) {
		caller, err := c.Who()
		switch {
		case err != nil:
			return action.None{}, err
		case caller == nil:
			return action.None{}, noCaller()
		case len(in.Roles) > 0 && !caller.HasRole(in.Roles...):
			return action.None{}, action.Fail(http.StatusForbidden, "forbidden", "Your roles do not permit this.")
		}
		return action.None{}, nil
	},
})

var unauthorized = action.Outcome{Status: 401, Code: "unauthorized", When: "the request brings no valid ticket"}

// noCaller is the failure of what needs to know who asks.
func noCaller() *action.Failure {
	f := action.Fail(http.StatusUnauthorized, unauthorized.Code, "A valid ticket is needed.")
	f.Header = map[string]string{"WWW-Authenticate": "Bearer"}
	return f
}

type authorizeInputs struct {
	Roles []string `doc:"The roles, any of which suffices." optional:"" roles:""`
}
