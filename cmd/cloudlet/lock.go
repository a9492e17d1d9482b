package main

import (
	"context"

	"cloudlet/engine"
)

type userLockCommand struct {
	Name string `arg:"" help:"The user."`
}

// Help is what --help says besides the flags.
func (userLockCommand) Help() string {
	return `The user's tickets end at once, and API keys do not work meanwhile. The last user with the role root stays.

Example:

    cloudlet user lock alice
`
}

// Run locks the user.
func (c *userLockCommand) Run(ctx context.Context, t *terminal, f *folder) error {
	return withAccounts(ctx, f, func(a *engine.Accounts) error {
		if err := a.Lock(ctx, engine.CommandLine, c.Name); err != nil {
			return err
		}
		t.notef("%s is locked\n", c.Name)
		return nil
	})
}

type userUnlockCommand struct {
	Name string `arg:"" help:"The user."`
}

// Help is what --help says besides the flags.
func (userUnlockCommand) Help() string {
	return `Tickets from before the lock do not work any more.

Example:

    cloudlet user unlock alice
`
}

// Run unlocks the user.
func (c *userUnlockCommand) Run(ctx context.Context, t *terminal, f *folder) error {
	return withAccounts(ctx, f, func(a *engine.Accounts) error {
		if err := a.Unlock(ctx, engine.CommandLine, c.Name); err != nil {
			return err
		}
		t.notef("%s may enter\n", c.Name)
		return nil
	})
}

type userConfirmCommand struct {
	Name string `arg:"" help:"The user."`
}

// Help is what --help says besides the flags.
func (userConfirmCommand) Help() string {
	return `It takes the place of the link in the mail that a user who registered follows. It gives no roles.

Example:

    cloudlet user confirm alice
`
}

// Run confirms the user.
func (c *userConfirmCommand) Run(ctx context.Context, t *terminal, f *folder) error {
	return withAccounts(ctx, f, func(a *engine.Accounts) error {
		if err := a.ConfirmUser(ctx, engine.CommandLine, c.Name); err != nil {
			return err
		}
		t.notef("%s is confirmed\n", c.Name)
		return nil
	})
}

type userResetTOTPCommand struct {
	Name string `arg:"" help:"The user."`
}

// Help is what --help says besides the flags.
func (userResetTOTPCommand) Help() string {
	return `For who has lost the authenticator app and the recovery codes: a login needs no code any more. The user's tickets end at once.

Example:

    cloudlet user reset-totp alice
`
}

// Run takes the second factor away.
func (c *userResetTOTPCommand) Run(ctx context.Context, t *terminal, f *folder) error {
	return withAccounts(ctx, f, func(a *engine.Accounts) error {
		if err := a.ResetTOTP(ctx, engine.CommandLine, c.Name); err != nil {
			return err
		}
		t.notef("%s logs in without a code now\n", c.Name)
		return nil
	})
}
