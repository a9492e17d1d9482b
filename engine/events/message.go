package events

import (
	"bytes"
	"container/list"
	"slices"
	"strings"
	"time"

	"cloudlet/engine/identity"
)

// Message is what is published.
type Message struct {
	Topic string
	Name  string // of the event; "" is a message without one
	Data  []byte // at most MaxSize bytes; JSON, as authors publish it
	// Bound says that only those users get it who are named, or have one of the roles.
	Bound        bool
	Roles, Users []string
}

func (m *Message) check() error {
	if reason := CheckTopic(m.Topic); reason != "" {
		return ErrInvalidTopic.Because("%s", reason)
	}
	if reason := CheckName(m.Name); reason != "" {
		return ErrInvalidEvent.Because("%s", reason)
	}
	switch {
	case len(m.Data) > MaxSize:
		return ErrTooLarge.Because("the data have %d bytes, and may have %d", len(m.Data), MaxSize)
	case len(m.Roles)+len(m.Users) > MaxReaders:
		return ErrTooLarge.Because("it is for more than %d roles and users", MaxReaders)
	}
	return nil
}

// reaches reports whether a caller may have the message; nil is nobody. The role root
// passes where roles are asked for, and reads nobody else's messages.
func (m *Message) reaches(c *identity.Caller) bool {
	if !m.Bound {
		return true
	}
	return slices.ContainsFunc(m.Users, c.Is) || len(m.Roles) > 0 && c.HasRole(m.Roles...)
}

// detached is the message for a topic to keep: its texts may be pieces of large ones.
func (m Message) detached(t *topic) Message {
	m.Topic, m.Name = t.name, strings.Clone(m.Name)
	m.Roles, m.Users = detached(m.Roles), detached(m.Users)
	return m
}

func detached(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	copied := make([]string, len(list))
	for i, text := range list {
		copied[i] = strings.Clone(text)
	}
	return copied
}

// frame is the message as a stream holds it. A line break in the data, of whichever
// kind, begins another data line, so that nothing in them can look like a field.
func (m *Message) frame(id string) []byte {
	b := make([]byte, 0, len("id: \nevent: \ndata: \n\n")+len(id)+len(m.Name)+len(m.Data))
	b = append(b, "id: "...)
	b = append(b, id...)
	if m.Name != "" {
		b = append(b, "\nevent: "...)
		b = append(b, m.Name...)
	}
	data := m.Data
	for more := true; more; {
		line := data
		if at := bytes.IndexAny(data, "\r\n"); at >= 0 {
			next := at + 1
			if data[at] == '\r' && next < len(data) && data[next] == '\n' {
				next++
			}
			line, data = data[:at], data[next:]
		} else {
			more = false
		}
		b = append(b, "\ndata: "...)
		b = append(b, line...)
	}
	return append(b, "\n\n"...)
}

// event is a message at its place in a topic, its data in the frame alone.
type event struct {
	Message
	topic  *topic
	number uint64
	at     time.Time
	frame  []byte
	place  *list.Element // among the events of all topics
}

// overhead is about what an event takes besides its frame and its readers, in bytes.
const overhead = 320

// size is about how many bytes the event takes in memory.
func (e *event) size() int {
	n := overhead + len(e.frame)
	for _, list := range [][]string{e.Roles, e.Users} {
		for _, text := range list {
			n += len(text) + 16
		}
	}
	return n
}
