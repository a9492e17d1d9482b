package mail

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cloudlet/engine/secret"
)

// TestSecrets rotates the secret between enqueueing and hand-over, and then loses it.
func TestSecrets(t *testing.T) {
	t.Parallel()
	s := serveSMTP(t, "none")
	a := openApp(t, t.TempDir(), Config{SMTP: s.smtp("none")}, Options{})
	a.send(message("before"))
	// Another process rotates, and sends with the new secret.
	other, err := secret.OpenKeyring(filepath.Join(a.dir, "data"), "")
	must(t, err)
	must(t, other.Rotate(0))
	second := New(a.queue, other, Config{}, Options{})
	must(t, second.Send(t.Context(), nil, message("after")))
	lost := New(a.queue, secret.NewKeyring(), Config{}, Options{})
	must(t, lost.Send(t.Context(), nil, message("lost")))
	a.start()
	eventually(t, "two arrive", func() bool { return len(s.all()) == 2 })
	eventually(t, "one is dead", func() bool {
		list := a.states()
		return len(list) == 1 && strings.HasPrefix(list[0], "3 dead 1 1 the mail cannot be opened")
	})
	if _, err := a.mail.Show(t.Context(), 3); err != ErrNotOpened {
		t.Error(err)
	}
}

// TestNothingIsReadable looks for the message in all that the app wrote.
func TestNothingIsReadable(t *testing.T) {
	t.Parallel()
	s := serveSMTP(t, "none")
	s.verdict = func(int) error { return status(451, "later") }
	a := openApp(t, t.TempDir(), Config{SMTP: s.smtp("none")}, Options{}).start()
	a.send(message("canary-subject"))
	look := func() {
		t.Helper()
		found := 0
		must(t, filepath.Walk(a.dir, func(path string, info os.FileInfo, err error) error {
			if err != nil || info.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			for _, word := range []string{"canary", "alice@", "films@"} {
				if bytes.Contains(text, []byte(word)) {
					t.Errorf("%s holds %q", path, word)
				}
			}
			if bytes.Contains(text, []byte("river_job")) {
				found++
			}
			return err
		}))
		if found == 0 {
			t.Error("the database is not where it was")
		}
	}
	eventually(t, "a try", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.seen > 0 })
	look()
	s.mu.Lock()
	s.verdict = nil
	s.mu.Unlock()
	eventually(t, "the hand-over", func() bool { return len(s.all()) == 1 && a.empty() })
	look()
}

// TestSilentServer closes the app while a server does not answer: the mail is given back.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer listener.Close()
	a := openApp(t, t.TempDir(), Config{SMTP: &SMTP{Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port, TLS: "none"}}, Options{}).start()
	a.send(message("x"))
	conn, err := listener.Accept()
	must(t, err)
	defer conn.Close()
	began := time.Now()
	must(t, a.queue.Close())
	if took := time.Since(began); took > 6*time.Second {
		t.Errorf("it took %s", took)
	}
	if list := a.states(); len(list) != 1 || list[0] != "1 waiting 0 1 " {
		t.Error(list)
	}
}
