package engine_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"cloudlet/engine/action"

	"gopkg.in/yaml.v3"
)

// Names that are mistyped: keys, actions, inputs, arguments, what is bound, columns.

// wrongKeys mistypes keys of files, verbs, settings, long forms of arguments, and the
// modifiers of steps.
func wrongKeys(s *shipped) []mutant {
	var list []mutant
	for _, f := range s.yaml {
		if f.test() {
			continue
		}
		var keys []*yaml.Node
		add := func(n *yaml.Node) {
			for _, e := range entries(n) {
				keys = append(keys, e.key)
			}
		}
		add(f.root)
		for _, scope := range append(f.verbs(), entry{value: f.root}) {
			if scope.key != nil {
				add(scope.value)
			}
			for _, name := range []string{"rate_limit", "cors"} {
				add(lookup(scope.value, name))
			}
		}
		for _, d := range f.declarations() {
			longForm(d.value, add)
		}
		for _, w := range s.steps(f) {
			for _, e := range entries(w.node) {
				if slices.Contains([]string{"as", "if", "timeout", "retry", "on_error"}, e.key.Value) && e.key != w.key {
					keys = append(keys, e.key)
				}
			}
		}
		for _, key := range keys {
			list = append(list, f.retyped("a key is mistyped", key, mistyped(key.Value)))
		}
	}
	return list
}

// longForm visits the long form of an argument, and of those inside it.
func longForm(n *yaml.Node, add func(*yaml.Node)) {
	if n == nil || n.Kind != yaml.MappingNode {
		return
	}
	add(n)
	longForm(lookup(n, "items"), add)
	for _, e := range entries(lookup(n, "fields")) {
		longForm(e.value, add)
	}
}

// wrongActions mistypes the action of a step.
func wrongActions(s *shipped) []mutant {
	var list []mutant
	for _, f := range s.yaml {
		for _, w := range s.steps(f) {
			list = append(list, f.retyped("an action is mistyped", w.key, mistyped(w.key.Value)))
		}
	}
	return list
}

// takes are the names of the inputs that stand in the step's mapping.
func (s *shipped) takes(w written) []string {
	if w.action == nil {
		var names []string
		for _, d := range s.actions[w.key.Value].declarations() {
			names = append(names, d.key.Value)
		}
		return names
	}
	return slices.DeleteFunc(w.action.InputNames(), func(name string) bool { return w.besides && name == w.action.Main })
}

// wrongInputs mistypes the names of inputs, those of composites too.
func wrongInputs(s *shipped) []mutant {
	var list []mutant
	for _, f := range s.yaml {
		for _, w := range s.steps(f) {
			for _, e := range entries(w.inputs) {
				if slices.Contains(s.takes(w), e.key.Value) {
					list = append(list, f.retyped("an input is mistyped", e.key, mistyped(e.key.Value)))
				}
			}
		}
	}
	return list
}

// readOf is the reading of an argument.
func readOf(name string) *regexp.Regexp {
	return regexp.MustCompile(`\bargs(?:\??\.` + name + `\b|\["` + name + `"\])()`)
}

// wrongArguments mistypes arguments where they are declared and something reads them:
// the declaration, the reading, or what gives a composite the argument is the right line.
func wrongArguments(s *shipped) []mutant {
	var list []mutant
	for _, f := range s.yaml {
		for _, d := range f.declarations() {
			from, to := f.extent(d.scope)
			var right []place
			for _, r := range f.reads(from, to, readOf(d.key.Value)) {
				right = append(right, place{f.name, f.lineOf(r.from)})
			}
			if len(right) == 0 {
				continue
			}
			for _, c := range s.calls(f) {
				right = append(right, place{c.file.name, c.key.Line})
				for _, e := range entries(c.inputs) {
					right = append(right, place{c.file.name, e.key.Line})
				}
			}
			list = append(list, f.retyped("an argument is mistyped where it is declared", d.key, mistyped(d.key.Value), right...))
		}
	}
	return list
}

// called is a step that calls a composite.
type called struct {
	written
	file *source
}

// calls are the steps that call the composite that a file defines.
func (s *shipped) calls(composite *source) []called {
	var list []called
	for _, f := range s.yaml {
		for _, w := range s.steps(f) {
			if composite.composite && w.action == nil && s.actions[w.key.Value] == composite {
				list = append(list, called{w, f})
			}
		}
	}
	return list
}

var fieldRead = regexp.MustCompile(`\b(?:args|user|request)\??\.(\w+)`)

// wrongReads mistypes what is read of args, user and request.
func wrongReads(s *shipped) []mutant {
	var list []mutant
	for _, f := range s.yaml {
		if f.test() {
			continue
		}
		for _, r := range f.reads(0, len(f.text), fieldRead) {
			list = append(list, f.replaced("an argument is mistyped where it is read", r.from, r.to, mistyped(f.text[r.from:r.to])))
		}
	}
	return list
}

// bound are the names that steps of a file bind, with the step.
func (s *shipped) bound(f *source) map[string]written {
	names := map[string]written{}
	for _, w := range s.steps(f) {
		if as := lookup(w.node, "as"); as != nil {
			names[as.Value] = w
		}
		if w.key.Value == "set" {
			for _, e := range entries(w.value) {
				names[e.key.Value] = w
			}
		}
	}
	return names
}

