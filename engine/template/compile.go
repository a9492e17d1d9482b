package template

import (
	"errors"
	"fmt"
	html "html/template"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	text "text/template"
	"text/template/parse"

	"cloudlet/engine/language/source"
)

// Template is a template with all that it includes, ready to be rendered by any
// number of goroutines.
type Template struct {
	// HTML says that what is rendered is HTML, and not plain text.
	HTML bool

	entry string                 // the name of the tree to begin with
	trees map[string]*parse.Tree // as they run: never changed
	homes map[string]*File       // the file that each tree is of
	ready sync.Pool              // of *instance
}

// linker gathers what a template includes.
type linker struct {
	set      *Set
	problems *source.Problems
	trees    map[string]*parse.Tree
	homes    map[string]*File
	folders  map[*File]string
	files    []*File             // the entry, then what is included, each once
	targets  map[string][]target // what each tree includes
}

// target is a tree that another includes.
type target struct {
	name string
	at   source.Span
}

// compile makes a template of a file. It is nil after a problem.
func (s *Set) compile(file *File, folder string, problems *source.Problems) *Template {
	l := &linker{set: s, problems: problems, trees: map[string]*parse.Tree{}, homes: map[string]*File{}, folders: map[*File]string{}, targets: map[string][]target{}}
	if !l.gather(file, folder) || !l.link() {
		return nil
	}
	if l.circle(file.source.Path) {
		return nil
	}
	t := &Template{HTML: file.html, entry: file.source.Path, trees: l.trees, homes: l.homes}
	if p, wrong := t.escape(); wrong {
		problems.Add(p)
		return nil
	}
	return t
}

// gather finds the file and all files that it includes, on whatever way. The first
// that defines a name wins: what a template defines fills the blocks of its layout.
func (l *linker) gather(file *File, folder string) bool {
	l.files, l.folders[file] = []*File{file}, folder
	sound := true
	for i := 0; i < len(l.files); i++ {
		f := l.files[i]
		for _, name := range slices.Sorted(maps.Keys(f.trees)) {
			key := name
			if name == f.name {
				key = f.source.Path
			}
			if l.trees[key] == nil {
				l.trees[key], l.homes[key] = f.trees[name].Copy(), f
				l.trees[key].Name = key
			}
		}
		for _, c := range f.calls {
			if path.Ext(c.name) != "" {
				sound = l.include(f, c) && sound
			}
		}
	}
	return sound
}

// include adds a file that another includes.
func (l *linker) include(from *File, c call) bool {
	f, folder := l.set.find(l.folders[from], c.name)
	switch {
	case f == nil:
		l.problems.Add(source.Problem{Span: c.at, Code: "unknown_template", Text: fmt.Sprintf("there is no template %q in %s of this folder or above", clip(c.name), FolderName),
			Hint: source.DidYouMean(c.name, l.set.Names(l.folders[from]))})
		return false
	case f.html != from.html:
		l.problems.Add(source.Problem{Span: c.at, Code: "invalid_template", Text: "a template includes only others of its own ending",
			Hint: "what is text in one would be HTML in the other"})
		return false
	case f.trees == nil:
		return false // it has problems of its own
	}
	if !slices.Contains(l.files, f) {
		l.files, l.folders[f] = append(l.files, f), folder
	}
	return true
}

// link gives every inclusion the tree that it means, and readies the trees to run.
func (l *linker) link() bool {
	sound := true
	for _, f := range l.files {
		for _, c := range f.calls {
			from := c.from
			if from == f.name {
				from = f.source.Path
			}
			if l.homes[from] != f {
				continue // another file's definition took its place
			}
			name := c.name
			if path.Ext(name) != "" {
				found, _ := l.set.find(l.folders[f], name)
				name = found.source.Path
			} else if l.trees[name] == nil {
				l.undefined(c)
				sound = false
				continue
			}
			l.targets[from] = append(l.targets[from], target{name, c.at})
		}
	}
	if !sound {
		return false
	}
	for name, tree := range l.trees {
		f := l.homes[name]
		walk(tree.Root, 0, func(n parse.Node) {
			if t, is := n.(*parse.TemplateNode); is && path.Ext(t.Name) != "" {
				found, _ := l.set.find(l.folders[f], t.Name)
				t.Name = found.source.Path
			}
		})
		instrument(tree)
	}
	return true
}

