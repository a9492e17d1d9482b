package files

import (
	"io"
	"io/fs"
	"os"
	"time"
)

// Entry is a file or folder as lists show it.
type Entry struct {
	Path     string
	Folder   bool
	Size     int64
	Modified time.Time
}

// Open opens a file to read. Close it. It fails with ErrInvalidPath, ErrNotFound or ErrFailed.
func (s *Store) Open(name string) (*os.File, Entry, error) {
	root, err := s.within(name, false)
	if err != nil {
		return nil, Entry{}, err
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, Entry{}, translated(err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		f.Close()
		return nil, Entry{}, ErrNotFound
	}
	if err != nil {
		f.Close()
		return nil, Entry{}, translated(err)
	}
	return f, entry(name, info), nil
}

func entry(name string, info fs.FileInfo) Entry {
	return Entry{name, info.IsDir(), info.Size(), info.ModTime().UTC()}
}

// Load reads a file of at most limit bytes whole. It fails as Open does, and with ErrTooLarge.
func (s *Store) Load(name string, limit int64) ([]byte, error) {
	f, e, err := s.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if e.Size > limit {
		return nil, ErrTooLarge
	}
	content, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(content)) > limit { // it grew meanwhile
		return nil, ErrTooLarge
	}
	return content, translated(err)
}
