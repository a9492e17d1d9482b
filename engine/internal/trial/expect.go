package trial

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"cloudlet/engine/action"
	"cloudlet/engine/internal/plan"
	"cloudlet/engine/language/document"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// expect is what is expected of an answer.
type expect struct {
	at      source.Span // of expect, or of the request where there is none
	status  int         // 0: any below 400
	headers []expectedHeader
	body    *pattern
	looks   []*look
	log     []*pattern
	mails   []*expectedMail
	hasMail bool        // something is said of mails
	mailAt  source.Span // of the word

	sent []expectedSent

	events    []*expectedEvent
	hasEvents bool        // something is said of events
	eventsAt  source.Span // of the word
}

type expectedHeader struct {
	name string
	*pattern
}

// status reads the expected status; 0 where it is not said.
func (s *scene) status(e *document.TestExpect) int {
	if e.Status == nil {
		return 0
	}
	v, ok := s.names.Constant(e.Status, schema.IntType, "status")
	if !ok {
		return 0
	}
	n := v.(int)
	if n < 200 || n > 599 {
		s.problems.Addf(e.Status.Span, "out_of_range", "%d is no status from 200 to 599", n)
		return 0
	}
	return n
}

// expect compiles an expectation and gives the type of the body that comes with it.
func (s *scene) expect(d *document.TestExpect, into *expect, v *plan.Verb, status int) *schema.Type {
	into.at, into.status = d.At, status
	if d.Status != nil {
		into.at = d.Status.Span
	}
	body := schema.AnyType
	if v != nil {
		body = s.answered(d, v, status)
	}
	if d.Headers != nil {
		for _, e := range d.Headers.Entries {
			if p := s.pattern(e.Value, schema.StringType.OrNull(), e.Key.Value); p != nil {
				into.headers = append(into.headers, expectedHeader{e.Key.Value, p})
			}
		}
	}
	if d.Body != nil && body != nil {
		into.body = s.pattern(d.Body, body, "body")
	}
	for _, q := range d.SQL {
		if l := s.look(&q); l != nil {
			into.looks = append(into.looks, l)
		}
	}
	for _, n := range d.Log {
		if p := s.line(n); p != nil {
			into.log = append(into.log, p)
		}
	}
	if d.MailKey != nil {
		into.hasMail, into.mailAt, into.mails = true, d.MailKey.Span, s.mails(d.Mail)
	}
	if d.EventsKey != nil {
		into.hasEvents, into.eventsAt, into.events = true, d.EventsKey.Span, s.events(d.Events)
	}
	for _, list := range d.Sent {
		into.sent = append(into.sent, s.sent(list))
	}
	if body == nil {
		return schema.AnyType
	}
	return body
}

// line compiles an expected line of the log: its message, or {message, level, fields}.
func (s *scene) line(n *document.Node) *pattern {
	if n.Kind == document.Scalar {
		message := s.pattern(n, schema.StringType, "the message")
		if message == nil {
			return nil
		}
		return &pattern{at: n.Span, kind: document.Mapping, fields: []patternField{{"message", message}}}
	}
	return s.pattern(n, lineType, "a line of the log")
}

// answered is the type of the body at a status, nil after a problem: the verb never
// answers so.
func (s *scene) answered(d *document.TestExpect, v *plan.Verb, status int) *schema.Type {
	var bodies []action.Response
	statuses, open := []int{}, false
	for _, r := range v.Responses() {
		open = open || r.Status == 0
		statuses = append(statuses, r.Status)
		if r.Status == status || status == 0 && r.Status < 400 {
			bodies = append(bodies, r)
		}
	}
	var codes []any
	for _, f := range v.Failures() {
		open = open || f.Status == 0
		statuses = append(statuses, f.Status)
		if f.Status == status {
			codes = append(codes, f.Code)
		}
	}
	switch {
	case open || v.Method == http.MethodGet && status == http.StatusNotModified:
		return schema.AnyType
	case status != 0 && !slices.Contains(statuses, status):
		slices.Sort(statuses)
		s.problems.Add(source.Problem{Span: d.Status.Span, Code: "never_answered",
			Text: fmt.Sprintf("%s %s never answers %d", v.Method, v.Path, status), Hint: "it answers " + listed(slices.Compact(statuses))})
		return nil
	case len(codes) > 0 && len(bodies) == 0:
		return problemType(codes)
	case len(codes) > 0:
		return schema.AnyType
	}
	return bodyType(bodies)
}

func listed(statuses []int) string {
	texts := make([]string, len(statuses))
	for i, n := range statuses {
		texts[i] = strconv.Itoa(n)
	}
	return strings.Join(texts, ", ")
}

// bodyType is the type of what one of some answers has as its body.
func bodyType(list []action.Response) *schema.Type {
	var t *schema.Type
	for _, r := range list {
		switch {
		case r.Content == "":
			return schema.AnyType
		case r.Type == nil:
			continue
		case r.Content == "text/event-stream":
			r.Type = schema.ListOf(streamedType)
		case r.Content != "application/json":
			r.Type = schema.StringType
		}
		if t == nil {
			t = asJSON(r.Type)
		} else {
			t = schema.Join(t, asJSON(r.Type))
		}
	}
	if t == nil {
		return schema.NullType
	}
	return t
}

// problemType is the type of a problem with one of some codes (RFC 9457).
func problemType(codes []any) *schema.Type {
	text := func(name string) schema.Field { return schema.Field{Name: name, Type: schema.StringType} }
	return schema.ObjectOf(text("type"), text("title"), schema.Field{Name: "status", Type: schema.IntType},
		schema.Field{Name: "code", Type: &schema.Type{Kind: schema.String, Limits: &schema.Limits{Enum: codes}}}, text("detail"),
		schema.Field{Name: "errors", Type: schema.ListOf(schema.AnyType).OrNull()}, text("trace_id"))
}
