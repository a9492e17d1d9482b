package engine_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"cloudlet/actions"
	"cloudlet/engine/action"

	"gopkg.in/yaml.v3"
)

// source is a file that ships, taken apart.
type source struct {
	name      string
	text      string
	lines     []string
	root      *yaml.Node // of YAML: what the document holds
	composite bool
}

func newSource(t *testing.T, name, text string) *source {
	t.Helper()
	f := &source{name: name, text: text, lines: strings.SplitAfter(text, "\n")}
	if !strings.HasSuffix(name, ".sql") {
		var document yaml.Node
		fatal(t, yaml.Unmarshal([]byte(text), &document))
		f.root = document.Content[0]
	}
	return f
}

func (f *source) test() bool { return strings.HasSuffix(f.name, ".test.yaml") }

// offset is where a line and column of the YAML library stand in the text.
func (f *source) offset(line, column int) int {
	at := 0
	for _, l := range f.lines[:line-1] {
		at += len(l)
	}
	for i := range f.lines[line-1] {
		if column--; column == 0 {
			return at + i
		}
	}
	return at + len(f.lines[line-1])
}

// lineOf is the line of an offset.
func (f *source) lineOf(at int) int { return 1 + strings.Count(f.text[:at], "\n") }

// replaced is the mutant whose text between two offsets is another. The line that was
// broken is right, and so are the others that are given.
func (f *source) replaced(kind string, from, to int, text string, right ...place) mutant {
	line := f.lineOf(from)
	m := mutant{kind: kind, file: f.name, line: line, text: f.text[:from] + text + f.text[to:], right: append(right, place{f.name, line})}
	m.before = strings.TrimSpace(f.lines[line-1])
	m.after = strings.TrimSpace(strings.Split(m.text, "\n")[line-1])
	return m
}

// retyped is replaced for a plain scalar.
func (f *source) retyped(kind string, n *yaml.Node, text string, right ...place) mutant {
	from := f.offset(n.Line, n.Column)
	return f.replaced(kind, from, from+len(n.Value), text, right...)
}

// plain reports whether a scalar stands in the file as its value says.
func (f *source) plain(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Value != "" && strings.HasPrefix(f.text[f.offset(n.Line, n.Column):], n.Value)
}

// entry is one key of a mapping with its value.
type entry struct{ key, value *yaml.Node }

func entries(n *yaml.Node) []entry {
	var list []entry
	if n != nil && n.Kind == yaml.MappingNode {
		for i := 0; i < len(n.Content); i += 2 {
			list = append(list, entry{n.Content[i], n.Content[i+1]})
		}
	}
	return list
}

func lookup(n *yaml.Node, name string) *yaml.Node {
	for _, e := range entries(n) {
		if e.key.Value == name {
			return e.value
		}
	}
	return nil
}

var verbNames = []string{"get", "post", "put", "patch", "delete"}

// verbs are the verbs of an endpoint's file.
func (f *source) verbs() []entry {
	var list []entry
	for _, e := range entries(f.root) {
		if slices.Contains(verbNames, e.key.Value) && !f.composite && !f.test() {
			list = append(list, e)
		}
	}
	return list
}

// declaration is an argument as it is declared.
type declaration struct {
	entry
	scope *yaml.Node // where it is known: the verb, or the whole file
}

// declarations are the arguments of a file.
func (f *source) declarations() []declaration {
	var list []declaration
	add := func(scope *yaml.Node) {
		for _, e := range entries(lookup(scope, "arguments")) {
			list = append(list, declaration{e, scope})
		}
	}
	if f.test() || strings.HasSuffix(f.name, "_module.yaml") {
		return nil
	}
	add(f.root)
	for _, v := range f.verbs() {
		add(v.value)
	}
	return list
}

// written is one step.
type written struct {
	entry   // its action
	node    *yaml.Node
	list    *yaml.Node // the steps that it is one of
	index   int
	action  *action.Action // nil for a composite
	inputs  *yaml.Node     // the mapping that holds its inputs; nil without one
	besides bool           // the inputs stand beside the action's key
}

// steps are all steps of a file, those inside others too.
func (s *shipped) steps(f *source) []written {
	var list []written
	visit := func(n *yaml.Node) { list = append(list, s.stepsOf(n)...) }
	switch {
	case f.test():
	case f.composite:
		visit(lookup(f.root, "actions"))
	default:
		for _, name := range []string{"before", "after", "on_error"} {
			visit(lookup(f.root, name))
		}
		for _, v := range f.verbs() {
			for _, name := range []string{"before", "actions", "after", "on_error"} {
				visit(lookup(v.value, name))
			}
		}
	}
	return list
}

