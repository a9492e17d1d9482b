package mail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cloudlet/engine/database"
	"cloudlet/engine/jobs"
	"cloudlet/engine/secret"

	"go.uber.org/goleak"
)

func verify(m *testing.M) { goleak.VerifyTestMain(m) }

type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write is safe for use by several goroutines.
func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String is what was written.
func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// app is a main database with a queue and a Post.
type app struct {
	t     *testing.T
	dir   string
	db    *database.DB
	keys  *secret.Keyring
	queue *jobs.Queue
	mail  *Service
	log   logBuffer
}

// openApp opens an app's mail in a folder; the queue is not started.
func openApp(t *testing.T, dir string, c Config, o Options) *app {
	t.Helper()
	a := &app{t: t, dir: dir}
	var err error
	a.db, err = database.Open(t.Context(), database.Config{Name: "main", URL: "sqlite:data/x.db", Dir: dir})
	must(t, err)
	problems, err := a.db.Migrate(t.Context(), []database.Set{jobs.Migrations()})
	if must(t, err); len(problems) > 0 {
		t.Fatal(problems)
	}
	data := filepath.Join(dir, "data")
	a.keys, err = secret.OpenKeyring(data, "")
	must(t, err)
	o.Log, o.Outbox = slog.New(slog.NewTextHandler(&a.log, nil)), filepath.Join(data, "outbox")
	a.queue, err = jobs.Open(a.db, jobs.Options{Dir: data, Log: o.Log})
	must(t, err)
	a.mail = New(a.queue, a.keys, c, o)
	a.mail.kind.Backoff = func(int) time.Duration { return 20 * time.Millisecond }
	t.Cleanup(a.close)
	return a
}

func (a *app) start() *app {
	a.queue.Start(a.mail.Kind())
	return a
}

func (a *app) close() { must(a.t, a.queue.Close(), a.db.Close()) }

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(15 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not in time", what)
		}
	}
}

func message(subject string) *Message {
	return &Message{From: "Films <films@example.org>", To: []string{"Alice <alice@example.net>"}, Subject: subject, Text: "Hello canary-text of " + subject + "\n.\nbye"}
}

func (a *app) send(m *Message) {
	a.t.Helper()
	must(a.t, a.mail.Send(a.t.Context(), nil, m))
}

// states lists what waits: state, attempts, recipients, reason.
func (a *app) states() (list []string) {
	entries, err := a.mail.List(context.Background())
	must(a.t, err)
	for _, e := range entries {
		list = append(list, fmt.Sprintf("%d %s %d %d %s", e.ID, e.State, e.Attempts, e.Recipients, e.Reason))
	}
	return list
}

func (a *app) empty() bool { return len(a.states()) == 0 }

func TestHandOver(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"starttls", "tls", "none"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s := serveSMTP(t, mode)
			s.user, s.password = "films", "correct-horse"
			a := openApp(t, t.TempDir(), Config{SMTP: s.smtp(mode)}, Options{Roots: s.roots}).start()
			no := errors.New("no")
			err := a.db.Write(t.Context(), func(tx *database.Tx) error {
				return errors.Join(a.mail.Send(t.Context(), tx, message("rolled back")), no)
			})
			if !errors.Is(err, no) {
				t.Fatal(err)
			}
			m := message("Grüße 🎬")
			m.Bcc = []string{"hidden@example.net"}
			began := time.Now()
			must(t, a.db.Write(t.Context(), func(tx *database.Tx) error { return a.mail.Send(t.Context(), tx, m) }))
			eventually(t, "the hand-over", func() bool { return len(s.all()) == 1 })
			if took := time.Since(began); took > 1500*time.Millisecond {
				t.Errorf("it took %s", took)
			}
			eventually(t, "the queue is empty", a.empty)
			got := s.all()[0]
			if got.from != "films@example.org" || strings.Join(got.to, " ") != "alice@example.net hidden@example.net" {
				t.Error(got.from, got.to)
			}
			if strings.Contains(got.raw, "hidden@") || !strings.Contains(got.raw, "Hello canary-text") || !strings.Contains(got.raw, "\r\n.\r\nbye") {
				t.Error(got.raw)
			}
			if s.logins != 1 {
				t.Errorf("%d logins", s.logins)
			}
			if text := a.log.String(); text != "" {
				t.Error(text)
			}
		})
	}
}

// TestTemporary sees a message put off, cut off and then taken: always the same message.
func TestTemporary(t *testing.T) {
	t.Parallel()
	s := serveSMTP(t, "starttls")
	s.verdict = func(n int) error {
		switch n {
		case 1:
			return status(451, "try later, alice@example.net")
		case 2:
			return errCut
		}
		return nil
	}
	a := openApp(t, t.TempDir(), Config{SMTP: s.smtp("starttls")}, Options{Roots: s.roots}).start()
	a.send(message("late"))
	eventually(t, "the hand-over", func() bool { return len(s.all()) == 1 })
	eventually(t, "the queue is empty", a.empty)
	log := a.log.String()
	for _, want := range []string{"(451 4.1.1)", "the connection to the server broke", "attempt=2"} {
		if !strings.Contains(log, want) {
			t.Errorf("no %q in %s", want, log)
		}
	}
	if strings.Contains(log, "alice") || strings.Contains(log, "canary") {
		t.Error(log)
	}
}

