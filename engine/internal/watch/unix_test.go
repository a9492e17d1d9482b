//go:build unix

package watch

import (
	"os"
	"syscall"
	"testing"
)

// Opening a pipe waits for its other end, which may never come.
func TestPipesAreNotOpened(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must(t, syscall.Mkfifo(dir+"/pipe.yaml", 0o600))
	must(t, os.Symlink("pipe.yaml", dir+"/link.yaml"))
	e := eye{roots: []string{dir}}
	e.look()
	if len(e.files) != 0 {
		t.Errorf("files: %v", e.files)
	}
	if _, err := read(dir + "/pipe.yaml"); err == nil {
		t.Error("a pipe was read")
	}
}

func TestWhatMayNotBeRead(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("root may read everything")
	}
	dir := t.TempDir()
	write(t, dir+"/f.yaml", "x")
	write(t, dir+"/closed/g.yaml", "x")
	must(t, os.Chmod(dir+"/f.yaml", 0))
	must(t, os.Chmod(dir+"/closed", 0))
	e := eye{roots: []string{dir}}
	before := e.look()
	if e.look() != before {
		t.Error("nothing changed")
	}
	must(t, os.Chmod(dir+"/f.yaml", 0o600))
	opened := e.look()
	if opened == before {
		t.Error("a file that can be read now was overlooked")
	}
	must(t, os.Chmod(dir+"/closed", 0o700))
	if e.look() == opened {
		t.Error("a folder that can be read now was overlooked")
	}
}
