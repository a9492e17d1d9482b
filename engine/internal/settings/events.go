package settings

import (
	"strconv"

	"cloudlet/engine/events"
)

func eventsKeys() []key {
	bound := func(name, doc string, standard, most int, at func(*Settings) *int) key {
		return key{name: name, doc: doc, shape: countShape, standard: fixed(strconv.Itoa(standard)), single: count(at, 1, most)}
	}
	return []key{
		bound("subscribers", "How many streams of events are read at once; further ones get 503.", events.DefaultLimits.Subscribers, events.MaxSubscribers,
			func(s *Settings) *int { return &s.Events.Subscribers }),
		bound("per_client", "How many of them one user may read, or one address where nobody is known; further ones get 429.", events.DefaultLimits.PerClient, events.MaxSubscribers,
			func(s *Settings) *int { return &s.Events.PerClient }),
	}
}
