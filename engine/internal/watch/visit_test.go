package watch

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// looks at roots again and again without notifications.
type eye struct {
	roots []string
	files map[string]file
	scope *scope
}

func (e *eye) look(ignore ...string) digest {
	v := newVisit(func(path string) bool {
		for _, name := range ignore {
			if strings.HasSuffix(path, name) {
				return true
			}
		}
		return false
	}, func() bool { return false }, nil, e.files)
	for _, root := range e.roots {
		v.root(root)
	}
	e.files, e.scope = v.files, v.scope
	return v.digest()
}

func TestWhatIsAChange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(t *testing.T, dir string)
		want   bool
	}{
		{"nothing", func(*testing.T, string) {}, false},
		{"touch", func(t *testing.T, dir string) { must(t, os.Chtimes(dir+"/r/f.yaml", time.Time{}, time.Now())) }, false},
		{"the same again", func(t *testing.T, dir string) { write(t, dir+"/r/f.yaml", "one") }, false},
		{"the same, by rename", func(t *testing.T, dir string) {
			write(t, dir+"/r/f.yaml~", "one")
			must(t, os.Rename(dir+"/r/f.yaml~", dir+"/r/f.yaml"))
		}, false},
		{"mode", func(t *testing.T, dir string) { must(t, os.Chmod(dir+"/r/f.yaml", 0o600)) }, false},
		{"empty folder", func(t *testing.T, dir string) { must(t, os.Mkdir(dir+"/r/e", 0o700)) }, false},
		{"beside the root", func(t *testing.T, dir string) { write(t, dir+"/data/x.db", "x") }, false},
		{"hidden", func(t *testing.T, dir string) { write(t, dir+"/r/.git/x.yaml", "x") }, false},
		{"swap file", func(t *testing.T, dir string) { write(t, dir+"/r/f.swp", "x") }, false},
		{"backup", func(t *testing.T, dir string) { write(t, dir+"/r/f.yaml~", "x") }, false},
		{"Vim's trial", func(t *testing.T, dir string) { write(t, dir+"/r/4913", "x") }, false},
		{"Emacs' copy", func(t *testing.T, dir string) { write(t, dir+"/r/#f.yaml#", "x") }, false},
		{"what Ignore names", func(t *testing.T, dir string) { write(t, dir+"/r/ignored/x.yaml", "x") }, false},
		{"a link to where there is more", func(t *testing.T, dir string) { must(t, os.Symlink(dir+"/r/sub", dir+"/r/zz")) }, true},
		{"content", func(t *testing.T, dir string) { write(t, dir+"/r/f.yaml", "two") }, true},
		{"name", func(t *testing.T, dir string) { must(t, os.Rename(dir+"/r/f.yaml", dir+"/r/g.yaml")) }, true},
		{"empty file", func(t *testing.T, dir string) { write(t, dir+"/r/sub/e.yaml", "") }, true},
		{"exchange", func(t *testing.T, dir string) {
			write(t, dir+"/r/f.yaml", "sub")
			write(t, dir+"/r/sub/s.yaml", "one")
		}, true},
		{"a name with # inside", func(t *testing.T, dir string) { write(t, dir+"/r/a#b", "x") }, true},
		{"broken link", func(t *testing.T, dir string) { must(t, os.Symlink("nowhere", dir+"/r/l.yaml")) }, true},
		{"root to file", func(t *testing.T, dir string) { must(t, os.RemoveAll(dir+"/r")); write(t, dir+"/r", "x") }, true},
		{"root gone", func(t *testing.T, dir string) { must(t, os.RemoveAll(dir+"/r")) }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, dir+"/r/f.yaml", "one")
			write(t, dir+"/r/sub/s.yaml", "sub")
			e := eye{roots: []string{dir + "/r"}}
			before := e.look("/ignored")
			c.change(t, dir)
			if after := e.look("/ignored"); (after != before) != c.want {
				t.Errorf("changed: %v, want %v", after != before, c.want)
			}
		})
	}
}