// readOfName is the reading of a name that a step binds.
func readOfName(name string) *regexp.Regexp {
	return regexp.MustCompile(`(?:^|[^.\w"'])(` + name + `)\b`)
}

// wrongNames mistypes names where they are read, and the columns of a row with a name.
func wrongNames(s *shipped) []mutant {
	var list []mutant
	for _, f := range s.yaml {
		bound := s.bound(f)
		var names []string
		for name := range bound {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			for _, r := range f.reads(0, len(f.text), readOfName(name)) {
				list = append(list, f.replaced("a name is mistyped where it is read", r.from, r.to, mistyped(name)))
			}
			if bound[name].key.Value != "sql.one" {
				continue
			}
			for _, r := range f.reads(0, len(f.text), regexp.MustCompile(`\b`+name+`\??\.(\w+)`)) {
				list = append(list, f.replaced("a field is mistyped where it is read", r.from, r.to, mistyped(f.text[r.from:r.to])))
			}
		}
	}
	return list
}

// column is one that a migration declares.
type column struct {
	table, name string
	file        *source
	hole        // where its name stands
}

var (
	createTable  = regexp.MustCompile(`(?is)CREATE TABLE (\w+) \(\n(.*?)\n\)`)
	columnOfLine = regexp.MustCompile(`(?m)^[ \t]+([a-z_]\w*) +[A-Z]+`)
)

// columns are those of the app's tables.
func (s *shipped) columns() []column {
	var list []column
	for _, f := range s.sql {
		for _, table := range createTable.FindAllStringSubmatchIndex(f.text, -1) {
			for _, c := range columnOfLine.FindAllStringSubmatchIndex(f.text[table[4]:table[5]], -1) {
				at := hole{table[4] + c[2], table[4] + c[3]}
				list = append(list, column{f.text[table[2]:table[3]], f.text[at.from:at.to], f, at})
			}
		}
	}
	return list
}

// statement is the SQL of a step as it stands in the file.
type statement struct {
	file *source
	hole
}

var (
	parameterText = regexp.MustCompile(`\$\{[^}]*\}|'[^']*'`)
	word          = regexp.MustCompile(`\w+`)
	alias         = regexp.MustCompile(`(?i)\bAS\s+$`)
)

// statements are all SQL of the app's steps.
func (s *shipped) statements() []statement {
	var list []statement
	for _, f := range s.yaml {
		for _, w := range s.steps(f) {
			if w.action == nil || w.action.Main == "" {
				continue
			}
			in, _ := w.action.Input(w.action.Main)
			n := w.value
			if w.inputs != nil {
				n = lookup(w.inputs, in.Name)
			}
			if in.Form != action.Statement || n == nil {
				continue
			}
			from := f.offset(n.Line, n.Column)
			if to := f.offset(lastLine(n), len(f.lines[lastLine(n)-1])+1); from < to {
				list = append(list, statement{f, hole{from, to}})
			}
		}
	}
	return list
}

// words are the words of a statement that are neither parameters nor texts nor aliases.
func (st statement) words(want func(string) bool) []hole {
	text := parameterText.ReplaceAllStringFunc(st.file.text[st.from:st.to], func(s string) string { return strings.Repeat(" ", len(s)) })
	var list []hole
	for _, m := range word.FindAllStringIndex(text, -1) {
		if want(text[m[0]:m[1]]) && !alias.MatchString(text[:m[0]]) {
			list = append(list, hole{st.from + m[0], st.from + m[1]})
		}
	}
	return list
}

// wrongColumns mistypes columns and tables in SQL.
func wrongColumns(s *shipped) []mutant {
	known := map[string]bool{}
	for _, c := range s.columns() {
		known[c.name], known[c.table] = true, true
	}
	var list []mutant
	for _, st := range s.statements() {
		for _, w := range st.words(func(text string) bool { return known[text] }) {
			list = append(list, st.file.replaced("a column is mistyped", w.from, w.to, mistyped(st.file.text[w.from:w.to])))
		}
	}
	return list
}

// wrongDeclaredColumns renames columns in migrations where a statement of a step names
// the column and its table: each line that names the column is right.
func wrongDeclaredColumns(s *shipped) []mutant {
	var list []mutant
	for _, c := range s.columns() {
		var right []place
		for _, st := range s.statements() {
			if len(st.words(func(text string) bool { return text == c.table })) == 0 {
				continue
			}
			for _, w := range st.words(func(text string) bool { return text == c.name }) {
				right = append(right, place{st.file.name, st.file.lineOf(w.from)})
			}
		}
		if len(right) == 0 {
			continue
		}
		for _, f := range s.sql {
			for i, line := range f.lines {
				if slices.Contains(word.FindAllString(line, -1), c.name) {
					right = append(right, place{f.name, i + 1})
				}
			}
		}
		list = append(list, c.file.replaced("a column is renamed in its table", c.from, c.to, fmt.Sprintf("new_%s", c.name), right...))
	}
	return list
}
