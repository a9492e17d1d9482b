package watch

import (
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/fsnotify/fsnotify"
)

// notifier listens to what the system says about folders. It listens in a
// goroutine of its own, so that it never waits for a look, nor a look for it.
type notifier struct {
	system *fsnotify.Watcher
	scope  atomic.Pointer[scope]
	done   chan struct{}
}

// scope is what a look found worth listening to. All paths are real ones: without
// symbolic links.
type scope struct {
	folders map[string]bool // true: all in it counts; false: only what names has
	names   map[string]bool
}

func newNotifier() (*notifier, error) {
	system, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	return &notifier{system: system, done: make(chan struct{})}, nil
}

// listen fills wake when there is something to look at, until close. An error is
// something too: it may be that the system's queue was too short.
func (n *notifier) listen(wake chan<- struct{}) {
	defer close(n.done)
	for {
		select {
		case event, open := <-n.system.Events:
			if !open {
				return
			}
			if s := n.scope.Load(); s != nil && !s.counts(event.Name) {
				continue
			}
		case _, open := <-n.system.Errors:
			if !open {
				return
			}
		}
		select {
		case wake <- struct{}{}:
		default: // it is full already
		}
	}
}

// counts reports whether an event at a path may mean a change.
func (s *scope) counts(path string) bool {
	if _, isFolder := s.folders[path]; isFolder || s.names[path] {
		return true
	}
	return s.folders[filepath.Dir(path)] && !ignored(filepath.Base(path))
}

// add begins to listen to a folder. One that is listened to already is no error,
// and one that was replaced by another of the same name is listened to anew.
func (n *notifier) add(folder string) error { return n.system.Add(folder) }

// hearAll lets everything count until keep says what does: during a look folders
// come up that the scope of the last one does not know.
func (n *notifier) hearAll() {
	if n != nil {
		n.scope.Store(nil)
	}
}

// keep gives up the folders that the scope does not have, and reports whether
// there were any.
func (n *notifier) keep(s *scope) (gaveUp bool) {
	n.scope.Store(s)
	for _, folder := range n.system.WatchList() {
		if _, known := s.folders[folder]; !known {
			// It fails where the folder is gone, and its notification with it.
			_ = n.system.Remove(folder)
			gaveUp = true
		}
	}
	return gaveUp
}

// close ends the listening; a nil notifier has nothing to end.
func (n *notifier) close() {
	if n != nil {
		// Nothing can be done about an error; the goroutines end all the same.
		_ = n.system.Close()
		<-n.done
	}
}

// ignored reports whether a name is hidden or what editors leave beside a file
// while they write it: 4913 is Vim's trial whether it may write into the folder.
func ignored(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~") || strings.HasSuffix(name, ".swp") ||
		name == "4913" || strings.HasPrefix(name, "#") && strings.HasSuffix(name, "#")
}
