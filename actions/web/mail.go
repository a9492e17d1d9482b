package web

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"cloudlet/engine/action"
	"cloudlet/engine/identity"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
	"cloudlet/engine/mail"
	"cloudlet/engine/template"
)

// Mail sends a mail.
var Mail = action.Define(action.Spec[mailInputs, action.None]{
	Name: "mail", Summary: "Sends a mail: text, HTML, or both from a template.",
	Writes: true,
	Doc: "The mail is queued durably and handed to the server that `mail.smtp` names; without one it lands in `data/outbox/`. Inside a transaction " +
		"of the main database it is sent when that commits, and not when it rolls back. `template: confirm` takes confirm.txt and confirm.html of the nearest " +
		"`_templates` folder, whichever there are; both are alternatives of one mail. Where `subject` is left out the template says it: " +
		"{{define \"subject\"}}Welcome{{end}}. In a template {{link \"/auth/confirm\" \"token\" .token}} is an address of the app; `cloudlet actions template` has all functions. What stands in `html` is sent as it is: values belong into a template, which escapes them. " +
		"Where anybody can have a mail sent to an address that is not their own, `per_hour` keeps its owner from being flooded.",
	Example: "- mail: {to: \"${args.email}\", template: confirm, data: {name: \"${args.name}\", token: \"${last.token}\"}}\n",
	Failures: []action.Outcome{
		{Status: 400, Code: mail.ErrInvalidAddress.Code, When: "an address is none that mail can be sent to or from"},
		{Status: 400, Code: mail.ErrInvalidMail.Code, When: "the subject, a text or an attachment cannot be sent"},
		{Status: 400, Code: mail.ErrTooManyRecipients.Code, When: fmt.Sprintf("there are more than %d recipients", mail.MaxRecipients)},
		{Status: 413, Code: mail.ErrTooLarge.Code, When: fmt.Sprintf("the mail is larger than %d MiB", mail.MaxSize>>20)},
		action.TemplateFailed,
		{Status: 503, Code: "database_busy", When: "the mail cannot be queued in time"},
		{Status: 500, Code: "database_failed", When: "the mail cannot be queued"},
	},
	Prepare: prepareMail, Run: runMail,
})

type mailInputs struct {
	To          action.Expr[any]         `doc:"The address that it is for, or a list: alice@example.org, or Alice <alice@example.org>." class:"token" leak:"would be sent by mail"`
	Subject     action.Expr[action.Text] `doc:"The subject; left out, the template says it." class:"token" leak:"would be sent by mail" optional:""`
	Text        action.Expr[action.Text] `doc:"The mail as text." class:"token" leak:"would be sent by mail" optional:""`
	HTML        action.Expr[action.Text] `doc:"The mail as HTML, sent as it is." class:"token" leak:"would be sent by mail" optional:""`
	Template    string                   `doc:"The template, without its ending: confirm is confirm.txt and confirm.html." optional:""`
	Data        action.Expr[any]         `doc:"What the template knows, as \".\"; fields are written {{.name}}." class:"token" leak:"would be sent by mail" optional:""`
	Cc          action.Expr[any]         `doc:"Addresses that get a copy: a text or a list." class:"token" leak:"would be sent by mail" optional:""`
	Bcc         action.Expr[any]         `doc:"Addresses that get a copy without the others knowing: a text or a list." class:"token" leak:"would be sent by mail" optional:""`
	From        action.Expr[string]      `doc:"The sender; left out, mail.from of cloudlet.yaml." optional:"" leak:"would be sent by mail"`
	ReplyTo     action.Expr[string]      `doc:"Where answers go." optional:"" leak:"would be sent by mail"`
	Unsubscribe action.Expr[string]      `doc:"Where the receiver stops such mails: a path of the app, or an address of http or https. Mail programs show a button for it, which sends a POST where it is https (RFC 8058)." class:"token" leak:"would be sent by mail" optional:""`
	PerHour     int                      `doc:"At most so many mails of this template, or of no template, go to one address within an hour; what is more is not sent, and nothing tells. 0 is no bound." default:"0"`
	Attachments action.Expr[[]any]       `doc:"Files that go with it: a list of {name, content, content_type}, or of files that came with the request." class:"token" leak:"would be sent by mail" optional:""`

	plain, rich *template.Template
	subject     *template.Template
}

