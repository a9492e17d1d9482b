package expression

import (
	"fmt"
	"slices"
	"strings"

	"cloudlet/engine/language/schema"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
)

// Function is one function of the language, for its documentation.
type Function struct {
	Name, Signature, Doc string
}

// Functions lists all functions, those that take a predicate first.
func Functions() []Function {
	var list []Function
	for _, p := range predicates {
		list = append(list, Function{p.name, p.signature, p.doc})
	}
	for _, f := range functions() {
		list = append(list, Function{f.name, f.signature(), f.doc})
	}
	return list
}

// function is a row of the tables. What runs gets values of the parameters' kinds,
// never null unless nulls is set.
type function struct {
	name       string
	doc        string
	parameters []parameter
	result     func(args []*schema.Type) *schema.Type
	run        func(f *Frame, a []any) (any, error)
	traits     traits
}

// traits is what is special about a function.
type traits uint8

const (
	impure traits = 1 << iota // gives another value each time
	nulls                     // takes null
	parts                     // result knows the class of each part itself
	worded                    // constant zones, layouts, parts and units are checked at load
)

// parameter is one argument of a function; the last may be variadic.
type parameter struct {
	name  string
	kinds []schema.Kind // nil: any
	count occurrence
}

type occurrence uint8

const (
	once occurrence = iota
	maybe
	many // one or more
)

func (f *function) has(t traits) bool { return f.traits&t != 0 }

// functions are all tables.
func functions() []function {
	var all []function
	for _, table := range [][]function{textFunctions, valueFunctions, dateFunctions, numberFunctions, listFunctions, bitFunctions} {
		all = append(all, table...)
	}
	return all
}

// kindWords names what a parameter takes: "string", "list or object".
func kindWords(kinds []schema.Kind) string {
	if kinds == nil {
		return "any"
	}
	words := make([]string, len(kinds))
	for i, k := range kinds {
		words[i] = k.String()
	}
	if n := len(words); n > 2 {
		return strings.Join(words[:n-1], ", ") + " or " + words[n-1]
	}
	return strings.Join(words, " or ")
}

func (f *function) signature() string {
	args := make([]string, len(f.parameters))
	types := make([]*schema.Type, len(f.parameters))
	for i, p := range f.parameters {
		args[i] = p.name + []string{"", "?", "…"}[p.count]
		if words := kindWords(p.kinds); words != p.name {
			args[i] += ": " + words
		}
		types[i] = schema.AnyType
	}
	return f.name + "(" + strings.Join(args, ", ") + ") " + f.result(types).String()
}

// bounds are how many arguments the function takes; most is -1 where any number.
func (f *function) bounds() (least, most int) {
	for _, p := range f.parameters {
		switch p.count {
		case once:
			least++
		case many:
			return least + 1, -1
		}
	}
	return least, len(f.parameters)
}

func (f *function) parameter(i int) parameter {
	return f.parameters[min(i, len(f.parameters)-1)]
}

// builtin compiles the call of a function that the parser knows.
func (c *checker) builtin(n *ast.BuiltinNode) part {
	if fn := findPredicate(n.Name); fn != nil {
		return c.loopOver(n, fn)
	}
	return c.invoke(n.Name, n.Location(), n.Arguments)
}

// call compiles the call of any other name.
func (c *checker) call(n *ast.CallNode) part {
	if id, ok := n.Callee.(*ast.IdentifierNode); ok {
		return c.invoke(id.Value, n.Location(), n.Arguments)
	}
	from, to := c.span(n.Location())
	name, hint := c.source[from:to], "call functions as name(value)"
	if findFunction(name) != nil || findPredicate(name) != nil {
		hint = fmt.Sprintf("write %s(…) around the value", name)
	}
	return c.fault(from, to, "not_allowed", "values have no functions of their own", hint)
}

func findFunction(name string) *function {
	for _, f := range functions() {
		if f.name == name {
			return &f
		}
	}
	return nil
}

