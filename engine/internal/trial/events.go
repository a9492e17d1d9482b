package trial

import (
	"fmt"
	"strings"
	"sync"

	"cloudlet/engine/events"
	"cloudlet/engine/language/document"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// Published keeps the events of a test, once the transaction has committed that each was
// published in.
type Published struct {
	mu   sync.Mutex
	list []*schema.Object
}

// publishedType is the type of an event that was published.
var publishedType = schema.ObjectOf(
	schema.Field{Name: "topic", Type: schema.StringType},
	schema.Field{Name: "event", Type: schema.StringType.OrNull()},
	schema.Field{Name: "data", Type: schema.AnyType},
	schema.Field{Name: "roles", Type: schema.ListOf(schema.StringType).OrNull()},
	schema.Field{Name: "users", Type: schema.ListOf(schema.StringType).OrNull()},
)

var publishedShape = schema.NewShape(publishedType.FieldNames()...)

// Published is told of an event by the hub of a test.
func (p *Published) Published(m events.Message) {
	readers := func(list []string) any {
		if list == nil {
			return nil
		}
		return texts(list)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.list = append(p.list, publishedShape.New([]any{m.Topic, orNull(m.Name), decoded(string(m.Data)), readers(m.Roles), readers(m.Users)}))
}

// take gives the events since it was called last.
func (p *Published) take() []*schema.Object {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.list
	p.list = nil
	return list
}

// decoded are the data of an event as a value, or as the text that they are.
func decoded(data string) any {
	if v, err := schema.DecodeAny([]byte(data)); err == nil {
		return v
	}
	return data
}

// streamedType is the type of an event as a stream gives it.
var streamedType = schema.ObjectOf(
	schema.Field{Name: "event", Type: schema.StringType.OrNull()},
	schema.Field{Name: "data", Type: schema.AnyType},
	schema.Field{Name: "id", Type: schema.StringType},
)

var streamedShape = schema.NewShape(streamedType.FieldNames()...)

// streamed reads a stream of events as a browser does (WHATWG HTML, 9.2.6).
func streamed(text string) []any {
	list := []any{}
	var name, id string
	var data []string
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	for line := range strings.SplitSeq(text, "\n") {
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "":
			if data != nil {
				list = append(list, streamedShape.New([]any{orNull(name), decoded(strings.Join(data, "\n")), id}))
			}
			name, data = "", nil
		case field == "event":
			name = value
		case field == "data":
			data = append(data, value)
		case field == "id" && !strings.Contains(value, "\x00"):
			id = value
		}
	}
	return list
}

// expectedEvent is an event that a step must have published.
type expectedEvent struct {
	at     source.Span
	fields []patternField
}

// events compiles the events that a step must have published.
func (s *scene) events(list []*document.ExpectedEvent) []*expectedEvent {
	var all []*expectedEvent
	for _, d := range list {
		e := &expectedEvent{at: d.At}
		for _, f := range d.Fields {
			declared, _ := publishedType.Field(f.Key.Value)
			if p := s.pattern(f.Value, declared.Type, f.Key.Value); p != nil {
				e.fields = append(e.fields, patternField{f.Key.Value, p})
			}
		}
		all = append(all, e)
	}
	return all
}

// compareEvents holds the events that a step published against those expected.
func (e *expect) compareEvents(m *matching, published []*schema.Object) {
	if !e.hasEvents {
		return
	}
	if len(published) != len(e.events) {
		var got []string
		for _, o := range published {
			got = append(got, clipped(string(schema.AppendJSON(nil, o))))
		}
		m.list = append(m.list, Mismatch{e.eventsAt, "events", countedEvents(len(e.events)), countedEvents(len(published)) + indented(got)})
		return
	}
	for i, want := range e.events {
		for _, f := range want.fields {
			v, _ := published[i].Lookup(f.name)
			m.match(f.pattern, fmt.Sprintf("events[%d].%s", i, f.name), v)
		}
	}
}

func countedEvents(n int) string {
	switch n {
	case 0:
		return "no event"
	case 1:
		return "1 event"
	}
	return fmt.Sprintf("%d events", n)
}
