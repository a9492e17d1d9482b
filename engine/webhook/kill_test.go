package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"cloudlet/engine/database"
	"cloudlet/engine/jobs"
	"cloudlet/engine/outgoing"
	"cloudlet/engine/secret"
)

// TestMain is a child process of the kill test where it is told so.
func TestMain(m *testing.M) {
	if dir := os.Getenv("CLOUDLET_WEBHOOK_TEST_DIR"); dir != "" {
		if err := child(context.Background(), dir, os.Getenv("CLOUDLET_WEBHOOK_TEST_URL"), os.Getenv("CLOUDLET_WEBHOOK_TEST_POINT")); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// child sends a webhook in a transaction, and one in another that is rolled back, until it
// is killed at a point; without one it works until nothing is left.
func child(ctx context.Context, dir, address, point string) error {
	db, err := database.Open(ctx, database.Config{Name: "main", URL: "sqlite:data/x.db", Dir: dir})
	if err != nil {
		return err
	}
	if _, err := db.Migrate(ctx, []database.Set{jobs.Migrations(), Migrations()}); err != nil {
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
	transport := outgoing.NewTransport(outgoing.Dialing{Allow: []string{strings.TrimPrefix(address, "http://")}})
	s := New(q, keys, Config{Client: outgoing.New(transport)})
	if point == "" {
		q.Start(s.Kind())
		return errors.Join(q.Settle(ctx), q.Close(), db.Close())
	}
	reached = func(at string) {
		if at == point {
			p, _ := os.FindProcess(os.Getpid())
			_ = p.Kill()
			select {}
		}
	}
	u, err := outgoing.ParseURL(address)
	if err != nil {
		return err
	}
	send := func(tx *database.Tx) error { return s.Send(ctx, tx, &Message{URL: u, Event: "done"}) }
	if err := db.Write(ctx, send); err != nil {
		return err
	}
	fmt.Println("committed")
	q.Start(s.Kind())
	time.Sleep(20 * time.Second) // it is killed before
	return errors.New("the point was not reached")
}

func runChild(t *testing.T, dir, address, point string) (out string, err error) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "CLOUDLET_WEBHOOK_TEST_DIR="+dir, "CLOUDLET_WEBHOOK_TEST_URL="+address, "CLOUDLET_WEBHOOK_TEST_POINT="+point)
	var text bytes.Buffer
	cmd.Stdout = &text
	err = cmd.Run()
	if strings.Contains(text.String(), "error") {
		t.Fatal(text.String())
	}
	return text.String(), err
}

// TestKill kills a process on a message's way: what was committed arrives after a restart,
// with one id, at least once; what was not, never.
func TestKill(t *testing.T) {
	t.Parallel()
	for _, point := range []string{"sealed", "enqueued", "taken", "accepted"} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			r, dir := receive(t, nil), t.TempDir()
			out, err := runChild(t, dir, r.URL, point)
			if err == nil {
				t.Fatal("the child was not killed")
			}
			committed := strings.Contains(out, "committed")
			if _, err := runChild(t, dir, r.URL, ""); err != nil {
				t.Fatal(err)
			}
			ids := map[string]bool{}
			for _, d := range r.deliveries() {
				ids[d.Header.Get("Webhook-Id")] = true
			}
			if n := len(r.deliveries()); committed != (len(ids) == 1) || n > 2 || point != "accepted" && n > 1 {
				t.Errorf("committed: %t, arrived %d times as %v", committed, n, ids)
			}
		})
	}
}
