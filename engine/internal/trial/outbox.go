package trial

import (
	"context"
	netmail "net/mail"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"cloudlet/engine/database"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/mail"

	"golang.org/x/net/html"
)

// Outbox keeps the mails of a test, once the transaction has committed that each was
// sent in: what was rolled back was never sent.
type Outbox struct {
	From      string // the sender where a mail names none
	PublicURL string // what links to the app begin with

	mu   sync.Mutex
	list []*mail.Message
}

// Send implements mail.Post.
func (o *Outbox) Send(_ context.Context, tx *database.Tx, m *mail.Message) error {
	if err := mail.Check(m, o.From); err != nil {
		return err
	}
	if tx == nil {
		o.keep(m)
		return nil
	}
	tx.AfterCommit(func() { o.keep(m) })
	return nil
}

func (o *Outbox) keep(m *mail.Message) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.list = append(o.list, m)
}

// take gives the mails since it was called last.
func (o *Outbox) take() []sent {
	o.mu.Lock()
	defer o.mu.Unlock()
	var list []sent
	for _, m := range o.list {
		list = append(list, o.value(m))
	}
	o.list = nil
	return list
}

// sent is a mail as tests see it.
type sent struct {
	*schema.Object
}

// mailType is the type of a mail that was saved.
var mailType = schema.ObjectOf(
	schema.Field{Name: "from", Type: schema.StringType},
	schema.Field{Name: "reply_to", Type: schema.StringType.OrNull()},
	schema.Field{Name: "unsubscribe", Type: schema.StringType.OrNull()},
	schema.Field{Name: "to", Type: schema.ListOf(schema.StringType)},
	schema.Field{Name: "cc", Type: schema.ListOf(schema.StringType)},
	schema.Field{Name: "bcc", Type: schema.ListOf(schema.StringType)},
	schema.Field{Name: "subject", Type: schema.StringType},
	schema.Field{Name: "text", Type: schema.StringType.OrNull()},
	schema.Field{Name: "html", Type: schema.StringType.OrNull()},
	schema.Field{Name: "attachments", Type: schema.ListOf(schema.ObjectOf(
		schema.Field{Name: "name", Type: schema.StringType},
		schema.Field{Name: "content_type", Type: schema.StringType.OrNull()},
		schema.Field{Name: "content", Type: schema.StringType},
	))},
	schema.Field{Name: "links", Type: schema.ListOf(schema.ObjectOf(
		schema.Field{Name: "url", Type: schema.StringType},
		schema.Field{Name: "path", Type: schema.StringType},
		schema.Field{Name: "query", Type: &schema.Type{Kind: schema.ObjectK, Open: true}},
	))},
)

var (
	mailShape       = schema.NewShape(mailType.FieldNames()...)
	attachmentShape = schema.NewShape("name", "content_type", "content")
	linkShape       = schema.NewShape("url", "path", "query")
)

// value is a message as a value: what it does not have is null.
func (o *Outbox) value(m *mail.Message) sent {
	from := m.From
	if from == "" {
		from = o.From
	}
	attachments := make([]any, len(m.Attachments))
	for i, a := range m.Attachments {
		var content any = a.Content // base64 as JSON
		if utf8.Valid(a.Content) {
			content = string(a.Content)
		} else {
			content = schema.Text(content)
		}
		attachments[i] = attachmentShape.New([]any{a.Name, orNull(a.ContentType), content})
	}
	return sent{mailShape.New([]any{from, orNull(m.ReplyTo), orNull(m.Unsubscribe), texts(m.To), texts(m.Cc), texts(m.Bcc), m.Subject,
		orNull(m.Text), orNull(m.HTML), attachments, o.links(m)})}
}

// orNull is a text, null where it is empty.
func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func texts(list []string) []any {
	values := make([]any, len(list))
	for i, text := range list {
		values[i] = text
	}
	return values
}

// web finds addresses in a text; what ends a sentence behind one is none of it.
var web = regexp.MustCompile(`https?://[^\s<>"'` + "`" + `]+`)

// links are the addresses in the text of a mail, in their order, or in its HTML where
// there is no text.
func (o *Outbox) links(m *mail.Message) []any {
	var addresses []string
	if m.Text == "" {
		addresses = hrefs(m.HTML)
	} else {
		for _, text := range web.FindAllString(m.Text, -1) {
			addresses = append(addresses, strings.TrimRight(text, ".,;:!?)]}"))
		}
	}
	list := []any{}
	for _, address := range addresses {
		u, err := url.Parse(address)
		if err != nil {
			continue
		}
		path := u.Path
		if own := o.path(address); own != "" {
			path, _, _ = strings.Cut(own, "?")
		}
		var names []string
		var values []any
		query := u.Query()
		for _, pair := range strings.Split(u.RawQuery, "&") { // in their order
			name, _, _ := strings.Cut(pair, "=")
			name, err := url.QueryUnescape(name)
			if err != nil || !query.Has(name) {
				continue
			}
			if all := query[name]; len(all) == 1 {
				names, values = append(names, name), append(values, all[0])
			} else {
				names, values = append(names, name), append(values, texts(all))
			}
			query.Del(name)
		}
		list = append(list, linkShape.New([]any{address, path, schema.NewShape(names...).New(values)}))
	}
	return list
}

// path is the path and query of an address of the app, "" where it is none.
func (o *Outbox) path(address string) string {
	rest, own := strings.CutPrefix(address, o.PublicURL)
	rest, _, _ = strings.Cut(rest, "#")
	switch {
	case !own || o.PublicURL == "":
		return ""
	case rest == "" || rest[0] == '?':
		return "/" + rest
	case rest[0] != '/':
		return "" // https://example.com.evil.example
	}
	return rest
}

// hrefs are the addresses that a page links to.
func hrefs(page string) []string {
	var list []string
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return list
		case html.StartTagToken, html.SelfClosingTagToken:
			for _, a := range z.Token().Attr {
				if a.Key == "href" && web.MatchString(a.Val) {
					list = append(list, a.Val)
				}
			}
		}
	}
}

// bare is an address without the name in front of it.
func bare(address string) string {
	if a, err := netmail.ParseAddress(address); err == nil {
		return a.Address
	}
	return address
}
