package mail

import (
	"bytes"
	"mime"
	"net/mail"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	gomail "github.com/wneessen/go-mail"
)

const (
	maxAddress     = 320 // characters, RFC 3696 with its name left out
	maxHeaderValue = 900 // bytes of a subject or a name, before they are encoded
	maxAttachments = 100
)

// sender is who sends where nothing says so.
const sender = "cloudlet@localhost"

// Only these parts of an address are passed on: what every server understands, and
// nothing that ends a command or a header.
var (
	localPart = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$")
	domain    = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$`)
)

// letter is a message as it is handed over: built once, with its envelope.
type letter struct {
	From    string   `json:"from"` // of the envelope
	To      []string `json:"to"`   // those who have not got it yet
	Bcc     []string `json:"bcc,omitempty"`
	ID      string   `json:"id"` // its Message-ID, without brackets
	Subject string   `json:"subject"`

	text []byte // header and body, RFC 5322
}

// build checks a message and makes what is handed over. from is who sends where the
// message does not say it.
func build(m *Message, from string, now time.Time) (*letter, error) {
	b := &builder{m: gomail.NewMsg(gomail.WithNoDefaultUserAgent())}
	if m.From != "" {
		from = m.From
	} else if from == "" {
		from = sender
	}
	if err := b.addresses(m, from); err != nil {
		return nil, err
	}
	if err := b.content(m); err != nil {
		return nil, err
	}
	b.letter.Subject = m.Subject
	_, at, _ := strings.Cut(b.letter.From, "@")
	b.letter.ID = uuid.NewString() + "@" + at
	b.m.SetMessageIDWithValue(b.letter.ID)
	b.m.SetDateWithValue(now.UTC())
	b.m.Subject(m.Subject)
	b.m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody is to answer by a machine
	if err := b.unsubscribe(m.Unsubscribe); err != nil {
		return nil, err
	}
	var text bytes.Buffer
	if _, err := b.m.WriteTo(&text); err != nil {
		return nil, ErrInvalidMail.Saying("The mail cannot be written.")
	}
	if text.Len() > MaxSize {
		return nil, tooLarge(text.Len())
	}
	b.letter.text = text.Bytes()
	return &b.letter, nil
}

// unsubscribe says where the receiver stops such mails. Mail programs show a button for
// it, which sends a POST of its own where the address is https.
func (b *builder) unsubscribe(address string) error {
	if address == "" {
		return nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || len(address) > maxHeaderValue ||
		strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("<>,\"", r) }) {
		return ErrInvalidMail.Saying("The address to unsubscribe at is not one of http or https.")
	}
	b.m.SetGenHeader("List-Unsubscribe", "<"+address+">")
	if u.Scheme == "https" {
		b.m.SetGenHeader("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
	}
	return nil
}

func tooLarge(size int) error {
	return ErrTooLarge.Saying("The mail has %.1f MiB as it is sent; it may have %d MiB.", float64(size)/(1<<20), MaxSize>>20)
}

type builder struct {
	m      *gomail.Msg
	letter letter
}

func (b *builder) addresses(m *Message, from string) error {
	if n := len(m.To) + len(m.Cc) + len(m.Bcc); n > MaxRecipients {
		return ErrTooManyRecipients.Saying("The mail has %d recipients; it may have %d.", n, MaxRecipients)
	} else if n == 0 {
		return ErrInvalidMail.Saying("The mail has no recipient.")
	}
	sender, err := parse("from", []string{from})
	if err != nil {
		return err
	}
	b.m.FromMailAddress(sender[0])
	b.letter.From = sender[0].Address
	if m.ReplyTo != "" {
		reply, err := parse("reply_to", []string{m.ReplyTo})
		if err != nil {
			return err
		}
		b.m.ReplyToMailAddress(reply...)
	}
	for _, list := range []struct {
		name string
		text []string
		set  func(...*mail.Address)
	}{{"to", m.To, b.m.ToMailAddress}, {"cc", m.Cc, b.m.CcMailAddress}, {"bcc", m.Bcc, nil}} {
		parsed, err := parse(list.name, list.text)
		if err != nil {
			return err
		}
		for _, a := range parsed {
			if !slices.Contains(b.letter.To, a.Address) {
				b.letter.To = append(b.letter.To, a.Address)
			}
			if list.set == nil {
				b.letter.Bcc = append(b.letter.Bcc, a.Address)
			}
		}
		if list.set != nil && len(parsed) > 0 {
			list.set(parsed...)
		}
	}
	return nil
}

// parse reads the addresses of a field. Which one is wrong is told, and not what it is.
func parse(field string, texts []string) ([]*mail.Address, error) {
	list := make([]*mail.Address, 0, len(texts))
	for i, text := range texts {
		a, err := mail.ParseAddress(text)
		if err != nil || !oneLine(text) || !oneLine(a.Name) || len(a.Name) > maxHeaderValue {
			return nil, ErrInvalidAddress.Saying("Address %d of %s is not one, as in name@example.org or Name <name@example.org>.", i+1, field)
		}
		at := strings.LastIndexByte(a.Address, '@')
		if len(a.Address) > maxAddress || !localPart.MatchString(a.Address[:at]) || !domain.MatchString(a.Address[at+1:]) {
			return nil, ErrInvalidAddress.Saying("Address %d of %s is not one that every server takes: letters beyond ASCII, quotes and brackets are not.", i+1, field)
		}
		list = append(list, a)
	}
	return list, nil
}

// oneLine reports whether a text can be a header's: no line break, nothing invisible.
func oneLine(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r)
	})
}

func (b *builder) content(m *Message) error {
	size := len(m.Text) + len(m.HTML)
	for _, a := range m.Attachments {
		size += len(a.Content)
	}
	switch {
	case !oneLine(m.Subject) || len(m.Subject) > maxHeaderValue:
		return ErrInvalidMail.Saying("A subject is one line of at most %d bytes.", maxHeaderValue)
	case m.Text == "" && m.HTML == "":
		return ErrInvalidMail.Saying("The mail has neither text nor html.")
	case !utf8.ValidString(m.Text) || !utf8.ValidString(m.HTML):
		return ErrInvalidMail.Saying("The mail's text is not valid UTF-8.")
	case len(m.Attachments) > maxAttachments:
		return ErrInvalidMail.Saying("The mail has %d attachments; it may have %d.", len(m.Attachments), maxAttachments)
	case size > MaxSize:
		return tooLarge(size)
	case m.Text == "":
		b.m.SetBodyString(gomail.TypeTextHTML, crlf(m.HTML), encoding(m.HTML))
	default:
		b.m.SetBodyString(gomail.TypeTextPlain, crlf(m.Text), encoding(m.Text))
		if m.HTML != "" {
			b.m.AddAlternativeString(gomail.TypeTextHTML, crlf(m.HTML), encoding(m.HTML))
		}
	}
	for i, a := range m.Attachments {
		if err := b.attach(i, a); err != nil {
			return err
		}
	}
	return nil
}

// longestLine is how long a line may be that is sent as it is (RFC 5322, section 2.1.1), in bytes.
const longestLine = 998

// encoding leaves plain ASCII as it is, so that whoever looks into data/outbox can
// follow a link there; all else is quoted-printable.
func encoding(text string) gomail.PartOption {
	for line := range strings.Lines(text) {
		if len(line) > longestLine || strings.ContainsFunc(line, func(r rune) bool { return r != '\t' && r != '\n' && r != '\r' && (r < ' ' || r > '~') }) {
			return gomail.WithPartEncoding(gomail.EncodingQP)
		}
	}
	return gomail.WithPartEncoding(gomail.NoEncoding)
}

// crlf ends each line as mails do (RFC 5322, section 2.3).
func crlf(text string) string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	return strings.ReplaceAll(text, "\n", "\r\n")
}

func (b *builder) attach(i int, a Attachment) error {
	if a.Name == "" || len(a.Name) > 255 || !oneLine(a.Name) || strings.ContainsAny(a.Name, `/\"`) {
		return ErrInvalidMail.Saying("The name of attachment %d is none of a file: one line without / and quotes.", i+1)
	}
	kind := a.ContentType
	if kind == "" {
		if kind = mime.TypeByExtension(path.Ext(a.Name)); kind == "" {
			kind = "application/octet-stream"
		}
	}
	if _, _, err := mime.ParseMediaType(kind); err != nil || !oneLine(kind) || len(kind) > 255 {
		return ErrInvalidMail.Saying("The content type of attachment %d is none, as in application/pdf.", i+1)
	}
	err := b.m.AttachReader(a.Name, bytes.NewReader(a.Content), gomail.WithFileContentType(gomail.ContentType(kind)))
	if err != nil {
		return ErrInvalidMail.Saying("Attachment %d cannot be written.", i+1)
	}
	return nil
}
