package files

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"

	"cloudlet/engine/failure"
)

// Save writes a file with a content, at most limit bytes of it; with overwrite in the place of
// one that is there. It gives the number of bytes. It fails with ErrInvalidPath, ErrExists,
// ErrTooLarge, ErrFull or ErrFailed, and then leaves what was there.
func (s *Store) Save(name string, content io.Reader, limit int64, overwrite bool) (size int64, err error) {
	if _, err := s.within(name, true); err != nil {
		return 0, err
	}
	b := s.Batch()
	defer b.Close() // what cannot be removed now is swept at the next start
	r, _, err := b.Receive(content, limit, nil)
	if err != nil {
		return 0, err
	}
	return s.Keep(r, name, overwrite)
}

// Keep gives a received file a path, as Save does, without copying it. It may be kept under
// several.
func (s *Store) Keep(r *Received, name string, overwrite bool) (size int64, err error) {
	root, err := s.within(name, true)
	if err == nil {
		err = r.Settle()
	}
	if err != nil {
		return 0, err
	}
	made, err := s.place(root, name, func() error { return s.linked(root, r.name, name, overwrite) })
	if err != nil {
		return 0, err
	}
	persist(root, path.Dir(name), made)
	r.keeps(root, name)
	return r.size, nil
}

// keeps notes which file got a path, so that no other is taken back for it.
func (r *Received) keeps(root *os.Root, name string) {
	info, err := root.Lstat(name)
	if err != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.kept == nil {
		r.kept = map[string]fs.FileInfo{}
	}
	r.kept[name] = info
}

// tries are how often a file is placed whose folder is removed meanwhile, as one that a
// removed file has left empty.
const tries = 20

// place has a hidden file put to its path. made says that its folder was made for it.
func (s *Store) place(root *os.Root, name string, put func() error) (made bool, err error) {
	folder := path.Dir(name)
	for try := 1; ; try++ {
		_, missing := root.Stat(folder)
		made = made || missing != nil
		err := makeFolder(root, folder)
		if err == nil {
			err = put()
		}
		if err == nil {
			return made, nil
		}
		if !errors.Is(err, fs.ErrNotExist) || try == tries {
			return made, misplaced(err)
		}
	}
}

// makeFolder makes a folder with all around it. It fails with ErrExists where a file is in the
// way, and with fs.ErrNotExist where somebody removed one of them meanwhile: which of both it
// was os.Root does not tell.
func makeFolder(root *os.Root, folder string) error {
	err := root.MkdirAll(folder, 0o700)
	if !errors.Is(err, fs.ErrExist) && !errors.Is(err, syscall.ENOTDIR) {
		return err
	}
	for at := folder; at != "."; at = path.Dir(at) {
		if info, e := root.Stat(at); e == nil && !info.IsDir() {
			return ErrExists
		}
	}
	return fs.ErrNotExist
}

// misplaced is why a file could not get its path.
func misplaced(err error) error {
	if e := (*failure.Error)(nil); errors.As(err, &e) {
		return e
	}
	switch e := translated(err); {
	case errors.Is(err, syscall.EISDIR), errors.Is(err, syscall.ENOTEMPTY), errors.Is(err, syscall.ENOTDIR):
		return ErrExists // a folder is there, or a file where a folder would have to be
	case errors.Is(e, ErrNotFound):
		return failed(err)
	default:
		return e
	}
}

// linked gives a hidden file a second name. To link is to name without overwriting: of several
// who try at once one succeeds. With overwrite the second name is hidden too, and moved to its
// place.
func (s *Store) linked(root *os.Root, from, name string, overwrite bool) error {
	if !overwrite {
		return link(root, from, name)
	}
	if info, err := root.Lstat(name); err == nil && info.IsDir() {
		return ErrExists // an empty one could be replaced
	}
	second, err := s.hiddenName(root)
	if err != nil {
		return err
	}
	if err := link(root, from, second); err != nil {
		return err
	}
	if err := root.Rename(second, name); err != nil {
		_ = root.Remove(second) // it is swept at the next start
		return err
	}
	return nil
}

// link is root.Link, or a copy where the file system has no links.
func link(root *os.Root, from, name string) error {
	err := root.Link(from, name)
	if err == nil || errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrNotExist) || isEscape(err) {
		return err
	}
	in, err := root.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if e := out.Sync(); err == nil {
		err = e
	}
	if e := out.Close(); err == nil {
		err = e
	}
	if err != nil {
		_ = root.Remove(name) // half a file is none
	}
	return err
}

// persist makes the new name in a folder outlast a crash of the machine, and those of the
// folders that were made for it. Systems that cannot do that do not need it.
func persist(root *os.Root, folder string, made bool) {
	for {
		if f, err := root.Open(folder); err == nil {
			_ = f.Sync()
			_ = f.Close()
		}
		if !made || folder == "." {
			return
		}
		folder = path.Dir(folder)
	}
}

// TakeBack removes a file that was kept, as Delete does, but no other that has the path meanwhile:
// somebody else may have replaced it, and is told that theirs is there. It is to be called while the
// batch of r is open.
func (s *Store) TakeBack(r *Received, name string) error {
	root, err := s.within(name, false)
	if err != nil {
		return err
	}
	r.mu.Lock()
	was := r.kept[name]
	r.mu.Unlock()
	if is, err := root.Lstat(name); err != nil || was == nil || !os.SameFile(was, is) {
		return translated(err)
	}
	return s.Delete(name)
}

// Delete removes a file; a folder that it leaves empty goes with it. It fails with ErrInvalidPath,
// ErrNotFound or ErrFailed.
func (s *Store) Delete(name string) error {
	root, err := s.within(name, false)
	if err != nil {
		return err
	}
	info, err := root.Lstat(name)
	if err == nil && info.IsDir() {
		return ErrNotFound
	}
	if err == nil {
		err = root.Remove(name)
	}
	if err != nil {
		return translated(err)
	}
	for folder := path.Dir(name); folder != "."; folder = path.Dir(folder) {
		if root.Remove(folder) != nil { // there is more in it
			break
		}
	}
	return nil
}
