package database

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// TestFilesThatMayNotBeWritten: SQLite opens them to read, and every write would fail later.
func TestFilesThatMayNotBeWritten(t *testing.T) {
	t.Parallel()
	for what, modes := range map[string][2]os.FileMode{"a file": {0o444, 0o777}, "a folder": {0o666, 0o555}} {
		dir, err := os.MkdirTemp("/tmp", "readonly") // where other users come to
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		file := filepath.Join(dir, "main.db")
		if err := openAndClose(t, file); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(os.Chmod(file, modes[0]), os.Chmod(dir, modes[1])); err != nil {
			t.Fatal(err)
		}
		opened := make(chan error)
		go func() {
			// root may write everything: this thread is somebody else, and ends with the goroutine.
			runtime.LockOSThread()
			if os.Geteuid() == 0 {
				if err := syscall.Setfsuid(65534); err != nil {
					t.Error(err)
				}
			}
			opened <- openAndClose(t, file)
		}()
		if err := <-opened; err == nil || !strings.Contains(err.Error(), `open database "main": its file, or the folder around it, may not be written`) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func openAndClose(t *testing.T, file string) error {
	db, err := Open(t.Context(), Config{Name: "main", URL: "sqlite:" + file})
	if err != nil {
		return err
	}
	return db.Close()
}
