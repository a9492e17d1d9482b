package expression

import (
	"fmt"
	"strings"

	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
	"github.com/expr-lang/expr/ast"
)

// chain compiles a?.b.c: where a is null, all of it is.
func (c *checker) chain(n *ast.ChainNode) part {
	p := c.node(n.Node)
	if p.faulty || p.constant {
		return p
	}
	inner := p.eval
	p.typ = p.typ.OrNull()
	p.eval = func(f *Frame) (any, error) {
		v, err := inner(f)
		if err == errSkip {
			return nil, nil
		}
		return v, err
	}
	return p
}

// member compiles a.name, a["name"] and a[index].
func (c *checker) member(n *ast.MemberNode) part {
	if id, ok := root(n); ok && !c.bound(id.Value) {
		p := c.identifier(id, path(n))
		return p
	}
	if name, ok := n.Property.(*ast.StringNode); ok {
		if id, ok := n.Node.(*ast.IdentifierNode); ok && !c.isLet(id.Value) {
			if v, ok := c.scope.Lookup(id.Value); ok {
				return c.variableField(n, id, v, name.Value)
			}
		}
	}
	base := c.node(n.Node)
	key := c.node(n.Property)
	from, to := c.around(n.Location(), base, key)
	if anyFaulty(base, key) {
		return faulty(from, to)
	}
	if name, ok := n.Property.(*ast.StringNode); ok {
		return c.field(n, base, name.Value, from, to)
	}
	return c.index(n, base, key, from, to)
}

// root is the name that a path of literal fields begins with.
func root(n *ast.MemberNode) (*ast.IdentifierNode, bool) {
	var node ast.Node = n
	for {
		switch at := node.(type) {
		case *ast.IdentifierNode:
			return at, true
		case *ast.ChainNode:
			node = at.Node
		case *ast.MemberNode:
			if _, ok := at.Property.(*ast.StringNode); !ok {
				return nil, false
			}
			node = at.Node
		default:
			return nil, false
		}
	}
}

// path are the fields behind the root, in order.
func path(n *ast.MemberNode) []ast.Node {
	var fields []ast.Node
	var node ast.Node = n
	for {
		switch at := node.(type) {
		case *ast.ChainNode:
			node = at.Node
		case *ast.MemberNode:
			fields = append([]ast.Node{at.Property}, fields...)
			node = at.Node
		default:
			return fields
		}
	}
}

func (c *checker) isLet(name string) bool {
	for _, l := range c.lets {
		if l.name == name {
			return true
		}
	}
	return false
}

func (c *checker) bound(name string) bool {
	_, ok := c.scope.Lookup(name)
	return ok || name == "null" || c.isLet(name)
}

// variableField compiles args.name: the one closure that must not allocate.
func (c *checker) variableField(n *ast.MemberNode, id *ast.IdentifierNode, v Variable, name string) part {
	base := part{typ: v.Type, constant: v.IsConstant, value: v.Constant}
	base.from, base.to = c.span(id.Location())
	from, to := c.span(n.Property.Location())
	from, to = c.balance(min(from, base.from), to)
	if v.IsConstant {
		base.eval = always(v.Constant)
		return c.field(n, base, name, from, to)
	}
	base.eval = readSlot(v.Slot)
	c.reading(read{slot: v.Slot, field: name})
	p := c.field(n, base, name, from, to)
	if p.faulty || plain(v.Type.Kind) != schema.ObjectK {
		return p
	}
	slow, slot, hint := p.eval, v.Slot, fieldPlace(v.Type, name)
	p.eval = func(f *Frame) (any, error) {
		if slot < len(f.Slots) {
			if o, ok := f.Slots[slot].(*schema.Object); ok {
				value, _ := o.Near(name, hint)
				return value, nil
			}
		}
		return slow(f)
	}
	return p
}

// fieldPlace is where a field is expected to stand.
func fieldPlace(t *schema.Type, name string) int {
	for i := range t.Fields {
		if t.Fields[i].Name == name {
			return i
		}
	}
	return 0
}

// field compiles the access to a field that is named in the source.
func (c *checker) field(n *ast.MemberNode, base part, name string, from, to int) part {
	if base.typ.Fold {
		name = strings.ToLower(name)
	}
	t, fault := c.fieldType(base, name)
	if fault != nil {
		at, end := c.span(n.Property.Location())
		return c.fault(at, end, fault.Code, fault.Text, fault.Hint)
	}
	p := part{typ: t, from: from, to: to}
	inner, optional, hint := base.eval, n.Optional, fieldPlace(base.typ, name)
	what := c.subject(base)
	p.eval = func(f *Frame) (any, error) {
		v, err := inner(f)
		if err != nil {
			return nil, err
		}
		switch o := v.(type) {
		case *schema.Object:
			value, _ := o.Near(name, hint)
			return value, nil
		case nil:
			if optional {
				return nil, errSkip
			}
			return nil, place(fail(codeNull, fmt.Sprintf("%s is null and has no field %q", what, name)), from, to)
		}
		return nil, place(operandf("%s has no field %q", an(kindOf(v).String()), name), from, to)
	}
	return c.folded(p, base)
}

