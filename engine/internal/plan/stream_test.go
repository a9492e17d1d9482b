package plan

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cloudlet/engine/action"
	"cloudlet/engine/events"
)

// wire is a connection: what is written to it, and when.
type wire struct {
	header   http.Header
	status   int
	mu       sync.Mutex
	text     strings.Builder
	beats    []time.Time
	deadline time.Time
	stuck    bool          // nothing is read until the deadline
	resumed  chan struct{} // or until this is closed
}

func newWire() *wire { return &wire{header: http.Header{}, resumed: make(chan struct{})} }

func (w *wire) Header() http.Header                 { return w.header }
func (w *wire) WriteHeader(status int)              { w.status = status }
func (w *wire) Flush()                              {}
func (w *wire) SetReadDeadline(time.Time) error     { return nil }
func (w *wire) SetWriteDeadline(at time.Time) error { w.deadline = at; return nil }

func (w *wire) Write(p []byte) (int, error) {
	w.mu.Lock()
	stuck := w.stuck
	w.mu.Unlock()
	if stuck {
		select {
		case <-time.After(time.Until(w.deadline)):
			return 0, os.ErrDeadlineExceeded
		case <-w.resumed:
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if strings.HasPrefix(string(p), ":\n") {
		w.beats = append(w.beats, time.Now())
	}
	return w.text.Write(p)
}

func (w *wire) written() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// streamTo streams a topic of a hub to a wire; end is closed when it has ended.
func streamTo(t *testing.T, h *events.Hub, w http.ResponseWriter, r *http.Request, retired <-chan struct{}) (end chan struct{}) {
	t.Helper()
	x := &exchange{topic: "films"}
	x.Request, x.Services = r, &action.Services{Events: h}
	end = make(chan struct{})
	go func() {
		defer close(end)
		(&Handler{Retired: retired}).stream(w, &Verb{}, x)
	}()
	return end
}

func publish(t *testing.T, h *events.Hub, m events.Message) {
	t.Helper()
	m.Topic = "films"
	if err := h.Publish(nil, m); err != nil {
		t.Fatal(err)
	}
}

// TestStreamShowsSignsOfLife at random times, with the place that the reader has reached.
func TestStreamShowsSignsOfLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, w := events.New(events.Options{}), newWire()
		r := httptest.NewRequest("GET", "/", nil)
		end := streamTo(t, h, w, r, nil)
		synctest.Wait()
		began := time.Now()
		time.Sleep(time.Hour)
		last := began
		var gaps []time.Duration
		synctest.Wait()
		w.mu.Lock()
		beats := slices.Clone(w.beats)
		w.mu.Unlock()
		for _, at := range beats {
			gaps, last = append(gaps, at.Sub(last)), at
		}
		slices.Sort(gaps)
		if n := len(gaps); n < 140 || gaps[0] < shortestSilence || gaps[n-1] > longestSilence || gaps[0] == gaps[n-1] {
			t.Errorf("%d signs of life in an hour, from %v to %v", n, gaps[0], gaps[n-1])
		}
		publish(t, h, events.Message{Bound: true, Data: []byte("secret")})
		publish(t, h, events.Message{Data: []byte("1")})
		publish(t, h, events.Message{Bound: true, Data: []byte("secret")})
		time.Sleep(time.Minute)
		h.Close()
		<-end
		want := `^retry: [1-4]\d\d\d\nid: (\w+)-0\n\n(:\n\n){140,}id: \w+-2\ndata: 1\n\n:\nid: \w+-3\n\n(:\n\n)+id: \w+-3\nevent: end\ndata: {"reason":"shutting_down","detail":"[\w .]+"}\n\n$`
		if !regexp.MustCompile(want).MatchString(w.written()) {
			t.Errorf("written: %q", w.written())
		}
		if !w.deadline.IsZero() {
			t.Error("the connection keeps the stream's deadline")
		}
	})
}

