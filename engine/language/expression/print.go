package expression

import (
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser/operator"
)

// How tightly the nodes bind that are no operators.
const (
	bindsSequence = -2
	bindsChoice   = -1
	bindsAny      = 1 // any operator, but no choice
	bindsPostfix  = 1000
)

// printTree writes a tree as source that reads as the same tree, with no more
// parentheses than that needs. (The printer of ast loses some that matter.)
func printTree(n ast.Node) string {
	p := printer{}
	p.print(n, bindsSequence)
	return p.String()
}

type printer struct{ strings.Builder }

// binds is how tightly a node binds.
func binds(n ast.Node) int {
	switch n := n.(type) {
	case *ast.VariableDeclaratorNode, *ast.SequenceNode:
		return bindsSequence
	case *ast.ConditionalNode:
		return bindsChoice
	case *ast.UnaryNode:
		return operator.Unary[n.Operator].Precedence
	case *ast.BinaryNode:
		if operands, _ := comparisons(n); operands != nil {
			return operator.Binary["<"].Precedence
		}
		return operator.Binary[n.Operator].Precedence
	}
	return bindsPostfix
}

// print writes a node, in parentheses where it binds less tightly than least.
func (p *printer) print(n ast.Node, least int) {
	if binds(n) < least {
		p.WriteByte('(')
		defer p.WriteByte(')')
	}
	switch n := n.(type) {
	case *ast.NilNode:
		p.WriteString("null")
	case *ast.BoolNode:
		p.WriteString(strconv.FormatBool(n.Value))
	case *ast.IntegerNode:
		p.WriteString(strconv.Itoa(n.Value))
	case *ast.FloatNode:
		p.WriteString(floatLiteral(n.Value))
	case *ast.StringNode:
		p.WriteString(strconv.Quote(n.Value))
	case *ast.IdentifierNode:
		p.WriteString(n.Value)
	case *ast.PointerNode:
		p.WriteString("#" + n.Name)
	case *ast.UnaryNode:
		p.unary(n)
	case *ast.BinaryNode:
		p.binary(n)
	case *ast.ChainNode:
		p.print(n.Node, bindsPostfix)
	case *ast.MemberNode:
		p.member(n)
	case *ast.SliceNode:
		p.slice(n)
	case *ast.ConditionalNode:
		p.choice(n)
	case *ast.VariableDeclaratorNode:
		p.WriteString("let " + n.Name + " = ")
		p.print(n.Value, bindsChoice)
		p.WriteString("; ")
		p.print(n.Expr, bindsSequence)
	case *ast.SequenceNode:
		p.list(n.Nodes, "; ")
	case *ast.ArrayNode:
		p.WriteByte('[')
		p.list(n.Nodes, ", ")
		p.WriteByte(']')
	case *ast.MapNode:
		p.object(n)
	case *ast.BuiltinNode:
		p.call(n.Name, n.Arguments)
	case *ast.CallNode:
		if id, ok := n.Callee.(*ast.IdentifierNode); ok {
			p.call(id.Value, n.Arguments)
		}
	case *ast.PredicateNode:
		p.predicate(n)
	}
}

func (p *printer) list(nodes []ast.Node, separator string) {
	for i, n := range nodes {
		if i > 0 {
			p.WriteString(separator)
		}
		p.print(n, bindsChoice)
	}
}

func (p *printer) call(name string, arguments []ast.Node) {
	p.WriteString(name + "(")
	p.list(arguments, ", ")
	p.WriteByte(')')
}

// predicate writes braces only around what cannot stand without.
func (p *printer) predicate(n *ast.PredicateNode) {
	body := printTree(n.Node)
	if binds(n.Node) < bindsChoice || strings.HasPrefix(body, "{") {
		body = "{" + body + "}"
	}
	p.WriteString(body)
}

// floatLiteral keeps a float from reading as an int.
func floatLiteral(x float64) string {
	s := strconv.FormatFloat(x, 'g', -1, 64)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return s
}

func (p *printer) unary(n *ast.UnaryNode) {
	p.WriteString(n.Operator)
	if n.Operator == "not" {
		p.WriteByte(' ')
	}
	p.print(n.Node, operator.Unary[n.Operator].Precedence)
}

func (p *printer) binary(n *ast.BinaryNode) {
	if operands, ops := comparisons(n); operands != nil {
		for i, operand := range operands {
			if i > 0 {
				p.WriteString(" " + ops[i-1] + " ")
			}
			p.print(operand, operator.Binary["<"].Precedence+1)
		}
		return
	}
	op := operator.Binary[n.Operator]
	left, right := op.Precedence, op.Precedence+1
	if op.Associativity == operator.Right {
		left, right = right, left
	}
	if l, ok := n.Left.(*ast.BinaryNode); ok && l.Operator == "??" && n.Operator != "??" {
		left = bindsPostfix // the parser wants ?? in parentheses beside others
	}
	p.print(n.Left, left)
	p.WriteString(" " + n.Operator + " ")
	p.print(n.Right, right)
}

func (p *printer) base(n ast.Node) {
	least := bindsPostfix
	switch n.(type) {
	case *ast.NilNode, *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode:
		least++ // nothing may follow these
	}
	p.print(n, least)
}

func (p *printer) member(n *ast.MemberNode) {
	p.base(n.Node)
	name, ok := n.Property.(*ast.StringNode)
	if ok = ok && plainName(name.Value); ok {
		if n.Optional {
			p.WriteByte('?')
		}
		p.WriteString("." + name.Value)
		return
	}
	if n.Optional {
		p.WriteString("?.")
	}
	p.WriteByte('[')
	p.print(n.Property, bindsChoice)
	p.WriteByte(']')
}

func (p *printer) slice(n *ast.SliceNode) {
	p.base(n.Node)
	p.WriteByte('[')
	if n.From != nil {
		p.print(n.From, bindsAny)
	}
	p.WriteByte(':')
	if n.To != nil {
		p.print(n.To, bindsAny)
	}
	p.WriteByte(']')
}

func (p *printer) choice(n *ast.ConditionalNode) {
	p.print(n.Cond, bindsAny)
	if n.Cond == n.Exp1 {
		p.WriteString(" ?: ")
	} else {
		p.WriteString(" ? ")
		p.print(n.Exp1, bindsChoice)
		p.WriteString(" : ")
	}
	p.print(n.Exp2, bindsChoice)
}

func (p *printer) object(n *ast.MapNode) {
	p.WriteByte('{')
	for i, node := range n.Pairs {
		pair := node.(*ast.PairNode)
		if i > 0 {
			p.WriteString(", ")
		}
		switch key, ok := pair.Key.(*ast.StringNode); {
		case ok && plainName(key.Value):
			p.WriteString(key.Value)
		case ok:
			p.WriteString(strconv.Quote(key.Value))
		default:
			p.WriteByte('(')
			p.print(pair.Key, bindsSequence)
			p.WriteByte(')')
		}
		p.WriteString(": ")
		p.print(pair.Value, bindsChoice)
	}
	p.WriteByte('}')
}

// plainName reports whether a text reads as a name, and is no word of the language.
func plainName(s string) bool {
	switch s {
	case "", "not", "in", "or", "and", "matches", "contains", "startsWith", "endsWith", "let", "if", "else":
		return false
	}
	for i, r := range s {
		letter := r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return true
}
