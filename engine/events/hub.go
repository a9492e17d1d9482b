package events

import (
	"container/list"
	"slices"
	"strings"
	"sync"
	"time"

	"cloudlet/engine/database"
)

// Options say how a hub runs. The zero value serves.
type Options struct {
	Clock func() time.Time // nil: time.Now
	// Published is told of every event, in their order. It must be quick, and must not
	// call the hub.
	Published func(Message)
	// Rehearsal has every subscription begin with whatever is kept and end after it: for
	// tests, which do not wait for what comes.
	Rehearsal bool
}

// Hub keeps topics, their newest events and their subscribers. It is safe for use by several
// goroutines at once, and has none of its own.
type Hub struct {
	o Options

	// handing is held by whoever hands events on, one after the other. It is taken ahead of mu.
	handing sync.Mutex

	mu          sync.Mutex
	pending     []*event // placed in their topics, and not yet handed on
	limits      Limits
	topics      map[string]*topic
	idle        *list.List // of topics without subscribers, the one that was used last at the end
	kept        *list.List // of the events of all topics, the oldest first
	bytes       int        // of kept
	clients     map[string]int
	subscribers int
	closed      bool
	stats       Stats
}

// Stats count what a hub has done and does.
type Stats struct {
	Subscribers, Topics, Kept, KeptBytes int // now
	Published, Delivered, Dropped        uint64
}

// New is a hub without topics.
func New(o Options) *Hub {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	return &Hub{o: o, limits: DefaultLimits, topics: map[string]*topic{}, idle: list.New(), kept: list.New(), clients: map[string]int{}}
}

// Limit sets how many may subscribe from now on. Nobody who has is dropped.
func (h *Hub) Limit(l Limits) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.limits = Limits{min(l.Subscribers, MaxSubscribers), l.PerClient}
}

// Stats tells what the hub does.
func (h *Hub) Stats() Stats {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.stats
	s.Subscribers, s.Topics, s.Kept, s.KeptBytes = h.subscribers, len(h.topics), h.kept.Len(), h.bytes
	return s
}

// Close ends every subscription and takes no more. What is published afterwards is dropped.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	h.closed = true
	for _, t := range h.topics {
		for _, s := range t.subscribers {
			s.end(EndShutdown)
		}
	}
}

// Publish hands an event to the subscribers of its topic. In a transaction that happens
// when it commits, ahead of any later one: the events of a topic are in the order of the commits.
// It fails with ErrInvalidTopic, ErrInvalidEvent or ErrTooLarge.
func (h *Hub) Publish(tx *database.Tx, m Message) error {
	if err := m.check(); err != nil {
		return err
	}
	if tx != nil {
		tx.OnCommit(func() { h.place(m) })
		tx.AfterCommit(h.handOn)
		return nil
	}
	h.place(m)
	h.handOn()
	return nil
}

// place gives an event its place in the topic. It takes the same short time however many
// read the topic: the writer of a database waits for it.
func (h *Hub) place(m Message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	now := h.o.Clock()
	h.forget(now)
	t := h.topic(m.Topic, now)
	t.last++
	e := &event{topic: t, number: t.last, at: now, Message: m.detached(t)}
	e.frame, e.Data = m.frame(t.id(t.last)), nil
	e.place = h.kept.PushBack(e)
	t.kept, t.bytes, h.bytes = append(t.kept, e), t.bytes+e.size(), h.bytes+e.size()
	for len(t.kept) > keptEvents || t.bytes > keptBytes {
		h.drop(t.kept[0])
	}
	for h.bytes > keptTotal {
		h.drop(h.kept.Front().Value.(*event))
	}
	h.stats.Published++
	if h.o.Published != nil {
		h.o.Published(m)
	}
	if len(t.subscribers) > 0 {
		h.pending = append(h.pending, e)
	}
}

// handOn queues what is pending for each of its subscribers, in order.
func (h *Hub) handOn() {
	h.handing.Lock()
	defer h.handing.Unlock()
	var delivered, dropped uint64
	for {
		h.mu.Lock()
		h.stats.Delivered, h.stats.Dropped = h.stats.Delivered+delivered, h.stats.Dropped+dropped
		if len(h.pending) == 0 {
			h.pending = nil
			h.mu.Unlock()
			return
		}
		e := h.pending[0]
		h.pending = h.pending[1:]
		readers := slices.Clone(e.topic.subscribers) // so that nobody waits for mu while they are roused
		h.mu.Unlock()
		delivered, dropped = 0, 0
		for _, s := range readers {
			switch s.offer(e) {
			case queued:
				delivered++
			case overflowed:
				dropped++
			}
		}
	}
}

// topic is the topic of a name, made where there is none, and used now.
func (h *Hub) topic(name string, now time.Time) *topic {
	t := h.topics[name]
	if t == nil {
		if len(h.topics) >= maxTopics {
			h.remove(h.idle.Front().Value.(*topic))
		}
		t = newTopic(strings.Clone(name)) // it may be a piece of a large text, as of a request
		t.idle = h.idle.PushBack(t)
		h.topics[t.name] = t
	}
	t.used = now
	if t.idle != nil {
		h.idle.MoveToBack(t.idle)
	}
	return t
}

// forget lets go of events that are too old, and of topics that nobody has used for as long.
func (h *Hub) forget(now time.Time) {
	before := now.Add(-keptFor)
	for first := h.kept.Front(); first != nil && first.Value.(*event).at.Before(before); first = h.kept.Front() {
		h.drop(first.Value.(*event))
	}
	for first := h.idle.Front(); first != nil && first.Value.(*topic).used.Before(before); first = h.idle.Front() {
		h.remove(first.Value.(*topic))
	}
}

// drop lets go of an event, the oldest of its topic.
func (h *Hub) drop(e *event) {
	t := e.topic
	t.kept[0] = nil
	t.kept, t.lost = t.kept[1:], e.number
	t.bytes, h.bytes = t.bytes-e.size(), h.bytes-e.size()
	h.kept.Remove(e.place)
}

// remove lets go of a topic without subscribers.
func (h *Hub) remove(t *topic) {
	for len(t.kept) > 0 {
		h.drop(t.kept[0])
	}
	h.idle.Remove(t.idle)
	delete(h.topics, t.name)
}
