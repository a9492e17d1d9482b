package database

import (
	"context"
	"os"
	"syscall"
	"testing"
)

// TestOpenKeepsLocks: whoever closes a file gives up all locks that the process
// holds on it (fcntl(2)), SQLite's too; another process would then take the log
// away from under this one. So a file that is open must not be opened besides.
func TestOpenKeepsLocks(t *testing.T) {
	t.Parallel()
	db, _ := start(t, file)
	if _, err := db.Exec(context.Background(), "INSERT INTO films (title) VALUES ('a')"); err != nil {
		t.Fatal(err)
	}
	for range 2 { // two names for one file, or engines of one folder
		again, err := Open(context.Background(), Config{Name: "again", URL: "sqlite:" + db.File()})
		if err != nil {
			t.Fatal(err)
		}
		defer again.Close()
	}
	f, err := os.OpenFile(db.File(), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const ofdGetLock = 36        // F_OFD_GETLK, which sees the locks of its own process too
	const sharedByte = 1<<30 + 2 // where SQLite's shared locks are, see its os.h
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Start: sharedByte, Len: 510}
	if err := syscall.FcntlFlock(f.Fd(), ofdGetLock, &lock); err != nil {
		t.Fatal(err)
	}
	if lock.Type == syscall.F_UNLCK {
		t.Error("the database's lock is gone")
	}
}
