package main

import (
	"context"
	"strconv"

	"cloudlet/engine"
)

// roleCommands are `cloudlet role …`.
type roleCommands struct {
	Add    roleAddCommand    `cmd:"" help:"Make a role."`
	List   roleListCommand   `cmd:"" help:"List the roles."`
	Delete roleDeleteCommand `cmd:"" help:"Delete a role."`
}

type roleAddCommand struct {
	Name        string `arg:"" help:"A lower case letter, then lower case letters, digits, _ or -."`
	Description string `help:"What the role is for."`
}

// Help is what --help says besides the flags.
func (roleAddCommand) Help() string {
	return `Example:

    cloudlet role add editor --description "May change films."
`
}

// Run makes the role.
func (c *roleAddCommand) Run(ctx context.Context, t *terminal, f *folder) error {
	return withAccounts(ctx, f, func(a *engine.Accounts) error {
		if err := a.AddRole(ctx, engine.CommandLine, c.Name, c.Description); err != nil {
			return err
		}
		t.notef("the role %s exists now\n", c.Name)
		return nil
	})
}

type roleListCommand struct {
	Format string `enum:"text,json" default:"text" help:"How roles are printed: ${enum}."`
}

// Help is what --help says besides the flags.
func (roleListCommand) Help() string {
	return `Example:

    cloudlet role list --format json
`
}

// listedRole is a role for programs.
type listedRole struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Users       int    `json:"users"`
}

// Run prints the roles.
func (c *roleListCommand) Run(ctx context.Context, t *terminal, f *folder) error {
	return withAccounts(ctx, f, func(a *engine.Accounts) error {
		roles, err := a.Roles(ctx, engine.CommandLine)
		if err != nil {
			return err
		}
		list, rows := []listedRole{}, [][]string{{"ROLE", "USERS", "DESCRIPTION"}}
		for _, r := range roles {
			list = append(list, listedRole(r))
			rows = append(rows, []string{r.Name, strconv.Itoa(r.Users), r.Description})
		}
		if c.Format == "json" {
			return printJSON(t.out, list)
		}
		return table(t.out, rows)
	})
}

type roleDeleteCommand struct {
	Name  string `arg:"" help:"The role."`
	Force bool   `help:"Take it from the users that have it."`
}

// Help is what --help says besides the flags.
func (roleDeleteCommand) Help() string {
	return `The roles root, admin and guest cannot be deleted, nor, without --force, one that users have.

Example:

    cloudlet role delete editor --force
`
}

// Run deletes the role.
func (c *roleDeleteCommand) Run(ctx context.Context, t *terminal, f *folder) error {
	return withAccounts(ctx, f, func(a *engine.Accounts) error {
		if err := a.DeleteRole(ctx, engine.CommandLine, c.Name, c.Force); err != nil {
			return err
		}
		t.notef("the role %s is gone\n", c.Name)
		return nil
	})
}
