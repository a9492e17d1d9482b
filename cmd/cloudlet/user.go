package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"cloudlet/engine"
	"cloudlet/engine/identity"
)

// userCommands are `cloudlet user …`.
type userCommands struct {
	Add       userAddCommand       `cmd:"" help:"Make a user."`
	List      userListCommand      `cmd:"" help:"List the users."`
	Delete    userDeleteCommand    `cmd:"" help:"Delete a user."`
	Passwd    userPasswdCommand    `cmd:"" help:"Change a user's password."`
	Lock      userLockCommand      `cmd:"" help:"Keep a user out."`
	Unlock    userUnlockCommand    `cmd:"" help:"Let a locked user in again."`
	Confirm   userConfirmCommand   `cmd:"" help:"Take a user's e-mail address as proven."`
	ResetTOTP userResetTOTPCommand `cmd:"" name:"reset-totp" help:"Take a user's lost second factor away."`
	Grant     userGrantCommand     `cmd:"" help:"Give a user roles."`
	Revoke    userRevokeCommand    `cmd:"" help:"Take roles from a user."`
}

type userAddCommand struct {
	Name          string   `arg:"" help:"The user's name."`
	Email         string   `placeholder:"A" help:"The e-mail address."`
	DisplayName   string   `name:"name" placeholder:"N" help:"How people know the user."`
	Role          []string `placeholder:"R" help:"A role that the user has. May be repeated."`
	CreateRoles   bool     `help:"Make the roles that do not exist."`
	PasswordStdin bool     `help:"Read the password from the standard input."`
	Format        string   `enum:"text,json" default:"text" help:"How the user is printed: ${enum}."`
}

// Help is what --help says besides the flags.
func (userAddCommand) Help() string {
	return `Without --password-stdin a password is made and printed, once. A server that is running knows the user within a second.

Example:

    cloudlet user add alice --role editor --create-roles --email alice@example.com --name "Alice A."
    cloudlet user add bob --password-stdin < password.txt
`
}

// Run makes the user.
func (c *userAddCommand) Run(ctx context.Context, t *terminal, f *folder) error {
	password, made, err := t.password(c.PasswordStdin)
	if err != nil {
		return err
	}
	return withAccounts(ctx, f, func(a *engine.Accounts) error {
		err := a.AddUser(ctx, engine.CommandLine, engine.NewUser{Name: c.Name, Password: password, Roles: c.Role, CreateRoles: c.CreateRoles, Email: c.Email, DisplayName: c.DisplayName})
		if errors.Is(err, identity.ErrNoSuchRole) {
			return fmt.Errorf("%w Make it with `cloudlet role add`, or say --create-roles", err)
		}
		if err != nil {
			return err
		}
		return t.account(c.Format, c.Name, made, "exists now")
	})
}

type userPasswdCommand struct {
	Name          string `arg:"" help:"The user."`
	PasswordStdin bool   `help:"Read the password from the standard input."`
	Format        string `enum:"text,json" default:"text" help:"How the password is printed: ${enum}."`
}

// Help is what --help says besides the flags.
func (userPasswdCommand) Help() string {
	return `Without --password-stdin a password is made and printed, once. The user's tickets end at once.

Example:

    cloudlet user passwd alice
`
}

// Run changes the password.
func (c *userPasswdCommand) Run(ctx context.Context, t *terminal, f *folder) error {
	password, made, err := t.password(c.PasswordStdin)
	if err != nil {
		return err
	}
	return withAccounts(ctx, f, func(a *engine.Accounts) error {
		if err := a.SetPassword(ctx, engine.CommandLine, c.Name, password); err != nil {
			return err
		}
		return t.account(c.Format, c.Name, made, "has a new password")
	})
}

type userListCommand struct {
	Format string `enum:"text,json" default:"text" help:"How users are printed: ${enum}."`
}

// Help is what --help says besides the flags.
func (userListCommand) Help() string {
	return `Example:

    cloudlet user list --format json
`
}

// listedUser is a user for programs.
type listedUser struct {
	Name      string    `json:"name"`
	Email     string    `json:"email,omitempty"`
	Roles     []string  `json:"roles"`
	Confirmed bool      `json:"confirmed"`
	Locked    bool      `json:"locked"`
	CreatedAt time.Time `json:"created_at"`
}

// Run prints the users.
func (c *userListCommand) Run(ctx context.Context, t *terminal, f *folder) error {
	return withAccounts(ctx, f, func(a *engine.Accounts) error {
		users, _, err := a.Users(ctx, engine.CommandLine, engine.UserFilter{})
		if err != nil {
			return err
		}
		list, rows := []listedUser{}, [][]string{{"USER", "ROLES", "SINCE", ""}}
		for _, u := range users {
			list = append(list, listedUser{u.Name, u.Email, u.Roles, u.Confirmed, u.Locked, u.CreatedAt})
			state := ""
			switch {
			case u.Locked:
				state = "locked"
			case !u.Confirmed:
				state = "unconfirmed"
			}
			rows = append(rows, []string{u.Name, strings.Join(u.Roles, " "), u.CreatedAt.UTC().Format(time.DateOnly), state})
		}
		if c.Format == "json" {
			return printJSON(t.out, list)
		}
		return table(t.out, rows)
	})
}

type userDeleteCommand struct {
	Name string `arg:"" help:"The user."`
}

// Help is what --help says besides the flags.
func (userDeleteCommand) Help() string {
	return `The user's tickets end at once. The last user with the role root stays.

Example:

    cloudlet user delete alice
`
}

// Run deletes the user.
func (c *userDeleteCommand) Run(ctx context.Context, t *terminal, f *folder) error {
	return withAccounts(ctx, f, func(a *engine.Accounts) error {
		if err := a.DeleteUser(ctx, engine.CommandLine, c.Name); err != nil {
			return err
		}
		t.notef("%s is gone\n", c.Name)
		return nil
	})
}

type userGrantCommand struct {
	Name string   `arg:"" help:"The user."`
	Role []string `arg:"" help:"The roles."`
}

// Help is what --help says besides the flags.
func (userGrantCommand) Help() string {
	return `It holds at once for the user's tickets too.

Example:

    cloudlet user grant alice editor admin
`
}

// Run gives the roles.
func (c *userGrantCommand) Run(ctx context.Context, t *terminal, f *folder) error {
	return withAccounts(ctx, f, func(a *engine.Accounts) error {
		if err := a.Grant(ctx, engine.CommandLine, c.Name, c.Role...); err != nil {
			return err
		}
		t.notef("%s has %s now\n", c.Name, strings.Join(c.Role, ", "))
		return nil
	})
}

type userRevokeCommand struct {
	Name string   `arg:"" help:"The user."`
	Role []string `arg:"" help:"The roles."`
}

// Help is what --help says besides the flags.
func (userRevokeCommand) Help() string {
	return `It holds at once for the user's tickets too. The last user with the role root keeps it.

Example:

    cloudlet user revoke alice admin
`
}

// Run takes the roles.
func (c *userRevokeCommand) Run(ctx context.Context, t *terminal, f *folder) error {
	return withAccounts(ctx, f, func(a *engine.Accounts) error {
		if err := a.Revoke(ctx, engine.CommandLine, c.Name, c.Role...); err != nil {
			return err
		}
		t.notef("%s no longer has %s\n", c.Name, strings.Join(c.Role, ", "))
		return nil
	})
}
