package identity

import (
	"cloudlet/engine/action"
	"cloudlet/engine/identity"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
	"cloudlet/engine/oidc"
)

// Failures that logins at providers have in common.
var (
	noProvider          = action.OutcomeOf(oidc.ErrNoSuchProvider, "cloudlet.yaml has no such provider under oidc")
	providerUnavailable = action.OutcomeOf(oidc.ErrUnavailable, "the provider cannot be reached, or does not do what it should")
)

// OIDCStart sends the browser to a provider to log in.
var OIDCStart = action.Define(action.Spec[oidcStartInputs, action.None]{
	Name: "oidc.start", Summary: "Ends the request by sending the browser to an OpenID provider, to log in there.", Main: "provider", Ends: true,
	Doc: "The provider is one of `oidc` in cloudlet.yaml. It sends the browser back to the callback, a path of this site where " +
		"`oidc.finish` runs; the provider has to know that address, which is `public_url` and the path. " +
		"A cookie of ten minutes keeps what belongs to the login.",
	Example: "- oidc.start: {provider: corp, return_to: \"${args.return_to}\"}\n",
	Failures: []action.Outcome{
		noProvider, providerUnavailable,
		action.OutcomeOf(oidc.ErrInvalidReturn, "the address to return to is no path of this site"),
	},
	Prepare: func(l action.Load, in *oidcStartInputs) action.Result {
		refuseToAskOthers(l, "oidc.start")
		checkProvider(l, &in.Provider)
		for _, p := range []struct {
			input string
			path  *action.Expr[string]
		}{{"return_to", &in.ReturnTo}, {"callback", &in.Callback}} {
			if path, known := p.path.Constant(); known && p.path.Given() && oidc.CheckPath(path) != nil {
				l.Problem(source.Problem{Span: l.At(p.input), Code: "invalid_path", Text: p.input + " is a path of this site, as in /films"})
			}
		}
		l.Responds(action.Response{Status: 302, Headers: []string{"Location", "Set-Cookie"}})
		return action.Result{Ends: true}
	},
	Run: runOIDCStart,
})

type oidcStartInputs struct {
	Provider action.Expr[string] `doc:"The provider's name under oidc in cloudlet.yaml."`
	ReturnTo action.Expr[string] `doc:"A path of this site that oidc.finish gives back, for where to go on." optional:"" leak:"would be sent to the requester"`
	Callback action.Expr[string] `doc:"The path of this site where oidc.finish runs; /auth/oidc/PROVIDER/callback where it is left out." optional:"" leak:"would be sent to the provider"`
}

func runOIDCStart(c *action.Call, in *oidcStartInputs) (action.None, error) {
	var b oidc.Beginning
	var err error
	if b.Provider, err = in.Provider.Value(c); err != nil {
		return action.None{}, err
	}
	if b.ReturnTo, _, err = in.ReturnTo.Optional(c); err != nil {
		return action.None{}, err
	}
	given := false
	if b.Callback, given, err = in.Callback.Optional(c); err != nil {
		return action.None{}, err
	}
	if !given {
		b.Callback = "/auth/oidc/" + b.Provider + "/callback"
	}
	address, cookie, err := c.Services.OIDC.Start(c.Context, b)
	if err != nil {
		return action.None{}, err
	}
	if err := c.Answer.SetHeader("Location", address); err != nil {
		return action.None{}, err
	}
	c.Answer.Status, c.Answer.Token = 302, true
	if err := c.Answer.AddCookie(cookie); err != nil {
		return action.None{}, err
	}
	return action.None{}, action.Respond
}

// loginType is a ticket, and where to go on.
func loginType(refresh *schema.Type) *schema.Type {
	return schema.ObjectOf(append(ticketType(refresh).Fields, schema.Field{Name: "return_to", Type: schema.StringType.OrNull()})...)
}

var loginShape = schema.NewShape(loginType(schema.TokenType).FieldNames()...)

