package secret

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func openKeyring(t testing.TB, dir string) *Keyring {
	t.Helper()
	k, err := OpenKeyring(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSecretIsMadeOnce(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "app", "data")
	k := openKeyring(t, dir)
	text, err := os.ReadFile(filepath.Join(dir, "secret.key"))
	must(t, err)
	if !regexp.MustCompile(`^[0-9a-f]{16} [A-Za-z0-9_-]{100}\n$`).Match(text) {
		t.Errorf("the file holds %d bytes that are not a kid and 100 characters", len(text))
	}
	if !strings.Contains(string(text), k.current().text) {
		t.Error("the secret is not the file's")
	}
	if runtime.GOOS != "windows" {
		for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, "secret.key"): 0o600} {
			info, err := os.Stat(path)
			must(t, err)
			if info.Mode().Perm() != want {
				t.Errorf("%s has mode %v", path, info.Mode())
			}
		}
	}
	if again := openKeyring(t, dir); again.current() != k.current() {
		t.Error("opened again it is another secret")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 1 {
		t.Errorf("files left: %v", left)
	}
	if hidden, _ := filepath.Glob(filepath.Join(dir, ".*")); len(hidden) != 0 {
		t.Errorf("files left: %v", hidden)
	}
}

// Processes that start together must agree on one secret.
func TestSecretIsMadeTogether(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	keys := make([]*Keyring, 8)
	var all sync.WaitGroup
	for i := range keys {
		all.Go(func() { keys[i], _ = OpenKeyring(dir, "") })
	}
	all.Wait()
	for _, k := range keys {
		if k == nil || k.current() != keys[0].current() {
			t.Fatal("two that started together have two secrets")
		}
	}
}

func TestGivenSecret(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	given := strings.Repeat("g", 32)
	k, err := OpenKeyring(dir, given)
	must(t, err)
	if k.current().text != given {
		t.Error("the given secret is not used as it is")
	}
	if files, _ := os.ReadDir(dir); len(files) != 0 {
		t.Error("a file was made beside the given secret")
	}
	wantError(t, k.Rotate(time.Hour), ErrUnusable)
	_, err = OpenKeyring(dir, given[1:])
	wantError(t, err, ErrUnusable)
	if strings.Contains(err.Error(), "ggg") {
		t.Error("the error holds the secret")
	}
}

func TestUnusableSecretFiles(t *testing.T) {
	t.Parallel()
	k, o := newKey(randomSecret()), newKey(randomSecret())
	short := newKey("short")
	line := k.id + " " + k.text
	for name, text := range map[string]string{
		"empty": "", "blank": "\n\n", "no kid": k.text + "\n", "wrong kid": o.id + " " + k.text + "\n",
		"short": short.id + " short\n", "the first has a time": line + " 2026-11-23T22:05:00Z\n",
		"the second has none": line + "\n" + o.id + " " + o.text + "\n",
		"time is no time":     line + "\n" + o.id + " " + o.text + " tomorrow\n",
		"too many words":      line + " a b\n", "binary": "\x00\xff\x00", "cut off": line[:60], "huge": strings.Repeat(line+"\n", 1000),
	} {
		dir := t.TempDir()
		must(t, os.WriteFile(filepath.Join(dir, "secret.key"), []byte(text), 0o600))
		_, err := OpenKeyring(dir, "")
		wantError(t, err, ErrUnusable)
		if strings.Contains(err.Error(), k.text[:40]) {
			t.Errorf("%s: the error holds the secret", name)
		}
	}
}

func TestReadableSecretIsRefused(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("modes mean nothing here")
	}
	dir := t.TempDir()
	k := openKeyring(t, dir)
	for _, mode := range []os.FileMode{0o644, 0o640, 0o620, 0o601} {
		must(t, os.Chmod(k.file, mode))
		_, err := OpenKeyring(dir, "")
		wantError(t, err, ErrUnusable)
		wantError(t, k.Rotate(time.Hour), ErrUnusable)
	}
	before := k.current()
	_, err := k.Reload()
	wantError(t, err, ErrUnusable)
	if k.current() != before {
		t.Error("a failed reload changed the keys")
	}
	must(t, os.Chmod(k.file, 0o600), k.Rotate(time.Hour))
	must(t, os.Remove(k.file), os.Mkdir(k.file, 0o700))
	_, err = OpenKeyring(dir, "")
	wantError(t, err, ErrUnusable)
}

func TestRotate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	k := openKeyring(t, dir)
	start := time.Date(2026, 11, 23, 22, 0, 0, 0, time.UTC)
	first := k.current()
	must(t, k.rotate(start, time.Hour))
	second := k.current()
	if second.id == first.id || len(k.Keys()) != 2 {
		t.Fatalf("after the rotation: %+v", k.Keys())
	}
	over := start.Add(time.Hour + rotationSlack)
	if _, ok := k.Verifying(first.id, over.Add(-time.Second)); !ok {
		t.Error("the old secret is refused while its tickets live")
	}
	if _, ok := k.Verifying(first.id, over); ok {
		t.Error("the old secret verifies for ever")
	}
	// A shorter lifetime later does not shorten what was promised.
	must(t, k.rotate(start.Add(time.Minute), time.Second))
	if _, ok := k.Verifying(first.id, over.Add(-time.Second)); !ok || len(k.Keys()) != 3 {
		t.Errorf("after the second rotation: %+v", k.Keys())
	}
	// Beyond their time they stay for what was sealed with them.
	must(t, k.rotate(over, time.Hour))
	if list := k.Keys(); len(list) != 4 || !list[0].Signs || list[1].Signs {
		t.Errorf("after their time: %+v", list)
	}
	if _, ok := k.DeriveOf(first.id, "mail"); !ok {
		t.Error("the first secret derives nothing any more")
	}
	if again := openKeyring(t, dir); again.current() != k.current() || len(again.Keys()) != 4 {
		t.Error("the file is not what is in memory")
	}
	must(t, os.WriteFile(k.file+".new", nil, 0o600))
	wantError(t, k.Rotate(time.Hour), ErrUnusable)
	if _, err := os.Stat(k.file + ".new"); err != nil {
		t.Error("the lock of another rotation was removed")
	}
}

func TestDerive(t *testing.T) {
	t.Parallel()
	k, err := OpenKeyring("", strings.Repeat("k", 40))
	must(t, err)
	kid, a := k.Derive("cookies")
	_, b := k.Derive("encrypt")
	if len(a) != 32 || bytes.Equal(a, b) || kid != k.Keys()[0].ID {
		t.Errorf("derived %x and %x", a, b)
	}
	if strings.HasPrefix(k.Keys()[0].ID, "6b6b") || bytes.HasPrefix(a, []byte(kid)) {
		t.Error("the kid reveals a key")
	}
	o, err := OpenKeyring("", strings.Repeat("k", 41))
	must(t, err)
	if _, other := o.Derive("cookies"); bytes.Equal(a, other) || o.Keys()[0].ID == k.Keys()[0].ID {
		t.Error("two secrets derive the same")
	}
	text, err := json.Marshal(map[string]any{"keys": k})
	must(t, err)
	if string(text) != `{"keys":"[secret]"}` {
		t.Errorf("as JSON: %s", text)
	}
}

func must(t testing.TB, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func wantError(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %v", err, want)
	}
}
