package expression

import (
	"fmt"
	"regexp"
	resyntax "regexp/syntax"
	"strings"

	"cloudlet/engine/language/schema"
)

// within compiles in.
func (c *checker) within(left, right part, from, to int) part {
	switch plain(right.typ.Kind) {
	case schema.List:
		if item := elem(right.typ); !equatable(left.typ.Kind, item.Kind) {
			return c.fault(from, to, "wrong_type", fmt.Sprintf("cannot look for %s in a list of %s", an(word(left.typ)), word(item)), "")
		}
	case schema.ObjectK:
		if !couldBe(left.typ, schema.String, schema.Null) {
			return c.fault(from, to, "wrong_type", fmt.Sprintf("the name of a field is a string, not %s", an(word(left.typ))), "")
		}
	case schema.JSON, schema.Null:
	default:
		hint := ""
		if plain(right.typ.Kind) == schema.String {
			hint = `for a part of a text use "contains"`
		}
		return c.fault(right.from, right.to, "wrong_type", fmt.Sprintf(`"in" needs a list or an object, not %s`, an(word(right.typ))), hint)
	}
	p := part{typ: boolOf(left, right), from: from, to: to}
	p.eval = both(left, right, from, to, func(f *Frame, a, b any) (any, error) { return contains(f, a, b) })
	return c.folded(p, left, right)
}

// textual compiles the operators on two texts. As in expr, they are false where a
// side is null.
func (c *checker) textual(op string, left, right part, from, to int) part {
	for _, side := range []part{left, right} {
		if !couldBe(side.typ, schema.String, schema.Null) {
			hint := ""
			if op == "contains" && side.typ.Kind == schema.List {
				hint = `for an item of a list use "in"`
			}
			return c.fault(side.from, side.to, "wrong_type", fmt.Sprintf("%q needs a string, not %s", op, an(word(side.typ))), hint)
		}
	}
	run, fault := textOperator(op, right)
	if fault != "" {
		return c.fault(right.from, right.to, "invalid_pattern", fault, "patterns are RE2")
	}
	p := part{typ: boolOf(left, right), from: from, to: to}
	p.eval = both(left, right, from, to, func(f *Frame, a, b any) (any, error) {
		if a == nil || b == nil {
			return false, nil
		}
		x, okX := a.(string)
		y, okY := b.(string)
		switch {
		case !okX:
			return nil, place(operandf("%q needs a string, not %s", op, an(kindOf(a).String())), left.from, left.to)
		case !okY:
			return nil, place(operandf("%q needs a string, not %s", op, an(kindOf(b).String())), right.from, right.to)
		}
		return run(f, x, y)
	})
	return c.folded(p, left, right)
}

type textTest func(f *Frame, a, b string) (bool, error)

// textOperator finds the test; a constant pattern is compiled once, here.
func textOperator(op string, right part) (textTest, string) {
	var test func(a, b string) bool
	switch op {
	case "contains":
		test = strings.Contains
	case "startsWith":
		test = strings.HasPrefix
	case "endsWith":
		test = strings.HasSuffix
	default:
		return matcher(right)
	}
	return func(f *Frame, a, b string) (bool, error) {
		if err := f.scan(len(a)); err != nil {
			return false, err
		}
		return test(a, b), nil
	}, ""
}

// pattern is a compiled regular expression with the number of its instructions,
// which times the length of the text bounds what a match costs.
type pattern struct {
	*regexp.Regexp
	size int
}

const (
	longestPattern = 1000 // characters of a pattern
	patternTurn    = 64   // instructions times bytes that are one turn
	compileTurns   = 512  // what compiling a pattern at run time counts
)

func compilePattern(text string) (*pattern, string) {
	if len(text) > longestPattern {
		return nil, fmt.Sprintf("the pattern is longer than %d characters", longestPattern)
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, "the pattern is not valid: " + strings.TrimPrefix(err.Error(), "error parsing regexp: ")
	}
	size := len(text)
	if tree, err := resyntax.Parse(text, resyntax.Perl); err == nil {
		if program, err := resyntax.Compile(tree.Simplify()); err == nil {
			size = len(program.Inst)
		}
	}
	return &pattern{re, size}, ""
}

func matcher(right part) (textTest, string) {
	if text, ok := right.value.(string); ok && right.constant {
		p, fault := compilePattern(text)
		if fault != "" && right.typ.Highest() > schema.Public { // it would tell what it could not read
			fault = "the pattern is not valid"
		}
		return func(f *Frame, a, _ string) (bool, error) { return p.match(f, a) }, fault
	}
	return func(f *Frame, a, b string) (bool, error) {
		if err := f.turn(compileTurns); err != nil { // compiling takes its time, too
			return false, err
		}
		p, fault := compilePattern(b)
		if fault != "" {
			return false, fail(codeOperand, "the pattern is too long or not valid")
		}
		return p.match(f, a)
	}, ""
}

func (p *pattern) match(f *Frame, text string) (bool, error) {
	if err := f.turn(1 + len(text)*p.size/patternTurn); err != nil {
		return false, err
	}
	return p.MatchString(text), nil
}

// interval compiles a .. b, the list of the ints from a to b.
func (c *checker) interval(left, right part, from, to int) part {
	for _, side := range []part{left, right} {
		if !couldBe(side.typ, schema.Int) {
			return c.fault(side.from, side.to, "wrong_type", fmt.Sprintf(`".." needs an int, not %s`, an(word(side.typ))), "")
		}
	}
	class := highest(left, right)
	p := part{typ: schema.ListOf(schema.IntType.WithClass(class)).WithClass(class), from: from, to: to}
	p.eval = infix("..", left, right, from, to, func(f *Frame, a, b any) (any, error) {
		x, okX := a.(int)
		y, okY := b.(int)
		if !okX || !okY {
			return nil, operandf(`".." needs two ints, not %s and %s`, kindOf(a), kindOf(b))
		}
		if y < x {
			return []any{}, nil
		}
		n, ok := subtractInt(y, x)
		if !ok || n >= MaxTurns {
			return nil, f.turn(MaxTurns + 1)
		}
		if err := f.turn(n + 1); err != nil {
			return nil, err
		}
		list, err := f.list(n + 1)
		if err != nil {
			return nil, err
		}
		for i := 0; i <= n; i++ {
			list = append(list, x+i)
		}
		return list, nil
	})
	return c.folded(p, left, right)
}
