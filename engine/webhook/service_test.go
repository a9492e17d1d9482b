package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"cloudlet/engine/database"
	"cloudlet/engine/failure"
	"cloudlet/engine/jobs"
	"cloudlet/engine/outgoing"
	"cloudlet/engine/secret"
)

// receiver is a service that gets webhooks.
type receiver struct {
	*httptest.Server
	mu   sync.Mutex
	got  []Delivery
	does func(w http.ResponseWriter, nth int)
}

func receive(t *testing.T, does func(w http.ResponseWriter, nth int)) *receiver {
	t.Helper()
	r := &receiver{does: does}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		r.mu.Lock()
		r.got = append(r.got, Delivery{Scheme: Standard, Header: q.Header, Body: body, Now: time.Now()})
		nth := len(r.got)
		r.mu.Unlock()
		if r.does != nil {
			r.does(w, nth)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) deliveries() []Delivery {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.got
}

// bench is a service on a queue in memory.
type bench struct {
	t *testing.T
	*Service
	db   *database.DB
	keys *secret.Keyring
}

func newBench(t *testing.T, allow ...string) *bench {
	t.Helper()
	db, err := database.Open(t.Context(), database.Config{Name: "main", URL: "sqlite::memory:"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Migrate(t.Context(), []database.Set{jobs.Migrations(), Migrations()}); err != nil {
		t.Fatal(err)
	}
	q, err := jobs.Open(db, jobs.Options{Dir: t.TempDir(), Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range allow {
		allow[i] = strings.TrimPrefix(a, "http://")
	}
	transport := outgoing.NewTransport(outgoing.Dialing{Allow: allow})
	b := &bench{t: t, db: db, keys: secret.NewKeyring()}
	b.Service = New(q, b.keys, Config{Client: outgoing.New(transport)})
	b.kind.Backoff = func(int) time.Duration { return 10 * time.Millisecond }
	q.Start(b.Kind())
	t.Cleanup(func() {
		if err := errors.Join(q.Close(), db.Close()); err != nil {
			t.Error(err)
		}
		transport.CloseIdleConnections()
	})
	return b
}

func (b *bench) message(address string) *Message {
	b.t.Helper()
	u, err := outgoing.ParseURL(address)
	if err != nil {
		b.t.Fatal(err)
	}
	return &Message{URL: u, Event: "film.created", Data: json.RawMessage(`{"id":7}`)}
}

func (b *bench) send(m *Message) {
	b.t.Helper()
	if err := b.Send(b.t.Context(), nil, m); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) listed() []Entry {
	b.t.Helper()
	list, err := b.List(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	return list
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within 15 seconds", what)
		}
	}
}

// TestSent: an event arrives once it is committed, as the specification has it.
func TestSent(t *testing.T) {
	t.Parallel()
	r := receive(t, nil)
	b := newBench(t, r.URL)
	no := errors.New("no")
	err := b.db.Write(t.Context(), func(tx *database.Tx) error {
		return errors.Join(b.Send(t.Context(), tx, b.message(r.URL+"/undone")), no)
	})
	if !errors.Is(err, no) {
		t.Fatal(err)
	}
	if err := b.db.Write(t.Context(), func(tx *database.Tx) error { return b.Send(t.Context(), tx, b.message(r.URL+"/a?b=c")) }); err != nil {
		t.Fatal(err)
	}
	own := b.message(r.URL)
	own.Secret = standardSecret
	b.send(own)
	eventually(t, "two deliveries", func() bool { return len(r.deliveries()) == 2 && len(b.listed()) == 0 })
	secrets := map[string]string{}
	for _, d := range r.deliveries() {
		for name, s := range map[string]string{"app": b.Secrets(time.Now())[0], "own": standardSecret} {
			d.Secrets = []string{s}
			if id, err := d.Verify(); err == nil {
				secrets[name] = id
			}
		}
		var p payload
		if err := json.Unmarshal(d.Body, &p); err != nil || p.Type != "film.created" || string(p.Data) != `{"id":7}` {
			t.Errorf("%s, %v", d.Body, err)
		}
		if at, err := time.Parse(time.RFC3339, p.Timestamp); err != nil || time.Since(at) > time.Minute {
			t.Errorf("the timestamp is %s", p.Timestamp)
		}
	}
	if len(secrets) != 2 || !strings.HasPrefix(secrets["app"], "msg_") || secrets["app"] == secrets["own"] {
		t.Errorf("verified: %v", secrets)
	}
}

// TestTriedAgain: the same id goes with every attempt, until the answer is a success.
func TestTriedAgain(t *testing.T) {
	t.Parallel()
	r := receive(t, func(w http.ResponseWriter, nth int) {
		switch nth {
		case 1:
			w.WriteHeader(http.StatusInternalServerError)
		case 2:
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(http.StatusTemporaryRedirect)
		case 3:
			w.WriteHeader(http.StatusNotFound)
		default:
			w.WriteHeader(http.StatusAccepted)
		}
	})
	b := newBench(t, r.URL)
	b.send(b.message(r.URL))
	eventually(t, "four attempts", func() bool { return len(r.deliveries()) == 4 && len(b.listed()) == 0 })
	ids := map[string]bool{}
	for _, d := range r.deliveries() {
		ids[d.Header.Get("Webhook-Id")] = true
	}
	if len(ids) != 1 {
		t.Errorf("ids: %v", ids)
	}
}

// TestGivenUp: who says that nothing more is wanted, or is private, is not asked again.
func TestGivenUp(t *testing.T) {
	t.Parallel()
	r := receive(t, func(w http.ResponseWriter, _ int) { w.WriteHeader(http.StatusGone) })
	b := newBench(t, r.URL)
	b.send(b.message(r.URL + "/hooks/s3cr3t"))
	b.send(b.message("http://127.0.0.1:1/"))
	eventually(t, "two dead ones", func() bool {
		list := b.listed()
		return len(list) == 2 && list[0].State == jobs.Dead && list[1].State == jobs.Dead
	})
	list := b.listed()
	got := fmt.Sprintf("%d %s %s %s|%d %s", list[0].Attempts, list[0].Event, list[0].Host, list[0].Reason, list[1].Attempts, list[1].Reason)
	want := "1 film.created " + strings.TrimPrefix(r.URL, "http://") + " the receiver answered 410: it wants no more events|1 the address is private, and http.allow of cloudlet.yaml does not name it"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	row, err := b.db.QueryRow(t.Context(), "SELECT count(*) FROM river_job WHERE json(args) LIKE '%s3cr3t%' OR json(metadata) LIKE '%s3cr3t%'")
	if err != nil || row[0] != 0 {
		t.Error("the queue shows an address", row, err)
	}
	if err := b.Retry(t.Context(), list[0].ID); err != nil {
		t.Error(err)
	}
	eventually(t, "another attempt", func() bool { return len(r.deliveries()) == 2 })
	eventually(t, "the drop", func() bool { return b.Drop(t.Context(), list[0].ID) == nil })
	for _, err := range []error{b.Drop(t.Context(), list[0].ID), b.Retry(t.Context(), 99)} {
		if !errors.Is(err, ErrNoSuchMessage) {
			t.Error(err)
		}
	}
}

// TestRetryAfter: a receiver that says how long to wait is waited for.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	r := receive(t, func(w http.ResponseWriter, _ int) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	b := newBench(t, r.URL)
	b.send(b.message(r.URL))
	eventually(t, "the failure", func() bool { list := b.listed(); return len(list) == 1 && list[0].State == jobs.Retrying })
	if wait := time.Until(b.listed()[0].Next); wait < 59*time.Minute || wait > 61*time.Minute {
		t.Errorf("it is tried again after %s", wait)
	}
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{"": 0, "5": 5 * time.Second, "-5": 0, "x": 0, "99999999999": 0,
		"Thu, 26 Nov 2026 12:01:00 GMT": time.Minute, "Thu, 26 Nov 2026 11:00:00 GMT": 0} {
		if got := retryAfter(text, now); got != want {
			t.Errorf("%q is %s", text, got)
		}
	}
}

// TestRotation: while receivers change over, messages are signed with the secret before, too.
func TestRotation(t *testing.T) {
	t.Parallel()
	r := receive(t, nil)
	b := newBench(t, r.URL)
	derived := b.Secrets(time.Now())
	b.Configure(Config{Client: b.config.Load().Client, Secret: standardSecret, Previous: derived[0]})
	b.send(b.message(r.URL))
	eventually(t, "the delivery", func() bool { return len(r.deliveries()) == 1 })
	for _, s := range []string{standardSecret, derived[0]} {
		d := r.deliveries()[0]
		d.Secrets = []string{s}
		if _, err := d.Verify(); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
	keys, err := secret.OpenKeyring(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	s := New(nil, keys, Config{})
	before := s.Secrets(time.Now())
	if err := keys.Rotate(time.Hour); err != nil {
		t.Fatal(err)
	}
	after := s.Secrets(time.Now())
	if len(before) != 1 || len(after) != 2 || after[1] != before[0] || after[0] == before[0] {
		t.Error("the derived secrets are", before, after)
	}
	if late := s.Secrets(time.Now().Add(overlap + 2*time.Hour)); len(late) != 1 || late[0] != after[0] {
		t.Error("a week later they are", late)
	}
}

func TestRefusedMessages(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for want, change := range map[*failure.Error]func(*Message){
		ErrInvalidEvent:  func(m *Message) { m.Event = "a b" },
		ErrInvalidSecret: func(m *Message) { m.Secret = "x" },
		ErrTooLarge:      func(m *Message) { m.Data = json.RawMessage(`"` + strings.Repeat("x", MaxSize) + `"`) },
	} {
		m := b.message("https://a.example/")
		change(m)
		if err := b.Send(t.Context(), nil, m); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
	if b.schedule() < 70*time.Hour || b.schedule() > 80*time.Hour {
		t.Errorf("all attempts take %s", b.schedule())
	}
}

// schedule is how long all attempts take.
func (b *bench) schedule() (whole time.Duration) {
	for i := 1; i < b.kind.Attempts; i++ {
		whole += backoff(i)
	}
	return whole
}

// TestReceipts: of equal deliveries one is taken; one that failed may come again.
func TestReceipts(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	now := time.Unix(1614265330, 0)
	r := NewReceipts(b.db, func() time.Time { return now })
	take := func(id string) (*Receipt, error) {
		return r.Take(t.Context(), nil, Standard, "/hook", id, now.Add(time.Minute))
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var won []*Receipt
	for range 20 {
		wg.Go(func() {
			p, err := take("a")
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won = append(won, p)
			} else if !errors.Is(err, ErrUnderWay) {
				t.Error(err)
			}
		})
	}
	if wg.Wait(); len(won) != 1 {
		t.Fatalf("%d took it", len(won))
	}
	gone, stop := context.WithCancel(t.Context())
	stop()
	if err := won[0].Settle(gone, false); err != nil {
		t.Error(err)
	}
	p, err := take("a")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Settle(t.Context(), true); err != nil {
		t.Error(err)
	}
	if _, err = take("a"); !errors.Is(err, ErrRepeated) {
		t.Error(err)
	}
	if _, err = take("b"); err != nil {
		t.Error(err)
	}
	now = now.Add(time.Minute) // who took it was killed
	if _, err = take("b"); err != nil {
		t.Error(err)
	}
	if _, err := r.Take(t.Context(), nil, Standard, "/other", "a", now.Add(time.Minute)); err != nil {
		t.Error(err)
	}
	now = now.Add(remembered)
	if _, err = take("c"); err != nil {
		t.Error(err)
	}
	row, err := b.db.QueryRow(t.Context(), "SELECT count(*) FROM cloudlet_webhook_receipts")
	if err != nil || row[0] != 1 {
		t.Error("rows that are left:", row, err)
	}
}
