package expression

import (
	"fmt"
	"slices"

	"cloudlet/engine/language/schema"
	"github.com/expr-lang/expr/ast"
)

// chosen is an argument that stands in an expression as the client sent it.
type chosen struct {
	name     string
	typ      *schema.Type
	from, to int
}

// chosenBy are the arguments that a node may give as the client sent them, without those
// that the expression compares with anything: its author has thought of them.
func (c *checker) chosenBy(n ast.Node) []chosen {
	switch n := n.(type) {
	case *ast.ChainNode:
		return c.chosenBy(n.Node)
	case *ast.ConditionalNode:
		return append(c.chosenBy(n.Exp1), c.chosenBy(n.Exp2)...)
	case *ast.BinaryNode:
		if n.Operator == "??" {
			return append(c.chosenBy(n.Left), c.chosenBy(n.Right)...)
		}
	case *ast.MemberNode:
		if one, ok := c.argument(n); ok && !c.compared(n) {
			return []chosen{one}
		}
	}
	return nil
}

// argument is what args.name or args.name.field is of a variable that a client sent.
func (c *checker) argument(n *ast.MemberNode) (chosen, bool) {
	id, ok := root(n)
	if !ok || c.isLet(id.Value) {
		return chosen{}, false
	}
	v, ok := c.scope.Lookup(id.Value)
	if !ok || !v.Sent {
		return chosen{}, false
	}
	one := chosen{typ: v.Type}
	one.from, _ = c.span(id.Location())
	for _, field := range path(n) {
		one.name = field.(*ast.StringNode).Value
		f, ok := one.typ.Field(one.name)
		if !ok || f.Type == nil {
			return chosen{}, false
		}
		one.typ = f.Type
		_, one.to = c.span(field.Location())
	}
	one.from, one.to = c.balance(one.from, one.to)
	return one, true
}

// compared reports whether the expression asks of an argument whether it is in a list, or
// more or less than something.
func (c *checker) compared(n *ast.MemberNode) bool {
	text := printTree(n)
	return ast.Find(c.root, func(o ast.Node) bool {
		b, ok := o.(*ast.BinaryNode)
		return ok && slices.Contains([]string{"in", "<", "<=", ">", ">="}, b.Operator) && (printTree(b.Left) == text || printTree(b.Right) == text)
	}) != nil
}

// warnChosen warns of an argument whose type lets a client send what the function fails
// with: that is answered with 500 where 400 would be right. of is the type of the time.
func (c *checker) warnChosen(parameter string, n ast.Node, of *schema.Type) {
	for _, one := range c.chosenBy(n) {
		if text, hint := chosenFault(parameter, one, of); text != "" {
			c.warnings = append(c.warnings, Fault{one.from, one.to, "chosen_" + parameter, text, hint})
		}
	}
}

func chosenFault(parameter string, one chosen, of *schema.Type) (text, hint string) {
	limits := one.typ.Limits
	if limits == nil {
		limits = &schema.Limits{}
	}
	wrong := func(v any) bool {
		word, _ := v.(string)
		text, _ := wordFault(parameter, word, of)
		return text != ""
	}
	switch {
	case parameter == "count" && one.typ.Kind == schema.Int && (limits.Min == nil || limits.Max == nil):
		return "whoever asks chooses the count, and one that leads out of the calendar is answered with 500",
			fmt.Sprintf("declare %s with its bounds, as in {type: int, min: 0, max: 100}", one.name)
	case one.typ.Kind != schema.String || len(limits.Enum) > 0 && !slices.ContainsFunc(limits.Enum, wrong):
	case parameter == "zone":
		return "whoever asks chooses the time zone, and one that does not exist is answered with 500",
			fmt.Sprintf("declare %s as timezone, and it is answered with 400", one.name)
	case parameter == "part" || parameter == "unit":
		return fmt.Sprintf("whoever asks chooses the %s, and one that does not exist is answered with 500", parameter),
			fmt.Sprintf("declare %s with what it may be, as in {type: string, enum: [year, month, day]}", one.name)
	}
	return "", ""
}
