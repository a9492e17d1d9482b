package engine_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// room is one Go file of the module.
type room struct {
	name string // relative to the module's folder, with slashes
	test bool
	text []byte
	fset *token.FileSet
	file *ast.File
}

// pkg is the file's folder.
func (r *room) pkg() string { return path.Dir(r.name) }

// house reads every Go file of the module.
func house(t *testing.T) []*room {
	t.Helper()
	var rooms []*room
	for name, text := range texts(t, ".go") {
		r := &room{name: name, test: strings.HasSuffix(name, "_test.go"), text: text, fset: token.NewFileSet()}
		var err error
		if r.file, err = parser.ParseFile(r.fset, name, text, parser.ParseComments|parser.SkipObjectResolution); err != nil {
			t.Fatal(err)
		}
		rooms = append(rooms, r)
	}
	if len(rooms) < 100 {
		t.Fatalf("found %d Go files: the module is not where it was", len(rooms))
	}
	slices.SortFunc(rooms, func(a, b *room) int { return strings.Compare(a.name, b.name) })
	return rooms
}

// texts reads the module's files with one of some endings, but for what engines
// made and hidden folders.
func texts(t *testing.T, endings ...string) map[string][]byte {
	t.Helper()
	root := os.DirFS("..")
	files := map[string][]byte{}
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (name == "data" || len(name) > 1 && d.Name()[0] == '.'):
			return fs.SkipDir
		case d.IsDir() || !slices.Contains(endings, path.Ext(name)):
			return nil
		}
		files[name], err = fs.ReadFile(root, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestImportOrder(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for _, r := range house(t) {
		allowed, known := imports[r.pkg()]
		if !known {
			t.Errorf("%s: the package %s is missing from the table of imports", r.name, r.pkg())
			continue
		}
		used[r.pkg()] = true
		if r.test {
			continue
		}
		for _, spec := range r.file.Imports {
			name, _ := strconv.Unquote(spec.Path.Value)
			if ours, ok := strings.CutPrefix(name, "cloudlet/"); ok && !allows(allowed, ours) {
				t.Errorf("%s imports %s, which stands above or beside it", r.name, ours)
			}
			for library, keeper := range keepers {
				if strings.HasPrefix(name, library) && r.pkg() != keeper {
					t.Errorf("%s imports %s, which only %s does", r.name, name, keeper)
				}
			}
		}
	}
	for pkg := range imports {
		if !used[pkg] {
			t.Errorf("the table of imports has %s, and there is no such package", pkg)
		}
	}
}

func allows(list []string, pkg string) bool {
	return slices.ContainsFunc(list, func(a string) bool {
		if below, ok := strings.CutSuffix(a, "..."); ok {
			return strings.HasPrefix(pkg, below)
		}
		return a == pkg
	})
}

// TestImportTable proves that the table is an order: nothing that a package may
// import may import it, on whatever way.
func TestImportTable(t *testing.T) {
	t.Parallel()
	var reaches func(from, to string, seen map[string]bool) bool
	reaches = func(from, to string, seen map[string]bool) bool {
		for pkg := range imports {
			if pkg == from || seen[pkg] || !allows(imports[from], pkg) {
				continue
			}
			seen[pkg] = true
			if pkg == to || reaches(pkg, to, seen) {
				return true
			}
		}
		return false
	}
	for pkg := range imports {
		if reaches(pkg, pkg, map[string]bool{}) {
			t.Errorf("%s may import itself", pkg)
		}
		if strings.HasPrefix(pkg, "engine") && reaches(pkg, "actions", map[string]bool{}) {
			t.Errorf("%s may import actions", pkg)
		}
	}
}

func TestPackageComments(t *testing.T) {
	t.Parallel()
	comments := map[string][]string{}
	for _, r := range house(t) {
		if r.test {
			continue
		}
		comments[r.pkg()] = append(comments[r.pkg()], []string{}...)
		if r.file.Doc != nil {
			comments[r.pkg()] = append(comments[r.pkg()], r.name)
			want := "Package " + r.file.Name.Name + " "
			if r.file.Name.Name == "main" {
				want = ""
			}
			if text := r.file.Doc.Text(); !strings.HasPrefix(text, want) || len(text) < 20 {
				t.Errorf("%s: a package's comment begins with %q", r.name, want)
			}
		}
	}
	for pkg, files := range comments {
		if len(files) != 1 {
			t.Errorf("%s: one file says what the package is for; found %q", pkg, files)
		}
	}
}

// Sizes that bound the tail (architecture.md, section 4, rule 11).
const (
	longestFunction = 60
	longestFile     = 400
)

func TestSizes(t *testing.T) {
	t.Parallel()
	for _, r := range house(t) {
		if n := r.fset.File(r.file.Pos()).LineCount(); n > longestFile {
			t.Errorf("%s has %d lines; a file has at most %d", r.name, n, longestFile)
		}
		ast.Inspect(r.file, func(n ast.Node) bool {
			switch n.(type) {
			case *ast.FuncDecl, *ast.FuncLit:
				from, to := r.fset.Position(n.Pos()).Line, r.fset.Position(n.End()).Line
				if lines := to - from + 1; lines > longestFunction {
					t.Errorf("%s:%d: a function of %d lines; it has at most %d", r.name, from, lines, longestFunction)
				}
			}
			return true
		})
	}
}

// TestNothingIsLeftOver looks for notes of what is still to be done.
func TestNothingIsLeftOver(t *testing.T) {
	t.Parallel()
	pattern := regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|X` + `XX)\b`)
	for name, text := range texts(t, ".go", ".md", ".yaml", ".yml", ".sql", ".txtar", ".html", ".js", ".css", ".mod") {
		if note := pattern.Find(text); note != nil {
			t.Errorf("%s holds %s", name, note)
		}
	}
}

func TestExportedNamesAreDocumented(t *testing.T) {
	t.Parallel()
	for _, r := range house(t) {
		if r.test {
			continue
		}
		for _, d := range r.file.Decls {
			for _, name := range undocumented(d) {
				t.Errorf("%s: %s has no comment", r.fset.Position(name.Pos()), name.Name)
			}
		}
	}
}

// undocumented are the exported names of a declaration that no comment stands at.
// One at a group counts for all in it.
func undocumented(d ast.Decl) []*ast.Ident {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Doc == nil && d.Name.IsExported() && exportedReceiver(d) {
			return []*ast.Ident{d.Name}
		}
	case *ast.GenDecl:
		var list []*ast.Ident
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() && s.Doc == nil && d.Doc == nil {
					list = append(list, s.Name)
				}
			case *ast.ValueSpec:
				for _, name := range s.Names {
					if name.IsExported() && s.Doc == nil && s.Comment == nil && d.Doc == nil {
						list = append(list, name)
					}
				}
			}
		}
		return list
	}
	return nil
}

// exportedReceiver reports whether a function is none of a private type: the
// methods of one are what an interface asks for.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	name := ""
	ast.Inspect(d.Recv.List[0].Type, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && name == "" {
			name = id.Name
		}
		return name == ""
	})
	return ast.IsExported(name)
}

// TestWords looks for names that say nothing (architecture.md, section 5).
// TestFailuresAreNotCopied: errors.Is finds what failure.Error's methods make of a declared
// error, and no copy of it.
func TestFailuresAreNotCopied(t *testing.T) {
	t.Parallel()
	declared := regexp.MustCompile(`^Err[A-Z]`)
	for _, r := range house(t) {
		ast.Inspect(r.file, func(n ast.Node) bool {
			star, ok := n.(*ast.StarExpr)
			if !ok {
				return true
			}
			name, _ := star.X.(*ast.Ident)
			if s, ok := star.X.(*ast.SelectorExpr); ok {
				name = s.Sel
			}
			if name != nil && declared.MatchString(name.Name) {
				t.Errorf("%s: a copy of %s", r.fset.Position(n.Pos()), name.Name)
			}
			return true
		})
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for _, r := range house(t) {
		if why := idleName(strings.TrimSuffix(path.Base(r.name), ".go")); why != "" {
			t.Errorf("%s: the file's name %s", r.name, why)
		}
		if why := idleName(r.file.Name.Name); why != "" {
			t.Errorf("%s: the package's name %s", r.name, why)
		}
		ast.Inspect(r.file, func(n ast.Node) bool {
			for _, id := range declared(n) {
				if why := idleName(id.Name); why != "" {
					t.Errorf("%s: %s %s", r.fset.Position(id.Pos()), id.Name, why)
				}
			}
			return true
		})
	}
}

// declared are the names that a node declares: those of libraries are not ours.
func declared(n ast.Node) []*ast.Ident {
	switch n := n.(type) {
	case *ast.FuncDecl:
		return []*ast.Ident{n.Name}
	case *ast.TypeSpec:
		return []*ast.Ident{n.Name}
	case *ast.ValueSpec:
		return n.Names
	case *ast.Field:
		return n.Names
	case *ast.AssignStmt:
		var list []*ast.Ident
		for _, e := range n.Lhs {
			if id, ok := e.(*ast.Ident); ok && n.Tok == token.DEFINE {
				list = append(list, id)
			}
		}
		return list
	}
	return nil
}

// idleName says what is wrong with a name, or "".
func idleName(name string) string {
	if rest, ok := strings.CutPrefix(name, "Get"); ok && rest != "" && unicode.IsUpper(rune(rest[0])) {
		return "begins with Get: a question is named by its answer"
	}
	if name == "Helper" {
		return "" // what stands in for a testing.TB has it
	}
	for _, word := range words(name) {
		if slices.Contains([]string{"manager", "helper", "helpers", "util", "utils", "common", "impl", "processor"}, word) {
			return "has the word " + word + ", which says nothing"
		}
	}
	return ""
}

// words are the parts of a name in camel or snake case, in lower case.
func words(name string) []string {
	split := regexp.MustCompile(`([a-z0-9])([A-Z])`).ReplaceAllString(filepath.Base(name), "${1}_$2")
	return strings.Split(strings.ToLower(split), "_")
}

// TestIdleName proves that the words are found where they stand.
func TestIdleName(t *testing.T) {
	t.Parallel()
	for name, idle := range map[string]bool{
		"GetUser": true, "userManager": true, "string_util": true, "BaseImpl": true, "helper": true, "TestHelper": true,
		"Get": false, "Getaway": false, "implied": false, "commonly": false, "utility": false, "node": false,
	} {
		if (idleName(name) != "") != idle {
			t.Errorf("%s: %q", name, idleName(name))
		}
	}
}
