package identity

import (
	"time"

	"cloudlet/engine/action"
	"cloudlet/engine/identity"
	"cloudlet/engine/language/schema"
)

var anyFields = &schema.Type{Kind: schema.ObjectK, Open: true}

// userFields are what may be told of a user.
var userFields = []schema.Field{
	{Name: "username", Type: schema.StringType},
	{Name: "name", Type: schema.StringType.OrNull()},
	{Name: "email", Type: schema.StringType.OrNull()},
	{Name: "roles", Type: schema.ListOf(schema.StringType)},
	{Name: "extras", Type: anyFields},
	{Name: "confirmed", Type: schema.BoolType},
	{Name: "locked", Type: schema.BoolType},
	{Name: "created_at", Type: schema.DateTimeType},
}

var (
	accountType  = schema.ObjectOf(userFields...)
	accountShape = schema.NewShape(accountType.FieldNames()...)
)

// accountObject is a user as the chain sees it; null where there is none.
func accountObject(u *identity.User) any {
	if u == nil {
		return nil
	}
	return accountShape.New(accountValues(u))
}

func accountValues(u *identity.User) []any {
	return []any{u.Name, textOrNull(u.DisplayName), textOrNull(u.Email), listOf(u.Roles), u.Extras, u.Confirmed, u.Locked,
		u.CreatedAt.UTC().Truncate(time.Second)}
}

func textOrNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func listOf(texts []string) []any {
	l := make([]any, len(texts))
	for i, t := range texts {
		l[i] = t
	}
	return l
}

// fails are the failures of an action that reads users.
func fails(list ...action.Outcome) []action.Outcome { return append(list, unreadUsers...) }

// Refusals that several actions have.
var (
	noSuchUser    = action.OutcomeOf(identity.ErrNoSuchUser, "no user has the name")
	noSuchRole    = action.OutcomeOf(identity.ErrNoSuchRole, "no role has the name")
	onlyRoot      = action.OutcomeOf(identity.ErrForbidden, "the role root is concerned, or a user who has it, and the caller does not")
	emailTaken    = action.OutcomeOf(identity.ErrEmailTaken, "another user has the e-mail address")
	invalidEmail  = action.OutcomeOf(identity.ErrInvalidEmail, "it is no e-mail address")
	lastRoot      = action.OutcomeOf(identity.ErrLastRoot, "it is the last user with the role root")
	loginRequired = action.OutcomeOf(identity.ErrLoginRequired, "the caller sent an API key, or acts as somebody else")
	badPassword   = action.OutcomeOf(identity.ErrInvalidPassword, "the password is too short, too long, or among the common ones")
	tooBusy       = action.OutcomeOf(identity.ErrTooBusy, "too many passwords are being computed")
)

// rootRule is what the documentation of whatever changes users says.
const rootRule = "Whom the endpoint's `auth` lets in may use it, with one exception: only root gives or takes the role root, and changes a user who has it."
