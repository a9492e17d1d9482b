// Package template reads the templates of an app and renders them: text for mails,
// HTML for mails and pages.
//
// A template is a file of a _templates folder, written as Go's templates are: NAME.txt
// is text, NAME.html is escaped for the place where each value stands. The nearest
// folder upwards wins, by the name of the file. A template includes others by their
// names, from its own folder or one above:
//
//	{{define "content"}}<p>Hello {{.name}}, <a href="{{link "/auth/confirm" "token" .token}}">confirm</a>.{{end}}
//	{{template "layout.html" .}}
//
// where layout.html says {{block "content" .}}{{end}}. What a template knows are its
// data, as values of the language, and a few functions; no Go method is within reach.
// Text, turns and time are bounded, and templates that include each other in a circle
// are a problem, so that no template can hang the engine or fill its memory.
package template

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"text/template/parse"
	"unicode/utf8"

	"cloudlet/engine/language/source"
)

// FolderName is the name of the folders that templates stand in.
const FolderName = "_templates"

// Bounds of what a template may be and make.
const (
	largestFile   = 256 << 10 // bytes of a file
	deepest       = 100       // parentheses, ifs, ranges and withs inside each other
	largestResult = 1 << 20   // bytes of what is rendered, and of each text in between
	mostTurns     = 1 << 18   // turns of ranges, and inclusions
	turnBytes     = 128       // as many bytes of text, written or in between, count as a turn
)

// IsFile reports whether a file of a _templates folder is a template, by its name.
func IsFile(name string) bool {
	ending := path.Ext(name)
	return name[0] != '.' && (ending == ".txt" || ending == ".html")
}

// File is a template as it was read: for each app that has it, and never changed.
type File struct {
	source *source.File
	name   string
	html   bool
	trees  map[string]*parse.Tree // what it defines, by name, and itself; nil after a problem
	calls  []call
}

// call is a {{template "name"}} in a tree of a file.
type call struct {
	from string // the name of the tree
	name string
	at   source.Span
}

// Parse reads a template. What is wrong with it alone is a problem; whether what it
// includes is there is known only where it is used.
func Parse(file *source.File, problems *source.Problems) *File {
	f := &File{source: file, name: path.Base(file.Path), html: path.Ext(file.Path) == ".html"}
	text := string(file.Text)
	switch {
	case len(text) > largestFile:
		problems.Addf(file.Span(0, 0), "too_large", "a template has at most 256 KiB")
		return f
	case !utf8.ValidString(text):
		problems.Addf(file.Span(0, 0), "not_utf8", "the file is not valid UTF-8")
		return f
	case strings.ContainsRune(text, 0):
		at := strings.IndexByte(text, 0)
		problems.Addf(file.Span(at, at+1), "invalid_character", "a template cannot hold a zero byte")
		return f
	}
	if at := tooDeep(text); at >= 0 {
		problems.Addf(file.Span(at, at+1), "too_deep", "parentheses are at most %d deep", deepest)
		return f
	}
	trees := map[string]*parse.Tree{}
	t := parse.New(f.name)
	t.Mode = parse.SkipFuncCheck // unknown names are found below, with their places
	if _, err := t.Parse(text, "", "", trees); err != nil {
		problems.Add(f.syntax(err))
		return f
	}
	before := problems.Count()
	for name, tree := range trees {
		tree.ParseName = anyFile
		f.check(name, tree, problems)
	}
	if problems.Count() == before {
		f.trees = trees
	}
	slices.SortFunc(f.calls, func(a, b call) int { return a.at.From - b.at.From })
	return f
}

// anyFile is what trees take for the name of their file: that of the real one may hold
// what errors are not made for.
const anyFile = "@"

// tooDeep is where parentheses are nested too deeply for a parser that calls itself, or -1.
func tooDeep(text string) int {
	depth := 0
	for i := range len(text) {
		switch text[i] {
		case '(':
			depth++
		case ')', '}':
			depth = 0 // a lower bound suffices: what closes only some is rare
		}
		if depth > deepest {
			return i
		}
	}
	return -1
}

var place = regexp.MustCompile(`:(\d+): `)

// syntax is the problem of a text that is no template. The parser knows only the line.
func (f *File) syntax(err error) source.Problem {
	text := strings.TrimPrefix(err.Error(), "template: "+f.name)
	line := 1
	if m := place.FindStringSubmatchIndex(text); m != nil && m[0] == 0 {
		line, _ = strconv.Atoi(text[m[2]:m[3]])
		text = text[m[1]:]
	}
	for line > 1 && len(strings.TrimSpace(string(f.source.Line(line)))) == 0 {
		line-- // what is missing at the end is missed where the text ends
	}
	return source.Problem{Span: f.line(line), Code: "invalid_template", Text: "this is no template: " + strings.ReplaceAll(text, f.name+":", "line ")}
}

// line is the text of a line, without the space around it.
func (f *File) line(n int) source.Span {
	from := f.source.Offset(source.Position{Line: n, Column: 1})
	text := string(f.source.Line(n))
	rest := strings.TrimLeft(text, " \t")
	from += len(text) - len(rest)
	return f.source.Span(from, from+len(strings.TrimRight(rest, " \t")))
}

// span is the place of a word at an offset.
func (f *File) span(at parse.Pos, length int) source.Span {
	from := min(int(at), len(f.source.Text))
	return f.source.Span(from, min(from+length, len(f.source.Text)))
}

