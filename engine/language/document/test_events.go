package document

import (
	"cloudlet/engine/language/source"
)

// ExpectedEvent is an event that a step must have published. What an author left out is
// not compared.
type ExpectedEvent struct {
	At     source.Span
	Fields []Entry // what is compared: topic, event, data, roles, users
}

// expectedEvents reads a list of events.
func (r reader) expectedEvents(n *Node) []*ExpectedEvent {
	list := []*ExpectedEvent{}
	for _, item := range r.list(n, "a list of events, each {topic, data, …}") {
		if r.keyed(item, "an event: topic, data, …") == nil {
			continue
		}
		e := &ExpectedEvent{At: mark(item)}
		r.mapping(item, r.eventKeys(e), nil)
		list = append(list, e)
	}
	return list
}

// eventKeys are the keys of an expected event.
func (r reader) eventKeys(e *ExpectedEvent) []key {
	compared := func(name, doc string) key {
		return key{name, doc, Shape{Kind: PatternShape}, func(key, v *Node) { e.Fields = append(e.Fields, Entry{Key: key, Value: v}) }}
	}
	return []key{
		compared("topic", "The topic."),
		compared("event", "The name of the event; null is one without."),
		compared("data", "What was published: fields that are named are compared."),
		compared("roles", "The roles that it is for; null is one that says none."),
		compared("users", "The users that it is for; null is one that says none."),
	}
}
