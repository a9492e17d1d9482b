package identity

import (
	"cloudlet/engine/action"
	"cloudlet/engine/identity"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// UserGet reads a user.
var UserGet = action.Define(action.Spec[userGetInputs, any]{
	Name: "user.get", Summary: "Reads a user: null where there is none.", Main: "username",
	Doc:      "Without `username` and `email` it is the caller.",
	Example:  "- user.get: ${args.username}\n",
	Result:   accountType.OrNull(),
	Failures: fails(action.Outcome{Status: 401, Code: unauthorized.Code, When: "neither is given, and the request brings no valid ticket"}),
	Run: func(c *action.Call, in *userGetInputs) (any, error) {
		r := &reading{call: c}
		find, by := c.Services.Identity.UserOfEmail, given(r, &in.Email)
		if name := given(r, &in.Username); name != nil || by == nil {
			user := orCaller(r, &in.Username)
			find, by = c.Services.Identity.User, &user
		}
		act, err := c.Prelude()
		if r.err != nil || err != nil {
			return nil, firstOf(r.err, err)
		}
		u, err := find(c.Context, act, *by)
		if err != nil || u == nil {
			return nil, err
		}
		return accountObject(u), nil
	},
})

type userGetInputs struct {
	Username action.Expr[string] `doc:"The user's name; by default the caller." optional:""`
	Email    action.Expr[string] `doc:"The user's e-mail address, in place of the name." optional:""`
}

// UserList reads many.
var UserList = action.Define(action.Spec[userListInputs, any]{
	Name: "user.list", Summary: "Lists users by name, and tells how many there are in all.",
	Example:  "- user.list: {search: \"${args.search}\", limit: \"${args.limit}\", offset: \"${args.offset}\"}\n",
	Result:   usersType,
	Failures: fails(action.OutOfRange),
	Prepare: func(l action.Load, in *userListInputs) action.Result {
		action.Limit.Check(l, &in.Limit)
		action.Offset.Check(l, &in.Offset)
		return action.Gives(usersType)
	},
	Run: func(c *action.Call, in *userListInputs) (any, error) {
		r := &reading{call: c}
		f := identity.Filter{Role: optional(r, &in.Role), Search: optional(r, &in.Search),
			Limit: r.within(&in.Limit, action.Limit), Offset: r.within(&in.Offset, action.Offset)}
		act, err := c.Prelude()
		if r.err != nil || err != nil {
			return nil, firstOf(r.err, err)
		}
		users, total, err := c.Services.Identity.Users(c.Context, act, f)
		if err != nil {
			return nil, err
		}
		list := make([]any, len(users))
		for i := range users {
			list[i] = accountObject(&users[i])
		}
		return usersShape.New([]any{list, total}), nil
	},
})

var (
	usersType = schema.ObjectOf(
		schema.Field{Name: "users", Type: schema.ListOf(accountType)},
		schema.Field{Name: "total", Type: schema.IntType},
	)
	usersShape = schema.NewShape("users", "total")
)

type userListInputs struct {
	Role   action.Expr[string] `doc:"Only users who have this role themselves." optional:""`
	Search action.Expr[string] `doc:"A part of the username, the name or the e-mail address, without case." optional:""`
	Limit  action.Expr[int]    `doc:"How many at most, 1 to 1000." default:"50"`
	Offset action.Expr[int]    `doc:"How many to pass over." default:"0"`
}

// UserAvailable tells whether a name is free.
var UserAvailable = action.Define(action.Spec[userAvailableInputs, bool]{
	Name: "user.available", Summary: "Tells whether a new user may have a username, an e-mail address, or both.",
	Doc:      "Whoever may call it can find out who has an account. What no user can have is not available.",
	Example:  "- user.available: {email: \"${args.email}\"}\n",
	Failures: fails(),
	Prepare: func(l action.Load, in *userAvailableInputs) action.Result {
		needOne(l, "user.available", in.Username.Given() || in.Email.Given())
		return action.Gives(schema.BoolType)
	},
	Run: func(c *action.Call, in *userAvailableInputs) (bool, error) {
		r := &reading{call: c}
		username, email := optional(r, &in.Username), optional(r, &in.Email)
		act, err := c.Prelude()
		if r.err != nil || err != nil {
			return false, firstOf(r.err, err)
		}
		return c.Services.Identity.Available(c.Context, act, username, email)
	},
})

type userAvailableInputs struct {
	Username action.Expr[string] `doc:"The name." optional:""`
	Email    action.Expr[string] `doc:"The e-mail address." optional:""`
}

// needOne reports a step that says neither who nor which address.
func needOne(l action.Load, name string, given bool) {
	if !given {
		l.Problem(source.Problem{Span: l.At(""), Code: "missing_input", Text: name + " needs username or email"})
	}
}

// firstOf is the first of some errors that is one.
func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
