package main

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode"

	"cloudlet/engine"
)

// auditCommands are `cloudlet audit …`.
type auditCommands struct {
	List   auditListCommand   `cmd:"" help:"Show who did what, the newest first."`
	Verify auditVerifyCommand `cmd:"" help:"Say whether rows of the log were changed or are missing."`
	Accept auditAcceptCommand `cmd:"" help:"Take the log as it is, from now on."`
}

type auditListCommand struct {
	Event   string        `help:"Only this event, or with .* at its end those that begin so: user.*"`
	Actor   string        `help:"Only what this user did."`
	Subject string        `help:"Only what was done to this user or role."`
	Since   time.Duration `help:"Only what happened in the last, as in 24h."`
	Limit   int           `default:"50" help:"How many are shown at most."`
	Format  string        `enum:"text,json" default:"text" help:"How rows are printed: ${enum}."`
}

// Help is what --help says besides the flags.
func (auditListCommand) Help() string {
	return `Example:

    cloudlet audit list --event 'login.*' --since 24h
`
}

// listedRecord is a row of the audit log for programs.
type listedRecord struct {
	Number  int             `json:"number"`
	At      time.Time       `json:"at"`
	Event   string          `json:"event"`
	Actor   string          `json:"actor"`
	Subject string          `json:"subject"`
	Address string          `json:"address"`
	Trace   string          `json:"trace_id"`
	Fields  json.RawMessage `json:"fields"`
}

// Run prints the rows.
func (c *auditListCommand) Run(ctx context.Context, t *terminal, f *folder) error {
	if c.Limit < 1 {
		return usagef("--limit is at least 1")
	}
	return withAccounts(ctx, f, func(a *engine.Accounts) error {
		q := engine.AuditQuery{Event: c.Event, Actor: c.Actor, Subject: c.Subject, Limit: c.Limit}
		if c.Since > 0 {
			q.After = time.Now().Add(-c.Since)
		}
		records, total, err := a.Audit.List(ctx, q)
		if err != nil {
			return err
		}
		list, rows := []listedRecord{}, [][]string{{"NUMBER", "AT", "EVENT", "ACTOR", "SUBJECT", "ADDRESS", "FIELDS"}}
		for _, r := range records {
			fields := engine.JSON(r.Fields)
			list = append(list, listedRecord{r.Number, r.At, r.Event, r.Actor, r.Subject, r.Address, r.Trace, fields})
			rows = append(rows, []string{strconv.Itoa(r.Number), r.At.Format(time.RFC3339), printable(r.Event), printable(r.Actor),
				printable(r.Subject), printable(r.Address), printable(string(fields))})
		}
		if c.Format == "json" {
			return printJSON(t.out, list)
		}
		if total > len(records) {
			t.notef("the newest %d of %d\n", len(records), total)
		}
		return table(t.out, rows)
	})
}

// printable is a text of somebody else as a terminal may show it.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

type auditVerifyCommand struct {
	Format string `enum:"text,json" default:"text" help:"How the answer is printed: ${enum}."`
}

// Help is what --help says besides the flags.
func (auditVerifyCommand) Help() string {
	return `Each row carries an HMAC over itself and the row before, and data/audit.head keeps the newest: a row that was changed or taken away is found, the last one too. Keep copies of data/audit.head elsewhere to hold the log against somebody who can write data/ and knows the secret.

Exits 1 where something is wrong.

Example:

    cloudlet audit verify --app myapp
`
}

// Run says what is wrong with the log.
func (c *auditVerifyCommand) Run(ctx context.Context, t *terminal, f *folder) error {
	return withAccounts(ctx, f, func(a *engine.Accounts) error {
		report, err := a.Audit.Verify(ctx)
		if err != nil {
			return err
		}
		if c.Format == "json" {
			err = printJSON(t.out, struct {
				Rows   int      `json:"rows"`
				Faults []string `json:"faults"`
			}{report.Rows, append([]string{}, report.Faults...)})
		} else {
			for _, fault := range report.Faults {
				t.printf("%s\n", printable(fault))
			}
			if len(report.Faults) == 0 {
				t.printf("%s, nothing changed or missing\n", count(report.Rows, "row"))
			}
		}
		if err == nil && len(report.Faults) > 0 {
			err = errNo
		}
		return err
	})
}

type auditAcceptCommand struct{}

// Help is what --help says besides the flags.
func (auditAcceptCommand) Help() string {
	return `For a log whose end or head was lost, such as by the machine's power: what is missing at its end is not missed any more. That this was done is the next row of the log.

Example:

    cloudlet audit accept --app myapp
`
}

// Run takes the log as it is.
func (c *auditAcceptCommand) Run(ctx context.Context, t *terminal, f *folder) error {
	return withAccounts(ctx, f, func(a *engine.Accounts) error {
		if err := a.AcceptAudit(ctx); err != nil {
			return err
		}
		t.notef("the log is taken as it is\n")
		return nil
	})
}
