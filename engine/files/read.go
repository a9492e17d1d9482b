package files

import (
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
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
		return nil, Entry{}, failure(err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		f.Close()
		return nil, Entry{}, ErrNotFound
	}
	if err != nil {
		f.Close()
		return nil, Entry{}, failure(err)
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
	return content, failure(err)
}

// List lists what is in a folder, "" for the outermost, by name, behind a name and at most limit
// entries. There is no mistake in a folder that is not there: it is empty. What could have no path
// here, such as a link out of the store, is left out.
func (s *Store) List(folder, after string, limit int) ([]Entry, error) {
	var root *os.Root
	var err error
	if folder == "" {
		folder = "."
		root, err = s.open(false)
	} else {
		root, err = s.within(folder, false)
	}
	if err == nil {
		var list []fs.DirEntry
		if list, err = fs.ReadDir(root.FS(), folder); err == nil {
			return entries(root, folder, after, list, limit), nil
		}
		err = failure(err)
	}
	if e, ok := err.(*Error); ok && e.Code == ErrNotFound.Code {
		return nil, nil
	}
	return nil, err
}

func entries(root *os.Root, folder, after string, list []fs.DirEntry, limit int) []Entry {
	found := []Entry{}
	for _, d := range list {
		if d.Name() <= after || checkSegment(d.Name()) != "" {
			continue
		}
		name := strings.TrimPrefix(path.Join(folder, d.Name()), "./")
		info, err := root.Stat(name)
		if err != nil || !info.IsDir() && !info.Mode().IsRegular() {
			continue
		}
		if found = append(found, entry(name, info)); len(found) == limit {
			break
		}
	}
	return found
}
