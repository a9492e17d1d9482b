package files

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func newStore(t testing.TB) *Store {
	t.Helper()
	s := New(filepath.Join(t.TempDir(), "data", "files"))
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func save(t *testing.T, s *Store, name, text string) {
	t.Helper()
	if n, err := s.Save(name, strings.NewReader(text), 100, false); err != nil || int(n) != len(text) {
		t.Fatal(n, err)
	}
}

// left are the hidden files, but for the locks.
func left(t testing.TB, s *Store) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(filepath.Join(s.dir, hidden), func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && !strings.HasSuffix(name, lockEnding) {
			names = append(names, name)
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return names
}

func TestSaveLoad(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	if list, err := s.List(t.Context(), "", "", 10); len(list) > 0 || err != nil {
		t.Error(list, err)
	}
	if _, err := s.Load("a.txt", 10); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if _, err := os.Stat(s.dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error("reading makes a folder")
	}
	save(t, s, "films/1/poster.png", "one")
	save(t, s, "films/10.txt", "ten")
	save(t, s, "films/2.txt", "two")
	if _, err := s.Save("films/2.txt", strings.NewReader("x"), 10, false); !errors.Is(err, ErrExists) {
		t.Error(err)
	}
	if _, err := s.Save("films/2.txt/x", strings.NewReader("x"), 10, false); !errors.Is(err, ErrExists) {
		t.Error(err)
	}
	for _, overwrite := range []bool{false, true} {
		if _, err := s.Save("films/1", strings.NewReader("x"), 10, overwrite); !errors.Is(err, ErrExists) {
			t.Error(err)
		}
	}
	if _, err := s.Save("films/2.txt", strings.NewReader("other"), 10, true); err != nil {
		t.Error(err)
	}
	if _, err := s.Save("films/3.txt", strings.NewReader("too much"), 7, true); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
	if text, err := s.Load("films/2.txt", 5); string(text) != "other" || err != nil {
		t.Error(string(text), err)
	}
	if _, err := s.Load("films/2.txt", 4); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
	if _, err := s.Load("films/1", 10); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

func TestListDelete(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	save(t, s, "films/1/poster.png", "one")
	save(t, s, "films/10.txt", "ten")
	save(t, s, "films/2.txt", "two")
	list, err := s.List(t.Context(), "films", "", 10)
	if err != nil || len(list) != 3 || list[0].Path != "films/1" || !list[0].Folder || list[1].Path != "films/10.txt" || list[1].Size != 3 || list[2].Path != "films/2.txt" {
		t.Error(list, err)
	}
	if list, err := s.List(t.Context(), "films", "1", 1); err != nil || len(list) != 1 || list[0].Path != "films/10.txt" {
		t.Error(list, err)
	}
	for _, name := range []string{"films/1", "films/4.txt", "nothing/4.txt"} {
		if err := s.Delete(name); !errors.Is(err, ErrNotFound) {
			t.Error(name, err)
		}
	}
	for _, name := range []string{"films/1/poster.png", "films/10.txt", "films/2.txt"} {
		if err := s.Delete(name); err != nil {
			t.Error(name, err)
		}
	}
	if _, err := os.Stat(filepath.Join(s.dir, "films")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("empty folders stay")
	}
	if list := left(t, s); len(list) > 0 {
		t.Error(list)
	}
}

// TestOneOfMany saves a path by many at once: one has it.
func TestOneOfMany(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	var all sync.WaitGroup
	var won atomic.Int32
	for range 20 {
		all.Go(func() {
			switch _, err := s.Save("a/b.txt", strings.NewReader("x"), 10, false); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, ErrExists):
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := won.Load(); n != 1 {
		t.Errorf("%d had it", n)
	}
	if list := left(t, s); len(list) > 0 {
		t.Error(list)
	}
}

// TestBrokenOff leaves nothing of what did not come to its end.
func TestBrokenOff(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	gone := errors.New("gone")
	if _, err := s.Save("a", io.MultiReader(strings.NewReader("x"), broken{gone}), 10, false); err == nil {
		t.Error("saved")
	}
	b := s.Batch()
	if _, _, err := b.Receive(io.MultiReader(strings.NewReader("x"), broken{gone}), 10, nil); !errors.Is(err, gone) {
		t.Error(err)
	}
	if _, _, err := b.Receive(strings.NewReader("too much"), 7, nil); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if list := left(t, s); len(list) > 0 {
		t.Error(list)
	}
	if _, err := s.Load("a", 10); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

func TestBatch(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	b := s.Batch()
	png := []byte("\x89PNG\r\n\x1a\n0000")
	r, kind, err := b.Receive(bytes.NewReader(png), 100, nil)
	if err != nil || kind != "image/png" || r.Size() != int64(len(png)) || b.Find(r.Path()) != r || b.Find("x") != nil {
		t.Fatal(r, kind, err)
	}
	if _, _, err := b.Receive(strings.NewReader("left"), 100, nil); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(r.Path()); !bytes.Equal(text, png) {
		t.Error(text, err)
	}
	for _, name := range []string{"a.png", "b.png"} {
		if n, err := s.Keep(r, name, false); err != nil || n != int64(len(png)) {
			t.Error(n, err)
		}
		if text, err := s.Load(name, 100); !bytes.Equal(text, png) {
			t.Error(text, err)
		}
	}
	if _, err := s.Keep(r, "a.png", false); !errors.Is(err, ErrExists) {
		t.Error(err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if list := left(t, s); len(list) > 0 {
		t.Error(list)
	}
	if _, err := s.Load("a.png", 100); err != nil {
		t.Error(err)
	}
}

func TestSafeName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"photo.png": "photo.png", "": "file", ".": "file", "..": "file", "/": "file", ".htaccess": "htaccess", "../../etc/passwd": "passwd", `C:\\Users\\a.txt`: "a.txt",
		"a\r\nb.txt": "ab.txt", "a\x00.png": "a.png", "über.pdf": "über.pdf", "NUL.txt": "file", "a\u202egnp.exe": "agnp.exe", " x. ": "x", "a:b*c?.txt": "abc.txt",
		strings.Repeat("é", 100) + ".jpeg": strings.Repeat("é", 47) + ".jpeg", "\xff.png": "png",
	} {
		if got := SafeName(name); got != want || CheckPath(got) != "" {
			t.Errorf("%q becomes %q, not %q", name, got, want)
		}
	}
}
