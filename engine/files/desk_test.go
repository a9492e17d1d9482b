package files

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestSweep removes what dead processes left, and nothing of those that live.
func TestSweep(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	living := New(s.dir)
	defer living.Close()
	r, _, err := living.Batch().Receive(strings.NewReader("of another process"), 100, nil)
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(s.dir, hidden)
	for _, name := range []string{"DEAD", "ORPHAN"} {
		if err := os.MkdirAll(filepath.Join(folder, name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name, "half"), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"DEAD" + lockEnding, "stray"} {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Sweep(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if got := left(t, s); len(got) != 1 || got[0] != r.Path() {
		t.Error(got)
	}
	list, err := os.ReadDir(folder)
	if err != nil || len(list) != 2 { // of the living one
		t.Error(list, err)
	}
	if n, err := living.Keep(r, "kept", false); err != nil || n != r.Size() {
		t.Error(n, err)
	}
}

func TestSweepMakesNothing(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	if err := s.Sweep(t.Context(), nil); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(s.dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error("to sweep makes a folder")
	}
}

// TestManyProcesses begin and end at once, and take nothing from each other.
func TestManyProcesses(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 10 {
				o := New(s.dir)
				r, _, err := o.Batch().Receive(strings.NewReader("x"), 10, nil)
				if err == nil {
					err = o.Sweep(t.Context(), nil)
				}
				if err == nil {
					_, err = o.Keep(r, "a/b", true)
				}
				if err := errors.Join(err, o.Close()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if list, err := os.ReadDir(filepath.Join(s.dir, hidden)); err != nil || len(list) > 0 {
		t.Error(list, err)
	}
}

// TestEmptyFolderMeanwhile saves into a folder that another removes whenever it is empty.
func TestEmptyFolderMeanwhile(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	var all sync.WaitGroup
	for _, name := range []string{"a/b/1", "a/b/2"} {
		all.Go(func() {
			for range 100 {
				if _, err := s.Save(name, strings.NewReader("x"), 10, true); err != nil {
					t.Error(err)
				}
				if err := s.Delete(name); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}
