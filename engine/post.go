package engine

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"

	"cloudlet/engine/database"
	"cloudlet/engine/internal/settings"
	"cloudlet/engine/jobs"
	"cloudlet/engine/mail"
	"cloudlet/engine/outgoing"
	"cloudlet/engine/secret"
	"cloudlet/engine/tasks"
	"cloudlet/engine/webhook"
)

// Names of the queue and of mail that the command line shows.
type (
	// MailEntry is a mail that is not handed over, as lists show it.
	MailEntry = mail.Entry
	// WebhookEntry is an event for another service that is not taken, as lists show it.
	WebhookEntry = webhook.Entry
	// JobEntry is a job that is not done, as lists show it.
	JobEntry = tasks.Entry
	// QueueError is what the queue refuses, with a sentence.
	QueueError = jobs.Error
)

// post is the queue of a main database, and what sends mail and events on it.
type post struct {
	queue    *jobs.Queue
	mail     *mail.Service
	webhooks *webhook.Service
	tasks    *tasks.Service
}

// openPost opens the queue, which works nothing before it is started. What it has of its
// own stands in the data folder: the lock, and the outbox.
func openPost(db *database.DB, keys *secret.Keyring, s *settings.Settings, data string, run tasks.Run, log *slog.Logger) (*post, error) {
	q, err := jobs.Open(db, jobs.Options{Dir: data, Log: log})
	if err != nil {
		return nil, err
	}
	return &post{q, mail.New(q, keys, mailConfig(s), mail.Options{Outbox: filepath.Join(data, "outbox"), Log: log}),
		webhook.New(q, keys, webhookConfig(s, nil)), tasks.New(q, db, keys, run)}, nil
}

// start begins to work what waits in the queue, and to keep the schedules.
func (p *post) start(log *slog.Logger) {
	p.queue.Start(p.mail.Kind(), p.webhooks.Kind(), p.tasks.Kind())
	p.tasks.Start(log)
}

// webhookConfig is how events are sent, by a client where they are.
func webhookConfig(s *settings.Settings, client *outgoing.Client) webhook.Config {
	return webhook.Config{Client: client, Secret: s.Webhooks.Secret, Previous: s.Webhooks.Previous}
}

func mailConfig(s *settings.Settings) mail.Config {
	c := mail.Config{From: s.Mail.From}
	if s.Mail.SMTP != nil {
		server := mail.SMTP(*s.Mail.SMTP)
		c.SMTP = &server
	}
	return c
}

// Settle works what waits in the queue: until nothing is due, it is seen that another
// process works it, or the context ends, which is no failure.
func (e *Engine) Settle(ctx context.Context) error {
	e.mu.Lock()
	p := e.post
	e.mu.Unlock()
	if err := p.queue.Settle(ctx); !errors.Is(err, ctx.Err()) {
		return err
	}
	return nil
}
