package mail

import (
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"
	"time"

	"cloudlet/engine/failure"
)

// parts reads a message's leaves: their media type, and file name where there is one, with the content.
func parts(t *testing.T, header func(string) string, body io.Reader, list map[string]string) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(header("Content-Type"))
	must(t, err)
	if strings.HasPrefix(kind, "multipart/") {
		for r := multipart.NewReader(body, params["boundary"]); ; {
			p, err := r.NextRawPart()
			if err == io.EOF {
				return
			}
			must(t, err)
			parts(t, p.Header.Get, p, list)
		}
	}
	switch header("Content-Transfer-Encoding") {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	text, err := io.ReadAll(body)
	must(t, err)
	_, disposition, err := mime.ParseMediaType(header("Content-Disposition"))
	if err == nil {
		name, err := new(mime.WordDecoder).DecodeHeader(disposition["filename"])
		must(t, err)
		kind += " " + name
	}
	list[kind] = string(text)
}

func TestBuild(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 7, 30, 10, 15, 0, 0, time.FixedZone("", 7200))
	l, err := build(&Message{
		ReplyTo: "Jörg <joerg@example.org>", To: []string{`"Müller, Åsa" <asa@example.net>`, "bob@example.net"}, Cc: []string{"bob@example.net", "carol@example.net"}, Bcc: []string{"Dan <dan@example.net>"},
		Subject: "Größe: 5 €, and a long subject that goes over more than one line of the header, as it may well do", Text: "Grüße\nzwei\n.\n", HTML: "<p>Grüße</p>",
		Unsubscribe: "https://example.org/stop?token=a%20b&x=1",
		Attachments: []Attachment{{Name: "Rechnung März.pdf", Content: []byte("%PDF\x00\xff")}, {Name: "x.bin", ContentType: "application/x-thing; a=b", Content: nil}},
	}, "Kino „Alhambra“ <films@example.org>", now)
	must(t, err)
	if l.From != "films@example.org" || strings.Join(l.To, " ") != "asa@example.net bob@example.net carol@example.net dan@example.net" || len(l.Bcc) != 1 {
		t.Errorf("%+v", l)
	}
	for line := range strings.SplitSeq(string(l.text), "\r\n") {
		if len(line) > 998 || strings.ContainsAny(line, "\r\n") || strings.ContainsFunc(line, func(r rune) bool { return r > 126 }) {
			t.Errorf("the line %q", line)
		}
	}
	m, err := mail.ReadMessage(strings.NewReader(string(l.text)))
	must(t, err)
	decode := func(key string) string {
		text, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get(key))
		must(t, err)
		return text
	}
	if got := decode("Subject"); !strings.HasPrefix(got, "Größe: 5 €") || !strings.HasSuffix(got, "may well do") {
		t.Error(got)
	}
	to, err := m.Header.AddressList("To")
	must(t, err)
	if len(to) != 2 || to[0].Name != "Müller, Åsa" || to[0].Address != "asa@example.net" {
		t.Error(to)
	}
	at, err := m.Header.Date()
	must(t, err)
	if !at.Equal(now) || m.Header.Get("Message-Id") != "<"+l.ID+">" || !strings.HasSuffix(l.ID, "@example.org") || m.Header.Get("Bcc") != "" {
		t.Error(m.Header)
	}
	if m.Header.Get("Auto-Submitted") != "auto-generated" || m.Header.Get("User-Agent")+m.Header.Get("X-Mailer") != "" {
		t.Error(m.Header)
	}
	if m.Header.Get("List-Unsubscribe") != "<https://example.org/stop?token=a%20b&x=1>" || m.Header.Get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click" {
		t.Error(m.Header)
	}
	list := map[string]string{}
	parts(t, m.Header.Get, m.Body, list)
	for kind, want := range map[string]string{"text/plain": "Grüße\r\nzwei\r\n.\r\n", "text/html": "<p>Grüße</p>", "application/pdf Rechnung März.pdf": "%PDF\x00\xff", "application/x-thing x.bin": ""} {
		if got, there := list[kind]; got != want || !there {
			t.Errorf("%s: %q in %q", kind, got, list)
		}
	}
}

