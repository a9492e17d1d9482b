package events

import (
	"slices"
	"sync"

	"cloudlet/engine/identity"
)

// End is why a subscription ended.
type End string

// The ends that a hub knows of.
const (
	EndTooSlow   End = "too_slow"      // more waited than a subscriber may leave waiting
	EndShutdown  End = "shutting_down" // the hub was closed
	EndRehearsed End = "rehearsed"     // the hub only rehearses, and all that there was is handed out
)

// Request is a wish to subscribe.
type Request struct {
	Topic  string
	LastID string           // the id of the event that the subscriber had last; "" begins with what comes
	Caller *identity.Caller // whose bound messages it gets; nil is nobody
	Client string           // who is counted: a user, or an address
}

// Subscription is one subscriber of a topic. One goroutine reads it, and closes it in the end.
type Subscription struct {
	hub    *Hub
	topic  *topic
	client string
	index  int // among those of the topic
	// Reset says that the subscriber may have missed events, and begins with what comes.
	Reset bool
	// Start is the id of the place in the topic where the subscription began.
	Start string

	wake chan struct{}

	mu      sync.Mutex
	caller  *identity.Caller
	backlog []*event // from before it began
	queue   []*event
	bytes   int // of queue
	seen    uint64
	why     End
	closed  bool
}

// Subscribe begins a subscription; close it. It fails with ErrInvalidTopic, ErrTooMany,
// ErrFull or ErrClosed.
func (h *Hub) Subscribe(r Request) (*Subscription, error) {
	if reason := CheckTopic(r.Topic); reason != "" {
		return nil, ErrInvalidTopic.Because("%s", reason)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.closed:
		return nil, ErrClosed
	case h.clients[r.Client] >= h.limits.PerClient:
		return nil, ErrTooMany.Because("%d subscriptions of one client", h.limits.PerClient)
	case h.subscribers >= h.limits.Subscribers:
		return nil, ErrFull.Because("%d subscribers", h.limits.Subscribers)
	}
	now := h.o.Clock()
	h.forget(now)
	t := h.topic(r.Topic, now)
	s := &Subscription{hub: h, topic: t, client: r.Client, caller: r.Caller, seen: t.last, wake: make(chan struct{}, 1)}
	s.begin(t, r.LastID)
	if t.idle != nil {
		h.idle.Remove(t.idle)
		t.idle = nil
	}
	s.index, t.subscribers = len(t.subscribers), append(t.subscribers, s)
	h.subscribers++
	h.clients[r.Client]++
	return s, nil
}

// begin finds where the subscription goes on.
func (s *Subscription) begin(t *topic, lastID string) {
	s.Start = t.id(t.last)
	missed, known := t.kept, true
	switch {
	case s.hub.o.Rehearsal:
		s.why = EndRehearsed
	case lastID == "":
		missed = nil
	default:
		missed, known = t.after(lastID)
	}
	s.Reset = !known
	if len(missed) > 0 {
		s.Start = t.id(missed[0].number - 1)
		s.backlog = slices.Clone(missed)
	}
	if len(missed) > 0 || s.why != "" {
		s.wake <- struct{}{}
	}
}

// Ready gets a value when there is something to take.
func (s *Subscription) Ready() <-chan struct{} { return s.wake }

// Admit says as whom the subscriber reads from now on.
func (s *Subscription) Admit(c *identity.Caller) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.caller = c
}

// Batch is what a subscriber takes at once.
type Batch struct {
	Frames [][]byte // events as the stream holds them; shared, not to be changed
	// ID is that of the place behind them: nothing ahead of it is left to take. It is ""
	// where events were dropped.
	ID string
	// Last is the id of the last of the frames; "" without any.
	Last string
	// End is why nothing follows the frames; "" where something may.
	End End
}

// Take gives what has come for the subscriber since it last took something.
func (s *Subscription) Take() Batch {
	s.mu.Lock()
	list := s.queue
	if len(s.backlog) > 0 {
		list = append(s.backlog, s.queue...)
	}
	s.backlog, s.queue, s.bytes = nil, nil, 0
	caller, seen, why := s.caller, s.seen, s.why
	s.mu.Unlock()
	b := Batch{End: why}
	if why != EndTooSlow {
		b.ID = s.topic.id(seen)
	}
	var last *event
	for _, e := range list {
		if e.reaches(caller) { // who has lost a role meanwhile does not get what was for it
			b.Frames, last = append(b.Frames, e.frame), e
		}
	}
	if last != nil {
		b.Last = last.topic.id(last.number)
	}
	return b
}

// offered is what became of an event that was offered.
type offered uint8

const (
	passed offered = iota // it is not for the subscriber, or not any more, or it has it
	queued
	overflowed
)

// offer queues an event where it is for the subscriber.
func (s *Subscription) offer(e *event) offered {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.why != "" || s.closed || e.number <= s.seen { // what was pending when it came, it found among what is kept
		return passed
	}
	s.seen = e.number
	if !e.reaches(s.caller) {
		return passed
	}
	if len(s.queue) >= queueEvents || s.bytes+len(e.frame) > queueBytes {
		s.backlog, s.queue, s.bytes = nil, nil, 0
		s.stop(EndTooSlow)
		return overflowed
	}
	s.queue, s.bytes = append(s.queue, e), s.bytes+len(e.frame)
	s.rouse()
	return queued
}

// end ends the subscription from the hub's side.
func (s *Subscription) end(why End) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop(why)
}

func (s *Subscription) stop(why End) {
	if s.why == "" {
		s.why = why
	}
	s.rouse()
}

func (s *Subscription) rouse() {
	select {
	case s.wake <- struct{}{}:
	default: // it was roused already
	}
}

// Close ends the subscription. A second call does nothing.
func (s *Subscription) Close() {
	h := s.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	if s.closed {
		return
	}
	s.mu.Lock()
	s.closed = true
	s.backlog, s.queue = nil, nil
	s.mu.Unlock()
	t := s.topic
	last := len(t.subscribers) - 1
	t.subscribers[s.index] = t.subscribers[last]
	t.subscribers[s.index].index = s.index
	t.subscribers[last] = nil
	if t.subscribers = t.subscribers[:last]; last == 0 {
		t.used = h.o.Clock()
		t.idle = h.idle.PushBack(t)
	}
	h.subscribers--
	if h.clients[s.client]--; h.clients[s.client] == 0 {
		delete(h.clients, s.client)
	}
}
