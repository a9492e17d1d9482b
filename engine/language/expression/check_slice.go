package expression

import (
	"fmt"
	"unicode/utf8"

	"cloudlet/engine/language/schema"
	"github.com/expr-lang/expr/ast"
)

// fetch takes an item of a list, a character of a text, or a field of an object.
// Places count from the end where they are negative.
func fetch(f *Frame, from, key any) (any, error) {
	switch from := from.(type) {
	case *schema.Object:
		if name, ok := key.(string); ok {
			v, _ := from.Lookup(name)
			return v, nil
		}
	case []any:
		if i, ok := key.(int); ok {
			if i < 0 {
				i += len(from)
			}
			if i < 0 || i >= len(from) {
				return nil, outOfRange(len(from))
			}
			return from[i], nil
		}
	case string:
		if i, ok := key.(int); ok {
			if err := f.scan(len(from)); err != nil {
				return nil, err
			}
			n := utf8.RuneCountInString(from)
			if i < 0 {
				i += n
			}
			if i < 0 || i >= n {
				return nil, outOfRange(n)
			}
			return cut(from, i, i+1), nil
		}
	}
	if key == nil {
		return nil, fail(codeNull, "the index is null")
	}
	return nil, operandf("%s has no item for %s", an(kindOf(from).String()), an(kindOf(key).String()))
}

func outOfRange(n int) error {
	return fail(codeIndex, fmt.Sprintf("the index is out of range; there are %d items", n))
}

// cut is the text from one character up to another; both lie within it.
func cut(s string, from, to int) string {
	start, end, n := len(s), len(s), 0
	for i := range s {
		if n == from {
			start = i
		}
		if n == to {
			end = i
			break
		}
		n++
	}
	return s[start:max(start, end)]
}

// slice compiles a[from:to] of a list or a text.
func (c *checker) slice(n *ast.SliceNode) part {
	base := c.node(n.Node)
	parts := []part{base}
	bound := func(node ast.Node) eval {
		if node == nil {
			return nil
		}
		p := c.node(node)
		if !p.faulty && !couldBe(p.typ, schema.Int) {
			p = c.fault(p.from, p.to, "wrong_type", fmt.Sprintf("the bound of a slice is an int, not %s", an(word(p.typ))), "")
		}
		parts = append(parts, p)
		return p.eval
	}
	low, high := bound(n.From), bound(n.To)
	from, to := c.around(n.Location(), parts...)
	if anyFaulty(parts...) {
		return faulty(from, to)
	}
	if !couldBe(base.typ, schema.List, schema.String) {
		return c.fault(base.from, base.to, "wrong_type", fmt.Sprintf("%s cannot be sliced", an(word(base.typ))), "")
	}
	p := part{typ: bare(base.typ).WithClass(highest(parts[1:]...)), from: from, to: to}
	switch base.typ.Kind {
	case schema.List:
		p.typ.Elem = base.typ.Elem
	case schema.JSON:
	default:
		p.typ.Kind = schema.String
	}
	inner := base.eval
	p.eval = func(f *Frame) (any, error) {
		v, err := inner(f)
		if err != nil {
			return nil, err
		}
		v, err = cutValue(f, v, low, high)
		if err != nil && err != errSkip {
			return nil, place(err, from, to)
		}
		return v, err
	}
	return c.folded(p, parts...)
}

func cutValue(f *Frame, v any, low, high eval) (any, error) {
	var n int
	switch v := v.(type) {
	case nil:
		return nil, fail(codeNull, "null cannot be sliced")
	case []any:
		n = len(v)
	case string:
		if err := f.scan(len(v)); err != nil {
			return nil, err
		}
		n = utf8.RuneCountInString(v)
	default:
		return nil, operandf("%s cannot be sliced", an(kindOf(v).String()))
	}
	a, err := sliceBound(f, low, 0, n)
	if err != nil {
		return nil, err
	}
	b, err := sliceBound(f, high, n, n)
	if err != nil {
		return nil, err
	}
	a = min(a, b)
	if list, ok := v.([]any); ok {
		return list[a:b:b], nil
	}
	return cut(v.(string), a, b), nil
}

// sliceBound is a bound within 0 and n; one from the end is negative.
func sliceBound(f *Frame, e eval, missing, n int) (int, error) {
	if e == nil {
		return missing, nil
	}
	v, err := e(f)
	if err != nil {
		return 0, err
	}
	switch v := v.(type) {
	case int:
		if v < 0 {
			v = max(v, -n) + n
		}
		return min(v, n), nil
	case nil:
		return 0, fail(codeNull, "the bound of a slice is null")
	}
	return 0, operandf("the bound of a slice is an int, not %s", an(kindOf(v).String()))
}
