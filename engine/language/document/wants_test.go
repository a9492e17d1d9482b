package document

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"cloudlet/engine/language/source"
)

// TestWants reads every file of testdata. Each problem must be wanted by a comment
// `# want` with a pattern in back-quotes on its line, and each want must be met.
func TestWants(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(paths) < 20 {
		t.Fatalf("found %d files, %v", len(paths), err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".yaml"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			file := source.NewFile(filepath.Base(path), text)
			var problems source.Problems
			parseByName(file, &problems)
			compareWants(t, file, problems.All())
		})
	}
}

func parseByName(file *source.File, problems *source.Problems) {
	switch kind, _, _ := strings.Cut(file.Path, "_"); kind {
	case "module":
		ParseModule(file, problems)
	case "composite":
		ParseComposite(file, problems)
	default:
		ParseEndpoint(file, problems)
	}
}

func compareWants(t *testing.T, file *source.File, problems []source.Problem) {
	t.Helper()
	wants := map[int][]string{}
	pattern := regexp.MustCompile("`([^`]*)`")
	for n := 1; n <= file.Lines(); n++ {
		if _, comment, ok := strings.Cut(string(file.Line(n)), "# want "); ok {
			for _, m := range pattern.FindAllStringSubmatch(comment, -1) {
				wants[n] = append(wants[n], m[1])
			}
		}
	}
	for _, p := range problems {
		checkInside(t, p.Span)
		line, met := p.Start().Line, false
		for i, want := range wants[line] {
			if regexp.MustCompile(want).MatchString(p.String()) {
				wants[line] = append(wants[line][:i:i], wants[line][i+1:]...)
				met = true
				break
			}
		}
		if !met {
			t.Errorf("not wanted: %s (%s)", p, p.Code)
		}
		if p.Code == "" || p.Text == "" || p.Text != strings.TrimSuffix(p.Text, ".") {
			t.Errorf("malformed: %#v", p)
		}
	}
	for line, list := range wants {
		for _, want := range list {
			t.Errorf("%s:%d: no problem matches %q", file.Path, line, want)
		}
	}
}

func checkInside(t *testing.T, s source.Span) {
	t.Helper()
	if s.File == nil || s.From < 0 || s.To < s.From || s.To > len(s.File.Text) {
		t.Errorf("the span [%d,%d) lies outside its file", s.From, s.To)
	}
}