// OIDCFinish takes the browser that a provider sent back, and gives a ticket.
var OIDCFinish = action.Define(action.Spec[oidcFinishInputs, any]{
	Name: "oidc.finish", Summary: "Finishes a login at an OpenID provider, and gives a ticket.", Main: "provider", Once: true, Login: true,
	Doc: "It stands at the callback of `oidc.start`, in a `get` with `unknown: ignore`, and reads what the provider sent from the query and the cookie itself. " +
		"An account is linked to a user at its first login: to the one who has confirmed the same e-mail address, where the provider has " +
		"verified it; otherwise a user with the role guest and without a password is made. A second factor is for the provider to ask for. " +
		"`return_to` is what `oidc.start` was given.",
	Example: "- oidc.finish: ${args.provider}\n",
	Result:  loginType(schema.TokenType.OrNull()),
	Failures: append([]action.Outcome{
		noProvider, providerUnavailable,
		action.OutcomeOf(oidc.ErrInvalidLogin, "the login was not begun in this browser, took too long or was finished before"),
		action.OutcomeOf(oidc.ErrRefused, "the provider or the user there said no"),
		action.OutcomeOf(oidc.ErrInvalidIdentity, "what the provider says of the user cannot be believed"),
		{Status: 401, Code: identity.ErrInvalidCredentials.Code, When: "the user is locked"},
		{Status: 403, Code: identity.ErrNotConfirmed.Code, When: "the user's e-mail address is not confirmed"},
		{Status: 409, Code: identity.ErrEmailTaken.Code, When: "the account is new, and the user with its e-mail address has a second factor"},
	}, unreadUsers...),
	Prepare: func(l action.Load, in *oidcFinishInputs) action.Result {
		refuseInTransaction(l, "oidc.finish")
		refuseInBranches(l, "oidc.finish")
		checkProvider(l, &in.Provider)
		l.Sends("code", "state")
		if remember, known := in.Remember.Constant(); known && remember {
			return action.Gives(loginType(schema.TokenType))
		}
		return action.Gives(loginType(schema.TokenType.OrNull()))
	},
	Run: runOIDCFinish,
})

type oidcFinishInputs struct {
	Provider action.Expr[string] `doc:"The provider's name under oidc in cloudlet.yaml."`
	Remember action.Expr[bool]   `doc:"Whether there is a refresh token, too." default:"true"`
}

func runOIDCFinish(c *action.Call, in *oidcFinishInputs) (any, error) {
	provider, err := in.Provider.Value(c)
	if err != nil {
		return nil, err
	}
	remember, err := in.Remember.Value(c)
	if err != nil {
		return nil, err
	}
	if c.Request == nil {
		return nil, oidc.ErrInvalidLogin
	}
	act, err := c.Act()
	if err != nil {
		return nil, err
	}
	login, err := c.Services.OIDC.Finish(c.Context, provider, c.Request)
	if err != nil {
		return nil, err
	}
	t, err := c.Services.Identity.LoginExternal(c.Context, act, identity.External{Issuer: login.Issuer, Subject: login.Subject,
		Provider: login.Provider, Email: login.Email, Name: login.Name}, remember)
	if err != nil {
		return nil, err
	}
	if err := c.Answer.AddCookie(c.Services.OIDC.Forget()); err != nil {
		return nil, err
	}
	var back any
	if login.ReturnTo != "" {
		back = login.ReturnTo
	}
	ticket := ticketObject(t)
	values := make([]any, 0, ticket.Len()+1)
	for _, v := range ticket.All() {
		values = append(values, v)
	}
	return loginShape.New(append(values, back)), nil
}

// checkProvider reports a constant provider that cloudlet.yaml does not have.
func checkProvider(l action.Load, provider *action.Expr[string]) {
	if name, known := provider.Constant(); known {
		l.Configured("oidc", name, "provider")
	}
}

// refuseToAskOthers reports a step that waits for another service, or writes the answer,
// where others would wait with it.
func refuseToAskOthers(l action.Load, name string) {
	if l.Transaction() != "" {
		l.Problem(source.Problem{Span: l.At(""), Code: "not_in_transaction", Text: name + " inside a transaction would keep others from writing", Hint: "put it ahead of the transaction, or behind it"})
	}
	refuseInBranches(l, name)
}

// refuseInBranches reports an action that writes the answer, which branches share.
func refuseInBranches(l action.Load, name string) {
	if l.Parallel() {
		l.Problem(source.Problem{Span: l.At(""), Code: "not_in_parallel", Text: name + " writes the answer, which parallel branches share", Hint: "put it behind the parallel steps"})
	}
}
