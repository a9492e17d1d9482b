package events

import (
	"container/list"
	"crypto/rand"
	"strconv"
	"strings"
	"time"
)

// topic is a name that events are published under. Its events are numbered from 1.
type topic struct {
	name string
	// epoch tells this topic from one of the same name before it, be it before a restart:
	// the numbers began anew with it.
	epoch       string
	last        uint64   // the number of the newest event
	lost        uint64   // that of the newest one that is not kept any more
	kept        []*event // those between, the oldest first
	bytes       int      // of kept
	used        time.Time
	subscribers []*Subscription // each knows its index
	idle        *list.Element   // its place among those without subscribers; nil: it has some
}

func newTopic(name string) *topic {
	return &topic{name: name, epoch: rand.Text()[:epochSize]}
}

const epochSize = 12 // letters of base 32: 60 bits

// id is the id of the event of a number, and of the place behind it.
func (t *topic) id(number uint64) string {
	return t.epoch + "-" + strconv.FormatUint(number, 10)
}

// after gives the events behind the one with an id. It is false where some of them may
// be lost, or the id is none of the topic's.
func (t *topic) after(id string) ([]*event, bool) {
	epoch, text, _ := strings.Cut(id, "-")
	number, err := strconv.ParseUint(text, 10, 64)
	if err != nil || epoch != t.epoch || number < t.lost || number > t.last {
		return nil, false
	}
	return t.kept[number-t.lost:], true
}
