package web

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
	"cloudlet/engine/outgoing"
	"cloudlet/engine/webhook"
)

// WebhookSend tells another service of an event.
var WebhookSend = action.Define(action.Spec[webhookSendInputs, action.None]{
	Name: "webhook.send", Summary: "Tells another service of an event, durably and signed.", Writes: true,
	Doc: "The receiver gets a POST with {type, timestamp, data}, signed as Standard Webhooks has it (https://www.standardwebhooks.com): webhook-id, webhook-timestamp and webhook-signature. " +
		"The event is queued durably and tried ten times in about three days, with the same webhook-id, until the answer is 2xx, or 410, which ends it; redirects are not followed and `Retry-After` is honoured. " +
		"Inside a transaction of the main database it is sent when that commits, and not when it rolls back. " +
		"Without `secret` it is signed with `webhooks.secret` of cloudlet.yaml, or else with a secret of the app's own, which `cloudlet webhooks secret` shows. " +
		"Private addresses are refused as by `http`. `cloudlet webhooks` lists what waits.",
	Example: "- webhook.send: {url: \"https://hooks.example.com/films\", event: film.created, data: {id: \"${film.id}\"}}\n",
	Failures: []action.Outcome{
		action.OutcomeOf(outgoing.ErrInvalidURL, "a computed address is none of a service"),
		action.OutcomeOf(outgoing.ErrRefused, "the host is a number that is no address"),
		action.OutcomeOf(webhook.ErrInvalidEvent, "a computed event has no valid name"),
		action.OutcomeOf(webhook.ErrInvalidSecret, "the secret is none of Standard Webhooks"),
		action.OutcomeOf(webhook.ErrTooLarge, fmt.Sprintf("the event is larger than %d KiB", webhook.MaxSize>>10)),
		{Status: 503, Code: "database_busy", When: "the event cannot be queued in time"},
		{Status: 500, Code: "database_failed", When: "the event cannot be queued"},
	},
	Prepare: func(l action.Load, in *webhookSendInputs) action.Result {
		refuseOtherDatabase(l, "webhooks are queued in main")
		in.address.check(l, &in.URL, nil, false)
		if name, known := in.Event.Constant(); known {
			if wrong := webhook.CheckEvent(name); wrong != "" {
				l.Problem(source.Problem{Span: l.At("event"), Code: webhook.ErrInvalidEvent.Code, Text: wrong})
			}
		}
		if text, known := in.Secret.Constant(); known && in.Secret.Given() {
			if wrong := webhook.CheckSecret(text); wrong != "" {
				l.Problem(source.Problem{Span: l.At("secret"), Code: webhook.ErrInvalidSecret.Code, Text: wrong})
			}
		}
		return action.Effect
	},
	Run: runWebhookSend,
})

// refuseOtherDatabase reports a step whose effect belongs to the main database, in a
// transaction of another.
func refuseOtherDatabase(l action.Load, what string) {
	if t := l.Transaction(); t != "" && t != "main" {
		l.Problem(source.Problem{Span: l.At(""), Code: "other_database", Text: fmt.Sprintf("the transaction is of the database %q, and %s", t, what), Hint: "put it behind the transaction"})
	}
}

type webhookSendInputs struct {
	URL    action.Expr[string] `doc:"The receiver's address." class:"secret"`
	Event  action.Expr[string] `doc:"The type of the event, as in film.created." leak:"would stand in the list of webhooks that wait"`
	Data   action.Expr[any]    `doc:"What there is to know of it." class:"token" leak:"would be sent to another service" optional:""`
	Secret action.Expr[string] `doc:"The receiver's own secret: whsec_ and base64." class:"secret" optional:""`

	address address
}

func runWebhookSend(c *action.Call, in *webhookSendInputs) (action.None, error) {
	m := &webhook.Message{}
	var err error
	if m.URL, err = in.address.evaluate(c, &in.URL); err != nil {
		return action.None{}, err
	}
	if m.Event, err = in.Event.Value(c); err != nil {
		return action.None{}, err
	}
	data, _, err := in.Data.Optional(c)
	if err != nil {
		return action.None{}, err
	}
	m.Data = schema.AppendJSON(nil, data)
	if m.Secret, _, err = in.Secret.Optional(c); err != nil {
		return action.None{}, err
	}
	tx, err := c.Tx("main") // last: what is evaluated so far holds no lock
	if err != nil {
		return action.None{}, err
	}
	return action.None{}, c.Services.Webhooks.Send(c.Context, tx, m)
}

