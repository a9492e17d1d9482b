package events

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"cloudlet/engine/identity"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func publish(t *testing.T, h *Hub, topic, data string) {
	t.Helper()
	if err := h.Publish(nil, Message{Topic: topic, Data: []byte(data)}); err != nil {
		t.Fatal(err)
	}
}

func subscribe(t *testing.T, h *Hub, r Request) *Subscription {
	t.Helper()
	s, err := h.Subscribe(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// data are the data lines of a batch.
func data(b Batch) string {
	var list []string
	for _, f := range b.Frames {
		for line := range strings.Lines(string(f)) {
			if d, ok := strings.CutPrefix(line, "data: "); ok {
				list = append(list, strings.TrimSuffix(d, "\n"))
			}
		}
	}
	return strings.Join(list, " ")
}

func TestResume(t *testing.T) {
	t.Parallel()
	h := New(Options{})
	s := subscribe(t, h, Request{Topic: "a", Client: "x"})
	start := s.Start
	publish(t, h, "a", "1")
	publish(t, h, "b", "other")
	publish(t, h, "a", "2")
	first := s.Take()
	if data(first) != "1 2" || first.ID != first.Last || first.End != "" {
		t.Errorf("took %+v", first)
	}
	for _, c := range []struct {
		id, want string
		reset    bool
	}{{start, "1 2", false}, {first.ID, "", false}, {"", "", false}, {first.ID + "0", "", true}, {"x-1", "", true},
		{strings.Split(start, "-")[0] + "--1", "", true}, {strings.Split(start, "-")[0], "", true}, {"\x00\n", "", true}} {
		again := subscribe(t, h, Request{Topic: "a", LastID: c.id, Client: "x"})
		if got := data(again.Take()); got != c.want || again.Reset != c.reset {
			t.Errorf("after %q come %q, reset %v", c.id, got, again.Reset)
		}
	}
	if other := subscribe(t, New(Options{}), Request{Topic: "a", LastID: start}); !other.Reset {
		t.Error("a hub takes another's ids for its own")
	}
}

// TestHistoryIsBounded by count, bytes and age, in each topic and in all.
func TestHistoryIsBounded(t *testing.T) {
	t.Parallel()
	now := time.Now()
	h := New(Options{Clock: func() time.Time { return now }})
	at := subscribe(t, h, Request{Topic: "a"}).Start
	for range keptEvents + 1 {
		publish(t, h, "a", "1")
	}
	if s := subscribe(t, h, Request{Topic: "a", LastID: at}); !s.Reset || len(s.Take().Frames) != 0 {
		t.Error("an event was lost and nobody said so")
	}
	large := strings.Repeat("x", MaxSize)
	for range 100 {
		publish(t, h, "a", large)
	}
	if s := h.Stats(); s.KeptBytes > keptBytes {
		t.Errorf("one topic keeps %d bytes", s.KeptBytes)
	}
	for i := range 2000 {
		publish(t, h, fmt.Sprint("b", i), large)
	}
	s := h.Stats()
	if s.KeptBytes > keptTotal || s.KeptBytes < keptTotal/2 || h.bytes != sum(h) {
		t.Errorf("all topics keep %d bytes of %d", s.KeptBytes, sum(h))
	}
	now = now.Add(keptFor + time.Second)
	publish(t, h, "c", "1")
	if s := h.Stats(); s.Kept != 1 || s.Topics != 2 { // and the one with subscribers
		t.Errorf("after ten minutes: %+v", s)
	}
}

func sum(h *Hub) (n int) {
	for _, t := range h.topics {
		for _, e := range t.kept {
			n += e.size()
		}
	}
	return n
}

func TestTopicsAreBounded(t *testing.T) {
	t.Parallel()
	h := New(Options{})
	s := subscribe(t, h, Request{Topic: "0"})
	for i := range maxTopics + 100 {
		publish(t, h, fmt.Sprint(i), "1")
	}
	if got := h.Stats(); got.Topics != maxTopics || data(s.Take()) != "1" {
		t.Errorf("%+v", got)
	}
}

func TestSubscribersAreBounded(t *testing.T) {
	t.Parallel()
	h := New(Options{})
	h.Limit(Limits{Subscribers: 3, PerClient: 2})
	a := subscribe(t, h, Request{Topic: "a", Client: "x"})
	subscribe(t, h, Request{Topic: "b", Client: "x"})
	if _, err := h.Subscribe(Request{Topic: "c", Client: "x"}); !errors.Is(err, ErrTooMany) {
		t.Error(err)
	}
	subscribe(t, h, Request{Topic: "a", Client: "y"})
	if _, err := h.Subscribe(Request{Topic: "a", Client: "z"}); !errors.Is(err, ErrFull) {
		t.Error(err)
	}
	a.Close()
	a.Close()
	subscribe(t, h, Request{Topic: "a", Client: "z"})
	if s := h.Stats(); s.Subscribers != 3 {
		t.Errorf("%+v", s)
	}
	for range 10_000 { // one that comes back again and again leaves nothing
		s, err := New(Options{}).Subscribe(Request{Topic: "a", LastID: "x-1", Client: "w"})
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		if len(s.hub.clients) != 0 {
			t.Fatal("the client is still counted")
		}
	}
}

// TestSlowReaderIsDropped, and nobody else.
func TestSlowReaderIsDropped(t *testing.T) {
	t.Parallel()
	for name, event := range map[string]string{"many": "1", "large": strings.Repeat("x", MaxSize)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := New(Options{})
			slow, quick := subscribe(t, h, Request{Topic: "a"}), subscribe(t, h, Request{Topic: "a"})
			got := 0
			for range queueEvents + 1 {
				publish(t, h, "a", event)
				got += len(quick.Take().Frames)
			}
			if got != queueEvents+1 {
				t.Errorf("the quick one got %d", got)
			}
			if b := slow.Take(); b.End != EndTooSlow || b.ID != "" || len(b.Frames) != 0 {
				t.Errorf("the slow one got %d frames, end %q", len(b.Frames), b.End)
			}
			if h.Stats().Dropped != 1 {
				t.Errorf("%+v", h.Stats())
			}
		})
	}
}

