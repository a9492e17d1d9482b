package identity

import (
	"time"

	"cloudlet/engine/action"
	"cloudlet/engine/identity"
	"cloudlet/engine/language/schema"
)

var (
	keyFields = []schema.Field{
		{Name: "id", Type: schema.StringType},
		{Name: "name", Type: schema.StringType},
		{Name: "roles", Type: schema.ListOf(schema.StringType)},
		{Name: "created_at", Type: schema.DateTimeType},
		{Name: "expires_at", Type: schema.DateTimeType.OrNull()},
	}
	keyType     = schema.ObjectOf(keyFields...)
	keyShape    = schema.NewShape(keyType.FieldNames()...)
	newKeyType  = schema.ObjectOf(append(keyFields[:len(keyFields):len(keyFields)], schema.Field{Name: "key", Type: schema.TokenType})...)
	newKeyShape = schema.NewShape(newKeyType.FieldNames()...)
)

func keyValues(k *identity.Key) []any {
	var expires any
	if !k.ExpiresAt.IsZero() {
		expires = k.ExpiresAt.UTC().Truncate(time.Second)
	}
	return []any{k.ID, k.Name, listOf(k.Roles), k.CreatedAt.UTC().Truncate(time.Second), expires}
}

// APIKeyCreate makes a key.
var APIKeyCreate = action.Define(action.Spec[apiKeyCreateInputs, any]{
	Name: "api_key.create", Summary: "Makes an API key of the caller, which programs send as Authorization: Bearer.",
	Writes: true,
	Doc: "The key is shown this once, and kept as a hash. It stands for the caller, with no more of its roles than the caller has at the moment of a request, and works until it " +
		"expires, is revoked, or its owner is locked or deleted; a changed password does not end it. With a key nobody can make or revoke keys, change a " +
		"password or an e-mail address, delete the own account, log out, act as somebody else, or do what is kept for root in `user.*` and `role.*`.",
	Example: "- api_key.create: {name: \"${args.name}\", roles: [guest], expires: 90d}\n",
	Result:  newKeyType,
	Failures: fails(unauthorized, loginRequired,
		action.OutcomeOf(identity.ErrForbidden, "the caller does not have a role that the key is to have"),
		action.OutcomeOf(identity.ErrInvalidName, "the name is empty, longer than 64 characters, or has control characters"),
		action.OutcomeOf(identity.ErrInvalidExpiry, "it would be valid for nothing, or for more than five years"),
		action.OutcomeOf(identity.ErrKeyNameTaken, "the caller has a key of the name"),
		action.OutcomeOf(identity.ErrTooManyKeys, "the caller has 100 keys"),
		noSuchRole,
	),
	Run: func(c *action.Call, in *apiKeyCreateInputs) (any, error) {
		r := &reading{call: c}
		n := identity.NewKey{Name: value(r, &in.Name)}
		if p := given(r, &in.Roles); p != nil {
			n.Roles = *p
		}
		if p := given(r, &in.Expires); p != nil {
			if n.ValidFor = *p; n.ValidFor == 0 {
				n.ValidFor = -1
			}
		}
		act, err := r.actOfCaller()
		if err != nil {
			return nil, err
		}
		k, err := c.Services.Identity.CreateKey(c.Context, act, n)
		if err != nil {
			return nil, err
		}
		return newKeyShape.New(append(keyValues(k), k.Text)), nil
	},
})

type apiKeyCreateInputs struct {
	Name    action.Expr[string]        `doc:"What the caller knows the key by, at most 64 characters."`
	Roles   action.Expr[[]string]      `doc:"The roles that it has, as far as the caller has them; by default those of the caller now." optional:"" roles:""`
	Expires action.Expr[time.Duration] `doc:"How long it is valid, at most five years; by default for ever." optional:""`
}

// actOfCaller is Act for what is done to the caller: it fails without one.
func (r *reading) actOfCaller() (identity.Act, error) {
	if r.err != nil {
		return identity.Act{}, r.err
	}
	act, err := r.call.Prelude()
	if err == nil && act.Caller == nil {
		err = noCaller()
	}
	if err != nil {
		return act, err
	}
	return r.call.Act()
}

// APIKeyRevoke ends a key.
var APIKeyRevoke = action.Define(action.Spec[apiKeyRevokeInputs, action.None]{
	Name: "api_key.revoke", Summary: "Ends an API key of the caller at once.", Main: "name",
	Writes:   true,
	Example:  "- api_key.revoke: ${args.name}\n",
	Failures: fails(unauthorized, loginRequired, action.OutcomeOf(identity.ErrNoSuchKey, "the caller has no such key")),
	Run: func(c *action.Call, in *apiKeyRevokeInputs) (action.None, error) {
		r := &reading{call: c}
		name := value(r, &in.Name)
		act, err := r.actOfCaller()
		if err != nil {
			return action.None{}, err
		}
		return action.None{}, c.Services.Identity.RevokeKey(c.Context, act, name)
	},
})

type apiKeyRevokeInputs struct {
	Name action.Expr[string] `doc:"The key's name or id."`
}

// APIKeyList reads the caller's keys.
var APIKeyList = action.Define(action.Spec[struct{}, any]{
	Name: "api_key.list", Summary: "Lists the API keys of the caller by name, without the keys themselves.",
	Example:  "- api_key.list:\n",
	Result:   schema.ListOf(keyType),
	Failures: fails(unauthorized),
	Run: func(c *action.Call, _ *struct{}) (any, error) {
		act, err := c.Prelude()
		if err != nil {
			return nil, err
		}
		if act.Caller == nil {
			return nil, noCaller()
		}
		keys, err := c.Services.Identity.Keys(c.Context, act)
		if err != nil {
			return nil, err
		}
		list := make([]any, len(keys))
		for i := range keys {
			list[i] = keyShape.New(keyValues(&keys[i]))
		}
		return list, nil
	},
})
