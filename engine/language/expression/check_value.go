package expression

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
	"github.com/expr-lang/expr/ast"
)

func (c *checker) stringLiteral(n *ast.StringNode) part {
	from, to := c.span(n.Location())
	if !utf8.ValidString(n.Value) {
		return c.fault(from, to, "syntax", "the string is not valid UTF-8", "")
	}
	return literal(n.Value, schema.StringType, from, to)
}

// identifier compiles a name; path are the literal fields that follow it, for the
// message about a name that is not known.
func (c *checker) identifier(n *ast.IdentifierNode, path []ast.Node) part {
	from, to := c.span(n.Location())
	if n.Value == "null" {
		return literal(nil, schema.NullType, from, to)
	}
	if n.Value == "$env" {
		return c.fault(from, to, "not_allowed", `"$env" is not part of the language`, "use the names themselves")
	}
	for i := len(c.lets) - 1; i >= 0; i-- {
		if l := c.lets[i]; l.name == n.Value {
			return part{eval: readLocal(l.local), typ: l.value.typ, from: from, to: to, faulty: l.value.faulty}
		}
	}
	v, ok := c.scope.Lookup(n.Value)
	if !ok {
		return c.unknownName(n, path)
	}
	if v.LiteralOnly {
		return c.fault(from, to, "not_allowed", n.Value+" is read only by a literal field name", fmt.Sprintf("write %s.name", n.Value))
	}
	if v.IsConstant {
		return literal(v.Constant, v.Type, from, to)
	}
	c.reading(read{slot: v.Slot, whole: true})
	return part{eval: readSlot(v.Slot), typ: v.Type, from: from, to: to}
}

// reading notes what the program reads.
func (c *checker) reading(r read) {
	if !slices.Contains(c.reads, r) {
		c.reads = append(c.reads, r)
	}
}

func readSlot(slot int) eval {
	return func(f *Frame) (any, error) {
		if slot < len(f.Slots) {
			return f.Slots[slot], nil
		}
		return nil, nil
	}
}

func readLocal(local int) eval {
	return func(f *Frame) (any, error) { return f.locals[local], nil }
}

// unknownName is the fault over the whole dotted path, with the nearest name.
func (c *checker) unknownName(n *ast.IdentifierNode, path []ast.Node) part {
	from, to := c.span(n.Location())
	name, fields := n.Value, []string(nil)
	for _, p := range path {
		s, ok := p.(*ast.StringNode)
		if !ok || !plainName(s.Value) {
			break
		}
		name, fields = name+"."+s.Value, append(fields, s.Value)
		_, to = c.span(p.Location())
	}
	hint := ""
	if meant := c.meant(n.Value, fields); meant != "" {
		hint = fmt.Sprintf("did you mean %q?", meant)
	}
	if better := nameHint(name); better != "" {
		hint = better
	}
	return c.fault(from, to, "unknown_name", fmt.Sprintf("unknown name %q", name), hint)
}

// meant is the path that an author most likely meant: the nearest root with the same
// fields, or the nearest of them; otherwise the field of a root, as in args.username.
func (c *checker) meant(root string, fields []string) string {
	names := c.scope.Names()
	for _, l := range c.lets {
		names = append(slices.Clip(names), l.name)
	}
	near := source.Nearest(root, names)
	if near == "" {
		sorted := slices.Clone(names)
		slices.Sort(sorted)
		for _, name := range append([]string{"args"}, sorted...) {
			if v, ok := c.scope.Lookup(name); ok {
				if _, ok := v.Type.Field(root); ok {
					return name + "." + root
				}
			}
		}
		return ""
	}
	v, ok := c.scope.Lookup(near)
	if !ok {
		return near
	}
	path, t := near, v.Type
	for _, name := range fields {
		field, ok := t.Field(name)
		if !ok {
			if name = source.Nearest(name, t.FieldNames()); name == "" {
				break
			}
			field, _ = t.Field(name)
		}
		path, t = path+"."+name, field.Type
	}
	return path
}

