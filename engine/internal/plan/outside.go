package plan

import (
	"cloudlet/engine/language/document"
	"cloudlet/engine/language/expression"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// Outside compiles values that stand in no chain, as those of endpoint tests do: of
// the names that a chain finds bound it knows only config.
type Outside struct {
	b  *builder
	sc *scope
}

// NewOutside begins with no names but config.
func NewOutside(problems *source.Problems, config *schema.Object) *Outside {
	g := &globals{config: config, configType: typeOf(config)}
	f := &frame{}
	return &Outside{&builder{problems: problems}, newScope(f, &ambient{globals: g, outside: true})}
}

// Inner is a place where more names may be bound that are unknown outside it.
func (o *Outside) Inner() *Outside { return &Outside{o.b, o.sc.inner()} }

// Declare binds a name and says in which slot of a frame its value stands.
func (o *Outside) Declare(name string, t *schema.Type) (slot int) {
	return o.sc.declare(name, t).slot
}

// Identifier reports whether a name may be bound; why not is a problem.
func (o *Outside) Identifier(n *document.Node) bool { return o.b.identifier(n, n.Value) }

// Slots is how many slots a frame needs for all that was declared so far.
func (o *Outside) Slots() int { return o.sc.frame.slots }

// Value compiles a value: ${…}, text with some inside, a map, a list or a constant.
// What names it in problems. It is nil after a problem.
func (o *Outside) Value(n *document.Node, what string) *expression.Program {
	return o.b.value(o.sc, n, input{name: what, anyClass: true})
}

// Constant reads a value that has to be known when the file is loaded.
func (o *Outside) Constant(n *document.Node, t *schema.Type, what string) (any, bool) {
	return o.b.constant(n, t, what)
}

// HasExpression reports whether a ${…} stands in a scalar, or may in a node.
func HasExpression(n *document.Node) bool { return hasExpression(n) }

// Lone reports whether a scalar is one ${…} alone.
func Lone(n *document.Node) bool {
	if n.Kind != document.Scalar || !hasExpression(n) {
		return false
	}
	parts, fault := expression.Split(n.Value)
	return fault == nil && len(parts) == 1 && parts[0].Expression
}

// Describe names a type for a problem's sentence: "a string".
func Describe(t *schema.Type) string { return describe(t) }

// Part compiles one ${…} of a scalar. It is nil after a problem.
func (o *Outside) Part(n *document.Node, part expression.Part) *expression.Program {
	return o.b.expression(o.sc, n, part, input{anyClass: true})
}
