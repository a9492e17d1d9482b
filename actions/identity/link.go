package identity

import (
	"time"

	"cloudlet/engine/action"
	"cloudlet/engine/identity"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

var (
	linkType       = schema.ObjectOf(schema.Field{Name: "token", Type: schema.TokenType})
	linkOrNullType = linkType.OrNull()
	linkShape      = schema.NewShape("token")
	resetType      = schema.ObjectOf(schema.Field{Name: "token", Type: schema.TokenType}, schema.Field{Name: "user", Type: accountType}).OrNull()
	resetShape     = schema.NewShape("token", "user")
	confirmedType  = schema.ObjectOf(append(userFields[:len(userFields):len(userFields)], schema.Field{Name: "first_time", Type: schema.BoolType})...)
	confirmedShape = schema.NewShape(confirmedType.FieldNames()...)
	invalidToken   = action.OutcomeOf(identity.ErrInvalidToken, "the token is unknown, used, or expired")
)

// UserConfirmation makes the token of a confirmation mail.
var UserConfirmation = action.Define(action.Spec[userConfirmationInputs, any]{
	Name: "user.confirmation", Summary: "Makes a token for a link that proves a user's e-mail address, for one use.",
	Writes: true,
	Doc: "`user.confirm` takes it. A new token ends those before it; five are made for a user within an hour. With `email` it proves " +
		"another address, which becomes the user's when it is confirmed, and not before; where that is another user's the result is null, counted as " +
		"a token is, so that the answer need not tell. " + rootRule,
	Example: "- user.confirmation: {username: \"${args.username}\"}\n  as: link\n",
	Result:  linkOrNullType,
	Failures: fails(noSuchUser, invalidEmail, onlyRoot, loginRequired,
		action.OutcomeOf(identity.ErrTooManyLinks, "five tokens were made within the hour")),
	Prepare: func(l action.Load, in *userConfirmationInputs) action.Result {
		checkValidFor(l, in.ValidFor)
		if !in.Email.Given() {
			return action.Gives(linkType)
		}
		return action.Gives(linkOrNullType)
	},
	Run: func(c *action.Call, in *userConfirmationInputs) (any, error) {
		r := &reading{call: c}
		username, email := value(r, &in.Username), optional(r, &in.Email)
		if r.err != nil {
			return nil, r.err
		}
		act, err := c.Act()
		if err != nil {
			return nil, err
		}
		token, err := c.Services.Identity.Confirmation(c.Context, act, username, email, in.ValidFor)
		if err != nil || token == "" {
			return nil, err
		}
		return linkShape.New([]any{token}), nil
	},
})

type userConfirmationInputs struct {
	Username action.Expr[string] `doc:"The user's name."`
	Email    action.Expr[string] `doc:"The address to prove; by default the user's present one." optional:""`
	ValidFor time.Duration       `doc:"How long the token can be used, at most 30 days." default:"24h"`
}

func checkValidFor(l action.Load, d time.Duration) {
	if d <= 0 || d > identity.MaxConfirmation {
		l.Problem(source.Problem{Span: l.At("valid_for"), Code: action.OutOfRange.Code, Text: "valid_for is longer than nothing, and at most 30d"})
	}
}

// UserConfirm uses up the token of a confirmation mail.
var UserConfirm = action.Define(action.Spec[userConfirmInputs, any]{
	Name: "user.confirm", Summary: "Takes the token of user.confirmation: the user's e-mail address is proven.", Main: "token",
	Writes: true,
	Doc: "`first_time` tells whether the user was not confirmed before: then is the time to give roles. HEAD on an endpoint that uses it is answered " +
		"with 405, so that nobody who only looks at a link uses it up.",
	Example:  "- user.confirm: ${args.token}\n",
	Result:   confirmedType,
	Once:     true,
	Failures: fails(invalidToken, emailTaken),
	Run: func(c *action.Call, in *userConfirmInputs) (any, error) {
		token, err := in.Token.Value(c)
		if err != nil {
			return nil, err
		}
		act, err := c.Act()
		if err != nil {
			return nil, err
		}
		u, first, err := c.Services.Identity.Confirm(c.Context, act, token)
		if err != nil {
			return nil, err
		}
		return confirmedShape.New(append(accountValues(u), first)), nil
	},
})

type userConfirmInputs struct {
	Token action.Expr[string] `doc:"The token." class:"secret"`
}

// UserReset makes the token of a mail with which a password is chosen anew.
var UserReset = action.Define(action.Spec[userResetInputs, any]{
	Name: "user.reset", Summary: "Makes a token for a link with which a forgotten password is chosen anew, valid for an hour and for one use.",
	Writes: true,
	Doc: "`user.reset_password` takes it. A new token ends those before it. A user may have no e-mail address to mail it to. The result is null where there is no such user, or one who is locked or has had five " +
		"tokens within the hour; and where a caller without the role root asks for another user who has it.",
	Example:  "- user.reset: {email: \"${args.email}\"}\n  as: link\n",
	Result:   resetType,
	Failures: fails(),
	Prepare: func(l action.Load, in *userResetInputs) action.Result {
		needOne(l, "user.reset", in.Username.Given() || in.Email.Given())
		return action.Gives(resetType)
	},
	Run: func(c *action.Call, in *userResetInputs) (any, error) {
		r := &reading{call: c}
		username, email := optional(r, &in.Username), optional(r, &in.Email)
		if r.err != nil {
			return nil, r.err
		}
		act, err := c.Act()
		if err != nil {
			return nil, err
		}
		token, u, err := c.Services.Identity.Reset(c.Context, act, username, email)
		if err != nil || token == "" {
			return nil, err
		}
		return resetShape.New([]any{token, accountObject(u)}), nil
	},
})

type userResetInputs struct {
	Username action.Expr[string] `doc:"The user's name." optional:""`
	Email    action.Expr[string] `doc:"The user's e-mail address. Where both are given they must be the same user's." optional:""`
}

// UserResetPassword uses up the token of such a mail.
var UserResetPassword = action.Define(action.Spec[userResetPasswordInputs, any]{
	Name: "user.reset_password", Summary: "Takes the token of user.reset and sets the password; all tickets of the user end.",
	Writes: true,
	Doc: "The e-mail address counts as proven, for the token came through it; `first_time` tells whether it was not before. HEAD on an endpoint that " +
		"uses it is answered with 405.",
	Example:  "- user.reset_password: {token: \"${args.token}\", password: \"${args.password}\"}\n",
	Result:   confirmedType,
	Once:     true,
	Failures: fails(invalidToken, badPassword, tooBusy),
	Run: func(c *action.Call, in *userResetPasswordInputs) (any, error) {
		r := &reading{call: c}
		token, password := value(r, &in.Token), value(r, &in.Password)
		act, err := c.Prelude()
		if r.err != nil || err != nil {
			return nil, firstOf(r.err, err)
		}
		n, err := c.Services.Identity.PrepareReset(c.Context, act, token, password) // before the lock is taken
		if err != nil {
			return nil, err
		}
		if act, err = c.Act(); err != nil {
			return nil, err
		}
		u, first, err := c.Services.Identity.ResetPassword(c.Context, act, token, n)
		if err != nil {
			return nil, err
		}
		return confirmedShape.New(append(accountValues(u), first)), nil
	},
})

type userResetPasswordInputs struct {
	Token    action.Expr[string] `doc:"The token." class:"secret"`
	Password action.Expr[string] `doc:"The new password: at least 12 characters, and not among the common ones." class:"secret"`
}
