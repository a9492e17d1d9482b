package engine_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"cloudlet/engine"
)

var (
	codePattern = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	// goWords are what Go calls its types and values, and what fmt prints of a mistake.
	goWords = regexp.MustCompile(`\b(u?int(8|16|32|64)|float(32|64)|map\[|interface ?\{|struct ?\{|reflect\b|\[\](any|string|byte)|schema\.|document\.|nil pointer|runtime error)|(^|[ (])\*[a-z]+\.|<nil>|%!|&\{`)
)

// misworded says what is wrong with the words of a problem, or "".
func misworded(text string) string {
	first, _, _ := strings.Cut(text, " ")
	r, size := utf8.DecodeRuneInString(first)
	next, _ := utf8.DecodeRuneInString(first[size:])
	switch {
	case text == "":
		return "it is empty"
	case unicode.IsUpper(r) && !unicode.IsUpper(next) && first != "PostgreSQL":
		return "it begins with a capital letter"
	case strings.HasSuffix(text, "."):
		return "it ends with a full stop"
	case text != strings.TrimSpace(text):
		return "it has blanks around it"
	case goWords.MatchString(text):
		return "it speaks of " + goWords.FindString(text)
	}
	return ""
}

// TestMisworded proves that the rules catch what they are for.
func TestMisworded(t *testing.T) {
	t.Parallel()
	for text, wrong := range map[string]bool{
		"unknown name": false, "GET has no actions": false, "URLs end": false, "PostgreSQL is not supported": false, "a * b is an int": false,
		"Unknown name": true, "unknown name.": true, "": true, "cannot use int64": true, "a map[string]any": true, "reflect: no": true,
		"is *schema.Type": true, "%!d(string=x)": true, "got <nil>": true, " x": true,
	} {
		if got := misworded(text); (got != "") != wrong {
			t.Errorf("%q: %q", text, got)
		}
	}
}

// wellWorded holds problems to the form of messages.
func wellWorded(t *testing.T, problems []engine.Problem) {
	t.Helper()
	for _, p := range problems {
		if !codePattern.MatchString(p.Code) {
			t.Errorf("the code %q is not snake_case", p.Code)
		}
		if why := misworded(p.Text); why != "" {
			t.Errorf("%q: %s", p.Text, why)
		}
		if why := misworded(p.Hint); why != "" && p.Hint != "" {
			t.Errorf("the hint %q: %s", p.Hint, why)
		}
	}
}

// TestWrittenWords reads the source for what the cases may not reach: the literal
// codes, texts and hints of problems, wherever they are made.
func TestWrittenWords(t *testing.T) {
	t.Parallel()
	found := 0
	for _, root := range []string{".", filepath.Join("..", "actions")} {
		for _, file := range goFiles(t, root) {
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(parsed, func(n ast.Node) bool {
				for key, text := range wordsOf(n) {
					found++
					if key == "Code" && !codePattern.MatchString(text) {
						t.Errorf("%s: the code %q is not snake_case", file, text)
					}
					if why := misworded(text); key != "Code" && why != "" {
						t.Errorf("%s: %q: %s", file, text, why)
					}
				}
				return true
			})
		}
	}
	if found < 300 {
		t.Errorf("found %d words: what makes problems is not recognized any more", found)
	}
}

// wordsOf are the literal words of a node that makes a problem.
func wordsOf(n ast.Node) map[string]string {
	words := map[string]string{}
	note := func(key string, e ast.Expr) {
		if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			words[key], _ = strconv.Unquote(lit.Value)
		}
	}
	switch n := n.(type) {
	case *ast.CompositeLit:
		if name := nameOf(n.Type); name != "Problem" && name != "Fault" && name != "SQLError" {
			return nil
		}
		for _, e := range n.Elts {
			if kv, ok := e.(*ast.KeyValueExpr); ok {
				if key := nameOf(kv.Key); key == "Code" || key == "Text" || key == "Hint" {
					note(key, kv.Value)
					note(key, formatOf(kv.Value))
				}
			}
		}
	case *ast.CallExpr:
		if nameOf(n.Fun) == "Addf" && len(n.Args) > 2 {
			note("Code", n.Args[1])
			note("Text", n.Args[2])
		}
	}
	return words
}

// formatOf is the format of a fmt.Sprintf, or the expression itself.
func formatOf(e ast.Expr) ast.Expr {
	if call, ok := e.(*ast.CallExpr); ok && nameOf(call.Fun) == "Sprintf" && len(call.Args) > 0 {
		return call.Args[0]
	}
	return e
}

func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// goFiles are the Go files below a folder that are no tests.
func goFiles(t *testing.T, root string) []string {
	t.Helper()
	var files []string
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			files = append(files, filepath.Join(root, name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
