package main

import (
	"context"
	"strconv"
	"strings"
	"time"

	"cloudlet/engine"
)

// mailCommands are `cloudlet mail …`.
type mailCommands struct {
	List  mailListCommand  `cmd:"" help:"List the mails that are not handed over."`
	Show  mailShowCommand  `cmd:"" help:"Show whom a mail goes to, and its subject."`
	Retry mailRetryCommand `cmd:"" help:"Try mails again at once."`
	Drop  mailDropCommand  `cmd:"" help:"Forget mails."`
}

type mailListCommand struct {
	Format string `enum:"text,json" default:"text" help:"How mails are printed: ${enum}."`
}

// Help is what --help says besides the flags.
func (mailListCommand) Help() string {
	return `Mails wait here until the server has them. One that the server puts off is retried for three days; what it refuses for good, or too often, is dead: it stays for 30 days. What a mail says and whom it goes to is not shown.

Example:

    cloudlet mail list --format json
`
}

// listedMail is a mail for programs.
type listedMail struct {
	ID         int64     `json:"id"`
	State      string    `json:"state"`
	Attempts   int       `json:"attempts"`
	Recipients int       `json:"recipients"`
	EnqueuedAt time.Time `json:"enqueued_at"`
	Next       time.Time `json:"next"`
	Reason     string    `json:"reason,omitempty"`
}

// Run prints the mails.
func (c *mailListCommand) Run(ctx context.Context, t *terminal, f *folder) error {
	return withAccounts(ctx, f, func(a *engine.Accounts) error {
		mails, err := a.Mail.List(ctx)
		if err != nil {
			return err
		}
		list, rows := []listedMail{}, [][]string{{"ID", "SINCE", "STATE", "ATTEMPTS", "RECIPIENTS", "REASON"}}
		for _, m := range mails {
			list = append(list, listedMail(m))
			rows = append(rows, []string{strconv.FormatInt(m.ID, 10), m.EnqueuedAt.UTC().Format(time.DateTime), m.State, strconv.Itoa(m.Attempts), strconv.Itoa(m.Recipients), m.Reason})
		}
		if c.Format == "json" {
			return printJSON(t.out, list)
		}
		return table(t.out, rows)
	})
}

type mailShowCommand struct {
	ID     int64  `arg:"" name:"id" help:"The mail, as list shows it."`
	Format string `enum:"text,json" default:"text" help:"How the mail is printed: ${enum}."`
}

// Help is what --help says besides the flags.
func (mailShowCommand) Help() string {
	return `Opens a mail that waits, for the eyes of whoever asks. Its text is not shown.

Example:

    cloudlet mail show 7
`
}

// shownMail is an opened mail for programs.
type shownMail struct {
	MessageID string   `json:"message_id"`
	From      string   `json:"from"`
	To        []string `json:"to"`
	Subject   string   `json:"subject"`
	Size      int      `json:"size"`
}

// Run prints the mail.
func (c *mailShowCommand) Run(ctx context.Context, t *terminal, f *folder) error {
	return withAccounts(ctx, f, func(a *engine.Accounts) error {
		m, err := a.Mail.Show(ctx, c.ID)
		if err != nil {
			return err
		}
		if c.Format == "json" {
			return printJSON(t.out, shownMail(*m))
		}
		return table(t.out, [][]string{{"Message-ID", m.MessageID}, {"From", m.From}, {"To", strings.Join(m.To, ", ")}, {"Subject", m.Subject}, {"Size", strconv.Itoa(m.Size)}})
	})
}

type mailRetryCommand struct {
	IDs []int64 `arg:"" optional:"" name:"id" help:"The mails, as list shows them."`
	All bool    `help:"All that wait or are dead."`
}

// Help is what --help says besides the flags.
func (mailRetryCommand) Help() string {
	return `The mails get all their attempts again. They are sent where the app is served.

Example:

    cloudlet mail retry 7 9
    cloudlet mail retry --all
`
}

// Run has the mails tried again.
func (c *mailRetryCommand) Run(ctx context.Context, t *terminal, f *folder) error {
	return mails.each(ctx, t, f, c.IDs, c.All, "will be tried again", func(a *engine.Accounts, id int64) error { return a.Mail.Retry(ctx, id) })
}

type mailDropCommand struct {
	IDs []int64 `arg:"" optional:"" name:"id" help:"The mails, as list shows them."`
	All bool    `help:"All that wait or are dead."`
}

// Help is what --help says besides the flags.
func (mailDropCommand) Help() string {
	return `Example:

    cloudlet mail drop 7 9
`
}

// Run forgets the mails.
func (c *mailDropCommand) Run(ctx context.Context, t *terminal, f *folder) error {
	return mails.each(ctx, t, f, c.IDs, c.All, "gone", func(a *engine.Accounts, id int64) error { return a.Mail.Drop(ctx, id) })
}

// mails are the mails that wait.
var mails = waiting{"mail", func(ctx context.Context, a *engine.Accounts) (ids []int64, err error) {
	list, err := a.Mail.List(ctx)
	for _, m := range list {
		ids = append(ids, m.ID)
	}
	return ids, err
}}
