// Package limit counts requests: how many of a kind may come within a span of time.
//
// The rule is GCRA, the generic cell rate algorithm (ITU-T I.371, annex A), which keeps
// one number a key: the time at which all that came would have been earned at an even
// pace. So many requests as the limit may come at once, and then one each limit-th part of
// the span; no window ends at which everybody comes again.
package limit

import (
	"hash/maphash"
	"sync"
	"time"
)

// Rule is how many requests may come within a span of time.
type Rule struct {
	Limit int // at least 1
	Per   time.Duration
}

// State is what a request learns of its limit.
type State struct {
	Refused   bool
	Remaining int           // how many more may come now
	Wait      time.Duration // how long until one may come, where it was refused
	Reset     time.Duration // how long until all may come again
}

const (
	shards = 64
	// room is how many keys are kept in each shard, about 40 bytes a key.
	room = 8192
	// sample is how many keys are looked at to find the one that makes room.
	sample = 16
)

// Counter counts by keys, in memory. It is safe for use by several goroutines at once.
// The zero value is not ready: use New.
type Counter struct {
	seeds  [2]maphash.Seed
	began  time.Time
	room   int // keys in each shard
	shards [shards]shard
}

// key is a hash of what is counted: no address and no name is kept.
type key [2]uint64

type shard struct {
	mu sync.Mutex
	// due is when all that came is earned, in nanoseconds since the counter began. One that
	// has passed says nothing, as if the key were not there.
	due map[key]int64
}

// New is a counter of nothing.
func New() *Counter {
	return newCounter(room)
}

func newCounter(room int) *Counter {
	c := &Counter{room: room, seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, began: time.Now()}
	for i := range c.shards {
		c.shards[i].due = map[key]int64{}
	}
	return c
}

// Take counts a request of subject under a rule that holds for what. Each pair of the two, and
// each rule, has a count of its own. A request that is refused does not count.
func (c *Counter) Take(what, subject string, r Rule, now time.Time) State {
	k := c.key(what, subject, r)
	at := now.Sub(c.began).Nanoseconds()
	s := &c.shards[k[0]%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	due, known := s.due[k]
	if !known || due < at {
		due = at
	}
	if due > at+int64(r.Per) {
		due = at + int64(r.Per) // the clock was set back: nobody waits longer than a span
	}
	cost := int64(r.Per) / int64(r.Limit)
	next := due + cost
	if over := next - at - int64(r.Per); over > 0 {
		return State{Refused: true, Wait: time.Duration(over), Reset: time.Duration(due - at)}
	}
	if !known && len(s.due) >= c.room {
		s.makeRoom(at)
	}
	s.due[k] = next
	return State{Remaining: int((int64(r.Per) - (next - at)) / cost), Reset: time.Duration(next - at)}
}

func (c *Counter) key(what, subject string, r Rule) key {
	var k key
	for i := range k {
		var h maphash.Hash
		h.SetSeed(c.seeds[i])
		h.WriteString(what)
		h.WriteByte(0)
		maphash.WriteComparable(&h, r)
		h.WriteString(subject)
		k[i] = h.Sum64()
	}
	return k
}

// makeRoom forgets the key, of some that chance gives, which has the least to wait for. So
// whoever comes under ever new names pushes out those, and not who is over a limit.
func (s *shard) makeRoom(at int64) {
	var least key
	var due int64
	n := 0
	for k, d := range s.due { // in an order of chance
		if n == 0 || d < due {
			least, due = k, d
		}
		if d <= at {
			delete(s.due, k)
		}
		if n++; n == sample {
			break
		}
	}
	delete(s.due, least)
}
