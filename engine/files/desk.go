package files

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"
)

// A process writes its unfinished files into a folder of its own, .uploads/NAME, and holds
// the lock of .uploads/NAME.lock for as long as it lives: the system gives that up when a
// process is killed. So what a dead process left is told from what a living one writes,
// also where several share the files of an app.

// lockEnding is the ending of the file whose lock says that a process lives.
const lockEnding = ".lock"

// desk is the folder of what one process is writing.
type desk struct {
	name string // in hidden
	lock *flock.Flock
}

// takeDesk makes a desk. The lock is there before the folder, so that a folder without one
// belongs to nobody.
func takeDesk(root *os.Root, dir string) (*desk, error) {
	if err := root.MkdirAll(hidden, 0o700); err != nil {
		return nil, translated(err)
	}
	for {
		d := &desk{name: rand.Text()}
		file := filepath.Join(dir, hidden, d.name+lockEnding)
		d.lock = flock.New(file, flock.SetPermissions(0o600))
		locked, err := d.lock.TryLock()
		if err != nil {
			return nil, translated(err)
		}
		// Another process may have taken the file for a dead one's before it was locked.
		if _, err := os.Lstat(file); !locked || err != nil {
			_ = d.lock.Close()
			continue
		}
		if err := root.Mkdir(path.Join(hidden, d.name), 0o700); err != nil {
			_ = d.lock.Close()
			return nil, translated(err)
		}
		return d, nil
	}
}

// close removes a desk with all that lies on it.
func (d *desk) close(root *os.Root) error {
	if d == nil {
		return nil
	}
	err := root.RemoveAll(path.Join(hidden, d.name))
	if e := root.Remove(path.Join(hidden, d.name+lockEnding)); err == nil && !errors.Is(e, fs.ErrNotExist) {
		err = e
	}
	return errors.Join(err, d.lock.Close())
}

// sweep removes the desks of processes that are dead, as far as settle does not fail for one.
// What cannot be removed is tried again at the next start.
func sweep(root *os.Root, dir string, settle func(*desk) error) error {
	list, err := fs.ReadDir(root.FS(), hidden)
	if err != nil {
		return nil
	}
	var errs []error
	for _, e := range list {
		if name, ok := strings.CutSuffix(e.Name(), lockEnding); ok {
			errs = append(errs, sweepDesk(root, dir, name, settle))
			continue
		}
		// A desk that is made at this moment has its lock already, listed or not.
		if _, err := root.Lstat(path.Join(hidden, e.Name()+lockEnding)); errors.Is(err, fs.ErrNotExist) {
			_ = root.RemoveAll(path.Join(hidden, e.Name()))
		}
	}
	return errors.Join(errs...)
}

func sweepDesk(root *os.Root, dir, name string, settle func(*desk) error) error {
	d := &desk{name: name, lock: flock.New(filepath.Join(dir, hidden, name+lockEnding), flock.SetFlag(os.O_RDWR))} // it makes none
	if locked, err := d.lock.TryLock(); err != nil || !locked {
		_ = d.lock.Close()
		return nil // it lives
	}
	if err := settle(d); err != nil {
		_ = d.lock.Close()
		return err
	}
	_ = d.close(root)
	return nil
}

// create makes a file on the desk.
func (s *Store) create() (name string, f *os.File, err error) {
	root, err := s.open(true)
	if err != nil {
		return "", nil, err
	}
	if name, err = s.hiddenName(root); err != nil {
		return "", nil, err
	}
	f, err = root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	return name, f, translated(err)
}

// hiddenName is a new name on the desk.
func (s *Store) hiddenName(root *os.Root) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.desk == nil {
		d, err := takeDesk(root, s.dir)
		if err != nil {
			return "", err
		}
		s.desk = d
	}
	return path.Join(hidden, s.desk.name, rand.Text()), nil
}