func prepareMail(l action.Load, in *mailInputs) action.Result {
	if t := l.Transaction(); t != "" && t != "main" {
		l.Problem(source.Problem{Span: l.At(""), Code: "other_database", Text: fmt.Sprintf("the transaction is of the database %q, and mails are queued in main", t), Hint: "put it behind the transaction"})
	}
	in.bodies(l)
	for _, a := range []struct {
		name string
		in   *action.Expr[any]
	}{{"to", &in.To}, {"cc", &in.Cc}, {"bcc", &in.Bcc}} {
		checkAddresses(l, a.name, a.in)
	}
	for _, a := range []struct {
		name string
		in   *action.Expr[string]
	}{{"from", &in.From}, {"reply_to", &in.ReplyTo}} {
		if text, known := a.in.Constant(); known && a.in.Given() && !mail.IsAddress(text) {
			l.Problem(source.Problem{Span: l.At(a.name), Code: "invalid_address", Text: fmt.Sprintf("%q is no address of a mail", text), Hint: addressHint})
		}
	}
	in.checkAttachments(l)
	if text, known := in.Unsubscribe.Constant(); known && in.Unsubscribe.Given() && !strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "https://") && !strings.HasPrefix(text, "http://") {
		l.Problem(source.Problem{Span: l.At("unsubscribe"), Code: "invalid_url", Text: fmt.Sprintf("%q is neither a path of the app, as in /newsletter/stop, nor an address of https", text)})
	}
	switch {
	case in.PerHour < 0 || in.PerHour > mostPerHour:
		l.Problem(source.Problem{Span: l.At("per_hour"), Code: "out_of_range", Text: fmt.Sprintf("per_hour is from 0 to %d", mostPerHour)})
	case in.PerHour > 0 && (in.Cc.Given() || in.Bcc.Given()):
		l.Problem(source.Problem{Span: l.At("per_hour"), Code: "conflict", Text: "per_hour counts those in to, and there are others", Hint: "send them a mail of their own"})
	}
	return action.Effect
}

const addressHint = "one is alice@example.org, or Alice <alice@example.org>"

// bodies checks which of text, html and template are given, and finds the templates.
func (in *mailInputs) bodies(l action.Load) {
	conflict := func(input, text, hint string) {
		l.Problem(source.Problem{Span: l.At(input), Code: "conflict", Text: text, Hint: hint})
	}
	switch {
	case in.Template == "" && !in.Text.Given() && !in.HTML.Given():
		conflict("", "mail needs text, html or template", "")
	case in.Template == "" && in.Data.Given():
		conflict("data", "data are for a template, and there is none", "")
	case in.Template == "" && !in.Subject.Given():
		l.Problem(source.Problem{Span: l.At(""), Code: "missing_input", Text: "mail needs \"subject\""})
	case in.HTML.Mixed():
		l.Problem(source.Problem{Span: l.At("html"), Code: "unescaped", Text: "what ${…} gives would become HTML here, whatever it holds",
			Hint: "put it into a template, which escapes it, or give the whole HTML as one ${…}"})
	case in.Template != "" && (in.Text.Given() || in.HTML.Given()):
		conflict("template", "a mail has either a template or text and html of its own", "")
	case in.Template != "":
		in.templates(l)
	}
}

// templates finds NAME.txt and NAME.html: there must be one of them.
func (in *mailInputs) templates(l action.Load) {
	name := in.Template
	if bare := strings.TrimSuffix(strings.TrimSuffix(name, ".txt"), ".html"); bare != name {
		l.Problem(source.Problem{Span: l.At("template"), Code: "unknown_template", Text: "a mail's template is named without its ending: it may be text, HTML or both", Hint: fmt.Sprintf("write %s", bare)})
		return
	}
	names := l.Templates()
	text, html := slices.Contains(names, name+".txt"), slices.Contains(names, name+".html")
	if !text && !html {
		for i, n := range names {
			names[i] = strings.TrimSuffix(strings.TrimSuffix(n, ".txt"), ".html")
		}
		l.Problem(source.Problem{Span: l.At("template"), Code: "unknown_template", Text: fmt.Sprintf("there is neither %s.txt nor %s.html in %s of this folder or above", name, name, template.FolderName),
			Hint: source.DidYouMean(name, names)})
		return
	}
	sound := true
	if text {
		in.plain = prepareTemplate(l, name+".txt", "template", &in.Data)
		sound = in.plain != nil
	}
	if html {
		in.rich = prepareTemplate(l, name+".html", "template", &in.Data)
		sound = sound && in.rich != nil
	}
	if !sound || in.Subject.Given() {
		return
	}
	for _, t := range []*template.Template{in.plain, in.rich} {
		if in.subject == nil && t != nil {
			in.subject = t.Part("subject")
		}
	}
	if in.subject == nil {
		l.Problem(source.Problem{Span: l.At(""), Code: "missing_input", Text: "mail needs \"subject\", since the template does not say it", Hint: "or put {{define \"subject\"}}…{{end}} into the template"})
	}
}

