package files

import (
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"
)

// Save writes a file with a content, at most limit bytes of it; with overwrite in the place of
// one that is there. It gives the number of bytes. It fails with ErrInvalidPath, ErrExists,
// ErrTooLarge, ErrFull or ErrFailed, and then leaves what was there.
func (s *Store) Save(name string, content io.Reader, limit int64, overwrite bool) (size int64, err error) {
	root, err := s.within(name, true)
	if err != nil {
		return 0, err
	}
	temporary, f, err := create(root)
	if err != nil {
		return 0, err
	}
	defer root.Remove(temporary) // it is gone where it was moved
	size, err = io.Copy(f, io.LimitReader(content, limit+1))
	if err == nil && size > limit {
		err = ErrTooLarge
	} else {
		err = failure(err)
	}
	if e := failure(f.Sync()); err == nil {
		err = e
	}
	if e := failure(f.Close()); err == nil {
		err = e
	}
	if err != nil {
		return 0, err
	}
	return size, place(root, temporary, name, overwrite)
}

// create makes a hidden file.
func create(root *os.Root) (name string, f *os.File, err error) {
	name = path.Join(hidden, rand.Text())
	if err := root.MkdirAll(hidden, 0o700); err != nil {
		return "", nil, failure(err)
	}
	f, err = root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	return name, f, failure(err)
}

// place moves a hidden file to its place.
func place(root *os.Root, from, name string, overwrite bool) error {
	if folder := path.Dir(name); folder != "." {
		if err := root.MkdirAll(folder, 0o700); err != nil {
			if errors.Is(err, syscall.ENOTDIR) || errors.Is(err, fs.ErrExist) { // a file is in the way
				return ErrExists
			}
			return failure(err)
		}
	}
	if overwrite {
		err := root.Rename(from, name)
		if errors.Is(err, syscall.EISDIR) || errors.Is(err, syscall.ENOTEMPTY) || errors.Is(err, syscall.EEXIST) {
			return ErrExists // a folder is there
		}
		return failure(err)
	}
	// To link is to move without overwriting: of several who try at once one succeeds.
	err := root.Link(from, name)
	if err != nil && !errors.Is(err, fs.ErrExist) && !errors.Is(err, fs.ErrNotExist) && !isEscape(err) {
		return copied(root, from, name) // a file system without links
	}
	if err == nil {
		err = root.Remove(from)
	}
	return failure(err)
}

// copied places a file where links are not to be had.
func copied(root *os.Root, from, name string) error {
	in, err := root.Open(from)
	if err != nil {
		return failure(err)
	}
	defer in.Close()
	out, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return failure(err)
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
		return failure(err)
	}
	return failure(root.Remove(from))
}

// Keep gives an upload a path of its own, as Save does; it is moved, not copied. An upload that
// was kept already is copied from where it is.
func (s *Store) Keep(u *Received, name string, overwrite bool) (size int64, err error) {
	root, err := s.within(name, true)
	if err != nil {
		return 0, err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.kept != "" {
		f, err := root.Open(u.kept)
		if err != nil {
			return 0, failure(err)
		}
		defer f.Close()
		return s.Save(name, f, u.size, overwrite)
	}
	if err := place(root, u.name, name, overwrite); err != nil {
		return 0, err
	}
	u.kept = name
	return u.size, nil
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
		return failure(err)
	}
	for folder := path.Dir(name); folder != "."; folder = path.Dir(folder) {
		if root.Remove(folder) != nil { // there is more in it
			break
		}
	}
	return nil
}
