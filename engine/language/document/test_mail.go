package document

import (
	"strings"

	"cloudlet/engine/language/source"
)

// ExpectedMail is a mail that a step must have sent. What an author left out is nil.
type ExpectedMail struct {
	At     source.Span
	Fields []Entry // what is compared: from, to, subject, …
	Save   *Node
}

// expectedMails reads a list of mails.
func (r reader) expectedMails(n *Node) []*ExpectedMail {
	list := []*ExpectedMail{}
	for _, item := range r.list(n, "a list of mails, each {to, subject, text, …}") {
		if r.keyed(item, "a mail: to, subject, text, …") == nil {
			continue
		}
		m := &ExpectedMail{At: mark(item)}
		r.mapping(item, r.mailKeys(m), nil)
		list = append(list, m)
	}
	return list
}

// mailKeys are the keys of an expected mail.
func (r reader) mailKeys(m *ExpectedMail) []key {
	compared := func(name, doc string) key {
		return key{name, doc, Shape{Kind: PatternShape}, func(key, v *Node) { m.Fields = append(m.Fields, Entry{Key: key, Value: v}) }}
	}
	return []key{
		compared("to", "Whom it is for: one address, or a list of all; ${…} alone is a condition over value, the addresses with \", \" between them."),
		compared("subject", "The subject."),
		compared("text", "The text; null is a mail without one."),
		compared("html", "The HTML; null is a mail without it."),
		compared("from", "The sender: that of cloudlet.yaml where the chain names none."),
		compared("reply_to", "Where answers go; null is a mail that does not say it."),
		compared("unsubscribe", "Where its receiver stops such mails: an address; null is a mail that does not say it."),
		compared("cc", "Who gets a copy, as in to."),
		compared("bcc", "Who gets a copy without the others knowing, as in to."),
		compared("attachments", "What goes with it: a list of {name, content_type, content}."),
		{"save", "A name for the mail, which later steps read: ${name.subject}, ${name.text}, ${name.html}, and its links in their order: " +
			"${name.links[0].url}, ${name.links[0].path}, ${name.links[0].query.token}.", text,
			func(_, v *Node) { m.Save = r.scalar(v, "a name") }},
	}
}

// isPath reports whether a request's path is written as one, or as ${…} that gives one.
func isPath(text string) bool {
	return strings.HasPrefix(text, "/") || strings.HasPrefix(strings.TrimSpace(text), "${")
}