func (l *linker) undefined(c call) {
	var known []string
	for name := range l.trees {
		if path.Ext(name) == "" {
			known = append(known, name)
		}
	}
	slices.Sort(known)
	l.problems.Add(source.Problem{Span: c.at, Code: "unknown_template", Text: fmt.Sprintf("nothing defines %q", clip(c.name)), Hint: source.DidYouMean(c.name, known)})
}

// circle reports templates that include each other in a circle.
func (l *linker) circle(entry string) bool {
	var open []string
	done := map[string]bool{}
	var visit func(name string) bool
	visit = func(name string) bool {
		if done[name] {
			return false
		}
		open = append(open, name)
		for _, to := range l.targets[name] {
			if i := slices.Index(open, to.name); i >= 0 {
				names := append(slices.Clone(open[i:]), to.name)
				for i, n := range names {
					names[i] = path.Base(n)
				}
				l.problems.Addf(to.at, "cycle", "these templates include each other in a circle: %s", strings.Join(names, " → "))
				return true
			}
			if visit(to.name) {
				return true
			}
		}
		open, done[name] = open[:len(open)-1], true
		return false
	}
	return visit(entry)
}

// instance is a template that renders one result at a time. Its functions know the
// run that they are part of.
type instance struct {
	run
	execute func(w io.Writer, data any) error
}

func (t *Template) instance() *instance {
	if i, ok := t.ready.Get().(*instance); ok {
		return i
	}
	i := &instance{}
	if t.HTML {
		h := html.New(t.entry).Option("missingkey=error").Funcs(i.functions())
		for name, tree := range t.trees {
			html.Must(h.AddParseTree(name, tree.Copy())) // which fails only after it ran
		}
		i.execute = func(w io.Writer, data any) error { return h.ExecuteTemplate(w, t.entry, data) }
		return i
	}
	p := text.New(t.entry).Option("missingkey=error").Funcs(i.functions())
	for name, tree := range t.trees {
		text.Must(p.AddParseTree(name, tree)) // which never fails
	}
	i.execute = func(w io.Writer, data any) error { return p.ExecuteTemplate(w, t.entry, data) }
	return i
}

// escape finds out whether the places of all values in HTML can be told: only a run
// does, and this one ends at its first step.
func (t *Template) escape() (source.Problem, bool) {
	if !t.HTML {
		return source.Problem{}, false
	}
	i := t.instance()
	var e *html.Error
	if err := i.execute(io.Discard, nil); !errors.As(err, &e) {
		t.ready.Put(i)
		return source.Problem{}, false
	}
	name, _, _ := strings.Cut(e.Name, "$htmltemplate_")
	f := t.homes[name]
	if f == nil {
		f = t.homes[t.entry]
	}
	at := f.source.Span(0, 0)
	switch {
	case e.Node != nil:
		at = f.line(f.source.Position(int(e.Node.Position())).Line)
	case e.Line > 0:
		at = f.line(e.Line)
	}
	return source.Problem{Span: at, Code: "invalid_template", Text: "values cannot be escaped here: " + t.words(e.Description, name)}, true
}

// words is what the escaper says, without the states that it knows itself by.
func (t *Template) words(text, name string) string {
	text, _, _ = strings.Cut(text, ": {state")
	text, _, _ = strings.Cut(text, " {state")
	for n, f := range t.homes {
		text = strings.ReplaceAll(text, n, f.name)
	}
	text = strings.ReplaceAll(text, " | "+shownFunction, "")
	return strings.TrimSuffix(strings.ReplaceAll(text, name, path.Base(name)), ":")
}

// Part is what the template, or one that it includes, defines under a name; nil where
// nothing does. It is rendered as text, whatever the template is: a mail's subject.
func (t *Template) Part(name string) *Template {
	if t.trees[name] == nil || path.Ext(name) != "" {
		return nil
	}
	return &Template{entry: name, trees: t.trees, homes: t.homes}
}
