package mail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"cloudlet/engine/database"
	"cloudlet/engine/jobs"
	"cloudlet/engine/secret"
)

// registrations is how many the child makes; after each it rolls one back.
const registrations = 3

// child is a process that registers users and sends each a mail, until it is killed at
// a point; without one it works until nothing is left. It prints what is committed.
func child(ctx context.Context, dir string, port int, point string) {
	if err := register(ctx, dir, port, point); err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
}

func register(ctx context.Context, dir string, port int, point string) error {
	db, err := database.Open(ctx, database.Config{Name: "main", URL: "sqlite:data/x.db", Dir: dir})
	if err != nil {
		return err
	}
	if _, err := db.Migrate(ctx, []database.Set{jobs.Migrations()}); err != nil {
		return err
	}
	data := filepath.Join(dir, "data")
	keys, err := secret.OpenKeyring(data, "")
	if err != nil {
		return err
	}
	q, err := jobs.Open(db, jobs.Options{Dir: data})
	if err != nil {
		return err
	}
	c := Config{}
	if port != 0 {
		c.SMTP = &SMTP{Host: "127.0.0.1", Port: port, TLS: "none"}
	}
	s := New(q, keys, c, Options{Outbox: filepath.Join(data, "outbox")})
	s.kind.Backoff = func(int) time.Duration { return 20 * time.Millisecond }
	s.kind.Workers = 1 // of several, more than one may be between the acceptance and the note of it
	if point == "" {
		q.Start(s.Kind())
		return errors.Join(q.Settle(ctx), q.Close(), db.Close())
	}
	killAt(point)
	q.Start(s.Kind())
	if _, err := db.Exec(ctx, "CREATE TABLE registrations (name TEXT)"); err != nil {
		return err
	}
	for i := range registrations {
		name := "user" + strconv.Itoa(i)
		send := func(tx *database.Tx) error {
			if _, err := tx.Exec(ctx, "INSERT INTO registrations VALUES (?)", name); err != nil {
				return err
			}
			return s.Send(ctx, tx, message(name))
		}
		if err := db.Write(ctx, send); err != nil {
			return err
		}
		fmt.Println(name)
		no := errors.New("no")
		name = "nobody" + strconv.Itoa(i)
		if err := db.Write(ctx, func(tx *database.Tx) error { return errors.Join(send(tx), no) }); !errors.Is(err, no) {
			return err
		}
	}
	time.Sleep(20 * time.Second) // it is killed before
	return errors.New("the point was not reached")
}

// killAt kills this process where a point is reached, of those of Send at the third
// time: then one mail is committed and one was rolled back.
func killAt(point string) {
	point, nth, found := strings.Cut(point, "#")
	n := 1
	if found {
		n, _ = strconv.Atoi(nth)
	}
	hits := make(chan struct{}, n) // a full channel counts to n
	reached = func(at string) {
		if at != point {
			return
		}
		if hits <- struct{}{}; len(hits) == n {
			p, _ := os.FindProcess(os.Getpid())
			_ = p.Kill()
			select {}
		}
	}
}

// run runs a child, and gives what it printed.
func run(t *testing.T, dir string, port int, point string) (lines []string, err error) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "CLOUDLET_MAIL_TEST_DIR="+dir, "CLOUDLET_MAIL_TEST_PORT="+strconv.Itoa(port), "CLOUDLET_MAIL_TEST_POINT="+point)
	var out bytes.Buffer
	cmd.Stdout = &out
	err = cmd.Run()
	if strings.Contains(out.String(), "error") {
		t.Fatal(out.String())
	}
	return strings.Fields(out.String()), err
}

// TestKill kills a process at each point between the row of a registration and the
// note that its mail was handed over. After a restart every committed registration
// has its mail once, by its Message-ID; those rolled back have none. Only between the
// server's acceptance and our note of it a second copy may go out, of the same message.
func TestKill(t *testing.T) {
	t.Parallel()
	for _, point := range []string{"built#3", "sealed#3", "enqueued#3", "enqueued#4", "committed#2", "taken", "opened", "connected", "sender taken",
		"recipients taken", "data begun", "half written", "written", "accepted", "recorded"} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			s, dir := serveSMTP(t, "none"), t.TempDir()
			acknowledged, err := run(t, dir, s.Port, point)
			if err == nil {
				t.Fatal("the child was not killed")
			}
			if _, err := run(t, dir, s.Port, ""); err != nil {
				t.Fatal(err)
			}
			var mails []*mail.Message
			for _, m := range s.all() {
				mails = append(mails, m.msg)
			}
			// Where the sender is killed, the worker may be anywhere.
			checkMails(t, dir, acknowledged, mails, point == "accepted" || strings.Contains(point, "#"))
		})
	}
}

// TestKillOutbox is TestKill for the outbox, whose files are there once in any case.
func TestKillOutbox(t *testing.T) {
	t.Parallel()
	for _, point := range []string{"opened", "written", "accepted", "recorded"} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			acknowledged, err := run(t, dir, 0, point)
			if err == nil {
				t.Fatal("the child was not killed")
			}
			if _, err := run(t, dir, 0, ""); err != nil {
				t.Fatal(err)
			}
			entries, err := os.ReadDir(filepath.Join(dir, "data", "outbox"))
			must(t, err)
			var mails []*mail.Message
			for _, e := range entries {
				text, err := os.ReadFile(filepath.Join(dir, "data", "outbox", e.Name()))
				must(t, err)
				m, err := mail.ReadMessage(bytes.NewReader(text))
				if err != nil || !strings.HasSuffix(e.Name(), ".eml") {
					t.Fatalf("%s: %v", e.Name(), err)
				}
				mails = append(mails, m)
			}
			checkMails(t, dir, acknowledged, mails, false)
		})
	}
}

// checkMails compares the committed registrations with the mails that arrived.
func checkMails(t *testing.T, dir string, acknowledged []string, mails []*mail.Message, twice bool) {
	t.Helper()
	db, err := database.Open(t.Context(), database.Config{Name: "main", URL: "sqlite:data/x.db", Dir: dir})
	must(t, err)
	defer db.Close()
	rows, err := db.Query(t.Context(), "SELECT name FROM registrations")
	must(t, err)
	ids, copies := map[string]map[string]bool{}, 0
	for _, r := range rows {
		ids[r[0].(string)] = map[string]bool{}
	}
	for _, name := range acknowledged {
		if ids[name] == nil {
			t.Errorf("%s was acknowledged and is gone", name)
		}
	}
	if len(rows) == 0 {
		t.Error("nothing was committed before the kill")
	}
	for _, m := range mails {
		subject, id := m.Header.Get("Subject"), m.Header.Get("Message-Id")
		switch known := ids[subject]; {
		case known == nil:
			t.Errorf("%s was never committed and has a mail", subject)
		case known[id]:
			copies++
		default:
			known[id] = true
		}
	}
	for name, known := range ids {
		if len(known) != 1 {
			t.Errorf("%s has %d mails", name, len(known))
		}
	}
	if copies > 1 || copies == 1 && !twice {
		t.Errorf("%d mails came twice", copies)
	}
	row, err := db.QueryRow(t.Context(), "SELECT count(*) FROM river_job")
	if must(t, err); row[0] != 0 {
		t.Errorf("%v jobs are left", row[0])
	}
}