func TestBuildRefuses(t *testing.T) {
	t.Parallel()
	many := make([]string, MaxRecipients+1)
	for i := range many {
		many[i] = "a@example.org"
	}
	for what, c := range map[string]struct {
		change func(m *Message)
		want   *failure.Error
	}{
		"nobody":                    {func(m *Message) { m.To = nil }, ErrInvalidMail},
		"too many":                  {func(m *Message) { m.Bcc = many }, ErrTooManyRecipients},
		"a header in to":            {func(m *Message) { m.To = []string{"a@example.org\r\nBcc: b@example.org"} }, ErrInvalidAddress},
		"a header in a name":        {func(m *Message) { m.To = []string{"\"A\r\nBcc: b@example.org\" <a@example.org>"} }, ErrInvalidAddress},
		"encoded in a name":         {func(m *Message) { m.To = []string{"=?utf-8?q?A=0D=0ABcc:_b@example.org?= <a@example.org>"} }, ErrInvalidAddress},
		"two in one":                {func(m *Message) { m.To = []string{"a@example.org, b@example.org"} }, ErrInvalidAddress},
		"a command":                 {func(m *Message) { m.Cc = []string{`"a> SIZE=1"@example.org`} }, ErrInvalidAddress},
		"a folded comment":          {func(m *Message) { m.To = []string{"a@example.org (\r\n x)"} }, ErrInvalidAddress},
		"no domain":                 {func(m *Message) { m.To = []string{"root"} }, ErrInvalidAddress},
		"a literal":                 {func(m *Message) { m.To = []string{"a@[127.0.0.1]"} }, ErrInvalidAddress},
		"beyond ASCII":              {func(m *Message) { m.To = []string{"jörg@example.org"} }, ErrInvalidAddress},
		"a long one":                {func(m *Message) { m.To = []string{strings.Repeat("a", 400) + "@example.org"} }, ErrInvalidAddress},
		"from":                      {func(m *Message) { m.From = "x" }, ErrInvalidAddress},
		"reply_to":                  {func(m *Message) { m.ReplyTo = "a@b\n" }, ErrInvalidAddress},
		"a header in subject":       {func(m *Message) { m.Subject = "x\r\nBcc: b@example.org" }, ErrInvalidMail},
		"a line in subject":         {func(m *Message) { m.Subject = "x\u2028y" }, ErrInvalidMail},
		"a long subject":            {func(m *Message) { m.Subject = strings.Repeat("x", 1000) }, ErrInvalidMail},
		"nothing":                   {func(m *Message) { m.Text = "" }, ErrInvalidMail},
		"no UTF-8":                  {func(m *Message) { m.HTML = "\xff" }, ErrInvalidMail},
		"a path":                    {func(m *Message) { m.Attachments = []Attachment{{Name: "../x"}} }, ErrInvalidMail},
		"a header in attachment":    {func(m *Message) { m.Attachments = []Attachment{{Name: "x\r\nA: b"}} }, ErrInvalidMail},
		"a quote in attachment":     {func(m *Message) { m.Attachments = []Attachment{{Name: `x"; a="b`}} }, ErrInvalidMail},
		"a header in its type":      {func(m *Message) { m.Attachments = []Attachment{{Name: "x", ContentType: "text/plain;\r\n a=b"}} }, ErrInvalidMail},
		"no address to unsubscribe": {func(m *Message) { m.Unsubscribe = "/stop" }, ErrInvalidMail},
		"a header in unsubscribe":   {func(m *Message) { m.Unsubscribe = "https://example.org/\r\nBcc: b@example.org" }, ErrInvalidMail},
		"two to unsubscribe":        {func(m *Message) { m.Unsubscribe = "https://example.org/>,<mailto:b@example.org" }, ErrInvalidMail},
		"a script to unsubscribe":   {func(m *Message) { m.Unsubscribe = "javascript://example.org/%0aalert(1)" }, ErrInvalidMail},
		"no type":                   {func(m *Message) { m.Attachments = []Attachment{{Name: "x", ContentType: "pdf/"}} }, ErrInvalidMail},
		"too large":                 {func(m *Message) { m.Text = strings.Repeat("x", MaxSize+1) }, ErrTooLarge},
		"too large once encoded":    {func(m *Message) { m.Attachments = []Attachment{{Name: "x", Content: make([]byte, MaxSize*4/5)}} }, ErrTooLarge},
	} {
		m := message("x")
		c.change(m)
		l, err := build(m, "", time.Now())
		var e *failure.Error
		if !errors.Is(err, c.want) || !errors.As(err, &e) || l != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		if strings.Contains(e.Detail, "example.org\r") || strings.Contains(e.Detail, "b@") || !strings.HasSuffix(e.Detail, ".") {
			t.Errorf("%s: %q", what, e.Detail)
		}
	}
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	var all time.Duration
	for i := 1; i < attempts; i++ {
		wait := backoff(i)
		if wait < firstBackoff*4/5 || wait > mostBackoff {
			t.Errorf("attempt %d waits %s", i, wait)
		}
		all += wait
	}
	if all < 58*time.Hour || all > 80*time.Hour {
		t.Errorf("it is tried for %s", all)
	}
}

// FuzzAddress looks for an address that is taken and breaks out of its header or command.
func FuzzAddress(f *testing.F) {
	for _, s := range []string{"a@example.org", "A <a@example.org>", "=?utf-8?q?x?= <a@b>", "\"a\\\"b\" <a@b>", "a@b\r\nBcc: c@d", "(x) a@b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m := message("x")
		m.To, m.From = []string{text}, text
		l, err := build(m, "", time.Now())
		if err != nil {
			return
		}
		got, err := mail.ReadMessage(strings.NewReader(string(l.text)))
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if len(got.Header) != 9 {
			t.Errorf("%q makes %d headers: %v", text, len(got.Header), got.Header)
		}
		if list, err := got.Header.AddressList("To"); err != nil || len(list) != 1 || list[0].Address != l.To[0] {
			t.Errorf("%q becomes %v, %v", text, list, err)
		}
		if strings.ContainsAny(l.To[0]+l.From, "\r\n <>") {
			t.Errorf("%q breaks the command: %q", text, l.To)
		}
	})
}
