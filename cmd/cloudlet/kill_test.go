package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// writeFiles makes the files of an app, and gives its folder.
func writeFiles(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func serveIn(t *testing.T, dir string) *server {
	t.Helper()
	s, err := startServer(dir, t.TempDir(), append(os.Environ(), "CLOUDLET_ROOT_PASSWORD=correct-horse-battery"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.kill)
	return s
}

var notes = map[string]string{
	"endpoints/_migrations/1.sql": "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);",
	"endpoints/notes.yaml": `get:
  actions:
    - sql.select: SELECT text FROM notes
post:
  arguments: {text: string}
  timeout: 1s
  actions:
    - sql.execute: INSERT INTO notes (text) VALUES (${args.text})
`,
}

// TestKill kills a server in the middle of inserts, again and again: whatever was
// acknowledged is there when it has started again by itself.
func TestKill(t *testing.T) {
	t.Parallel()
	dir := writeFiles(t, notes)
	acknowledged := map[string]bool{}
	for round := range 3 {
		s := serveIn(t, dir)
		insertUntilKilled(t, s, round, acknowledged)
		if len(acknowledged) == 0 {
			t.Fatal("nothing was written before the kill")
		}
	}
	s := serveIn(t, dir)
	a, err := send(http.MethodGet, s.base+"/notes", "", "")
	if err != nil || a.status != http.StatusOK {
		t.Fatalf("%+v, %v", a, err)
	}
	var rows []struct{ Text string }
	if err := json.Unmarshal([]byte(a.body), &rows); err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		delete(acknowledged, r.Text)
	}
	if len(acknowledged) > 0 {
		t.Errorf("%d acknowledged writes are lost, of %d rows: %v", len(acknowledged), len(rows), acknowledged)
	}
}

// insertUntilKilled inserts from several clients, and kills the server when some
// dozens are acknowledged.
func insertUntilKilled(t *testing.T, s *server, round int, acknowledged map[string]bool) {
	t.Helper()
	var clients sync.WaitGroup
	var mu sync.Mutex
	enough := make(chan struct{})
	written := 0
	for client := range 4 {
		clients.Go(func() {
			for i := 0; ; i++ {
				text := fmt.Sprintf("%d-%d-%d", round, client, i)
				a, err := send(http.MethodPost, s.base+"/notes", "", `{"text":"`+text+`"}`)
				if err != nil {
					return // it is dead
				}
				if a.status != http.StatusOK {
					continue
				}
				mu.Lock()
				acknowledged[text] = true
				if written++; written == 50 {
					close(enough)
				}
				mu.Unlock()
			}
		})
	}
	<-enough
	s.kill()
	clients.Wait()
}

// TestSlowBody sends a body that never ends: the client is told so when the verb's
// time is over.
func TestSlowBody(t *testing.T) {
	t.Parallel()
	s := serveIn(t, writeFiles(t, notes))
	c, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "POST /notes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
	answer := make([]byte, len("HTTP/1.1 408"))
	if _, err := c.Read(answer); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff("HTTP/1.1 408", string(answer)); d != "" {
		t.Error(d)
	}
}
