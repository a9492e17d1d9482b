// Package watch tells that the content of files changed, a moment after they have
// come to rest; it knows nothing but files.
//
// The system's notifications only say when to look: every look walks the roots,
// and what it finds is compared with what was last acknowledged. So a lost, doubled
// or misleading notification does no harm, and neither does a touch.
package watch

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

const (
	defaultDebounce = 50 * time.Millisecond
	defaultPoll     = 30 * time.Second
	// longest is how long files that never come to rest can put off a look.
	longest = time.Second
	// blind is how often to look where the system does not notify.
	blind = time.Second
)

// Options say what to watch.
type Options struct {
	// Roots are absolute paths of files or folders; what is missing may come later.
	// Symbolic links are followed, in the roots' own paths too.
	Roots []string
	// Debounce is how long files must rest before they are looked at; 50 ms where it
	// is not positive. Files that never rest are looked at after a second.
	Debounce time.Duration
	// Poll is how often to look without a notification, since network file systems
	// send none for what other machines do; 30 s where it is not positive.
	Poll time.Duration
	// Ignore leaves out a file or folder under a root, besides the names that begin
	// with "." and those of editors' backups (x~, x.swp, 4913, #x#). It gets the path
	// as reached from the root, and is called from one goroutine. It may be nil.
	Ignore func(path string) bool
}

// Watcher watches until it is closed.
type Watcher struct {
	options Options
	changes chan struct{}
	stop    chan struct{}
	done    chan struct{}
	close   sync.Once

	mu  sync.Mutex
	err error
}

// Start begins to watch. The state of the files during Start counts as
// acknowledged, so read them afterwards. The error is a mistake in the options;
// where the system cannot notify, the watcher works, more slowly, and Err says so.
func Start(o Options) (*Watcher, error) { return start(o, newNotifier) }

func start(o Options, notify func() (*notifier, error)) (*Watcher, error) {
	if len(o.Roots) == 0 {
		return nil, errors.New("nothing to watch")
	}
	o.Roots = slices.Clone(o.Roots)
	for i, root := range o.Roots {
		if !filepath.IsAbs(root) {
			return nil, fmt.Errorf("the path to watch %q is not absolute", root)
		}
		o.Roots[i] = filepath.Clean(root)
	}
	if o.Debounce <= 0 {
		o.Debounce = defaultDebounce
	}
	if o.Poll <= 0 {
		o.Poll = defaultPoll
	}
	if o.Ignore == nil {
		o.Ignore = func(string) bool { return false }
	}
	w := &Watcher{options: o, changes: make(chan struct{}), stop: make(chan struct{}), done: make(chan struct{})}
	l := &looker{watcher: w, notify: notify, wake: make(chan struct{}, 1)}
	l.look()
	l.acknowledged = l.current
	go l.run()
	return w, nil
}

// Changes gives a value while the content of the files differs from what it was at
// the last value received, or at Start. There is never more than one to receive,
// and none any more once the files are back as they were. Look at the files after
// receiving: what changes later gives another value. The channel is never closed.
func (w *Watcher) Changes() <-chan struct{} { return w.changes }

// Err is nil while the system notifies. Otherwise it says why it does not, such as
// a limit reached; the files are then looked at every second until it does again.
func (w *Watcher) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

func (w *Watcher) setErr(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err = err; err != nil {
		w.err = fmt.Errorf("the system does not tell about all changes of files, so they are looked at every %v: %w",
			min(w.options.Poll, blind), err)
	}
}

// Close ends every goroutine of the watcher and then returns nil. It may be called
// more than once and by several goroutines.
func (w *Watcher) Close() error {
	w.close.Do(func() { close(w.stop) })
	<-w.done
	return nil
}

func (w *Watcher) stopped() bool {
	select {
	case <-w.stop:
		return true
	default:
		return false
	}
}

// looker is the goroutine that looks at the files.
type looker struct {
	watcher  *Watcher
	notify   func() (*notifier, error)
	notifier *notifier // nil where the system cannot notify
	wake     chan struct{}

	files                 map[string]file // of the last look
	current, acknowledged digest
}

func (l *looker) run() {
	w := l.watcher
	defer close(w.done)
	defer func() { l.notifier.close() }()
	poll := time.NewTimer(l.interval())
	defer poll.Stop()
	rest := time.NewTimer(time.Hour) // until the files rest
	rest.Stop()
	defer rest.Stop()
	var since time.Time // the first notification that no look has followed yet
	for {
		var changes chan struct{}
		if l.current != l.acknowledged {
			changes = w.changes
		}
		select {
		case <-w.stop:
			return
		case changes <- struct{}{}:
			l.acknowledged = l.current
			continue
		case <-l.wake:
			if since.IsZero() {
				since = time.Now()
			}
			rest.Reset(min(w.options.Debounce, time.Until(since.Add(max(longest, w.options.Debounce)))))
			continue
		case <-rest.C:
		case <-poll.C:
		}
		rest.Stop()
		since = time.Time{}
		l.look()
		poll.Reset(l.interval())
	}
}

func (l *looker) interval() time.Duration {
	if l.watcher.Err() != nil {
		return min(l.watcher.options.Poll, blind)
	}
	return l.watcher.options.Poll
}

// looks is how often one look begins again because of folders that were moved.
const looks = 3

// look walks the roots. Where it had to give up the notifications for a folder it
// walks again: a folder that was moved has one notification for both its names, and
// giving up that of the old name is giving up that of the new one.
func (l *looker) look() {
	var problem error
	for range looks {
		if l.notifier == nil {
			if l.notifier, problem = l.notify(); problem == nil {
				go l.notifier.listen(l.wake)
			}
		}
		l.notifier.hearAll()
		v := newVisit(l.watcher.options.Ignore, l.watcher.stopped, l.notifier, l.files)
		for _, root := range l.watcher.options.Roots {
			v.root(root)
		}
		if l.watcher.stopped() {
			return // the visit is not complete
		}
		l.files, l.current = v.files, v.digest()
		if l.notifier == nil {
			break
		}
		problem = v.problem
		if !l.notifier.keep(v.scope) {
			break
		}
	}
	l.watcher.setErr(problem)
}
