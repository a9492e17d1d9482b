package identity

import (
	"context"

	"cloudlet/engine/action"
	"cloudlet/engine/identity"
	"cloudlet/engine/language/schema"
)

// ofRoles is an action that changes a user's roles.
func ofRoles(name, summary, doc string, do func(s *identity.Service, ctx context.Context, act identity.Act, user string, roles ...string) error, failures ...action.Outcome) *action.Action {
	return action.Define(action.Spec[userRolesInputs, any]{
		Name: name, Summary: summary, Doc: "It holds at once, for the user's tickets too. " + doc + rootRule,
		Example:  "- " + name + ": {username: \"${args.username}\", roles: [guest]}\n",
		Writes:   true,
		Result:   schema.ListOf(schema.StringType),
		Failures: fails(append(failures, noSuchUser, noSuchRole, onlyRoot)...),
		Run: func(c *action.Call, in *userRolesInputs) (any, error) {
			r := &reading{call: c}
			username, roles := value(r, &in.Username), roleNames(r, &in.Roles)
			if r.err != nil {
				return nil, r.err
			}
			act, err := c.Act()
			if err != nil {
				return nil, err
			}
			if err := do(c.Services.Identity, c.Context, act, username, roles...); err != nil {
				return nil, err
			}
			u, err := c.Services.Identity.User(c.Context, act, username)
			if err != nil || u == nil { // deleted between the two
				return []any{}, err
			}
			return listOf(u.Roles), nil
		},
	})
}

type userRolesInputs struct {
	Username action.Expr[string]   `doc:"The user's name."`
	Roles    action.Expr[[]string] `doc:"The roles." roles:""`
}

// What is done to a user's roles.
var (
	// RoleGrant gives roles.
	RoleGrant = ofRoles("role.grant", "Gives a user roles, and tells all that the user has.", "", (*identity.Service).Grant)
	// RoleRevoke takes roles.
	RoleRevoke = ofRoles("role.revoke", "Takes roles from a user, and tells those that the user has left.", "Roles that the user does not have do not matter. ", (*identity.Service).Revoke, lastRoot)
	// RoleSet gives and takes roles.
	RoleSet = ofRoles("role.set", "Gives a user these roles and takes all others.", "", (*identity.Service).SetRoles, lastRoot)
)

var (
	roleType = schema.ObjectOf(
		schema.Field{Name: "name", Type: schema.StringType},
		schema.Field{Name: "description", Type: schema.StringType},
		schema.Field{Name: "users", Type: schema.IntType},
	)
	roleShape = schema.NewShape(roleType.FieldNames()...)
)

// RoleCreate makes a role.
var RoleCreate = action.Define(action.Spec[roleCreateInputs, any]{
	Name: "role.create", Summary: "Makes a role.", Main: "name",
	Writes:  true,
	Example: "- role.create: {name: \"${args.name}\", description: \"${args.description}\"}\n",
	Result:  roleType,
	Failures: fails(
		action.OutcomeOf(identity.ErrRoleNameTaken, "a role has the name"),
		action.OutcomeOf(identity.ErrInvalidRoleName, "no role can have the name"),
		action.OutcomeOf(identity.ErrInvalidName, "the description is too long, or has control characters"),
	),
	Run: func(c *action.Call, in *roleCreateInputs) (any, error) {
		r := &reading{call: c}
		name, description := value(r, &in.Name), optional(r, &in.Description)
		if r.err != nil {
			return nil, r.err
		}
		act, err := c.Act()
		if err != nil {
			return nil, err
		}
		if err := c.Services.Identity.AddRole(c.Context, act, name, description); err != nil {
			return nil, err
		}
		return roleShape.New([]any{name, description, 0}), nil
	},
})

type roleCreateInputs struct {
	Name        action.Expr[string] `doc:"A lower case letter, then up to 63 lower case letters, digits, _ or -."`
	Description action.Expr[string] `doc:"What the role is for." optional:""`
}

// RoleDelete removes a role.
var RoleDelete = action.Define(action.Spec[roleDeleteInputs, action.None]{
	Name: "role.delete", Summary: "Deletes a role.", Main: "name",
	Writes:  true,
	Doc:     "The roles root, admin and guest stay. With `force` it is taken from the users who have it; without, they keep it from being deleted. A role that includes root is deleted only by root.",
	Example: "- role.delete: ${args.name}\n",
	Failures: fails(noSuchRole,
		action.OutcomeOf(identity.ErrBuiltInRole, "it is root, admin or guest"),
		action.OutcomeOf(identity.ErrRoleInUse, "users have the role, and force is not given"),
		onlyRoot,
	),
	Run: func(c *action.Call, in *roleDeleteInputs) (action.None, error) {
		r := &reading{call: c}
		name, force := value(r, &in.Name), value(r, &in.Force)
		if r.err != nil {
			return action.None{}, r.err
		}
		act, err := c.Act()
		if err != nil {
			return action.None{}, err
		}
		return action.None{}, c.Services.Identity.DeleteRole(c.Context, act, name, force)
	},
})

type roleDeleteInputs struct {
	Name  action.Expr[string] `doc:"The role."`
	Force action.Expr[bool]   `doc:"Whether it is taken from the users who have it." default:"false"`
}

// RoleList reads all roles.
var RoleList = action.Define(action.Spec[struct{}, any]{
	Name: "role.list", Summary: "Lists all roles by name, each with the number of users who have it themselves.",
	Example:  "- role.list:\n",
	Result:   schema.ListOf(roleType),
	Failures: fails(),
	Run: func(c *action.Call, _ *struct{}) (any, error) {
		act, err := c.Prelude()
		if err != nil {
			return nil, err
		}
		roles, err := c.Services.Identity.Roles(c.Context, act)
		if err != nil {
			return nil, err
		}
		list := make([]any, len(roles))
		for i, r := range roles {
			list[i] = roleShape.New([]any{r.Name, r.Description, r.Users})
		}
		return list, nil
	},
})
