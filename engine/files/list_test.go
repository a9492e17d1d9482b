package files

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestListGoesOn reads a folder page by page: every name once and in order, whatever the
// system's order of them is, and of what could have no path here nothing.
func TestListGoesOn(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	save(t, s, "many/x", "x")
	dir := filepath.Join(s.dir, "many")
	var want []string
	for i := range 700 {
		name := fmt.Sprintf("%d", i*7919%700)
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		want = append(want, "many/"+name)
		if i%50 == 0 {
			_ = os.Symlink("../../..", filepath.Join(dir, name+"out"))
			_ = os.WriteFile(filepath.Join(dir, "."+name), nil, 0o600)
		}
	}
	want = append(want, "many/x")
	slices.Sort(want)
	for _, limit := range []int{1, 7, 100, 3000} {
		var got []string
		for after := ""; ; {
			list, err := s.List(t.Context(), "many", after, limit)
			if err != nil || len(list) > limit {
				t.Fatal(len(list), err)
			}
			for _, e := range list {
				got = append(got, e.Path)
			}
			if len(list) < limit || limit == 1 && len(got) == 20 {
				break
			}
			after = filepath.Base(got[len(got)-1])
		}
		if limit == 1 {
			got = append(got, want[20:]...)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d a page: %d names, not %d", limit, len(got), len(want))
		}
	}
	if _, err := s.List(t.Context(), "many/x", "", 10); err != nil {
		t.Error("a file is no folder: ", err)
	}
}

// TestTakeBack takes back what was kept, but nothing that somebody else put in its place.
func TestTakeBack(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	b := s.Batch()
	defer b.Close()
	r, _, err := b.Receive(strings.NewReader("mine"), 10, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a/mine", "a/other"} {
		if _, err := s.Keep(r, name, false); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Save("a/other", strings.NewReader("theirs"), 10, true); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a/mine", "a/other"} {
		if err := s.TakeBack(r, name); err != nil {
			t.Error(name, err)
		}
	}
	if _, err := s.Load("a/mine", 10); !errors.Is(err, ErrNotFound) {
		t.Error("it stays: ", err)
	}
	if text, err := s.Load("a/other", 10); string(text) != "theirs" {
		t.Errorf("the other's is %q: %v", text, err)
	}
	if err := s.TakeBack(r, "a/mine"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}
