package watch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what must come; only a failure takes so long.
const patience = 20 * time.Second

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// begin watches roots by notifications alone: the next poll is an hour away.
func begin(t *testing.T, roots ...string) *Watcher {
	t.Helper()
	w, err := Start(Options{Roots: roots, Debounce: 10 * time.Millisecond, Poll: time.Hour})
	must(t, err)
	t.Cleanup(func() { must(t, w.Close()) })
	if err := w.Err(); err != nil {
		t.Skip("this system does not notify: ", err)
	}
	return w
}

// changed waits for a change.
func changed(t *testing.T, w *Watcher, what string) {
	t.Helper()
	select {
	case <-w.Changes():
	case <-time.After(patience):
		t.Fatalf("%s: no change was told", what)
	}
}

func TestChangesAreTold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(t *testing.T, dir string)
	}{
		{"write", func(t *testing.T, dir string) { write(t, dir+"/endpoints/films.yaml", "get: 2") }},
		{"append", func(t *testing.T, dir string) {
			f, err := os.OpenFile(dir+"/endpoints/films.yaml", os.O_APPEND|os.O_WRONLY, 0)
			must(t, err)
			_, err = f.WriteString("x")
			must(t, errors.Join(err, f.Close()))
		}},
		{"atomic rename", func(t *testing.T, dir string) {
			write(t, dir+"/endpoints/.films.yaml.tmp", "get: 3")
			must(t, os.Rename(dir+"/endpoints/.films.yaml.tmp", dir+"/endpoints/films.yaml"))
		}},
		{"rename of a root file", func(t *testing.T, dir string) {
			write(t, dir+"/cloudlet.yaml~", "config: {}")
			must(t, os.Rename(dir+"/cloudlet.yaml~", dir+"/cloudlet.yaml"))
		}},
		{"new file", func(t *testing.T, dir string) { write(t, dir+"/endpoints/new.yaml", "") }},
		{"new nested folders", func(t *testing.T, dir string) { write(t, dir+"/endpoints/a/b/c/d.yaml", "x") }},
		{"removed file", func(t *testing.T, dir string) { must(t, os.Remove(dir+"/endpoints/films.yaml")) }},
		{"removed folder", func(t *testing.T, dir string) { must(t, os.RemoveAll(dir+"/endpoints/auth")) }},
		{"renamed folder", func(t *testing.T, dir string) { must(t, os.Rename(dir+"/endpoints/auth", dir+"/endpoints/identity")) }},
		{"folder moved in", func(t *testing.T, dir string) {
			write(t, dir+"/elsewhere/x/y.yaml", "x")
			must(t, os.Rename(dir+"/elsewhere", dir+"/endpoints/here"))
		}},
		{"removed roots", func(t *testing.T, dir string) { must(t, os.RemoveAll(dir+"/endpoints")) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, dir+"/cloudlet.yaml", "")
			write(t, dir+"/endpoints/films.yaml", "get: 1")
			write(t, dir+"/endpoints/auth/login/index.yaml", "get: 1")
			w := begin(t, dir+"/cloudlet.yaml", dir+"/endpoints")
			c.change(t, dir)
			changed(t, w, c.name)
			// Whatever happened, it goes on watching.
			write(t, dir+"/endpoints/auth/login/index.yaml", "get: 4")
			changed(t, w, "a write after it")
			write(t, dir+"/endpoints/auth/login/index.yaml", "get: 5")
			changed(t, w, "another write after it")
		})
	}
}

func TestConfigMapSwap(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	swap := func(version, text string) {
		write(t, dir+"/.."+version+"/cloudlet.yaml", text)
		write(t, dir+"/.."+version+"/login.yaml", text)
		must(t, os.Symlink(".."+version, dir+"/..data_tmp"))
		must(t, os.Rename(dir+"/..data_tmp", dir+"/..data"))
	}
	swap("2026_1", "one")
	must(t, os.Symlink("..data/cloudlet.yaml", dir+"/cloudlet.yaml"))
	must(t, os.Symlink("..data/login.yaml", dir+"/login.yaml"))
	for name, root := range map[string]string{"folder": dir, "file": dir + "/cloudlet.yaml"} {
		w := begin(t, root)
		for i := range 3 {
			swap(fmt.Sprint("2026_", name, i), fmt.Sprint(name, i))
			changed(t, w, "a swap with the root a "+name)
		}
	}
}

func TestRootThatComesLater(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := begin(t, dir+"/a/b/endpoints", dir+"/a/cloudlet.yaml")
	write(t, dir+"/a/b/endpoints/films.yaml", "x")
	changed(t, w, "the root came")
	for range 3 {
		must(t, os.RemoveAll(dir+"/a/b"))
		changed(t, w, "the root went")
		write(t, dir+"/a/b/endpoints/films.yaml", "x")
		changed(t, w, "the root came again")
	}
	write(t, dir+"/a/cloudlet.yaml", "x")
	changed(t, w, "the other root came")
}