func (c *checker) conditional(n *ast.ConditionalNode) part {
	cond := c.node(n.Cond)
	if n.Cond == n.Exp1 { // a ?: b, whose a the parser gives twice
		other := c.node(n.Exp2)
		from, to := c.over(cond, other)
		return c.choice(cond, cond, other, from, to, true)
	}
	yes, no := c.node(n.Exp1), c.node(n.Exp2)
	from, to := c.over(cond, yes, no)
	return c.choice(cond, yes, no, from, to, false)
}

func (c *checker) choice(cond, yes, no part, from, to int, same bool) part {
	c.wantBool(cond, "the condition")
	if anyFaulty(cond, yes, no) {
		return faulty(from, to)
	}
	evalCond, evalYes, evalNo := cond.eval, yes.eval, no.eval
	p := part{from: from, to: to, typ: join(yes.typ, no.typ).WithClass(highest(cond))}
	p.eval = func(f *Frame) (any, error) {
		v, err := evalCond(f)
		if err != nil {
			return nil, err
		}
		ok, err := truth(v)
		switch {
		case err != nil:
			return nil, place(err, cond.from, cond.to)
		case ok && same:
			return true, nil
		case ok:
			return evalYes(f)
		}
		return evalNo(f)
	}
	return c.folded(p, cond, yes, no)
}

// wantBool notes a fault where a part cannot be a bool.
func (c *checker) wantBool(p part, what string) {
	if k := p.typ.Kind; !p.faulty && k != schema.Bool && k != schema.JSON {
		hint := ""
		switch {
		case k == schema.Null:
		case strings.Contains(what, `"||"`):
			hint = "compare it with a value; `a ?? b` is b where a is null"
		case k == schema.ObjectK || k == schema.List:
			hint = "compare it, as in value != null"
			if k == schema.List {
				hint = "compare it, as in len(list) > 0"
			}
		default:
			hint = "compare it with a value"
		}
		c.fault(p.from, p.to, "wrong_type", fmt.Sprintf("%s must be a bool, not %s", what, an(word(p.typ))), hint)
	}
}

// truth is a value as a condition.
func truth(v any) (bool, error) {
	switch v := v.(type) {
	case bool:
		return v, nil
	case nil:
		return false, fail(codeNull, "a condition is null")
	}
	return false, operandf("a condition must be a bool, not %s", an(kindOf(v).String()))
}

// declaration compiles let name = value; body.
func (c *checker) declaration(n *ast.VariableDeclaratorNode) part {
	value := c.node(n.Value)
	from, to := c.span(n.Location())
	if text := c.notFree(n.Name); text != "" {
		c.fault(from, to, "not_allowed", text, "choose another name")
	}
	l := let{n.Name, value, c.local()}
	c.lets = append(c.lets, l)
	body := c.node(n.Expr)
	c.lets = c.lets[:len(c.lets)-1]

	local, first, then := l.local, value.eval, body.eval
	p := body
	p.from, p.to = c.around(n.Location(), value, body)
	if body.constant {
		return p
	}
	p.eval = func(f *Frame) (any, error) {
		v, err := first(f)
		if err != nil {
			return nil, err
		}
		f.locals[local] = v
		return then(f)
	}
	return p
}

// notFree says why a name cannot be bound, or "".
func (c *checker) notFree(name string) string {
	if slices.Contains([]string{"null", "nil", "true", "false", "$env"}, name) {
		return fmt.Sprintf("%q cannot be a name", name)
	}
	_, bound := c.scope.Lookup(name)
	if bound || slices.ContainsFunc(c.lets, func(l let) bool { return l.name == name }) {
		return fmt.Sprintf("%q is already bound", name)
	}
	return ""
}

// sequence compiles a; b: the value is the last one's.
func (c *checker) sequence(n *ast.SequenceNode) part {
	parts := c.all(n.Nodes)
	evals := make([]eval, len(parts))
	for i, p := range parts {
		evals[i] = p.eval
	}
	last := parts[len(parts)-1]
	p := part{typ: last.typ, faulty: last.faulty}
	p.from, p.to = c.over(parts...)
	p.eval = func(f *Frame) (v any, err error) {
		for _, e := range evals {
			if v, err = e(f); err != nil {
				return nil, err
			}
		}
		return v, nil
	}
	return c.folded(p, parts...)
}