func (c *checker) invoke(name string, at file.Location, nodes []ast.Node) part {
	from, to := c.span(at)
	fn := findFunction(name)
	if fn == nil {
		return c.unknownFunction(name, from, to)
	}
	args := c.all(nodes)
	nameFrom, nameTo := from, to
	from, to = c.around(at, args...)
	if least, most := fn.bounds(); len(args) < least || most >= 0 && len(args) > most {
		return c.fault(nameFrom, nameTo, "wrong_arguments", fmt.Sprintf("%s takes %s, not %d", name, countWords(least, most), len(args)), fn.signature())
	}
	for i, arg := range args {
		p := fn.parameter(i)
		if arg.faulty || p.kinds == nil || arg.typ.Kind == schema.Null || couldBe(arg.typ, p.kinds...) {
			continue
		}
		hint := fn.signature()
		if couldBe(arg.typ, schema.String) && slices.Contains(p.kinds, schema.Date) {
			hint = "use date(…)"
		}
		args[i] = c.fault(arg.from, arg.to, "wrong_type", fmt.Sprintf("%s needs %s as its %s, not %s", name, an(kindWords(p.kinds)), p.name, an(word(arg.typ))), hint)
	}
	if fn.has(worded) {
		c.words(fn, nodes, args)
	}
	if anyFaulty(args...) {
		return faulty(from, to)
	}
	p := part{from: from, to: to, typ: fn.resultType(args)}
	p.eval = caller(fn, args, from, to)
	if fn.has(impure) {
		return p
	}
	return c.folded(p, args...)
}

func (f *function) resultType(args []part) *schema.Type {
	types := make([]*schema.Type, len(args))
	for i, a := range args {
		types[i] = a.typ
	}
	t := f.result(types)
	if f.has(parts) {
		return t
	}
	return t.WithClass(highest(args...))
}

func (c *checker) unknownFunction(name string, from, to int) part {
	if name == "reduce" {
		return c.fault(from, to, "not_allowed", `"reduce" is not part of the language`, "use sum, map, filter or count")
	}
	var names []string
	for _, f := range Functions() {
		names = append(names, f.Name)
	}
	return c.fault(from, to, "unknown_function", fmt.Sprintf("unknown function %q", name), functionHint(name, names))
}

func countWords(least, most int) string {
	switch {
	case most < 0:
		return "at least " + plural(least)
	case least == most:
		return plural(least)
	}
	return fmt.Sprintf("%d to %s", least, plural(most))
}

func plural(n int) string {
	switch n {
	case 0:
		return "no argument"
	case 1:
		return "1 argument"
	}
	return fmt.Sprintf("%d arguments", n)
}

// caller is the closure of a call. The arguments stand on the frame's stack while it
// runs, so that a call needs no list of its own.
func caller(fn *function, args []part, from, to int) eval {
	evals, params := make([]eval, len(args)), make([]parameter, len(args))
	for i, a := range args {
		evals[i], params[i] = a.eval, fn.parameter(i)
	}
	run, name, takesNull := fn.run, fn.name, fn.has(nulls)
	return func(f *Frame) (any, error) {
		base := len(f.stack)
		for i, e := range evals {
			v, err := e(f)
			if err == nil && !takesNull {
				if err = fits(f, name, params[i], v); err != nil {
					err = place(err, args[i].from, args[i].to)
				}
			}
			if err != nil {
				f.pop(base)
				return nil, err
			}
			f.stack = append(f.stack, v)
		}
		v, err := run(f, f.stack[base:])
		f.pop(base)
		if err != nil {
			return nil, place(err, from, to)
		}
		return v, nil
	}
}

func (f *Frame) pop(to int) {
	clear(f.stack[to:])
	f.stack = f.stack[:to]
}

// fits refuses an argument that is null or of another kind, and counts the turns
// that reading a long text takes.
func fits(f *Frame, name string, p parameter, v any) error {
	if v == nil {
		return fail(codeNull, fmt.Sprintf("the %s of %s is null", p.name, name))
	}
	k := kindOf(v)
	if s, ok := v.(string); ok && len(s) >= bytesTurn {
		if err := f.scan(len(s)); err != nil {
			return err
		}
	}
	if p.kinds == nil {
		return nil
	}
	for _, want := range p.kinds {
		if k == plain(want) {
			return nil
		}
	}
	return operandf("%s needs %s as its %s, not %s", name, an(kindWords(p.kinds)), p.name, an(k.String()))
}

// gives is the result function of a fixed type.
func gives(t *schema.Type) func([]*schema.Type) *schema.Type {
	return func([]*schema.Type) *schema.Type { return t }
}