func TestBoundMessages(t *testing.T) {
	t.Parallel()
	h := New(Options{})
	as := map[string]*Subscription{}
	for name, roles := range map[string][]string{"alice": {"guest"}, "bob": {"editor"}, "root": {"root"}} {
		as[name] = subscribe(t, h, Request{Topic: "a", Caller: identity.NewCaller(name, roles, nil)})
	}
	as["nobody"] = subscribe(t, h, Request{Topic: "a"})
	for _, m := range []Message{{Data: []byte("all")}, {Bound: true, Data: []byte("none")}, {Bound: true, Users: []string{"Alice"}, Data: []byte("alice")},
		{Bound: true, Roles: []string{"editor"}, Data: []byte("editors")}, {Bound: true, Users: []string{"alice"}, Roles: []string{"editor"}, Data: []byte("both")}} {
		m.Topic = "a"
		if err := h.Publish(nil, m); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{"alice": "all alice both", "bob": "all editors both", "root": "all editors both", "nobody": "all"} {
		b := as[name].Take()
		if data(b) != want || !strings.HasSuffix(b.ID, "-5") {
			t.Errorf("%s got %q and is at %s, want %q", name, data(b), b.ID, want)
		}
	}
	publish(t, h, "a", "later")
	if err := h.Publish(nil, Message{Topic: "a", Bound: true, Roles: []string{"editor"}, Data: []byte("editors")}); err != nil {
		t.Fatal(err)
	}
	as["bob"].Admit(identity.NewCaller("bob", nil, nil)) // what waits for a role that is gone is not handed out
	if got := data(as["bob"].Take()); got != "later" {
		t.Errorf("without the role bob got %q", got)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for name, good := range map[string]bool{"films": true, "orders/7": true, "orders/a%2Fb": true, "größe/東京": true, "": false, "/": false, "a//b": false, "/a": false, "a/": false,
		"a b": false, "a\nid: 1": false, "a\x00": false, "a\u2028b": false, "\xff": false, strings.Repeat("a", MaxTopic): true, strings.Repeat("a", MaxTopic+1): false} {
		if (CheckTopic(name) == "") != good {
			t.Errorf("topic %q: %s", name, CheckTopic(name))
		}
	}
	for name, good := range map[string]bool{"": true, "added": true, "film.added": true, "a\nid: 1": false, "a\r": false, "a b": false, "reset": false, "end": false, "error": false, "open": false} {
		if (CheckName(name) == "") != good {
			t.Errorf("event %q: %s", name, CheckName(name))
		}
	}
	h := New(Options{})
	for _, c := range []struct {
		m    Message
		want error
	}{{Message{}, ErrInvalidTopic}, {Message{Topic: "a", Name: "a\n"}, ErrInvalidEvent}, {Message{Topic: "a", Data: make([]byte, MaxSize+1)}, ErrTooLarge},
		{Message{Topic: "a", Bound: true, Users: make([]string, MaxReaders+1)}, ErrTooLarge}} {
		if err := h.Publish(nil, c.m); !errors.Is(err, c.want) {
			t.Errorf("%v, want %v", err, c.want)
		}
	}
	if _, err := h.Subscribe(Request{Topic: " "}); !errors.Is(err, ErrInvalidTopic) {
		t.Error(err)
	}
}

// TestAtOnce publishes, subscribes and ends from many goroutines; each reader gets what it gets in order.
func TestAtOnce(t *testing.T) {
	t.Parallel()
	h := New(Options{})
	var readers, writers sync.WaitGroup
	for range 50 {
		s := subscribe(t, h, Request{Topic: "a"})
		readers.Go(func() {
			defer s.Close()
			last := 0
			for range s.Ready() {
				b := s.Take()
				for _, f := range b.Frames {
					var n int
					if _, err := fmt.Sscanf(string(f[bytes.IndexByte(f, '-')+1:]), "%d", &n); err != nil || n != last+1 {
						t.Errorf("%d after %d, %v", n, last, err)
					}
					last = n
				}
				if b.End != "" {
					return
				}
			}
		})
	}
	for i := range 10 {
		writers.Go(func() {
			for j := range 50 {
				publish(t, h, "a", fmt.Sprint(i, j))
				s, err := h.Subscribe(Request{Topic: fmt.Sprint("b", j), Client: fmt.Sprint(i)})
				if err != nil {
					t.Error(err)
					return
				}
				s.Close()
			}
		})
	}
	writers.Wait()
	h.Close()
	readers.Wait()
	if err := h.Publish(nil, Message{Topic: "a"}); err != nil {
		t.Error(err)
	}
	if _, err := h.Subscribe(Request{Topic: "a"}); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

// FuzzFrame: whatever is published, a reader finds these data, this id, and no other field.
func FuzzFrame(f *testing.F) {
	for _, seed := range []string{"", "1", "a\nb", "a\r\nid: 7", "a\rdata: b\r", "\n\n", "\r\n\r\n", "event: x"} {
		f.Add("added", seed)
	}
	f.Fuzz(func(t *testing.T, name, text string) {
		if CheckName(name) != "" {
			return
		}
		m := Message{Name: name, Data: []byte(text)}
		frame := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(m.frame("e-1")))
		var lines []string
		for line := range strings.SplitSeq(strings.TrimSuffix(frame, "\n\n"), "\n") {
			field, value, ok := strings.Cut(line, ": ")
			switch {
			case field == "id" && value == "e-1", field == "event" && value == name && name != "":
			case ok && field == "data":
				lines = append(lines, value)
			default:
				t.Fatalf("the line %q", line)
			}
		}
		if want := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text); strings.Join(lines, "\n") != want {
			t.Errorf("%q became %q", want, lines)
		}
	})
}

// FuzzLastID: whatever a client says it had last, it gets events of the topic that it cannot
// have had, or is told that it may have missed some.
func FuzzLastID(f *testing.F) {
	h := New(Options{})
	for range 5 {
		if err := h.Publish(nil, Message{Topic: "a", Data: []byte("1")}); err != nil {
			f.Fatal(err)
		}
	}
	epoch := h.topics["a"].epoch
	for _, id := range []string{"", "0", "-0", "-3", "-5", "-6", "-+1", "-01", "-18446744073709551615", "-18446744073709551616", "--1", "-1-1", "\x00"} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		s, err := h.Subscribe(Request{Topic: "a", LastID: epoch + id})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		var n uint64
		_, err = fmt.Sscanf(id, "-%d", &n)
		if got := len(s.Take().Frames); s.Reset && got != 0 || !s.Reset && (err != nil || got != 5-int(n)) {
			t.Errorf("behind %q come %d events, reset %v", id, got, s.Reset)
		}
	})
}

// TestPublishingToNobodyIsCheap: most topics have no reader at most times.
func TestPublishingToNobodyIsCheap(t *testing.T) {
	h := New(Options{})
	m := Message{Topic: "a", Data: []byte(`{"id":7}`)}
	if n := testing.AllocsPerRun(1000, func() {
		if h.Publish(nil, m) != nil {
			t.Error("not published")
		}
	}); n > 6 {
		t.Errorf("%v allocations", n)
	}
}