func (c *checker) list(n *ast.ArrayNode) part {
	parts := c.all(n.Nodes)
	var elem *schema.Type
	evals := make([]eval, len(parts))
	for i, p := range parts {
		evals[i] = p.eval
		elem = joinMaybe(elem, p.typ)
	}
	p := part{typ: schema.ListOf(elem)}
	p.from, p.to = c.around(n.Location(), parts...)
	p.eval = func(f *Frame) (any, error) {
		v, err := collectList(f, evals)
		if err != nil {
			return nil, place(err, p.from, p.to)
		}
		return v, nil
	}
	return c.folded(p, parts...)
}

// object compiles {name: value, …}; a name may be computed: {(name): value}.
func (c *checker) object(n *ast.MapNode) part {
	var names []string
	var keys, values []part
	literal := true
	for _, pair := range n.Pairs {
		pair := pair.(*ast.PairNode)
		key := c.node(pair.Key)
		if _, ok := pair.Key.(*ast.StringNode); !ok {
			literal = false
			if !key.faulty && !couldBe(key.typ, schema.String) {
				c.fault(key.from, key.to, "wrong_type", fmt.Sprintf("the name of a field must be a string, not %s", an(word(key.typ))), "use string(…)")
			}
		}
		name, _ := key.value.(string)
		if literal && slices.Contains(names, name) {
			c.fault(key.from, key.to, "duplicate_key", fmt.Sprintf("the key %q is given twice", name), "")
		}
		names = append(names, name)
		keys, values = append(keys, key), append(values, c.node(pair.Value))
	}
	p := part{}
	p.from, p.to = c.around(n.Location(), append(slices.Clone(keys), values...)...)
	if literal {
		p.typ, p.eval = fixedObject(names, values)
		return c.folded(p, values...)
	}
	p.typ = &schema.Type{Kind: schema.ObjectK, Open: true, Class: max(highest(keys...), highest(values...))}
	p.eval = c.computedObject(keys, values, p.from, p.to)
	return c.folded(p, append(keys, values...)...)
}

func fixedObject(names []string, values []part) (*schema.Type, eval) {
	fields, evals := make([]schema.Field, len(names)), make([]eval, len(names))
	for i, v := range values {
		fields[i], evals[i] = schema.Field{Name: names[i], Type: v.typ}, v.eval
	}
	shape := schema.NewShape(names...)
	return schema.ObjectOf(fields...), func(f *Frame) (any, error) {
		made, err := collect(f, evals)
		if err != nil {
			return nil, err
		}
		return shape.New(made), nil
	}
}

func (c *checker) computedObject(keys, values []part, from, to int) eval {
	return func(f *Frame) (any, error) {
		b := builder{f: f}
		for i, key := range keys {
			k, err := key.eval(f)
			if err != nil {
				return nil, err
			}
			v, err := values[i].eval(f)
			if err != nil {
				return nil, err
			}
			name, ok := k.(string)
			if !ok {
				return nil, place(operandf("the name of a field must be a string, not %s", kindOf(k)), key.from, key.to)
			}
			if err := b.set(name, v); err != nil {
				return nil, place(err, from, to)
			}
		}
		return b.object(), nil
	}
}

// builder makes an object of names that are known only at run time. A name given
// again replaces the value and keeps the place.
type builder struct {
	f      *Frame
	names  []string
	values []any
	index  map[string]int
}

func (b *builder) set(name string, v any) error {
	if i, ok := b.index[name]; ok {
		b.values[i] = v
		return nil
	}
	if err := b.f.turn(1); err != nil {
		return err
	}
	if err := b.f.grow(2*itemSize + len(name)); err != nil {
		return err
	}
	if b.index == nil {
		b.index = map[string]int{}
	}
	b.index[name] = len(b.names)
	b.names, b.values = append(b.names, name), append(b.values, v)
	return nil
}

func (b *builder) object() *schema.Object { return schema.NewShape(b.names...).New(b.values) }
