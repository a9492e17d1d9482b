package engine_test

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"cloudlet/engine"
)

// The files of the app that ships are broken in one place each, as an author breaks
// them who mistypes: `cloudlet check` has to refuse the app, at the right line. What is
// broken, and which lines are right, is decided by rules in mutants_*_test.go that know
// nothing of what check says; whatever ships later is broken too.

// mutant is the app with one file broken in one place.
type mutant struct {
	kind   string
	file   string // under endpoints/
	line   int    // that was broken
	before string // the line as it was
	after  string // and as it is
	text   string // of the broken file
	right  []place
}

// The least that has to be there, and of it the part that has to be refused.
const (
	leastMutants = 100
	mostOfAKind  = 30
	leastPercent = 95
)

func TestMutants(t *testing.T) {
	t.Parallel()
	s := shippedApp(t, "..")
	if problems := s.checkWith(t, s.unpack(t), nil); len(problems) > 0 {
		t.Fatalf("the app that ships has problems:\n%v", problems)
	}
	mutants := s.mutants(t)
	if len(mutants) < leastMutants {
		t.Errorf("there are %d mutants, which is too few", len(mutants))
	}
	if raceEnabled { // what runs at once is the same in each: a part of them will do
		mutants = slices.DeleteFunc(mutants, func(m mutant) bool { return len(m.before)%5 != 0 })
	}
	survivors := make([]string, len(mutants))
	var wg sync.WaitGroup
	next := make(chan int)
	for range 4 {
		dir := s.unpack(t)
		wg.Go(func() {
			for i := range next {
				survivors[i] = s.survives(t, dir, &mutants[i])
			}
		})
	}
	for i := range mutants {
		next <- i
	}
	close(next)
	wg.Wait()
	report(t, mutants, survivors)
}

// report prints how many of each kind were refused, and the survivors.
func report(t *testing.T, mutants []mutant, survivors []string) {
	t.Helper()
	var kinds []string
	all, refused := map[string]int{}, map[string]int{}
	total := 0
	for i, m := range mutants {
		if all[m.kind]++; all[m.kind] == 1 {
			kinds = append(kinds, m.kind)
		}
		if survivors[i] == "" {
			refused[m.kind]++
			total++
		}
	}
	for _, kind := range kinds {
		t.Logf("%3d of %3d: %s", refused[kind], all[kind], kind)
	}
	for i, m := range mutants {
		if survivors[i] != "" {
			t.Logf("endpoints/%s:%d survives (%s)\n   - %s\n   + %s\n   %s", m.file, m.line, m.kind, m.before, m.after, survivors[i])
		}
	}
	t.Logf("%d of %d mutants are refused", total, len(mutants))
	if total*100 < leastPercent*len(mutants) {
		t.Errorf("%d of %d mutants are refused, which is less than %d %%", total, len(mutants), leastPercent)
	}
}

// survives says what check says of a mutant that it does not refuse at a right line.
func (s *shipped) survives(t *testing.T, dir string, m *mutant) string {
	t.Helper()
	var list []string
	for _, p := range s.checkWith(t, dir, m) {
		if slices.Contains(m.right, place{p.Path(), p.Start().Line}) {
			return ""
		}
		list = append(list, p.String())
	}
	if len(list) == 0 {
		return "no problem is found"
	}
	return "only elsewhere: " + strings.Join(list, "\n   ")
}

// shipped is the app that ships.
type shipped struct {
	files map[string]string // of endpoints/, and cloudlet.yaml, by path from the root
	yaml  []*source
	sql   []*source
	// actions are the composites by name, wherever they stand.
	actions map[string]*source
}

// shippedApp reads the app from the repository, so that what ships later joins by itself.
func shippedApp(t *testing.T, root string) *shipped {
	t.Helper()
	s := &shipped{files: map[string]string{}, actions: map[string]*source{}}
	endpoints := filepath.Join(root, "endpoints")
	for name, text := range tree(t, endpoints) {
		if info, err := os.Stat(filepath.Join(endpoints, name)); err != nil || info.IsDir() {
			continue
		}
		s.files["endpoints/"+name] = text
	}
	if text, err := os.ReadFile(filepath.Join(root, "cloudlet.yaml")); err == nil {
		s.files["cloudlet.yaml"] = string(text)
	}
	reads := s.readsTests(t)
	for _, name := range sortedNames(s.files) {
		switch {
		case !strings.HasPrefix(name, "endpoints/"), strings.HasSuffix(name, ".test.yaml") && !reads:
		case path.Ext(name) == ".sql":
			s.sql = append(s.sql, newSource(t, name, s.files[name]))
		case path.Ext(name) == ".yaml" && (path.Base(name)[0] != '_' || path.Base(name) == "_module.yaml"):
			f := newSource(t, name, s.files[name])
			s.yaml = append(s.yaml, f)
			if path.Base(path.Dir(name)) == "_actions" {
				f.composite = true
				s.actions[strings.TrimSuffix(path.Base(name), ".yaml")] = f
			}
		}
	}
	return s
}

// readsTests reports whether check reads the files of tests: then they are broken, too.
func (s *shipped) readsTests(t *testing.T) bool {
	t.Helper()
	return len(s.checkWith(t, s.unpack(t), &mutant{file: "broken.test.yaml", text: "[\n"})) > 0
}

func sortedNames(files map[string]string) []string {
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// unpack writes the app into a folder of its own.
func (s *shipped) unpack(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range s.files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		fatal(t, os.MkdirAll(filepath.Dir(name), 0o755))
		fatal(t, os.WriteFile(name, []byte(text), 0o644))
	}
	return dir
}

// checkWith checks the app in a folder with one file replaced, and puts that back; m is nil for
// the app as it is. Warnings refuse nothing.
func (s *shipped) checkWith(t *testing.T, dir string, m *mutant) []engine.Problem {
	t.Helper()
	if m != nil {
		name := "endpoints/" + m.file
		file := filepath.Join(dir, filepath.FromSlash(name))
		fatal(t, os.WriteFile(file, []byte(m.text), 0o644))
		defer func() {
			if text, was := s.files[name]; was {
				fatal(t, os.WriteFile(file, []byte(text), 0o644))
			} else {
				fatal(t, os.Remove(file))
			}
		}()
	}
	problems, err := checkApp(dir, nil)
	fatal(t, err)
	return slices.DeleteFunc(problems, func(p engine.Problem) bool { return p.Warning })
}

// mutants makes all mutants, and of each kind so many at the most, evenly chosen.
func (s *shipped) mutants(t *testing.T) []mutant {
	t.Helper()
	var list []mutant
	for _, make := range []func(*shipped) []mutant{
		wrongKeys, wrongActions, wrongInputs, wrongArguments, wrongReads, wrongNames, wrongColumns, wrongDeclaredColumns,
		wrongRoles, droppedInputs, wrongTypeNames, wrongTypes, swappedSteps, wrongTests,
	} {
		kind := make(s)
		n := min(len(kind), mostOfAKind)
		for i := range n {
			list = append(list, kind[i*len(kind)/n])
		}
	}
	for i := range list {
		m := &list[i]
		m.file = strings.TrimPrefix(m.file, "endpoints/")
		if m.text == s.files["endpoints/"+m.file] || len(m.right) == 0 || m.line == 0 {
			t.Fatalf("%s of %s:%d breaks nothing: %s", m.kind, m.file, m.line, fmt.Sprint(m.right))
		}
	}
	return list
}
