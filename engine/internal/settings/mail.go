package settings

import (
	"errors"
	"net/mail"
	"net/netip"
	"net/url"
	"strings"
	"unicode"

	"cloudlet/engine/language/source"
)

// Mail is how mails are sent.
type Mail struct {
	// From is the sender of mails that name no other, as RFC 5322 writes it.
	From string
	// SMTP is the server that takes mails; nil: they land in data/outbox.
	SMTP *SMTP
}

// SMTP is a server that takes mails.
type SMTP struct {
	Host     string
	Port     int
	Username string // "" where the server asks for none
	Password string
	TLS      string // StartTLS, DirectTLS or NoTLS
}

// How the connection to an SMTP server is encrypted.
const (
	StartTLS  = "starttls" // from the beginning of the conversation on; never without
	DirectTLS = "tls"      // from the first byte on
	NoTLS     = "none"     // not at all: on this machine only
)

func mailKeys() []key {
	smtp := func(at func(*SMTP) *string) func(*Settings) *string {
		return func(s *Settings) *string { return at(s.Mail.SMTP) }
	}
	return []key{
		{name: "from", doc: "The sender of mails: Example <no-reply@example.com>.", shape: textShape, single: takeFrom,
			standard: func(s *Settings, _ string) string { return senderOf(s.PublicURL) }, derived: "public_url"},
		{name: "smtp", doc: "The server that takes mails.", check: (*reader).checkSMTP,
			optional: &optional{
				is: func(s *Settings, _ string) bool { return s.Mail.SMTP != nil },
				begin: func(s *Settings, _ string) {
					if s.Mail.SMTP == nil {
						s.Mail.SMTP = &SMTP{}
					}
				}},
			keys: []key{
				{name: "host", doc: "The server's name or address.", shape: textShape, needed: true, single: takeHost},
				{name: "tls", doc: "How the connection is encrypted: starttls after a greeting, tls from the first byte on, none for a server on this machine.",
					shape: choiceShape(StartTLS, DirectTLS, NoTLS), standard: fixed(StartTLS),
					single: choice(smtp(func(m *SMTP) *string { return &m.TLS }), "must be starttls, tls or none", StartTLS, DirectTLS, NoTLS)},
				{name: "port", doc: "The server's port: 587 with starttls, 465 with tls, 25 with none, unless said otherwise.", shape: countShape,
					standard: func(s *Settings, _ string) string { return portOf(s.Mail.SMTP.TLS) },
					single:   count(func(s *Settings) *int { return &s.Mail.SMTP.Port }, 1, 65535)},
				{name: "username", doc: "Who logs in at the server.", shape: textShape, single: line(smtp(func(m *SMTP) *string { return &m.Username }))},
				{name: "password", doc: "With what: ${secrets.NAME}.", shape: textShape, hidden: true, single: line(smtp(func(m *SMTP) *string { return &m.Password }))},
			}},
	}
}

func portOf(tls string) string {
	switch tls {
	case DirectTLS:
		return "465"
	case NoTLS:
		return "25"
	}
	return "587"
}

// takeFrom reads a sender. What mail.ParseAddress takes may go over several lines;
// a header's value may not.
func takeFrom(s *Settings, _, text string) (any, error) {
	if _, err := mail.ParseAddress(text); err != nil || len(text) > 500 || strings.ContainsFunc(text, unicode.IsControl) {
		return nil, errors.New("must be an address of mail, as in Example <no-reply@example.com>")
	}
	s.Mail.From = text
	return text, nil
}

// senderOf is the sender of an app at a URL.
func senderOf(public string) string {
	host := "localhost"
	if u, err := url.Parse(public); err == nil && u.Hostname() != "" {
		if _, err := netip.ParseAddr(u.Hostname()); err != nil {
			host = u.Hostname()
		}
	}
	if _, err := mail.ParseAddress("no-reply@" + host); err != nil {
		host = "localhost"
	}
	return "no-reply@" + host
}

func takeHost(s *Settings, _, text string) (any, error) {
	if !isHost(text) {
		return nil, errors.New("must be a name or an address without a port, as in mail.example.com")
	}
	s.Mail.SMTP.Host = text
	return text, nil
}

// checkSMTP looks at what belongs together.
func (r *reader) checkSMTP(path, _ string) {
	smtp := r.settings.Mail.SMTP
	if smtp.TLS == NoTLS && smtp.Host != "" && !isLoopback(smtp.Host) {
		r.complain(path+".tls", "wrong_value", "%s.tls can be none only where the host is this machine, as 127.0.0.1 is: anybody on the way could read the mails and the password", path)
	}
	switch username, password := r.has(path+".username"), r.has(path+".password"); {
	case username && r.lacks(path+".password"):
		r.complain(path+".username", "missing_key", "%s.username needs a password", path)
	case password && r.lacks(path+".username"):
		r.complain(path+".password", "missing_key", "%s.password needs a username", path)
	}
	if r.lacks("mail.from") {
		r.complain(path, "missing_key", "mail.smtp needs mail.from: servers take mails of known senders only")
	}
	if r.lacks("public_url") {
		r.problems.Add(source.Problem{Span: r.spanOf(path), Code: "missing_key", Warning: true,
			Text: "public_url is not set: links in mails begin with the address that the app listens on", Hint: "set public_url to where the mails' readers find the app"})
	}
}
