// Package expression is what stands in ${…}: it splits texts, reads and checks
// expressions while a file is loaded, and evaluates them within bounds.
//
// The grammar and the syntax tree are those of github.com/expr-lang/expr. Checking
// and evaluating are our own, because null, decimals, overflow, the class of every
// part and the bounds differ: a node of the tree becomes one closure.
package expression

import (
	"cloudlet/engine/language/schema"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
)

// Variable is what a name stands for.
type Variable struct {
	Type *schema.Type
	// Slot is where a frame holds the value.
	Slot int
	// Constant is the value itself where IsConstant is set; then no slot is read.
	Constant   any
	IsConstant bool
	// LiteralOnly allows the variable only with a literal field name, as in
	// config.company: never as a whole, never with a computed name.
	LiteralOnly bool
	// Sent is set where the fields are what a client sent: as their types say, and else
	// anything.
	Sent bool
}

// Scope knows the names that an expression may use.
type Scope interface {
	// Lookup finds a name.
	Lookup(name string) (Variable, bool)
	// Names lists all names, for suggestions.
	Names() []string
}

// Compile reads and checks a source (without the ${ and }). The program is nil where
// there are faults; all of them lie within the source, and there is one for each
// mistake. A source is at most MaxSource bytes and MaxDepth levels deep.
func Compile(source string, scope Scope) (*Program, []Fault) {
	s, fault := parse(source)
	if fault != nil {
		return nil, []Fault{*fault}
	}
	c := &checker{syntax: s, scope: scope}
	root := c.node(s.root)
	if len(c.faults) > 0 {
		return nil, c.faults
	}
	return &Program{
		Type: root.typ, eval: root.eval, locals: c.count, reads: c.reads,
		constant: root.constant, value: root.value, source: printTree(s.root), Warnings: c.warnings,
	}, nil
}

// checker compiles one source.
type checker struct {
	*syntax
	scope    Scope
	lets     []let    // what let has bound, the innermost last
	loops    []*cycle // the predicates around, the innermost last
	count    int      // locals handed out
	nodes    int      // nodes compiled
	reads    []read
	faults   []Fault
	warnings []Fault
}

// let is a name that an expression binds itself.
type let struct {
	name  string
	value part
	local int
}

// part is a compiled node.
type part struct {
	eval     eval
	typ      *schema.Type
	from, to int // bytes of the source
	constant bool
	value    any // of a constant
	faulty   bool
}

// text is the source of a part.
func (c *checker) text(p part) string { return c.source[p.from:p.to] }

// fault notes a mistake; the part that it gives fits everywhere, so that nothing
// that follows from the mistake is reported again.
func (c *checker) fault(from, to int, code, text, hint string) part {
	c.faults = append(c.faults, Fault{from, to, code, text, hint})
	return faulty(from, to)
}

func faulty(from, to int) part {
	return part{eval: always(nil), typ: schema.AnyType, from: from, to: to, faulty: true}
}

// local hands out a place in a frame.
func (c *checker) local() int {
	c.count++
	return c.count - 1
}

// literal is a part whose value is written in the source.
func literal(v any, t *schema.Type, from, to int) part {
	return part{eval: always(v), typ: t, from: from, to: to, constant: true, value: v}
}

// folded turns a part that depends only on constants into one.
func (c *checker) folded(p part, parts ...part) part {
	if len(c.faults) > 0 {
		return p
	}
	for _, o := range parts {
		if !o.constant {
			return p
		}
	}
	if v, ok := fold(p.eval, c.count); ok {
		p.eval, p.constant, p.value = always(v), true, v
	}
	return p
}

// node compiles any node.
func (c *checker) node(n ast.Node) part {
	c.nodes++
	from, to := c.span(n.Location())
	switch n := n.(type) {
	case *ast.NilNode:
		return literal(nil, schema.NullType, from, to)
	case *ast.BoolNode:
		return literal(n.Value, schema.BoolType, from, to)
	case *ast.IntegerNode:
		return literal(n.Value, schema.IntType, from, to)
	case *ast.FloatNode:
		return literal(n.Value, schema.FloatType, from, to)
	case *ast.StringNode:
		return c.stringLiteral(n)
	case *ast.IdentifierNode:
		return c.identifier(n, nil)
	case *ast.PointerNode:
		return c.pointer(n)
	case *ast.UnaryNode:
		return c.unary(n)
	case *ast.BinaryNode:
		return c.binary(n)
	case *ast.ChainNode:
		return c.chain(n)
	case *ast.MemberNode:
		return c.member(n)
	case *ast.SliceNode:
		return c.slice(n)
	case *ast.ConditionalNode:
		return c.conditional(n)
	case *ast.VariableDeclaratorNode:
		return c.declaration(n)
	case *ast.SequenceNode:
		return c.sequence(n)
	case *ast.ArrayNode:
		return c.list(n)
	case *ast.MapNode:
		return c.object(n)
	case *ast.BuiltinNode:
		return c.builtin(n)
	case *ast.CallNode:
		return c.call(n)
	}
	return c.fault(from, to, "not_allowed", "this is not part of the language", "")
}

// all compiles several nodes.
func (c *checker) all(nodes []ast.Node) []part {
	parts := make([]part, len(nodes))
	for i, n := range nodes {
		parts[i] = c.node(n)
	}
	return parts
}

// around is the span of a location and parts, with the partner of every bracket.
func (c *checker) around(l file.Location, parts ...part) (from, to int) {
	from, to = c.span(l)
	for _, p := range parts {
		from, to = min(from, p.from), max(to, p.to)
	}
	return c.balance(from, to)
}

// over is the span of parts, for nodes whose own location says nothing.
func (c *checker) over(parts ...part) (from, to int) {
	from, to = parts[0].from, parts[0].to
	for _, p := range parts {
		from, to = min(from, p.from), max(to, p.to)
	}
	return c.balance(from, to)
}

// highest is the highest class of what parts hold.
func highest(parts ...part) schema.Class {
	class := schema.Public
	for _, p := range parts {
		class = max(class, p.typ.Highest())
	}
	return class
}

// anyFaulty reports whether a part has a mistake, so that its type means nothing.
func anyFaulty(parts ...part) bool {
	for _, p := range parts {
		if p.faulty {
			return true
		}
	}
	return false
}
