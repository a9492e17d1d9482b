package template

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template/parse"

	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// checker looks for fields that data of a type never have. Where nothing is known of
// a value its type is nil.
type checker struct {
	template *Template
	problems *source.Problems
	user     source.Span // the step that renders the template
	seen     map[visit]bool
	file     *File // of the tree under way
}

// visit is a tree that is rendered with data of a type.
type visit struct {
	name string
	data *schema.Type
}

// variables are the types of $, and of what is declared.
type variables map[string]*schema.Type

// Check reports fields that the template asks for and data of the type never have.
// user is the step that renders it.
func (t *Template) Check(data *schema.Type, user source.Span, problems *source.Problems) {
	c := &checker{template: t, problems: problems, user: user, seen: map[visit]bool{}}
	c.tree(t.entry, data)
}

func (c *checker) tree(name string, data *schema.Type) {
	v := visit{name, data}
	if c.seen[v] || len(c.seen) > 1000 {
		return
	}
	c.seen[v] = true
	before := c.file
	c.file = c.template.homes[name]
	c.list(c.template.trees[name].Root, data, variables{"$": data})
	c.file = before
}

func (c *checker) list(l *parse.ListNode, dot *schema.Type, vars variables) {
	if l == nil {
		return
	}
	for _, n := range l.Nodes {
		switch n := n.(type) {
		case *parse.ActionNode:
			c.pipe(n.Pipe, dot, vars)
		case *parse.IfNode:
			inner := maps.Clone(vars)
			c.pipe(n.Pipe, dot, inner)
			c.list(n.List, dot, inner)
			c.list(n.ElseList, dot, inner)
		case *parse.WithNode:
			inner := maps.Clone(vars)
			c.list(n.List, c.pipe(n.Pipe, dot, inner), inner)
			c.list(n.ElseList, dot, inner)
		case *parse.RangeNode:
			c.turns(n, dot, maps.Clone(vars))
		case *parse.TemplateNode:
			data := schema.NullType
			if n.Pipe != nil {
				data = c.pipe(n.Pipe, dot, vars)
			}
			c.tree(n.Name, data)
		}
	}
}

// turns checks a range.
func (c *checker) turns(n *parse.RangeNode, dot *schema.Type, vars variables) {
	through := c.value(n.Pipe, dot, vars)
	var item *schema.Type
	if through != nil && through.Kind == schema.List {
		item = through.Elem
	}
	for i, v := range n.Pipe.Decl {
		vars[v.Ident[0]] = nil
		if i == len(n.Pipe.Decl)-1 && !n.Pipe.IsAssign {
			vars[v.Ident[0]] = item
		}
	}
	c.list(n.List, item, vars)
	c.list(n.ElseList, dot, vars)
}

// pipe is the type of a pipeline, which may declare a variable.
func (c *checker) pipe(p *parse.PipeNode, dot *schema.Type, vars variables) *schema.Type {
	t := c.value(p, dot, vars)
	for _, v := range p.Decl {
		vars[v.Ident[0]] = t
		if p.IsAssign {
			vars[v.Ident[0]] = nil // in a branch it may be, or not
		}
	}
	return t
}

// value is the type of what a pipeline computes: only of one that is a value alone,
// besides the functions that rendering put there.
func (c *checker) value(p *parse.PipeNode, dot *schema.Type, vars variables) *schema.Type {
	var first *schema.Type
	alone := true
	for i, command := range p.Cmds {
		for j, arg := range command.Args {
			t := c.operand(arg, dot, vars)
			if i == 0 && j == 0 {
				first = t
			}
		}
		id, is := command.Args[0].(*parse.IdentifierNode)
		alone = alone && len(command.Args) == 1 && (i == 0 && !is || i > 0 && is && strings.HasPrefix(id.Ident, "_"))
	}
	if !alone {
		return nil
	}
	return first
}

func (c *checker) operand(n parse.Node, dot *schema.Type, vars variables) *schema.Type {
	switch n := n.(type) {
	case *parse.DotNode:
		return dot
	case *parse.FieldNode:
		return c.path(dot, n.Ident, n)
	case *parse.VariableNode:
		return c.path(vars[n.Ident[0]], n.Ident[1:], n)
	case *parse.ChainNode:
		return c.path(c.operand(n.Node, dot, vars), n.Field, n)
	case *parse.PipeNode:
		return c.pipe(n, dot, vars)
	}
	return nil
}

// path is the type of a field of a field.
func (c *checker) path(t *schema.Type, names []string, n parse.Node) *schema.Type {
	for _, name := range names {
		switch {
		case t == nil || t.Kind == schema.JSON:
			return nil
		case t.Kind != schema.ObjectK:
			c.missing(n, name, fmt.Sprintf("there is no field %q in what is %s", name, t), "")
			return nil
		}
		f, known := t.Field(name)
		if !known {
			if !t.Open {
				c.missing(n, name, fmt.Sprintf("the data have no field %q", name), source.DidYouMean(name, t.FieldNames()))
			}
			return nil
		}
		t = f.Type
	}
	return t
}

// missing reports a field at its place, or that of what it is asked of: the parser
// keeps but one place for a whole path.
func (c *checker) missing(n parse.Node, name, text, hint string) {
	file := c.file.source
	from := max(0, int(n.Position())-len(n.String()))
	to := min(len(file.Text), int(n.Position())+len(n.String()))
	at := c.file.span(n.Position(), 0)
	if i := strings.LastIndex(string(file.Text[from:to]), "."+name); i >= 0 {
		at = file.Span(from+i+1, from+i+1+len(name))
	}
	c.problems.Add(source.Problem{Span: at, Code: "unknown_field", Text: text, Hint: hint, Related: slices.Clip([]source.Related{{Span: c.user, Text: "rendered here"}})})
}