func TestRootThroughLinks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir+"/releases/1/endpoints/films.yaml", "1")
	write(t, dir+"/releases/2/endpoints/films.yaml", "2")
	must(t, os.Symlink("releases/1", dir+"/current"))
	w := begin(t, dir+"/current/endpoints")
	must(t, os.Symlink(dir+"/releases/2", dir+"/next"))
	must(t, os.Rename(dir+"/next", dir+"/current"))
	changed(t, w, "the link leads to another release")
	write(t, dir+"/releases/2/endpoints/films.yaml", "3")
	changed(t, w, "a file behind the link")
}

func TestMovedFolderIsStillWatched(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir+"/a/b/c.yaml", "1")
	w := begin(t, dir)
	for i, name := range []string{"x", "b", "a", "z"} {
		from, err := filepath.Glob(dir + "/*")
		must(t, err)
		must(t, os.Rename(from[0], dir+"/"+name+fmt.Sprint(i)))
		changed(t, w, "the folder moved")
		write(t, dir+"/"+name+fmt.Sprint(i)+"/b/c.yaml", name)
		changed(t, w, "a file in the moved folder")
	}
}

// Between two looks there is at least the debounce, so that many writes can give no
// more changes than that leaves room for, however slow the machine is.
func TestBurstGivesFewChanges(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const debounce = 100 * time.Millisecond
	w, err := Start(Options{Roots: []string{dir}, Debounce: debounce, Poll: time.Hour})
	must(t, err)
	defer w.Close()
	begun, written := time.Now(), make(chan struct{})
	go func() {
		defer close(written)
		for i := range 500 {
			_ = os.WriteFile(fmt.Sprint(dir, "/", i%7, ".yaml"), []byte(fmt.Sprint(i)), 0o644)
		}
	}()
	n := 0
	for done := false; !done; {
		select {
		case <-w.Changes():
			n++
		case <-time.After(10 * debounce):
			done = n > 0
		}
	}
	<-written
	if most := int(time.Since(begun)/debounce) + 1; n > most || n > 100 {
		t.Errorf("%d changes, want at most %d", n, most)
	}
}

func TestFileThatNeverRests(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w, err := Start(Options{Roots: []string{dir}, Debounce: 900 * time.Millisecond, Poll: time.Hour})
	must(t, err)
	defer w.Close()
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
				_ = os.WriteFile(dir+"/x.yaml", []byte(fmt.Sprint(i)), 0o644)
			}
		}
	}()
	changed(t, w, "a file is written all the time")
	close(stop)
	<-stopped
}

func TestPollingWhereTheSystemDoesNotNotify(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var mu sync.Mutex
	refused := errors.New("too many open files")
	w, err := start(Options{Roots: []string{dir}, Poll: 5 * time.Millisecond}, func() (*notifier, error) {
		mu.Lock()
		defer mu.Unlock()
		if refused != nil {
			return nil, refused
		}
		return newNotifier()
	})
	must(t, err)
	defer w.Close()
	if err := w.Err(); !errors.Is(err, refused) || !strings.HasPrefix(err.Error(), "the system does not tell about all changes") {
		t.Errorf("Err is %v", err)
	}
	write(t, dir+"/a/b.yaml", "1")
	changed(t, w, "polling")
	write(t, dir+"/a/b.yaml", "2")
	changed(t, w, "polling")
	mu.Lock()
	refused = nil
	mu.Unlock()
	for end := time.Now().Add(patience); w.Err() != nil; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it never tried notifications again: ", w.Err())
		}
	}
}

func TestErrorsOfTheSystemMeanALook(t *testing.T) {
	t.Parallel()
	n, err := newNotifier()
	must(t, err)
	wake := make(chan struct{}, 1)
	go n.listen(wake)
	defer n.close()
	n.scope.Store(&scope{})
	n.system.Errors <- fsnotify.ErrEventOverflow
	n.system.Errors <- fsnotify.ErrEventOverflow // it must not wait for the first to be heard
	select {
	case <-wake:
	case <-time.After(patience):
		t.Error("an overflow was not heard")
	}
}

func TestClose(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w, err := Start(Options{Roots: []string{dir}, Debounce: time.Millisecond})
	must(t, err)
	write(t, dir+"/x.yaml", "nobody receives this change")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() { must(t, w.Close()) })
	}
	wg.Wait()
	must(t, w.Close())
}

func TestStartRefusesRelativePaths(t *testing.T) {
	t.Parallel()
	for _, roots := range [][]string{nil, {"endpoints"}, {t.TempDir(), "../x"}} {
		if w, err := Start(Options{Roots: roots}); err == nil {
			t.Errorf("%q: no error", roots)
			_ = w.Close()
		}
	}
}

// While a look walks, files may come into a folder that it has read already and
// that no look before knew.
func TestFileThatComesDuringALook(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var once sync.Once
	w, err := Start(Options{Roots: []string{dir}, Debounce: time.Millisecond, Poll: time.Hour, Ignore: func(path string) bool {
		if filepath.Base(path) == "seed.yaml" {
			once.Do(func() {
				_ = os.WriteFile(filepath.Dir(path)+"/late.yaml", nil, 0o644)
				time.Sleep(100 * time.Millisecond) // so that it is notified before the look ends
			})
			return true
		}
		return false
	}})
	must(t, err)
	defer w.Close()
	write(t, dir+"/new/seed.yaml", "")
	changed(t, w, "a file that came during a look")
}
