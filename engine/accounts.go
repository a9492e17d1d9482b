package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"cloudlet/engine/audit"
	"cloudlet/engine/database"
	"cloudlet/engine/identity"
	"cloudlet/engine/internal/settings"
	"cloudlet/engine/jobs"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
	"cloudlet/engine/mail"
	"cloudlet/engine/secret"
	"cloudlet/engine/tasks"
	"cloudlet/engine/webhook"
)

// Names of identity that the command line shows and takes.
type (
	// User is a user as lists show them.
	User = identity.User
	// Role is a role as lists show them.
	Role = identity.Role
	// UserFilter says which users are listed.
	UserFilter = identity.Filter
	// AuditQuery says which rows of the audit log are listed.
	AuditQuery = audit.Query
	// Act is who does something, from where.
	Act = identity.Act
	// NewUser is what a user is made from.
	NewUser = identity.NewUser
)

// CommandLine is who acts on the command line.
var CommandLine = Act{By: identity.ByCommandLine}

// Accounts are an app's users, roles and secret, for the command line. They work
// while the app is being served: what changes holds there within a second.
type Accounts struct {
	*identity.Service
	Audit    *audit.Log
	Mail     *mail.Service    // that waits; it is sent where the app is served
	Webhooks *webhook.Service // that wait, too
	Jobs     *tasks.Service   // too
	queue    *jobs.Queue
	db       *database.DB
	keys     *secret.Keyring
	settings *settings.Settings
}

// OpenAccounts opens the users of the app in dir, making its main database and
// secret where they are missing. Close them.
func OpenAccounts(ctx context.Context, dir string, list ...Option) (*Accounts, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	o := newOptions(list)
	s, _, err := readSettings(dir, o)
	if err != nil {
		return nil, err
	}
	a := &Accounts{settings: s}
	if a.db, err = database.Open(ctx, database.Config{Name: "main", URL: s.Databases["main"], Dir: dir}); err != nil {
		return nil, err
	}
	if err := a.begin(ctx, dir, o); err != nil {
		a.db.Close()
		return nil, err
	}
	return a, nil
}

func (a *Accounts) begin(ctx context.Context, dir string, o *options) error {
	err := apply(ctx, a.db, ownMigrations())
	if err != nil {
		return err
	}
	data := filepath.Join(dir, "data")
	if a.keys, err = secret.OpenKeyring(data, o.env("CLOUDLET_SECRET")); err != nil {
		return err
	}
	options := identityOptions(a.settings, o.log)
	options.Audit = openAudit(a.db, a.keys, data, o.log)
	a.Audit = options.Audit
	if a.Service, err = identity.Open(ctx, a.db, a.keys, options); err != nil {
		return err
	}
	p, err := openPost(a.db, a.keys, a.settings, data, nil, o.log)
	if err != nil {
		return errors.Join(err, a.Service.Close())
	}
	a.queue, a.Mail, a.Webhooks, a.Jobs = p.queue, p.mail, p.webhooks, p.tasks
	return nil
}

// identityOptions are what an app's settings say of its users.
func identityOptions(s *settings.Settings, log *slog.Logger) identity.Options {
	return identity.Options{Issuer: s.Auth.Issuer, TicketLifetime: s.Auth.Ticket, RefreshLifetime: s.Auth.Refresh, MinPasswordLength: s.Auth.Password.MinLength,
		Includes: s.Roles, Log: log}
}

// readSettings reads cloudlet.yaml alone, and says what is worth a warning.
func readSettings(dir string, o *options) (*settings.Settings, []Problem, error) {
	var file *source.File
	text, err := os.ReadFile(filepath.Join(dir, settings.FileName))
	if err == nil {
		file = source.NewFile(settings.FileName, text)
	} else if !os.IsNotExist(err) {
		return nil, nil, fmt.Errorf("%s cannot be read: %w", settings.FileName, err)
	} else if _, err := os.Stat(dir); err != nil {
		return nil, nil, fmt.Errorf("the app's folder cannot be opened: %w", err)
	}
	var problems source.Problems
	s := settings.Read(file, dir, o.env, &problems)
	if problems.Count() > 0 {
		return nil, nil, &ProblemsError{problems.All()}
	}
	return s, problems.All(), nil
}

// RotateSecret adds a new key that signs from now on. Tickets that the old one
// signed stay valid until they expire.
func (a *Accounts) RotateSecret() error { return a.keys.Rotate(a.settings.Auth.Ticket) }

// AcceptAudit takes the audit log as it is from now on: what is missing at its end is not
// missed any more. That it was done is the next row of the log.
func (a *Accounts) AcceptAudit(ctx context.Context) error {
	if err := a.Audit.Accept(ctx); err != nil {
		return err
	}
	return a.Audit.Append(ctx, nil, audit.Entry{Event: "audit.accepted", Actor: CommandLine.By})
}

// JSON is a value of the language as JSON.
func JSON(v any) []byte { return schema.AppendJSON(nil, v) }

// Close closes the accounts.
func (a *Accounts) Close() error {
	err := errors.Join(a.queue.Close(), a.Service.Close())
	if e := a.db.Close(); err == nil {
		err = e
	}
	return err
}

// SecretPath is the file that holds the secret of the app in dir, "" where
// CLOUDLET_SECRET gives it.
func SecretPath(dir string, list ...Option) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil || newOptions(list).env("CLOUDLET_SECRET") != "" {
		return "", err
	}
	return filepath.Join(dir, "data", "secret.key"), nil
}