// fieldType is the type of a field, or what is wrong with asking for it.
func (c *checker) fieldType(base part, name string) (*schema.Type, *Fault) {
	t := base.typ
	switch plain(t.Kind) {
	case schema.JSON:
		return schema.AnyType.WithClass(t.Class), nil
	case schema.ObjectK:
		if field, ok := t.Field(name); ok {
			ft := field.Type
			if ft == nil {
				ft = schema.AnyType
			}
			if field.Optional && !field.HasDefault {
				ft = ft.OrNull()
			}
			return ft.WithClass(t.Class), nil
		}
		if t.Open || t.Kind == schema.File && len(t.Fields) == 0 {
			return schema.AnyType.WithClass(t.Class), nil
		}
		return nil, &Fault{Code: "unknown_field", Text: fmt.Sprintf("%s has no field %q", c.subject(base), name), Hint: fieldHint(c.subject(base), name, t.FieldNames())}
	}
	hint := ""
	if t.Kind == schema.List {
		hint = "take an item, as in [0], or use map(…)"
	}
	return nil, &Fault{Code: "unknown_field", Text: fmt.Sprintf("%s has no field %q", an(word(t)), name), Hint: hint}
}

// mostListed is how many names a hint lists.
const mostListed = 12

// fieldHint names the field that is meant, or else those that there are.
func fieldHint(of, name string, known []string) string {
	near := source.DidYouMean(name, known)
	if hint := requestHint(of, name); hint != "" {
		return hint
	}
	switch {
	case near != "":
		return near
	case of == "secrets" || of == "config":
		return fmt.Sprintf("say what it is under %s in cloudlet.yaml", of)
	case len(known) == 0:
		return ""
	}
	if len(known) > mostListed {
		return "it has " + strings.Join(known[:mostListed], ", ") + " and more"
	}
	return "it has " + strings.Join(known, ", ")
}

// subject names a part in a message: by its own text where that is short.
func (c *checker) subject(p part) string {
	if text := c.text(p); len(text) <= 40 && !strings.ContainsAny(text, "\n\"`'") && text != "" && text != "." {
		return text
	}
	return "the object"
}

// index compiles an access whose name or place is computed.
func (c *checker) index(n *ast.MemberNode, base, key part, from, to int) part {
	class := max(base.typ.Class, highest(key))
	p := part{from: from, to: to}
	switch plain(base.typ.Kind) {
	case schema.List:
		if !couldBe(key.typ, schema.Int) {
			return c.fault(key.from, key.to, "wrong_type", fmt.Sprintf("an item of a list is taken by an int, not %s", an(word(key.typ))), "")
		}
		p.typ = elem(base.typ).WithClass(class)
	case schema.String:
		if !couldBe(key.typ, schema.Int) {
			return c.fault(key.from, key.to, "wrong_type", fmt.Sprintf("a character of a text is taken by an int, not %s", an(word(key.typ))), "")
		}
		p.typ = schema.StringType.WithClass(class)
	case schema.ObjectK:
		if !couldBe(key.typ, schema.String) {
			return c.fault(key.from, key.to, "wrong_type", fmt.Sprintf("the name of a field is a string, not %s", an(word(key.typ))), "")
		}
		p.typ = schema.AnyType.WithClass(max(class, base.typ.Highest()))
	case schema.JSON:
		p.typ = schema.AnyType.WithClass(class)
	default:
		return c.fault(base.from, base.to, "wrong_type", fmt.Sprintf("%s has no items", an(word(base.typ))), "")
	}
	inner, at, optional, what := base.eval, key.eval, n.Optional, c.subject(base)
	if base.typ.Fold {
		at = lowered(key.eval)
	}
	p.eval = func(f *Frame) (any, error) {
		v, err := inner(f)
		if err != nil {
			return nil, err
		}
		if v == nil {
			if optional {
				return nil, errSkip
			}
			return nil, place(fail(codeNull, what+" is null and has no items"), from, to)
		}
		i, err := at(f)
		if err != nil {
			return nil, err
		}
		item, err := fetch(f, v, i)
		if err != nil {
			return nil, place(err, from, to)
		}
		return item, nil
	}
	return c.folded(p, base, key)
}

// lowered is a name in lower case, for objects whose names have no case.
func lowered(name eval) eval {
	return func(f *Frame) (any, error) {
		v, err := name(f)
		if text, ok := v.(string); ok {
			v = strings.ToLower(text)
		}
		return v, err
	}
}