// A file whose size, time and identity are as they were is not read; this is what
// keeps a look at thousands of files cheap.
func TestUnchangedFilesAreNotRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	long := time.Now().Add(-time.Hour)
	write(t, dir+"/f.yaml", "one")
	must(t, os.Chtimes(dir+"/f.yaml", long, long))
	e := eye{roots: []string{dir}}
	before := e.look()
	write(t, dir+"/f.yaml", "two")
	must(t, os.Chtimes(dir+"/f.yaml", long, long))
	if e.look() != before {
		t.Error("the file was read though nothing told of a change")
	}
	must(t, os.Chtimes(dir+"/f.yaml", long, long.Add(1)))
	if e.look() == before {
		t.Error("another time was overlooked")
	}
}

// A file that was read within the resolution of its time may change once more
// without getting another one.
func TestFreshFilesAreReadAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	now := time.Now()
	write(t, dir+"/f.yaml", "one")
	must(t, os.Chtimes(dir+"/f.yaml", now, now))
	e := eye{roots: []string{dir}}
	before := e.look()
	write(t, dir+"/f.yaml", "two")
	must(t, os.Chtimes(dir+"/f.yaml", now, now))
	if e.look() == before {
		t.Error("a change within the resolution of file times was overlooked")
	}
}

func TestCirclesOfLinks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir+"/r/a/f.yaml", "1")
	write(t, dir+"/r/b/f.yaml", "2")
	write(t, dir+"/outside/o.yaml", "3")
	for link, target := range map[string]string{
		"r/a/up": "..", "r/a/b": "../b", "r/b/a": "../a", "r/self": "self", "r/x": "y", "r/y": "x",
		"r/abs": dir + "/r", "r/out": "../outside", "r/out.yaml": "../outside/o.yaml", "r/odd": "./a/../b/f.yaml",
	} {
		must(t, os.Symlink(target, dir+"/"+link))
	}
	e := eye{roots: []string{dir + "/r"}}
	before := e.look()
	var got []string
	for path := range e.files {
		got = append(got, strings.TrimPrefix(path, dir))
	}
	want := []string{"/r/a/b/f.yaml", "/r/a/f.yaml", "/r/odd", "/r/out.yaml", "/r/out/o.yaml"}
	if d := cmp.Diff(want, got, cmpopts.SortSlices(strings.Compare)); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	if !e.scope.counts(dir+"/outside/o.yaml") || !e.scope.counts(dir+"/r/x") {
		t.Error("what links lead to is not listened to")
	}
	write(t, dir+"/outside/o.yaml", "4")
	if e.look() == before {
		t.Error("a change behind a link was overlooked")
	}
}

func TestScope(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir+"/app/cloudlet.yaml", "")
	write(t, dir+"/app/endpoints/a/f.yaml", "")
	e := eye{roots: []string{dir + "/app/cloudlet.yaml", dir + "/app/endpoints", dir + "/app/later/x"}}
	e.look()
	for path, want := range map[string]bool{
		"/app/cloudlet.yaml": true, "/app/endpoints": true, "/app/endpoints/new": true, "/app/endpoints/a/f.yaml": true,
		"/app/later": true, "/app": true, "/app/data": false, "/app/app.log": false, "/app/endpoints/a/.f.yaml.swp": false,
		"/app/endpoints/a/f.yaml~": false, "/": false, "/app/later/x": false,
	} {
		if got := e.scope.counts(dir + path); got != want {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
}

func BenchmarkLookAt5000Files(b *testing.B) {
	dir, long := b.TempDir(), time.Now().Add(-time.Hour)
	for i := range 5000 {
		path := fmt.Sprintf("%s/%d/%d.yaml", dir, i%100, i)
		write(b, path, "get: {}\n")
		must(b, os.Chtimes(path, long, long))
	}
	e := eye{roots: []string{dir}}
	for b.Loop() {
		e.look()
	}
}
