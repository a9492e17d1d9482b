package database

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// insertUntilKilled is what the test below runs as a process of its own: it
// prints each number once its row is acknowledged.
func insertUntilKilled(dir string) {
	ctx := context.Background()
	db, err := Open(ctx, Config{Name: "main", URL: file, Dir: dir})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	var printing sync.Mutex
	for w := range 8 {
		go func() {
			for i := w; ; i += 8 {
				if _, err := db.Exec(ctx, "INSERT INTO numbers VALUES (?)", i); err != nil {
					fmt.Println("error", err)
					os.Exit(1)
				}
				printing.Lock()
				fmt.Println(i)
				printing.Unlock()
			}
		}()
	}
	select {}
}

func TestKilledProcessLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open := func() *DB {
		db, err := Open(context.Background(), Config{Name: "main", URL: file, Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		return db
	}
	db := open()
	if _, err := db.Exec(context.Background(), "CREATE TABLE numbers (n INTEGER PRIMARY KEY)"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "CLOUDLET_DATABASE_TEST_KILL="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var acknowledged []int
	for lines := bufio.NewScanner(out); lines.Scan(); {
		n, err := strconv.Atoi(strings.TrimSpace(lines.Text()))
		if err != nil {
			t.Errorf("the process says %q", lines.Text())
			break
		}
		if acknowledged = append(acknowledged, n); len(acknowledged) == 500 {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait() // it was killed, so this always fails
	db = open()
	defer db.Close()
	rows, err := db.Query(context.Background(), "SELECT n FROM numbers")
	if err != nil {
		t.Fatal(err)
	}
	there := map[any]bool{}
	for _, r := range rows {
		there[r[0]] = true
	}
	for _, n := range acknowledged {
		if !there[n] {
			t.Errorf("%d was acknowledged and is gone", n)
		}
	}
	if len(acknowledged) < 500 {
		t.Errorf("only %d rows were acknowledged", len(acknowledged))
	}
}
