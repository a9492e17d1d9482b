package watch

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

type digest [sha256.Size]byte

// file is what is known of a file's content.
type file struct {
	info    fs.FileInfo
	content digest
	// settled says that the content stands for the info: it was read well after the
	// last change, so that another one cannot have the same time.
	settled bool
}

const (
	// coarse is the resolution of file times that one must reckon with (FAT: 2 s).
	coarse = 2 * time.Second
	// largest is the size in bytes up to which content is compared; larger files are
	// told apart by size and time alone, so that a look stays short.
	largest = 64 << 20
	// mostLinks is how many symbolic links one path may lead through, as in Linux.
	mostLinks = 40
)

// visit is one walk through the roots.
type visit struct {
	ignore   func(path string) bool
	stopped  func() bool
	notifier *notifier // may be nil
	scope    *scope
	before   map[string]file // of the visit before
	files    map[string]file // by the path from the root
	sum      hash.Hash       // of all that was found, in order
	problem  error           // why some folder cannot be listened to
}

func newVisit(ignore func(string) bool, stopped func() bool, n *notifier, before map[string]file) *visit {
	return &visit{ignore: ignore, stopped: stopped, notifier: n, before: before,
		scope: &scope{map[string]bool{}, map[string]bool{}},
		files: make(map[string]file, len(before)), sum: sha256.New()}
}

func (v *visit) digest() digest { return digest(v.sum.Sum(nil)) }

// found adds to the digest what stands at a path.
func (v *visit) found(path, kind string, content []byte) {
	fmt.Fprintf(v.sum, "%d:%s%s:%d:", len(path), path, kind, len(content))
	v.sum.Write(content)
}

// root visits one root, which may be missing.
func (v *visit) root(path string) {
	real, exists := v.resolve(path)
	if !exists {
		return
	}
	v.listen(filepath.Dir(real), false)
	v.scope.names[real] = true
	v.at(path, real)
}

// listen asks for notifications about a folder, before it is read: what comes
// into it afterwards is notified, what came before is read.
func (v *visit) listen(folder string, whole bool) {
	_, known := v.scope.folders[folder]
	v.scope.folders[folder] = v.scope.folders[folder] || whole
	if known || v.notifier == nil {
		return
	}
	err := v.notifier.add(folder)
	// What is gone or closed to us holds nothing that could be read either.
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
		v.problem = err
	}
}

// resolve follows the symbolic links of a path and listens to each of them: a
// Kubernetes ConfigMap changes by one link that no root names. Where the path ends
// in nothing it listens to the last folder that there is.
func (v *visit) resolve(path string) (real string, exists bool) {
	real = filepath.VolumeName(path) + string(filepath.Separator)
	todo := parts(path)
	for links := 0; len(todo) > 0; {
		name := todo[0]
		todo = todo[1:]
		if name == ".." {
			real = filepath.Dir(real)
			continue
		}
		next := filepath.Join(real, name)
		info, err := os.Lstat(next)
		if err != nil {
			v.listen(real, false)
			v.scope.names[next] = true
			return "", false
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			real = next
			continue
		}
		v.listen(real, false)
		v.scope.names[next] = true
		target, err := os.Readlink(next)
		if links++; err != nil || links > mostLinks {
			return "", false
		}
		if filepath.IsAbs(target) {
			real = filepath.VolumeName(target) + string(filepath.Separator)
		}
		todo = append(parts(target), todo...)
	}
	return real, true
}

// parts are the names in a path, without its volume.
func parts(path string) []string {
	path = filepath.ToSlash(path[len(filepath.VolumeName(path)):])
	return strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
}

// at visits what stands at a path; real is the same without symbolic links.
// Pipes, sockets and devices are passed over: opening one could wait for ever.
func (v *visit) at(path, real string) {
	info, err := os.Lstat(real)
	switch {
	case err != nil || v.stopped():
	case info.IsDir():
		v.folder(path, real)
	case info.Mode().IsRegular():
		v.file(path, real, info)
	}
}

// folder visits each folder once, however many links lead to it, so that a circle
// of links ends; a second way to it counts by being there.
func (v *visit) folder(path, real string) {
	if v.scope.folders[real] {
		v.found(path, "folder", []byte(real))
		return
	}
	v.listen(real, true)
	entries, err := os.ReadDir(real)
	if err != nil {
		v.found(path, "unreadable", nil)
	}
	for _, e := range entries {
		below, realBelow := filepath.Join(path, e.Name()), filepath.Join(real, e.Name())
		if ignored(e.Name()) || v.ignore(below) {
			continue
		}
		if e.Type()&fs.ModeSymlink != 0 {
			var exists bool
			if realBelow, exists = v.resolve(realBelow); !exists {
				v.found(below, "nowhere", nil)
				continue
			}
			v.listen(filepath.Dir(realBelow), false)
			v.scope.names[realBelow] = true
		}
		v.at(below, realBelow)
	}
}

// file reads a file where its size, time or identity differ from the last visit.
func (v *visit) file(path, real string, info fs.FileInfo) {
	old, known := v.before[path]
	if !known || !old.settled || old.info.Size() != info.Size() || !old.info.ModTime().Equal(info.ModTime()) || !os.SameFile(old.info, info) {
		now, err := read(real)
		if err != nil {
			v.found(path, "unreadable", nil)
			return
		}
		old = now
	}
	v.files[path] = old
	v.found(path, "file", old.content[:])
}

// read hashes the content of a file.
func read(path string) (file, error) {
	// Without waiting: the file may have become a pipe by now.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return file{}, err
	}
	defer f.Close()
	begun := time.Now()
	info, err := f.Stat()
	if err != nil {
		return file{}, err
	}
	if !info.Mode().IsRegular() {
		return file{}, fmt.Errorf("%s is not a regular file", path)
	}
	h := sha256.New()
	if info.Size() > largest {
		fmt.Fprint(h, info.Size(), info.ModTime().UnixNano())
	} else if _, err := io.Copy(h, io.LimitReader(f, largest+1)); err != nil {
		return file{}, err
	}
	return file{info, digest(h.Sum(nil)), begun.Sub(info.ModTime()) > coarse}, nil
}