// checkAddresses reports what cannot be an address, or a list of some.
func checkAddresses(l action.Load, input string, in *action.Expr[any]) {
	if !in.Given() {
		return
	}
	t := in.Type()
	item := t
	if t.Kind == schema.List {
		item = t.Elem
	}
	if v, known := in.Constant(); known {
		for _, text := range textsOf(v) {
			if !mail.IsAddress(text) {
				l.Problem(source.Problem{Span: l.At(input), Code: "invalid_address", Text: fmt.Sprintf("%q is no address of a mail", text), Hint: addressHint})
			}
		}
	}
	if item != nil && item.Kind != schema.JSON && !item.Kind.Textual() {
		l.Problem(source.Problem{Span: l.At(input), Code: "wrong_type", Text: fmt.Sprintf("mail.%s takes an address or a list of addresses, and this is %s", input, t)})
	}
}

// textsOf are the texts in a text or list.
func textsOf(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var list []string
		for _, item := range v {
			list = append(list, textsOf(item)...)
		}
		return list
	}
	return nil
}

func runMail(c *action.Call, in *mailInputs) (action.None, error) {
	m := &mail.Message{}
	err := in.address(c, m)
	if err == nil {
		err = in.write(c, m)
	}
	if err == nil {
		err = in.attach(c, m)
	}
	if err != nil {
		return action.None{}, err
	}
	tx, err := c.Tx("main") // last: what is rendered so far holds no lock
	if err != nil {
		return action.None{}, err
	}
	if in.PerHour > 0 {
		if m.To, err = in.few(c, m.To); err != nil || len(m.To) == 0 {
			return action.None{}, err
		}
	}
	return action.None{}, c.Services.Mail.Send(c.Context, tx, m)
}

const mostPerHour = 1000

// few are the addresses that have not had as many mails within the hour as they may have.
// Those that are none are Send's to refuse.
func (in *mailInputs) few(c *action.Call, to []string) (list []string, err error) {
	act, err := c.Act()
	if err != nil {
		return nil, err
	}
	for _, text := range to {
		wait := time.Duration(0)
		if address := mail.AddressOf(text); address != "" {
			wait, err = c.Services.Identity.Take(c.Context, act, identity.Bound{What: "mail " + in.Template, Of: identity.Mailbox(address), Most: in.PerHour})
		}
		if err != nil {
			return nil, err
		}
		if wait == 0 {
			list = append(list, text)
		}
	}
	return list, nil
}

// address fills in who sends the mail and who gets it.
func (in *mailInputs) address(c *action.Call, m *mail.Message) error {
	for _, a := range []struct {
		in   *action.Expr[any]
		into *[]string
	}{{&in.To, &m.To}, {&in.Cc, &m.Cc}, {&in.Bcc, &m.Bcc}} {
		v, _, err := a.in.Optional(c)
		if err != nil {
			return err
		}
		list, ok := v.([]any)
		if !ok && v != nil {
			list = []any{v}
		}
		for _, item := range list {
			text, ok := item.(string)
			if !ok {
				return mail.ErrInvalidAddress
			}
			*a.into = append(*a.into, text)
		}
	}
	for _, a := range []struct {
		in   *action.Expr[string]
		into *string
	}{{&in.From, &m.From}, {&in.ReplyTo, &m.ReplyTo}, {&in.Unsubscribe, &m.Unsubscribe}} {
		text, _, err := a.in.Optional(c)
		if err != nil {
			return err
		}
		*a.into = text
	}
	if strings.HasPrefix(m.Unsubscribe, "/") {
		m.Unsubscribe = c.Services.PublicURL + m.Unsubscribe
	}
	return nil
}

// write fills in the subject and the bodies.
func (in *mailInputs) write(c *action.Call, m *mail.Message) error {
	for _, body := range []struct {
		template *template.Template
		text     *action.Expr[action.Text]
		into     *string
	}{{in.subject, &in.Subject, &m.Subject}, {in.plain, &in.Text, &m.Text}, {in.rich, &in.HTML, &m.HTML}} {
		text, _, err := body.text.Optional(c)
		if *body.into = string(text); body.template != nil {
			*body.into, err = render(c, body.template, &in.Data)
		}
		if err != nil {
			return err
		}
	}
	// A template's subject may be broken into lines for its author's eyes; one that a
	// client breaks must not begin another header.
	m.Text, m.HTML = strings.TrimLeft(m.Text, "\r\n"), strings.TrimLeft(m.HTML, "\r\n") // the lines of {{define}}
	m.Subject = strings.Join(strings.Fields(m.Subject), " ")
	return nil
}
