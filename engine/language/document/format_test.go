package document

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cloudlet/engine/language/source"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// A case is an archive testdata/format/NAME.txtar with the files `in` and `want`.
func TestFormat(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("testdata/format/*.txtar")
	if err != nil || len(names) < 5 {
		t.Fatalf("found %d cases, %v", len(names), err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(name)
			if err != nil || len(archive.Files) != 2 {
				t.Fatal("a case has two files", err)
			}
			got := formatted(t, archive.Files[0].Data)
			if diff := cmp.Diff(string(archive.Files[1].Data), string(got)); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if diff := cmp.Diff(string(got), string(formatted(t, got))); diff != "" {
				t.Errorf("formatting twice changes something:\n%s", diff)
			}
		})
	}
}

func formatted(t *testing.T, text []byte) []byte {
	t.Helper()
	var problems source.Problems
	got := Format(source.NewFile("x.yaml", text), &problems)
	for _, p := range problems.All() {
		t.Error(p)
	}
	return got
}

// TestFormatRepository formats every YAML text of the repository that can be parsed.
func TestFormatRepository(t *testing.T) {
	t.Parallel()
	n := 0
	root := os.DirFS("../../..")
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "data" || len(d.Name()) > 1 && d.Name()[0] == '.' || d.Name() == "fuzz"):
			return fs.SkipDir
		case d.IsDir():
			return nil
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		switch {
		case strings.HasSuffix(name, ".yaml"):
			n += unchanged(t, name, text)
		case strings.HasSuffix(name, ".txtar"):
			for _, f := range txtar.Parse(text).Files {
				if strings.HasSuffix(f.Name, ".yaml") {
					n += unchanged(t, name+"/"+f.Name, f.Data)
				}
			}
		}
		return nil
	})
	if err != nil || n < 300 {
		t.Errorf("formatted %d texts, %v", n, err)
	}
}

// unchanged holds what formatting must not change. It counts the texts that it could format.
func unchanged(t *testing.T, name string, text []byte) int {
	t.Helper()
	var problems source.Problems
	if Parse(source.NewFile(name, text), &problems) == nil || problems.Count() > 0 {
		return 0
	}
	once := Format(source.NewFile(name, text), &problems)
	for _, p := range problems.All() {
		t.Errorf("%s: %v", name, p)
		return 1
	}
	twice := Format(source.NewFile(name, once), &problems)
	if diff := cmp.Diff(string(once), string(twice)); diff != "" {
		t.Errorf("%s: formatting twice changes something:\n%s", name, diff)
	}
	return 1
}

func FuzzFormat(f *testing.F) {
	for _, name := range []string{"../../../endpoints/films/index.yaml", "../../../endpoints/films/films.test.yaml"} {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte("a: |+2 # c\n   x\n\n\n# d\nb: [1, # e\n 2]\n? k\n: - - {a: 1,b: }\n    - 'x\n\n      y'\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 10_000 {
			return
		}
		var problems source.Problems
		file := source.NewFile("x.yaml", text)
		tree := Parse(file, &problems)
		if tree == nil || problems.Count() > 0 {
			return
		}
		once := Format(file, &problems)
		if once == nil { // odd YAML that nobody writes is left alone, and said
			if list := problems.All(); len(list) != 1 || list[0].Code != CodeCannotFormat {
				t.Fatalf("not formatted: %v", list)
			}
			return
		}
		again := Parse(source.NewFile("x.yaml", once), &problems)
		if problems.Count() > 0 || !Equal(tree, again) {
			t.Fatalf("it says something else:\n%s", once)
		}
		if twice := Format(source.NewFile("x.yaml", once), &problems); string(once) != string(twice) {
			t.Fatalf("formatting twice changes something:\n%q\n%q", once, twice)
		}
	})
}
