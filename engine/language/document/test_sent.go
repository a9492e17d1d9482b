package document

import (
	"strings"

	"cloudlet/engine/language/source"
)

// ExpectedSent are the requests, the webhooks or the jobs that a step must have sent.
type ExpectedSent struct {
	Key  *Node // http, webhooks or jobs
	List []SentItem
}

// SentItem is one of them. What an author left out is not compared.
type SentItem struct {
	At     source.Span
	Fields []Entry
}

// sentKeys are the keys of an expectation that list what was sent to others.
func (r reader) sentKeys(e *TestExpect) []key {
	sent := func(name, doc, one string, keys func(*SentItem) []key) key {
		return key{name, doc, Shape{Kind: ItemsShape, Keys: func() []Key { return exported(keys(&SentItem{})) }}, func(at, v *Node) {
			list := ExpectedSent{Key: at}
			for _, n := range r.list(v, "a list, each "+one) {
				if r.keyed(n, one) == nil {
					continue
				}
				item := SentItem{At: mark(n)}
				r.mapping(n, keys(&item), nil)
				list.List = append(list.List, item)
			}
			e.Sent = append(e.Sent, list)
		}}
	}
	return []key{
		sent("webhooks", "Webhooks that the step sent, all of them and in their order; [] is none. Fields that are named are compared.", "{url, event, data}", r.webhookKeys),
		sent("jobs", "Jobs that the step has had kept, all of them and in their order; [] is none. Fields that are named are compared.", "{name, args}", r.keptJobKeys),
		sent("http", "Requests to others that the step made, all of them and in their order; [] is none. Fields that are named are compared.", "{post: https://…, json: …}", r.sentRequestKeys),
	}
}

// compared is a key whose value is compared.
func compared(into *[]Entry, name, doc string) key {
	return key{name, doc, Shape{Kind: PatternShape}, func(key, v *Node) { *into = append(*into, Entry{Key: key, Value: v}) }}
}

func (r reader) webhookKeys(i *SentItem) []key {
	return []key{
		compared(&i.Fields, "url", "The address that it is for."),
		compared(&i.Fields, "event", "The type of the event."),
		compared(&i.Fields, "data", "What there is to know of it: fields that are named are compared."),
		compared(&i.Fields, "secret", "The receiver's own secret; null is one that the app's signs."),
	}
}

func (r reader) keptJobKeys(i *SentItem) []key {
	return []key{
		compared(&i.Fields, "name", "The name of the job with its folder, as in newsletter/send_due."),
		compared(&i.Fields, "args", "Its arguments: those that are named are compared."),
		compared(&i.Fields, "in", "How long it waits first, as in 10m0s; null is one that does not wait."),
		compared(&i.Fields, "unique", "The text that it is alone with; null is one that is not."),
	}
}

func (r reader) sentRequestKeys(i *SentItem) []key {
	var keys []key
	for _, name := range testMethods {
		keys = append(keys, compared(&i.Fields, name, "A request with the method "+strings.ToUpper(name)+": its address without the query."))
	}
	return append(keys,
		compared(&i.Fields, "query", "Values of the query by name; a name that is repeated has a list."),
		compared(&i.Fields, "headers", "Values of headers by their names in lower case."),
		compared(&i.Fields, "json", "The body, where it is JSON."),
		compared(&i.Fields, "form", "The values of the body by name, where it is a form."),
		compared(&i.Fields, "text", "The body as a text, whatever it is."),
	)
}

// TestSign says how a request is signed. What an author left out is nil.
type TestSign struct {
	At                       source.Span
	Scheme, Secret, ID, Time *Node
}

// testSign reads how a request is signed.
func (r reader) testSign(n *Node) *TestSign {
	if r.keyed(n, "a signature: {scheme, secret}") == nil {
		return nil
	}
	s := &TestSign{At: mark(n)}
	r.mapping(n, r.signKeys(s), nil)
	for _, name := range []string{"scheme", "secret"} {
		if n.Get(name) == nil && !misspelt(n, name) {
			r.problems.Addf(s.At, CodeMissingKey, "a signature needs %q", name)
		}
	}
	if s.Scheme == nil || s.Secret == nil {
		return nil
	}
	return s
}

func (r reader) signKeys(s *TestSign) []key {
	return []key{
		{"scheme", "The scheme.", Shape{Kind: ChoiceShape, Values: []string{"standard", "github", "stripe"}}, func(_, v *Node) { s.Scheme = r.scalar(v, "standard, github or stripe") }},
		{"secret", "The secret that signs.", text, func(_, v *Node) { s.Secret = r.scalar(v, "a secret") }},
		{"id", "The delivery's webhook-id or X-GitHub-Delivery; left out, each is another. That of Stripe stands in its body.", text, func(_, v *Node) { s.ID = r.scalar(v, "an id") }},
		{"at", "When it was signed; left out, now.", text, func(_, v *Node) { s.Time = r.scalar(v, "a time, such as 2026-01-02T03:04:05Z") }},
	}
}