// TestStreamsEndWithTheirGeneration within a moment, not in one instant, and losing nothing.
func TestStreamsEndWithTheirGeneration(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, retired := events.New(events.Options{}), make(chan struct{})
		h.Limit(events.Limits{Subscribers: 100, PerClient: 100})
		var wires []*wire
		var ends []time.Time
		var mu sync.Mutex
		var all sync.WaitGroup
		for range 50 {
			w := newWire()
			wires = append(wires, w)
			end := streamTo(t, h, w, httptest.NewRequest("GET", "/", nil), retired)
			all.Go(func() {
				<-end
				mu.Lock()
				defer mu.Unlock()
				ends = append(ends, time.Now())
			})
		}
		synctest.Wait()
		began := time.Now()
		close(retired)
		synctest.Wait()
		publish(t, h, events.Message{Data: []byte("late")})
		all.Wait()
		slices.SortFunc(ends, time.Time.Compare)
		if last := ends[49].Sub(began); last > longestFarewell || ends[49].Sub(ends[0]) < longestFarewell/4 {
			t.Errorf("the last ended after %v, the first %v before it", last, ends[49].Sub(ends[0]))
		}
		for _, w := range wires {
			if text := w.written(); !strings.Contains(text, "data: late\n") || !strings.Contains(text, "-1\nevent: end\ndata: {\"reason\":\"reloaded\"") {
				t.Fatalf("written: %q", text)
			}
		}
		if s := h.Stats(); s.Subscribers != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// TestStuckReader: one that reads nothing is gone when its time is over; one that reads again in
// time is told that it was dropped. Nobody who publishes waits for either.
func TestStuckReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := events.New(events.Options{})
		dead, late := newWire(), newWire()
		ends := []chan struct{}{streamTo(t, h, dead, httptest.NewRequest("GET", "/", nil), nil), streamTo(t, h, late, httptest.NewRequest("GET", "/", nil), nil)}
		synctest.Wait()
		for _, w := range []*wire{dead, late} {
			w.mu.Lock()
			w.stuck = true
			w.mu.Unlock()
		}
		start := time.Now()
		for range 2000 {
			publish(t, h, events.Message{Data: []byte("1")})
			synctest.Wait()
		}
		if d := time.Since(start); d > 0 {
			t.Errorf("publishing waited %v", d)
		}
		time.Sleep(time.Second)
		close(late.resumed)
		<-ends[1]
		if text := late.written(); !strings.HasSuffix(text, "event: end\ndata: {\"reason\":\"too_slow\",\"detail\":\"More events came than were read.\"}\n\n") {
			t.Errorf("written: %q", text[max(0, len(text)-200):])
		}
		<-ends[0]
		if d := time.Since(start); d < streamWriteTimeout || d > 2*streamWriteTimeout+time.Second || strings.Contains(dead.written(), "data") {
			t.Errorf("the one that reads nothing was there for %v", d)
		}
	})
}

// plainWriter cannot send on what is written to it.
type plainWriter struct{ http.ResponseWriter }

// broken is a connection that is gone.
type broken struct{ *wire }

func (broken) Write([]byte) (int, error) { return 0, errors.New("gone") }

func TestStreamNeedsAConnection(t *testing.T) {
	t.Parallel()
	h := events.New(events.Options{})
	old := httptest.NewRequest("GET", "/", nil)
	old.Proto, old.ProtoMajor, old.ProtoMinor = "HTTP/1.0", 1, 0
	w := httptest.NewRecorder()
	<-streamTo(t, h, w, old, nil)
	if w.Code != 406 || !strings.Contains(w.Body.String(), `"no_stream"`) {
		t.Errorf("over HTTP/1.0: %d %s", w.Code, w.Body)
	}
	w = httptest.NewRecorder()
	<-streamTo(t, h, plainWriter{w}, httptest.NewRequest("GET", "/", nil), nil)
	if w.Code != 406 {
		t.Errorf("without a way to send on: %d", w.Code)
	}
	<-streamTo(t, h, broken{newWire()}, httptest.NewRequest("GET", "/", nil), nil)
	if s := h.Stats(); s.Subscribers != 0 {
		t.Errorf("%+v", s)
	}
}
