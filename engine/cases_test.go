package engine_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cloudlet/actions"
)

// TestEveryFailureHasACase: each failure that an action's page names is expected somewhere in a test
// that uses the action. The exceptions are what its service gives all its actions alike.
func TestEveryFailureHasACase(t *testing.T) {
	t.Parallel()
	shared := map[string]string{
		"database_busy":          "TestActionsFailAsDeclared",
		"database_failed":        "TestActionsFailAsDeclared",
		"unexpected_type":        "the tests of engine/database",
		"result_too_large":       "the tests of engine/database",
		"storage_failed":         "the tests of engine/files",
		"storage_full":           "the tests of engine/files",
		"too_many_logins":        "TestFloodOfLogins, and the tests of engine/identity",
		"too_many_registrations": "the tests of engine/identity",
		"invalid_identity":       "the tests of engine/oidc",
	}
	texts := testTexts(t)
	for _, a := range actions.All() {
		family, _, _ := strings.Cut(a.Name, ".")
		uses := regexp.MustCompile(`(^|[^a-z_.])` + regexp.QuoteMeta(a.Name) + `\b`)
		if family == "oidc" { // the shipped endpoints of that name are what is tested
			uses = regexp.MustCompile(`auth/oidc`)
		}
		for _, f := range a.Failures {
			if f.Code == "" || shared[f.Code] != "" {
				continue
			}
			if !slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, f.Code) && uses.MatchString(text) }) {
				t.Errorf("no test expects %s of %s", f.Code, a.Name)
			}
		}
	}
}

// TestEveryActionHasAProblem: for each action some file of mistakes has one of its inputs, or of where
// it stands.
func TestEveryActionHasAProblem(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("testdata/problems/*.txtar")
	fatal(t, err)
	var lines []string
	for _, name := range names {
		text, err := os.ReadFile(name)
		fatal(t, err)
		lines = append(lines, strings.Split(string(text), "\n")...)
	}
	for _, a := range actions.All() {
		begins := regexp.MustCompile(`(^|[^a-z_.])` + regexp.QuoteMeta(a.Name) + `:`)
		wanted := false
		for i, line := range lines {
			if !strings.Contains(line, a.Name) || !begins.MatchString(line) {
				continue
			}
			wanted = wanted || strings.Contains(line, "# want")
			for _, below := range lines[i+1 : min(i+6, len(lines))] {
				if strings.HasPrefix(strings.TrimSpace(below), "- ") {
					break
				}
				wanted = wanted || strings.Contains(below, "# want")
			}
		}
		if !wanted {
			t.Errorf("no file of mistakes has one of %s", a.Name)
		}
	}
}

// testTexts are the texts of all tests and cases.
func testTexts(t *testing.T) []string {
	t.Helper()
	var texts []string
	for _, root := range []string{"../engine", "../endpoints", "../cmd", "../actions"} {
		fatal(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".txtar") && !strings.HasSuffix(path, "_test.go") && !strings.HasSuffix(path, ".test.yaml") {
				return err
			}
			text, err := os.ReadFile(path)
			texts = append(texts, string(text))
			return err
		}))
	}
	return texts
}
