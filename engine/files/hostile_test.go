package files

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// hostilePaths lead out of the folder, to what is hidden in it, or to another file on some system.
func hostilePaths() []string {
	list := []string{"", "/", "//", ".", "..", "./a", "a/.", "a/..", "../a", "a/../../b", "a//b", "/etc/passwd", "//host/share", `\\\\host\\share`, `..\\a`, `a\\..\\b`,
		"C:/a", "C:a", "c:", "file:///a", "a\x00b", "a\x00.png", "a\nb", "a\r", "\x7f", "\xc0\xae\xc0\xae/a", "\xff", "a\u202eb", "\u200b", "a\u2028b", "\u2025/a\u200f",
		".uploads/x", ".uploads", ".hidden", "a/.git/config", "a.", "a /b", " a", "a ", "nul", "NUL.txt", "con", "COM1.log", "lpt9", "con .txt", "COM¹", "lpt³.x", "conin$", "AUX  .a", "aux/x", "a*b", "a?b", "a|b", `a"b`, "a<b", "a:stream",
		strings.Repeat("a", 201), strings.Repeat("a/", 20) + "a", strings.Repeat("abc/", 200)}
	for _, dots := range []string{"..", "...", ".. ", "..\t", "..;", ". .", "..\u00a0"} {
		for _, slash := range []string{"/", `\\`, "//", "/./"} {
			list = append(list, dots+slash+"secret.key", "a"+slash+dots+slash+dots+slash+"secret.key", strings.Repeat(dots+slash, 8)+"etc"+slash+"passwd")
		}
	}
	return list
}

func TestHostilePaths(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	save(t, s, "a/b", "x")
	secret := filepath.Join(filepath.Dir(s.dir), "secret.key")
	if err := os.WriteFile(secret, []byte("canary"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range hostilePaths() {
		if name == "..;/secret.key" { // a name as good as any, if an odd one
			continue
		}
		if CheckPath(name) == "" {
			t.Errorf("%q is taken", name)
		}
		_, saved := s.Save(name, strings.NewReader("x"), 10, true)
		_, loaded := s.Load(name, 100)
		_, _, opened := s.Open(name)
		for what, err := range map[string]error{"save": saved, "load": loaded, "open": opened, "delete": s.Delete(name)} {
			if !errors.Is(err, ErrInvalidPath) {
				t.Errorf("%s %q: %v", what, name, err)
			}
		}
		if name != "" {
			if _, err := s.List(t.Context(), name, "", 10); !errors.Is(err, ErrInvalidPath) {
				t.Errorf("list %q: %v", name, err)
			}
		}
	}
	if text, err := os.ReadFile(secret); string(text) != "canary" {
		t.Error(string(text), err)
	}
}

// TestLinksLeadNowhere follows no symbolic link out of the folder, one that is made meanwhile neither.
func TestLinksLeadNowhere(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	save(t, s, "a/b", "x")
	outside := filepath.Dir(s.dir)
	if err := os.WriteFile(filepath.Join(outside, "secret.key"), []byte("canary"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{"out": "..", "key": "../secret.key", "absolute": outside, "a/up": "../..", "loop": "loop"} {
		if err := os.Symlink(to, filepath.Join(s.dir, name)); err != nil {
			t.Skip("no symbolic links here: ", err)
		}
	}
	for _, name := range []string{"key", "out/secret.key", "absolute/secret.key", "a/up/secret.key", "loop", "loop/x"} {
		if text, err := s.Load(name, 100); err == nil || len(text) > 0 {
			t.Errorf("%s: %q", name, text)
		}
		if strings.Contains(name, "/") {
			if _, err := s.Save(name, strings.NewReader("x"), 10, true); err == nil {
				t.Errorf("%s is saved", name)
			}
			if err := s.Delete(name); err == nil {
				t.Errorf("%s is deleted", name)
			}
		}
	}
	list, err := s.List(t.Context(), "", "", 100)
	if err != nil || len(list) != 1 || list[0].Path != "a" {
		t.Error(list, err)
	}
	// To replace a link is to replace the link, not what it leads to.
	if _, err := s.Save("key", strings.NewReader("x"), 10, true); err != nil {
		t.Error(err)
	}
	if text, err := os.ReadFile(filepath.Join(outside, "secret.key")); string(text) != "canary" {
		t.Error(string(text), err)
	}
}

func FuzzPath(f *testing.F) {
	for _, name := range append(hostilePaths(), "a", "films/1.png", "a b/c-d_e.tar.gz", "ü/é") {
		f.Add(name)
	}
	dir := filepath.Join(f.TempDir(), "data", "files")
	s := New(dir)
	f.Cleanup(func() { s.Close() })
	f.Fuzz(func(t *testing.T, name string) {
		reason := CheckPath(name)
		_, err := s.Save(name, strings.NewReader("x"), 10, true)
		switch {
		case reason != "" && !errors.Is(err, ErrInvalidPath):
			t.Errorf("%q (%s): %v", name, reason, err)
		case reason == "" && err == nil:
			rest, err := filepath.Rel(dir, filepath.Join(dir, filepath.FromSlash(name)))
			if err != nil || !filepath.IsLocal(rest) {
				t.Errorf("%q is at %q", name, rest)
			}
			if err := s.Delete(name); err != nil {
				t.Errorf("%q: %v", name, err)
			}
		}
		if safe := SafeName(name); CheckPath(safe) != "" || strings.Contains(safe, "/") {
			t.Errorf("%q becomes %q", name, safe)
		}
	})
}