// WebhookVerify takes an event of another service.
var WebhookVerify = action.Define(action.Spec[webhookVerifyInputs, any]{
	Name: "webhook.verify", Summary: "Takes an event that another service sends, if it is signed by it and was not taken before.", Main: "secret", Once: true, Writes: true,
	Gives: "json: the body of the request",
	Doc: "The event is the body, any JSON: the verb declares no arguments that come from there. The schemes: `standard` is Standard Webhooks (webhook-… or svix-… headers), `github` X-Hub-Signature-256, `stripe` Stripe-Signature; " +
		"a signature's time may be five minutes off. A delivery is known by its webhook-id, X-GitHub-Delivery, where one is sent, or the id of Stripe's event. GitHub does not sign its id: who has seen a delivery can send it again under another. It counts as taken when the chain has succeeded; " +
		"one that failed may come again. Inside a transaction of the main database it is taken with it, never twice; outside of one a process that is killed may take it twice. " +
		"Deliveries are remembered for 30 days. A repeated one is `refuse`d with 409, which is the default of github, or `acknowledge`d: it ends the request with 200 and nothing further runs, since the senders of the other schemes go on until they see that.",
	Example: "- webhook.verify: {secret: \"${secrets.corp}\", scheme: stripe}\n",
	Result:  schema.AnyType,
	Failures: []action.Outcome{
		action.OutcomeOf(webhook.ErrInvalidSignature, "the signature is missing or wrong, or its time is off"),
		action.OutcomeOf(webhook.ErrInvalidBody, "what was signed is no JSON, or has no id where the scheme needs one"),
		action.OutcomeOf(webhook.ErrRepeated, "the delivery was taken before, and is refused"),
		action.OutcomeOf(webhook.ErrUnderWay, "the same delivery is being taken at the same time"),
		{Status: 503, Code: "database_busy", When: "the delivery cannot be noted in time"},
		{Status: 500, Code: "database_failed", When: "the delivery cannot be noted"},
	},
	Prepare: func(l action.Load, in *webhookVerifyInputs) action.Result {
		l.Body()
		refuseOtherDatabase(l, "deliveries are noted in main")
		if l.Parallel() {
			l.Problem(source.Problem{Span: l.At(""), Code: "not_in_parallel", Text: "webhook.verify may end the request, which parallel branches share", Hint: "put it ahead of the parallel steps"})
		}
		in.acknowledge = in.Repeated == "acknowledge" || in.Repeated == "" && in.Scheme != webhook.GitHub
		if in.acknowledge {
			l.Responds(action.Response{Status: http.StatusOK})
		}
		if v, known := in.Secret.Constant(); known && in.Scheme == webhook.Standard {
			for _, text := range textsOf(v) {
				if wrong := webhook.CheckSecret(text); wrong != "" {
					l.Problem(source.Problem{Span: l.At("secret"), Code: webhook.ErrInvalidSecret.Code, Text: wrong})
				}
			}
		}
		return action.Gives(schema.AnyType)
	},
	Run: runWebhookVerify,
})

type webhookVerifyInputs struct {
	Secret   action.Expr[any] `doc:"The secret that the sender signs with, or a list of secrets, any of which may have signed." class:"secret"`
	Scheme   string           `doc:"How the sender signs." enum:"standard,github,stripe" default:"standard"`
	Repeated string           `doc:"What becomes of a delivery that was taken before: acknowledge answers 200, refuse 409." enum:"acknowledge,refuse" optional:""`

	acknowledge bool
}

func runWebhookVerify(c *action.Call, in *webhookVerifyInputs) (any, error) {
	secrets, err := in.Secret.Value(c)
	if err != nil {
		return nil, err
	}
	receipts := c.Services.Receipts
	d := &webhook.Delivery{Scheme: in.Scheme, Body: c.Body, Secrets: textsOf(secrets), Now: receipts.Now()}
	if c.Request != nil {
		d.Header = c.Request.Header
	}
	id, err := d.Verify()
	if err != nil {
		return nil, err
	}
	event, err := schema.DecodeAny(c.Body)
	if err != nil {
		return nil, webhook.ErrInvalidBody
	}
	if in.Scheme == webhook.Stripe {
		if id = idOf(event); id == "" {
			return nil, webhook.ErrInvalidBody
		}
	}
	if id == "" { // GitHub's is not required
		return event, nil
	}
	switch err := take(c, in.Scheme, id); {
	case errors.Is(err, webhook.ErrRepeated) && in.acknowledge:
		c.Answer.Status = http.StatusOK
		return nil, action.Respond
	case err != nil:
		return nil, err
	}
	return event, nil
}

// idOf is the id of Stripe's event.
func idOf(event any) string {
	o, ok := event.(*schema.Object)
	if !ok {
		return ""
	}
	id, _ := o.Lookup("id")
	text, _ := id.(string)
	return text
}

// leaseSlack is how long a chain may take past its timeout until a delivery may come again.
const leaseSlack = time.Minute

// take notes that a delivery is being taken, in the chain's transaction or until the chain's end.
func take(c *action.Call, scheme, id string) error {
	tx, err := c.Tx("main")
	if err != nil {
		return err
	}
	lease, _ := c.Context.Deadline()
	// The clock of the receipts may stand still, in a test.
	until := c.Services.Receipts.Now().Add(max(0, time.Until(lease)) + leaseSlack)
	receipt, err := c.Services.Receipts.Take(c.Context, tx, scheme, c.Request.URL.Path, id, until)
	if err != nil || receipt == nil {
		return err
	}
	c.OnEnd(func(ok bool) error { return receipt.Settle(c.Context, ok) })
	return nil
}