// check looks for what a template may not hold.
func (f *File) check(name string, tree *parse.Tree, problems *source.Problems) {
	if name != f.name && path.Ext(name) != "" {
		problems.Addf(f.line(lineOf(tree, f)), "invalid_name", "%q cannot be defined: a name with a dot is that of a file", clip(name))
	}
	if !walk(tree.Root, 0, func(n parse.Node) {
		switch n := n.(type) {
		case *parse.IdentifierNode:
			if !slices.Contains(functionNames, n.Ident) {
				p := source.Problem{Span: f.span(n.Pos, len(n.Ident)), Code: "unknown_function", Text: fmt.Sprintf("there is no function %q in templates", clip(n.Ident)),
					Hint: source.DidYouMean(n.Ident, functionNames)}
				if p.Hint == "" {
					p.Hint = fmt.Sprintf("a field of the data is written .%s", clip(n.Ident))
				}
				problems.Add(p)
			}
		case *parse.TextNode:
			f.expressions(n, problems)
		case *parse.TemplateNode:
			at := f.span(n.Pos, 0)
			if i := strings.Index(string(f.source.Text[at.From:]), strconv.Quote(n.Name)); i >= 0 {
				at = f.source.Span(at.From+i, at.From+i+len(n.Name)+2)
			}
			f.calls = append(f.calls, call{name, n.Name, at})
		}
	}) {
		problems.Addf(f.line(lineOf(tree, f)), "too_deep", "ifs, ranges and withs are at most %d deep", deepest)
	}
}

var expression = regexp.MustCompile(`\$\{\s*([A-Za-z_]\w*(?:\.\w+)*)\s*\}`)

// expressions warns of what an endpoint's file would evaluate: here it is text.
func (f *File) expressions(n *parse.TextNode, problems *source.Problems) {
	for _, m := range expression.FindAllSubmatchIndex(n.Text, -1) {
		path := string(n.Text[m[2]:m[3]])
		field := path[strings.LastIndexByte(path, '.')+1:]
		problems.Add(source.Problem{Span: f.span(n.Pos+parse.Pos(m[0]), m[1]-m[0]), Code: "expression_in_template", Warning: true,
			Text: "a template shows this as it stands: it reads only what the step gives it as data", Hint: fmt.Sprintf("write {{.%s}}", clip(field))})
	}
}

func lineOf(t *parse.Tree, f *File) int {
	if t.Root == nil {
		return 1
	}
	return f.source.Position(int(t.Root.Pos)).Line
}

// clip is a name as a problem shows it.
func clip(name string) string {
	if runes := []rune(name); len(runes) > 60 {
		return string(runes[:60]) + "…"
	}
	return name
}

// walk visits a node and all below it, ahead of what stands in it. It reports whether
// none is too deep.
func walk(n parse.Node, depth int, visit func(parse.Node)) bool {
	if depth > 4*deepest {
		return false
	}
	ok := true
	each := func(nodes ...parse.Node) {
		for _, below := range nodes {
			ok = walk(below, depth+1, visit) && ok
		}
	}
	visit(n)
	switch n := n.(type) {
	case *parse.ListNode:
		if n != nil {
			each(n.Nodes...)
		}
	case *parse.PipeNode:
		if n != nil {
			for _, c := range n.Cmds {
				each(c.Args...)
			}
		}
	case *parse.ChainNode:
		each(n.Node)
	case *parse.ActionNode:
		each(n.Pipe)
	case *parse.TemplateNode:
		each(n.Pipe)
	case *parse.IfNode:
		each(n.Pipe, n.List, n.ElseList)
	case *parse.RangeNode:
		each(n.Pipe, n.List, n.ElseList)
	case *parse.WithNode:
		each(n.Pipe, n.List, n.ElseList)
	}
	return ok
}

// Set are the templates of an app. It is filled while the app is read; afterwards
// Template may be called.
type Set struct {
	files map[string]map[string]*File // by the folder that holds _templates, then by name

	mu    sync.Mutex
	known map[[2]string]*compiled // by folder and name
}

// compiled is what came of compiling a template.
type compiled struct {
	template *Template
	problems source.Problems
}

// Add adds a file. folder is the one that holds _templates, "" the outermost.
func (s *Set) Add(folder string, f *File) {
	if s.files == nil {
		s.files = map[string]map[string]*File{}
	}
	if s.files[folder] == nil {
		s.files[folder] = map[string]*File{}
	}
	s.files[folder][f.name] = f
}

// above lists a folder and those above it, the nearest first; "" is the last.
func above(folder string) []string {
	list := []string{folder}
	for folder != "" {
		if folder = path.Dir(folder); folder == "." {
			folder = ""
		}
		list = append(list, folder)
	}
	return list
}

// find is the file of a name that is the nearest to a folder, and the folder it is of.
func (s *Set) find(folder, name string) (*File, string) {
	for _, f := range above(folder) {
		if file := s.files[f][name]; file != nil {
			return file, f
		}
	}
	return nil, ""
}

// Names lists the templates that can be used in a folder, sorted.
func (s *Set) Names(folder string) []string {
	var names []string
	if s == nil {
		return nil
	}
	for _, f := range above(folder) {
		for name := range s.files[f] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Has reports whether there is a template of a name that can be used in a folder.
func (s *Set) Has(folder, name string) bool {
	if s == nil {
		return false
	}
	f, _ := s.find(folder, name)
	return f != nil
}

// Template makes a template ready to be rendered. It is nil where there is none, or
// something is wrong with it or what it includes: the problems say what.
func (s *Set) Template(folder, name string, problems *source.Problems) *Template {
	if s == nil {
		return nil
	}
	file, folder := s.find(folder, name)
	if file == nil || file.trees == nil {
		return nil // said when it was read
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := [2]string{folder, name}
	c := s.known[key]
	if c == nil {
		c = &compiled{}
		c.template = s.compile(file, folder, &c.problems)
		if s.known == nil {
			s.known = map[[2]string]*compiled{}
		}
		s.known[key] = c
	}
	problems.Merge(&c.problems)
	return c.template
}
