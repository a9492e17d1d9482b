package engine_test

import (
	"regexp"
	"slices"
	"strings"

	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"

	"gopkg.in/yaml.v3"
)

// What is wrong with values: shapes, types, what is missing, and the order of steps.

// wrongRoles gives lists of roles another shape.
func wrongRoles(s *shipped) []mutant {
	var list []mutant
	for _, f := range s.yaml {
		if f.composite || f.test() {
			continue
		}
		for _, scope := range append(f.verbs(), entry{value: f.root}) {
			roles := lookup(scope.value, "auth")
			if roles == nil || roles.Kind != yaml.SequenceNode || roles.Style != yaml.FlowStyle || len(roles.Content) == 0 {
				continue
			}
			from := f.offset(roles.Line, roles.Column)
			to := from + strings.IndexByte(f.text[from:], ']') + 1
			role := roles.Content[0].Value
			for _, shape := range []string{role, "{" + role + ": true}", "[[" + role + "]]", "[{" + role + ": true}]", "[]", "[" + role + ", " + role + "]", "[" + role + ", 7]"} {
				list = append(list, f.replaced("a list of roles has another shape", from, to, shape))
			}
		}
	}
	return list
}

// droppedInputs leaves out an input that is needed, and the actions of a verb. What
// has it missing is the right line.
func droppedInputs(s *shipped) []mutant {
	var list []mutant
	for _, f := range s.yaml {
		for _, v := range append(f.verbs(), entry{value: f.root}) {
			line := 1 // of a composite
			if v.key != nil {
				line = v.key.Line
			}
			for _, e := range entries(v.value) {
				if e.key.Value == "actions" && !f.test() {
					list = append(list, f.without(e, v.value, line))
				}
			}
		}
		for _, w := range s.steps(f) {
			for _, e := range entries(w.inputs) {
				if slices.Contains(s.needs(w), e.key.Value) {
					list = append(list, f.without(e, w.inputs, w.key.Line))
				}
			}
			if w.inputs == nil && f.plain(w.value) && len(s.needs(w)) > 0 {
				list = append(list, f.retyped("what is needed is left out", w.value, ""))
			}
		}
	}
	return list
}

// needs are the names of the inputs that a step has to have.
func (s *shipped) needs(w written) []string {
	var names []string
	if w.action != nil {
		for _, in := range w.action.Inputs {
			if in.Required {
				names = append(names, in.Name)
			}
		}
		return names
	}
	for _, d := range s.actions[w.key.Value].declarations() {
		_, byDefault := strings.CutSuffix(d.value.Value, "?")
		byDefault = byDefault || strings.Contains(d.value.Value, " = ") || lookup(d.value, "default") != nil
		if required := lookup(d.value, "required"); !byDefault && (required == nil || required.Value == "true") {
			names = append(names, d.key.Value)
		}
	}
	return names
}

// without is the mutant that lacks an entry of a mapping; line is that of what it
// belongs to.
func (f *source) without(e entry, parent *yaml.Node, line int) mutant {
	const kind = "what is needed is left out"
	if parent.Style == yaml.FlowStyle {
		from, to := f.offset(e.key.Line, e.key.Column), 0
		if last := parent.Content[len(parent.Content)-1]; last == e.value {
			for to = from; f.text[to] != '}' || strings.Count(f.text[from:to+1], "{") >= strings.Count(f.text[from:to+1], "}"); to++ {
			}
			for from > 0 && (f.text[from-1] == ' ' || f.text[from-1] == ',') {
				from--
			}
		} else {
			i := slices.Index(parent.Content, e.value)
			to = f.offset(parent.Content[i+1].Line, parent.Content[i+1].Column)
		}
		return f.replaced(kind, from, to, "", place{f.name, line})
	}
	from, to := f.offset(e.key.Line, 1), 0
	end := e.key.Line
	for end < len(f.lines) && (strings.TrimSpace(f.lines[end]) == "" || indent(f.lines[end]) >= e.key.Column ||
		e.value.Kind == yaml.SequenceNode && indent(f.lines[end]) == e.key.Column-1 && strings.HasPrefix(strings.TrimSpace(f.lines[end]), "-")) {
		end++
	}
	to = f.offset(end, len(f.lines[end-1])+1)
	text := ""
	if i := strings.Index(f.lines[e.key.Line-1], "- "); i >= 0 && i < e.key.Column-1 {
		text = f.lines[e.key.Line-1][:i] + "-\n" // the key began a step
	}
	if line > e.key.Line {
		line -= end - e.key.Line + 1
	}
	return f.replaced(kind, from, to, text, place{f.name, line})
}

// typeOf is where the type of an argument stands, and how it is written; "" where it
// is none of the simple ones.
func (f *source) typeOf(d declaration) (n *yaml.Node, name string) {
	n = d.value
	if n.Kind == yaml.MappingNode {
		n = lookup(n, "type")
	}
	if n == nil || !f.plain(n) {
		return nil, ""
	}
	return n, regexp.MustCompile(`^[a-z]*`).FindString(n.Value)
}

// changed is the mutant whose argument has another type.
func (f *source) changed(kind string, n *yaml.Node, from, to string, right ...place) mutant {
	at := f.offset(n.Line, n.Column)
	return f.replaced(kind, at, at+len(from), to, right...)
}

// wrongTypeNames mistypes the types of arguments.
func wrongTypeNames(s *shipped) []mutant {
	var list []mutant
	for _, f := range s.yaml {
		for _, d := range f.declarations() {
			if n, name := f.typeOf(d); name != "" {
				list = append(list, f.changed("a type is mistyped", n, name, mistyped(name)))
			}
		}
	}
	return list
}