var catalogue = func() map[string]*action.Action {
	byName := map[string]*action.Action{}
	for _, a := range actions.All() {
		byName[a.Name] = a
	}
	return byName
}

func (s *shipped) stepsOf(list *yaml.Node) []written {
	var all []written
	if list == nil || list.Kind != yaml.SequenceNode {
		return nil
	}
	known := catalogue()
	for i, n := range list.Content {
		w := written{node: n, list: list, index: i}
		for _, e := range entries(n) {
			a := known[e.key.Value]
			if e.key.Value == "if" && lookup(n, "then") == nil || e.key.Value == "parallel" && lookup(n, "for_each") != nil || a == nil && s.actions[e.key.Value] == nil {
				continue
			}
			w.entry, w.action = e, a
		}
		if w.key == nil {
			continue
		}
		w.inputs = w.value
		if w.besides = w.action != nil && w.action.Beside; w.besides {
			w.inputs = n
		} else if w.value.Kind != yaml.MappingNode || w.action != nil && len(w.action.Inputs) == 1 {
			w.inputs = nil
		}
		all = append(append(all, w), s.stepsIn(w)...)
	}
	return all
}

// stepsIn are the steps that a step runs.
func (s *shipped) stepsIn(w written) []written {
	all := s.stepsOf(lookup(w.node, "on_error"))
	if w.action == nil {
		return all
	}
	for i := range w.action.Inputs {
		in := &w.action.Inputs[i]
		value := lookup(w.inputs, in.Name)
		if in.Name == w.action.Main && w.besides {
			value = w.value
		}
		switch in.Form {
		case action.Steps:
			all = append(all, s.stepsOf(value)...)
		case action.NamedSteps:
			for _, e := range entries(value) {
				all = append(all, s.stepsOf(e.value)...)
			}
		}
	}
	return all
}

// hole is what stands inside one ${…}.
type hole struct{ from, to int }

// holes are the expressions of a file, but for those of comments.
func (f *source) holes() []hole {
	var list []hole
	at := 0
	for _, line := range f.lines {
		if !strings.HasPrefix(strings.TrimSpace(line), "#") {
			for i, end := 0, comment(line); i+1 < end; i++ {
				if line[i] == '$' && line[i+1] == '{' && (i == 0 || line[i-1] != '$') {
					end := closing(line, i+1)
					list = append(list, hole{at + i + 2, at + end})
					i = end
				}
			}
		}
		at += len(line)
	}
	return list
}

// comment is where a comment behind something else begins, or the end of the line.
func comment(line string) int {
	for at := 0; ; {
		i := strings.Index(line[at:], " #")
		if i < 0 {
			return len(line)
		}
		if at += i; strings.Count(line[:at], `"`)%2 == 0 && strings.Count(line[:at], "'")%2 == 0 {
			return at
		}
		at++
	}
}

// closing is where the bracket that opens at a place is closed in the line.
func closing(line string, at int) int {
	depth := 0
	for i := at; i < len(line); i++ {
		switch line[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(line)
}

// reads are the places inside ${…}, between two offsets, that a pattern finds: of its
// last group, or the whole.
func (f *source) reads(from, to int, pattern *regexp.Regexp) []hole {
	var list []hole
	for _, h := range f.holes() {
		if h.from < from || h.to > to {
			continue
		}
		for _, m := range pattern.FindAllStringSubmatchIndex(f.text[h.from:h.to], -1) {
			list = append(list, hole{h.from + m[len(m)-2], h.from + m[len(m)-1]})
		}
	}
	return list
}

// extent is where a node of the file begins and ends, with what stands inside it.
func (f *source) extent(n *yaml.Node) (from, to int) {
	if n == f.root {
		return 0, len(f.text)
	}
	last := lastLine(n)
	for last < len(f.lines) && (strings.TrimSpace(f.lines[last]) == "" || indent(f.lines[last]) >= n.Column && n.Kind == yaml.ScalarNode) {
		last++
	}
	return f.offset(n.Line, 1), f.offset(last, len(f.lines[last-1])+1)
}

func lastLine(n *yaml.Node) int {
	last := n.Line
	if n.Kind == yaml.ScalarNode && n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
		last += 1 + strings.Count(strings.TrimSpace(n.Value), "\n")
	}
	for _, c := range n.Content {
		last = max(last, lastLine(c))
	}
	return last
}

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// mistyped is a word with two letters changed round, as fingers do, or one doubled
// where that would be no other word.
func mistyped(word string) string {
	for i := len(word) / 2; i > 0; i-- {
		if a, b := word[i-1], word[i]; a != b && letter(a) && letter(b) {
			return word[:i-1] + string([]byte{b, a}) + word[i+1:]
		}
	}
	return word + word[len(word)-1:]
}

func letter(b byte) bool { return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' }
