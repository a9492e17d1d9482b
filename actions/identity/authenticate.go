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

// ticketType is what authenticate gives (language.md, section 10).
var ticketType = schema.ObjectOf(
	schema.Field{Name: "ticket", Type: schema.TokenType},
	schema.Field{Name: "token_type", Type: schema.StringType},
	schema.Field{Name: "expires_in", Type: schema.IntType},
	schema.Field{Name: "expires_at", Type: schema.DateTimeType},
	schema.Field{Name: "user", Type: schema.ObjectOf(
		schema.Field{Name: "name", Type: schema.StringType},
		schema.Field{Name: "roles", Type: schema.ListOf(schema.StringType)},
	)},
)

var (
	ticketShape = schema.NewShape(ticketType.FieldNames()...)
	userShape   = schema.NewShape("name", "roles")
)

// Authenticate checks a password and gives a ticket.
var Authenticate = action.Define(action.Spec[authenticateInputs, any]{
	Name: "authenticate", Summary: "Checks a user's password and gives a ticket: a JWT that later requests send as Authorization: Bearer.",
	Doc:     "An unknown user and a wrong password are answered alike, and after the same time.",
	Example: "- authenticate:\n    username: ${args.username}\n    password: ${args.password}\n",
	Result:  ticketType,
	Failures: []action.Outcome{
		{Status: 401, Code: "invalid_credentials", When: "the user is unknown or locked, or the password wrong"},
		{Status: 503, Code: "database_busy", When: "the users cannot be read in time"},
		{Status: 500, Code: "database_failed", When: "the users cannot be read"},
		{Status: 429, Code: identity.ErrTooBusy.Code, When: "too many passwords are being checked"},
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
		t, err := c.Services.Identity.AuthenticateIn(c.Context, c.Begun("main"), name, password)
		if err != nil {
			return nil, err
		}
		roles := make([]any, len(t.Roles))
		for i, r := range t.Roles {
			roles[i] = r
		}
		return ticketShape.New([]any{t.Text, t.TokenType, t.ExpiresIn, t.ExpiresAt.UTC().Truncate(time.Second),
			userShape.New([]any{t.User, roles})}), nil
	},
})

type authenticateInputs struct {
	Username action.Expr[string] `doc:"The user's name."`
	Password action.Expr[string] `doc:"The user's password." class:"secret"`
}

// Authorize lets only some roles go on.
var Authorize = action.Define(action.Spec[authorizeInputs, action.None]{
	Name: "authorize", Summary: "Goes on only for a user with one of some roles.", Main: "roles",
	Doc:     "Without roles any user with a valid ticket may go on. The role root passes always.",
	Example: "- authorize: [editor, admin]\n",
	Failures: []action.Outcome{
		{Status: 401, Code: "unauthorized", When: "the request brings no valid ticket"},
		{Status: 403, Code: "forbidden", When: "the user has none of the roles"},
		{Status: 503, Code: "database_busy", When: "the users cannot be read in time"},
		{Status: 500, Code: "database_failed", When: "the users cannot be read"},
	},
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
			f := action.Fail(http.StatusUnauthorized, "unauthorized", "A valid ticket is needed.")
			f.Header = map[string]string{"WWW-Authenticate": "Bearer"}
			return action.None{}, f
		case len(in.Roles) > 0 && !caller.HasRole(in.Roles...):
			return action.None{}, action.Fail(http.StatusForbidden, "forbidden", "Your roles do not permit this.")
		}
		return action.None{}, nil
	},
})

type authorizeInputs struct {
	Roles []string `doc:"The roles, any of which suffices." optional:""`
}