// wrongTypes changes the types of arguments to those that their own limits and
// defaults contradict, or a use: these are right lines.
func wrongTypes(s *shipped) []mutant {
	const kind = "an argument has a type that its use contradicts"
	var list []mutant
	for _, f := range s.yaml {
		for _, d := range f.declarations() {
			n, name := f.typeOf(d)
			if name == "" {
				continue
			}
			if to, lines := contradicted(d, name); to != "" {
				var right []place
				for _, line := range lines {
					right = append(right, place{f.name, line})
				}
				list = append(list, f.changed(kind, n, name, to, right...))
			}
			for _, use := range s.uses(f, d, name) {
				list = append(list, f.changed(kind, n, name, use.to, use.right...))
			}
		}
	}
	return list
}

// contradicted is a type that the argument's own keys contradict, and their lines.
func contradicted(d declaration, name string) (to string, lines []int) {
	number := slices.Contains([]string{"int", "float", "decimal"}, name)
	textual := name == "string" || name == "secret"
	if strings.Contains(d.value.Value, " = ") && (number || textual) {
		return map[bool]string{true: "bool", false: "int"}[number], nil
	}
	for _, e := range entries(d.value) {
		switch e.key.Value {
		case "min", "max":
			to = "bool"
		case "min_length", "max_length", "pattern":
			to = "int"
		case "default", "enum":
			to = map[bool]string{true: "bool", false: "int"}[number]
		default:
			continue
		}
		lines = append(lines, e.key.Line, e.value.Line)
	}
	if !number && !textual {
		return "", nil
	}
	return to, lines
}

// simple is a value that is no object: a word, or a field of something.
var simple = regexp.MustCompile(`^\$\{\w+\.\w+\}$|^\w+$`)

// use are places that a type contradicts.
type use struct {
	to    string
	right []place
}

// uses are the places of which each contradicts a type that the argument might have.
func (s *shipped) uses(f *source, d declaration, name string) []use {
	var list []use
	from, to := f.extent(d.scope)
	add := func(text, pattern string) {
		for _, r := range f.reads(from, to, regexp.MustCompile(pattern)) {
			list = append(list, use{text, []place{{f.name, f.lineOf(r.from)}}})
			return
		}
	}
	read := `args\.` + d.key.Value + `\b`
	switch name {
	case "string", "secret":
		add("int", `(?:["'] \+ `+read+`|`+read+` \+ ["'])()`)
	case "int", "float", "decimal":
		add("string", read+` (?:[-+*/<>]|[<>]=) \d()`)
	}
	for _, w := range s.steps(f) {
		if w.node.Line < f.lineOf(from) || w.node.Line > f.lineOf(to) || w.action == nil {
			continue
		}
		for _, e := range entries(w.inputs) {
			in, ok := w.action.Input(e.key.Value)
			if !ok || in.Form != action.Expression || e.value.Value != "${args."+d.key.Value+"}" {
				continue
			}
			switch in.Type.Kind {
			case schema.String:
				list = append(list, use{"int", []place{{f.name, e.value.Line}}})
			case schema.Int, schema.Bool, schema.Duration, schema.DateTime:
				list = append(list, use{"object", []place{{f.name, e.value.Line}}})
			}
		}
	}
	for _, st := range s.statements() {
		limit := regexp.MustCompile(`\b(?:LIMIT|OFFSET) \$\{` + read + `\}`)
		if at := limit.FindStringIndex(st.file.text[st.from:st.to]); at != nil && st.file == f && st.from >= from && st.to <= to {
			list = append(list, use{"object", []place{{f.name, f.lineOf(st.from + at[0])}}})
		}
	}
	var right []place
	for _, c := range s.calls(f) {
		if v := lookup(c.inputs, d.key.Value); v != nil && simple.MatchString(v.Value) {
			right = append(right, place{c.file.name, v.Line})
		}
	}
	if len(right) > 0 {
		list = append(list, use{"object", right})
	}
	return list
}

// swappedSteps swaps two steps of which the second reads what the first binds: the
// lines that read it are right.
func swappedSteps(s *shipped) []mutant {
	var list []mutant
	for _, f := range s.yaml {
		steps := s.steps(f)
		for _, a := range steps {
			as := lookup(a.node, "as")
			if as == nil || strings.Count(f.text, "as: "+as.Value+"\n") != 1 || a.list.Style == yaml.FlowStyle {
				continue
			}
			for _, b := range steps {
				if b.list != a.list || b.index <= a.index {
					continue
				}
				fromA, toA := f.extent(a.node)
				fromB, toB := f.extent(b.node)
				reads := f.reads(fromB, toB, readOfName(as.Value))
				if len(reads) == 0 || fromB < toA {
					continue
				}
				m := f.replaced("two steps are swapped", fromA, toB, f.text[fromB:toB]+f.text[toA:fromB]+f.text[fromA:toA])
				for i, line := range strings.Split(m.text, "\n") {
					if readOfName(as.Value).MatchString(line) {
						m.right = append(m.right, place{f.name, i + 1})
					}
				}
				list = append(list, m)
			}
		}
	}
	return list
}

// wrongTests mistypes keys of tests.
func wrongTests(s *shipped) []mutant {
	var list []mutant
	for _, f := range s.yaml {
		if !f.test() || f.root.Kind != yaml.SequenceNode {
			continue
		}
		for _, test := range f.root.Content {
			keys := entries(test)
			for _, name := range []string{"given", "request", "expect"} {
				keys = append(keys, entries(lookup(test, name))...)
			}
			for _, e := range keys {
				list = append(list, f.retyped("a key of a test is mistyped", e.key, mistyped(e.key.Value)))
			}
		}
	}
	return list
}
