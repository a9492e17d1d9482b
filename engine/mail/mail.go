// Package mail hands messages over to an SMTP server, once what caused them is
// committed: a message is built and sealed when it is sent, waits in the app's own
// queue, and is tried again until the server has taken it or never will.
package mail

import (
	"context"

	"cloudlet/engine/database"
	"cloudlet/engine/failure"
)

// Message is a mail as its author means it. Addresses are as in RFC 5322: with a
// name, as in Alice <alice@example.org>, or without. There is a text, an HTML, or both, which are
// alternatives of each other.
type Message struct {
	From        string // "": as configured
	ReplyTo     string // "": none
	To, Cc, Bcc []string
	Subject     string
	Text, HTML  string
	Attachments []Attachment
	// Unsubscribe is the address, http or https, where the receiver stops such mails:
	// List-Unsubscribe (RFC 2369), with one click where it is https (RFC 8058). "": none.
	Unsubscribe string
}

// Attachment is a file that goes with a message.
type Attachment struct {
	Name        string // without a folder
	ContentType string // "": guessed from the name
	Content     []byte
}

// Post takes messages.
type Post interface {
	// Send queues a message. It is handed over once tx, a transaction of the main
	// database, is committed, and not at all when that is rolled back; without a tx Send
	// returns when the message is safe in the queue. What is wrong with the message
	// is a *failure.Error.
	Send(ctx context.Context, tx *database.Tx, m *Message) error
}

// Limits of a message.
const (
	MaxRecipients = 100
	MaxSize       = 10 << 20 // bytes, as it goes to the server
)

// What mail refuses. The errors that it returns say more in Detail, and are found by
// errors.Is.
var (
	// ErrInvalidAddress means that an address is none that mail can be sent to or from.
	ErrInvalidAddress = &failure.Error{Status: 400, Code: "invalid_mail_address", Detail: "An address is not valid."}
	// ErrInvalidMail means that something else in the message cannot be sent.
	ErrInvalidMail = &failure.Error{Status: 400, Code: "invalid_mail", Detail: "The mail cannot be sent as it is."}
	// ErrTooManyRecipients means more than MaxRecipients.
	ErrTooManyRecipients = &failure.Error{Status: 400, Code: "too_many_recipients", Detail: "The mail has too many recipients."}
	// ErrTooLarge means more than MaxSize.
	ErrTooLarge = &failure.Error{Status: 413, Code: "mail_too_large", Detail: "The mail is too large."}
)
