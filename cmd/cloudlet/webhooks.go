package main

import (
	"context"
	"strconv"
	"time"

	"cloudlet/engine"
)

// webhooksCommands are `cloudlet webhooks …`.
type webhooksCommands struct {
	List   webhooksListCommand   `cmd:"" help:"List the webhooks that are not taken."`
	Retry  webhooksRetryCommand  `cmd:"" help:"Try webhooks again at once."`
	Drop   webhooksDropCommand   `cmd:"" help:"Forget webhooks."`
	Secret webhooksSecretCommand `cmd:"" help:"Print the secret that receivers verify them with."`
}

type webhooksListCommand struct {
	Format string `enum:"text,json" default:"text" help:"How webhooks are printed: ${enum}."`
}

// Help is what --help says besides the flags.
func (webhooksListCommand) Help() string {
	return `Webhooks wait here until their receiver has taken them. One is tried ten times in about three days; what the receiver does not want, or does not take in that time, is dead: it stays for 30 days. What it says is not shown, and of its address the host alone.

Example:

    cloudlet webhooks list --format json
`
}

// listedWebhook is a webhook for programs.
type listedWebhook struct {
	ID         int64     `json:"id"`
	State      string    `json:"state"`
	Attempts   int       `json:"attempts"`
	Event      string    `json:"event"`
	Host       string    `json:"host"`
	MessageID  string    `json:"message_id"`
	EnqueuedAt time.Time `json:"enqueued_at"`
	Next       time.Time `json:"next"`
	Reason     string    `json:"reason,omitempty"`
}

// Run prints the webhooks.
func (c *webhooksListCommand) Run(ctx context.Context, t *terminal, f *folder) error {
	return withAccounts(ctx, f, func(a *engine.Accounts) error {
		waiting, err := a.Webhooks.List(ctx)
		if err != nil {
			return err
		}
		list, rows := []listedWebhook{}, [][]string{{"ID", "SINCE", "STATE", "ATTEMPTS", "EVENT", "HOST", "REASON"}}
		for _, w := range waiting {
			list = append(list, listedWebhook(w))
			rows = append(rows, []string{strconv.FormatInt(w.ID, 10), w.EnqueuedAt.UTC().Format(time.DateTime), w.State, strconv.Itoa(w.Attempts), w.Event, w.Host, w.Reason})
		}
		if c.Format == "json" {
			return printJSON(t.out, list)
		}
		return table(t.out, rows)
	})
}

type webhooksRetryCommand struct {
	IDs []int64 `arg:"" optional:"" name:"id" help:"The webhooks, as list shows them."`
	All bool    `help:"All that wait or are dead."`
}

// Help is what --help says besides the flags.
func (webhooksRetryCommand) Help() string {
	return `The webhooks get all their attempts again. They are sent where the app is served.

Example:

    cloudlet webhooks retry 7 9
    cloudlet webhooks retry --all
`
}

// Run has the webhooks tried again.
func (c *webhooksRetryCommand) Run(ctx context.Context, t *terminal, f *folder) error {
	return webhooks.each(ctx, t, f, c.IDs, c.All, "will be tried again", func(a *engine.Accounts, id int64) error { return a.Webhooks.Retry(ctx, id) })
}

type webhooksDropCommand struct {
	IDs []int64 `arg:"" optional:"" name:"id" help:"The webhooks, as list shows them."`
	All bool    `help:"All that wait or are dead."`
}

// Help is what --help says besides the flags.
func (webhooksDropCommand) Help() string {
	return `Example:

    cloudlet webhooks drop 7 9
`
}

// Run forgets the webhooks.
func (c *webhooksDropCommand) Run(ctx context.Context, t *terminal, f *folder) error {
	return webhooks.each(ctx, t, f, c.IDs, c.All, "gone", func(a *engine.Accounts, id int64) error { return a.Webhooks.Drop(ctx, id) })
}

type webhooksSecretCommand struct {
	Format string `enum:"text,json" default:"text" help:"How the secret is printed: ${enum}."`
}

// Help is what --help says besides the flags.
func (webhooksSecretCommand) Help() string {
	return `Prints the secret that the app signs webhooks with, for whoever receives them. It is webhooks.secret of cloudlet.yaml, or derived from the app's own secret. After a change, webhooks are signed with the one before, too: with webhooks.previous while it is there, with a derived one for a week.

Example:

    cloudlet webhooks secret
`
}

// Run prints the secret.
func (c *webhooksSecretCommand) Run(ctx context.Context, t *terminal, f *folder) error {
	return withAccounts(ctx, f, func(a *engine.Accounts) error {
		secret := a.Webhooks.Secrets(time.Now())[0]
		if c.Format == "json" {
			return printJSON(t.out, struct {
				Secret string `json:"secret"`
			}{secret})
		}
		t.printf("%s\n", secret)
		return nil
	})
}

// webhooks are the webhooks that wait.
var webhooks = waiting{"webhook", func(ctx context.Context, a *engine.Accounts) (ids []int64, err error) {
	list, err := a.Webhooks.List(ctx)
	for _, w := range list {
		ids = append(ids, w.ID)
	}
	return ids, err
}}
