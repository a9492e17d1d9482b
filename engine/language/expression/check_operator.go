package expression

import (
	"fmt"

	"cloudlet/engine/language/schema"
	"github.com/expr-lang/expr/ast"
)

func (c *checker) unary(n *ast.UnaryNode) part {
	operand := c.node(n.Node)
	from, to := c.around(n.Location(), operand)
	if n.Operator == "!" || n.Operator == "not" {
		c.wantBool(operand, fmt.Sprintf("what %q negates", n.Operator))
		return c.folded(part{typ: boolOf(operand), from: from, to: to, eval: not(operand)}, operand)
	}
	if operand.faulty {
		return faulty(from, to)
	}
	if !couldBe(operand.typ, schema.Int, schema.Float, schema.DecimalK, schema.Duration) {
		return c.fault(from, to, "wrong_type", fmt.Sprintf("cannot negate %s", an(word(operand.typ))), "")
	}
	inner, minus := operand.eval, n.Operator == "-"
	p := part{typ: bare(operand.typ), from: from, to: to}
	p.eval = func(f *Frame) (any, error) {
		v, err := inner(f)
		switch {
		case err != nil:
			return nil, err
		case v == nil:
			return nil, place(fail(codeNull, fmt.Sprintf("the operand of %q is null", n.Operator)), operand.from, operand.to)
		}
		negated, err := negate(v)
		switch {
		case err == nil && minus:
			return negated, nil
		case err == nil || !minus && kindOf(v) == schema.Int: // +x is x, and the least int has no negative
			return v, nil
		}
		return nil, place(err, from, to)
	}
	return c.folded(p, operand)
}

// bare is the type of a value made from one of the type: without limits or null.
func bare(t *schema.Type) *schema.Type {
	return &schema.Type{Kind: t.Kind, Class: t.Class}
}

// boolOf is bool with the highest class of what it was decided by.
func boolOf(parts ...part) *schema.Type { return schema.BoolType.WithClass(highest(parts...)) }

func not(operand part) eval {
	inner := operand.eval
	return func(f *Frame) (any, error) {
		v, err := inner(f)
		if err != nil {
			return nil, err
		}
		ok, err := truth(v)
		if err != nil {
			return nil, place(err, operand.from, operand.to)
		}
		return !ok, nil
	}
}

func (c *checker) binary(n *ast.BinaryNode) part {
	if operands, ops := comparisons(n); operands != nil {
		return c.comparison(operands, ops)
	}
	left, right := c.node(n.Left), c.node(n.Right)
	from, to := c.around(n.Location(), left, right)
	if n.Operator == "&&" || n.Operator == "||" || n.Operator == "and" || n.Operator == "or" {
		return c.logic(n.Operator, left, right, from, to)
	}
	if anyFaulty(left, right) {
		return faulty(from, to)
	}
	switch n.Operator {
	case "??":
		return c.coalesce(left, right, from, to)
	case "==", "!=":
		return c.equality(n.Operator, left, right, from, to)
	case "in":
		return c.within(left, right, from, to)
	case "contains", "startsWith", "endsWith", "matches":
		return c.textual(n.Operator, left, right, from, to)
	case "..":
		return c.interval(left, right, from, to)
	case "+", "-", "*", "/", "%", "**", "^":
		return c.arithmetic(n.Operator, left, right, from, to)
	}
	return c.fault(from, to, "not_allowed", fmt.Sprintf("%q is not part of the language", n.Operator), "")
}

func (c *checker) logic(op string, left, right part, from, to int) part {
	c.wantBool(left, fmt.Sprintf("the left side of %q", op))
	c.wantBool(right, fmt.Sprintf("the right side of %q", op))
	first, second, settles := left.eval, right.eval, op == "||" || op == "or"
	p := part{typ: boolOf(left, right), from: from, to: to}
	p.eval = func(f *Frame) (any, error) {
		v, err := first(f)
		if err != nil {
			return nil, err
		}
		ok, err := truth(v)
		if err != nil {
			return nil, place(err, left.from, left.to)
		}
		if ok == settles {
			return ok, nil
		}
		if v, err = second(f); err != nil {
			return nil, err
		}
		if ok, err = truth(v); err != nil {
			return nil, place(err, right.from, right.to)
		}
		return ok, nil
	}
	return c.folded(p, left, right)
}

func (c *checker) coalesce(left, right part, from, to int) part {
	first, second := left.eval, right.eval
	p := part{from: from, to: to, typ: right.typ.WithClass(left.typ.Class)}
	if left.typ.Kind != schema.Null {
		p.typ = join(left.typ.NotNull(), right.typ)
	}
	p.eval = func(f *Frame) (any, error) {
		if v, err := first(f); v != nil || err != nil {
			return v, err
		}
		return second(f)
	}
	return c.folded(p, left, right)
}