func TestPermanent(t *testing.T) {
	t.Parallel()
	s := serveSMTP(t, "starttls")
	s.rcpt = func(to string) error {
		switch {
		case strings.HasPrefix(to, "gone"):
			return status(550, "no such user "+to)
		case strings.HasPrefix(to, "busy"):
			return status(450, "later")
		}
		return nil
	}
	a := openApp(t, t.TempDir(), Config{SMTP: s.smtp("starttls")}, Options{Roots: s.roots}).start()
	send := func(to ...string) {
		m := message("x")
		m.To = to
		a.send(m)
	}
	send("gone1@example.org", "gone2@example.org")
	eventually(t, "the first is dead", func() bool {
		list := a.states()
		return len(list) == 1 && list[0] == "1 dead 1 2 the server refused a recipient (550 5.1.1)"
	})
	send("alice@example.org", "gone1@example.org")
	eventually(t, "the second is dead for one", func() bool {
		list := a.states()
		return len(list) == 2 && list[1] == "2 dead 1 1 of 2 recipients 1 were refused: the server refused a recipient (550 5.1.1)"
	})
	if all := s.all(); len(all) != 1 || strings.Join(all[0].to, " ") != "alice@example.org" {
		t.Error(all)
	}
	shown, err := a.mail.Show(t.Context(), 2)
	if err != nil || strings.Join(shown.To, " ") != "gone1@example.org" || shown.Subject != "x" {
		t.Error(shown, err)
	}
	// The address is made: tried again it arrives, the same message.
	s.mu.Lock()
	s.rcpt = nil
	s.mu.Unlock()
	must(t, a.mail.Retry(t.Context(), 2), a.mail.Drop(t.Context(), 1))
	eventually(t, "the retry", func() bool { return len(s.all()) == 2 && a.empty() })
	if all := s.all(); all[0].id() != all[1].id() || strings.Join(all[1].to, " ") != "gone1@example.org" {
		t.Error(all)
	}
}

func TestPartlyLater(t *testing.T) {
	t.Parallel()
	s := serveSMTP(t, "none")
	tries := 0
	s.rcpt = func(to string) error {
		if strings.HasPrefix(to, "busy") {
			if tries++; tries < 3 {
				return status(450, "later")
			}
		}
		return nil
	}
	a := openApp(t, t.TempDir(), Config{SMTP: s.smtp("none")}, Options{}).start()
	m := message("x")
	m.To = []string{"alice@example.org", "busy@example.org"}
	a.send(m)
	eventually(t, "both", func() bool { return len(s.all()) == 2 && a.empty() })
	all := s.all()
	if all[0].id() != all[1].id() || fmt.Sprint(all[0].to, all[1].to) != "[alice@example.org] [busy@example.org]" {
		t.Error(all[0].to, all[1].to)
	}
}

// TestRefusedServer tries servers that no message may go to; each waits, and goes when
// the configuration is right.
func TestRefusedServer(t *testing.T) {
	t.Parallel()
	s := serveSMTP(t, "starttls")
	s.user, s.password = "films", "correct-horse"
	plain := serveSMTP(t, "none")
	closed := serveSMTP(t, "none").smtp("none")
	closed.Port = 1
	wrong := s.smtp("starttls")
	wrong.Password = "canary-password"
	nobody := s.smtp("starttls")
	nobody.Username = ""
	for what, c := range map[string]struct {
		smtp   *SMTP
		roots  bool
		reason string
	}{
		"unknown authority": {s.smtp("starttls"), false, "certificate signed by unknown authority"},
		"no starttls":       {plain.smtp("starttls"), true, "does not support STARTTLS"},
		"wrong password":    {wrong, true, "the server refused the connection (535 5.7.8)"},
		"no login":          {nobody, true, "the server refused the sender (502 5.7.0)"},
		"nobody listens":    {closed, true, "connection refused"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			o := Options{}
			if c.roots {
				o.Roots = s.roots
			}
			a := openApp(t, t.TempDir(), Config{SMTP: c.smtp}, o)
			a.mail.kind.Backoff = func(int) time.Duration { return time.Hour }
			a.start()
			a.send(message(what))
			eventually(t, what, func() bool {
				list := a.states()
				return len(list) == 1 && strings.HasPrefix(list[0], "1 retrying 1 1 ") && strings.Contains(list[0], c.reason)
			})
			if log := a.log.String(); strings.Contains(log, "canary") || strings.Contains(log, "correct-horse") {
				t.Error(log)
			}
			a.mail.o.Roots = s.roots
			if *c.smtp == *s.smtp("starttls") { // then it is no other server
				must(t, a.mail.Retry(t.Context(), 1))
			}
			must(t, a.mail.Configure(t.Context(), Config{SMTP: s.smtp("starttls")}))
			eventually(t, "the right server", a.empty)
		})
	}
}

func TestOutbox(t *testing.T) {
	t.Parallel()
	a := openApp(t, t.TempDir(), Config{From: "App <app@example.org>"}, Options{}).start()
	m := message("first")
	m.From, m.Bcc = "", []string{"hidden@example.org"}
	a.send(m)
	eventually(t, "the first", a.empty)
	a.send(message("second"))
	eventually(t, "the second", a.empty)
	files, err := filepath.Glob(filepath.Join(a.dir, "data", "outbox", "*"))
	must(t, err)
	if len(files) != 2 {
		t.Fatal(files)
	}
	for i, want := range []string{"first", "second"} {
		text, err := os.ReadFile(files[i])
		must(t, err)
		if !strings.Contains(string(text), "Subject: "+want) || (i == 0) != strings.Contains(string(text), "Bcc: hidden@example.org\r\n") {
			t.Error(string(text))
		}
		if info, _ := os.Stat(files[i]); info.Mode().Perm() != 0o600 {
			t.Error(info.Mode())
		}
		eventually(t, "it is told", func() bool { return strings.Contains(a.log.String(), "file="+files[i]) })
		if log := a.log.String(); strings.Count(log, "file="+files[i]) != 1 || strings.Contains(log, "canary") || strings.Contains(log, want) {
			t.Error(log)
		}
	}
}