func (c *checker) equality(op string, left, right part, from, to int) part {
	if !equatable(left.typ.Kind, right.typ.Kind) {
		return c.unfit(op, left, right, from, to)
	}
	want := op == "=="
	p := part{typ: boolOf(left, right), from: from, to: to}
	p.eval = both(left, right, from, to, func(f *Frame, a, b any) (any, error) {
		same, err := equal(f, a, b)
		return same == want, err
	})
	return c.folded(p, left, right)
}

// both evaluates both sides, and runs. A failure of run that has no place yet is one
// of the whole.
func both(left, right part, from, to int, run operate) eval {
	first, second := left.eval, right.eval
	return func(f *Frame) (any, error) {
		a, err := first(f)
		if err != nil {
			return nil, err
		}
		b, err := second(f)
		if err != nil {
			return nil, err
		}
		v, err := run(f, a, b)
		if err != nil {
			return nil, place(err, from, to)
		}
		return v, nil
	}
}

// unfit is the fault that two operands do not fit.
func (c *checker) unfit(op string, left, right part, from, to int) part {
	a, b := left.typ.Kind, right.typ.Kind
	hint := ""
	either := func(k schema.Kind) bool { return plain(a) == k || plain(b) == k }
	switch {
	case either(schema.Null):
	case plain(a) == schema.List && plain(b) == schema.List && op == "+":
		hint = "use concat(…)"
	case either(schema.DecimalK) && either(schema.Float):
		hint = "use decimal(…) or float(…)"
	case either(schema.DateTime) && either(schema.String):
		hint = "use date(…)"
	case either(schema.Duration) && either(schema.String):
		hint = "use duration(…)"
	case either(schema.String) && op == "+":
		hint = "use string(…)"
	case either(schema.String) && (either(schema.Int) || either(schema.Float) || either(schema.DecimalK)):
		hint = "use int(…), float(…) or string(…)"
	}
	return c.fault(from, to, "wrong_type", mismatch(op, word(left.typ), word(right.typ)), hint)
}

func (c *checker) arithmetic(op string, left, right part, from, to int) part {
	t, ok := arithmeticType(op, left.typ, right.typ)
	if !ok {
		return c.unfit(op, left, right, from, to)
	}
	p := part{typ: t, from: from, to: to}
	p.eval = infix(op, left, right, from, to, operation(op))
	return c.folded(p, left, right)
}

// infix evaluates both sides, refuses null, and runs.
func infix(op string, left, right part, from, to int, run operate) eval {
	return both(left, right, from, to, func(f *Frame, a, b any) (any, error) {
		switch {
		case a == nil:
			return nil, place(fail(codeNull, fmt.Sprintf("the left side of %q is null", op)), left.from, left.to)
		case b == nil:
			return nil, place(fail(codeNull, fmt.Sprintf("the right side of %q is null", op)), right.from, right.to)
		}
		return run(f, a, b)
	})
}

func isComparison(op string) bool { return op == "<" || op == ">" || op == "<=" || op == ">=" }

// comparisons takes a < b < c apart, which the parser gives as a < b && b < c with
// the same node b twice: it is evaluated once.
func comparisons(n *ast.BinaryNode) (operands []ast.Node, ops []string) {
	if isComparison(n.Operator) {
		return []ast.Node{n.Left, n.Right}, []string{n.Operator}
	}
	left, ok := n.Left.(*ast.BinaryNode)
	right, isBinary := n.Right.(*ast.BinaryNode)
	if n.Operator != "&&" || !ok || !isBinary || !isComparison(right.Operator) {
		return nil, nil
	}
	operands, ops = comparisons(left)
	if len(operands) == 0 || operands[len(operands)-1] != right.Left {
		return nil, nil
	}
	return append(operands, right.Right), append(ops, right.Operator)
}

func (c *checker) comparison(nodes []ast.Node, ops []string) part {
	parts := c.all(nodes)
	p := part{typ: boolOf(parts...), faulty: anyFaulty(parts...)}
	p.from, p.to = c.over(parts...)
	for i, op := range ops {
		a, b := parts[i], parts[i+1]
		if !a.faulty && !b.faulty && !ordered(a.typ.Kind, b.typ.Kind) {
			from, to := c.over(a, b)
			return c.unfit(op, a, b, from, to)
		}
	}
	p.eval = func(f *Frame) (any, error) {
		a, err := parts[0].eval(f)
		for i := 0; i < len(ops) && err == nil; i++ {
			var b any
			if b, err = parts[i+1].eval(f); err != nil {
				break
			}
			n, wrong := order(f, a, b)
			if wrong != nil {
				return nil, place(wrong, p.from, p.to)
			}
			if !holds(ops[i], n) {
				return false, nil
			}
			a = b
		}
		return err == nil, err
	}
	return c.folded(p, parts...)
}

func holds(op string, order int) bool {
	switch op {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}
