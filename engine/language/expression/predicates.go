package expression

import (
	"fmt"

	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
	"github.com/expr-lang/expr/ast"
)

// cycle is a predicate function at work: the locals that hold its item and index.
type cycle struct {
	item         *schema.Type
	local, index int
	class        schema.Class // of the list, which the index tells about
	readsIndex   bool
	turns        int // what one run of the body counts
}

// nodesTurn is how many nodes a body may have for one turn: a longer one counts more.
const nodesTurn = 16

// predicate is a function that calls its second argument for each item of a list.
type predicate struct {
	name, signature, doc string
	test                 bool // the body is a condition
	optional             bool // the body may be left out; then it is the item
	result               func(list, body *schema.Type) *schema.Type
	run                  func(f *Frame, l *loop) (any, error)
}

// loop is one run of a predicate.
type loop struct {
	items []any
	body  func(i int) (any, error)
	more  []any        // further arguments
	value *schema.Type // of the body
}

func boolResult(list, body *schema.Type) *schema.Type {
	return schema.BoolType.WithClass(max(list.Class, body.Highest()))
}

func placeResult(list, body *schema.Type) *schema.Type {
	return schema.IntType.OrNull().WithClass(max(list.Class, body.Highest()))
}

func countResult(list, body *schema.Type) *schema.Type {
	return schema.IntType.WithClass(max(list.Class, body.Highest()))
}

func itemResult(list, body *schema.Type) *schema.Type {
	return elem(list).OrNull().WithClass(max(list.Class, body.Highest()))
}

func listResult(list, body *schema.Type) *schema.Type {
	t := schema.ListOf(list.Elem)
	return t.WithClass(max(list.Class, body.Highest()))
}

func mapResult(list, body *schema.Type) *schema.Type {
	return schema.ListOf(body).WithClass(list.Class)
}

func groupResult(list, body *schema.Type) *schema.Type {
	return &schema.Type{Kind: schema.ObjectK, Open: true, Class: max(list.Highest(), body.Highest())}
}

func sumResult(list, body *schema.Type) *schema.Type {
	return bare(body).WithClass(max(list.Class, body.Highest()))
}

// predicates is the table of them, which is the documentation, too.
var predicates = []predicate{
	{"all", "all(list, predicate) bool", "Whether the predicate holds for every item.", true, false, boolResult, runAll},
	{"none", "none(list, predicate) bool", "Whether the predicate holds for no item.", true, false, boolResult, runNone},
	{"any", "any(list, predicate) bool", "Whether the predicate holds for an item.", true, false, boolResult, runAny},
	{"one", "one(list, predicate) bool", "Whether the predicate holds for exactly one item.", true, false, boolResult, runOne},
	{"filter", "filter(list, predicate) list", "The items for which the predicate holds.", true, false, listResult, runFilter},
	{"map", "map(list, expression) list", "The value of the expression for each item.", false, false, mapResult, runMap},
	{"count", "count(list, predicate?) int", "How many items the predicate holds for.", true, true, countResult, runCount},
	{"sum", "sum(list, expression?) number", "The sum of the items, or of the expression for each.", false, true, sumResult, runSum},
	{"find", "find(list, predicate) any?", "The first item for which the predicate holds, or null.", true, false, itemResult, runFind},
	{"findIndex", "findIndex(list, predicate) int?", "The place of the first item for which the predicate holds, or null.", true, false, placeResult, runFindIndex},
	{"findLast", "findLast(list, predicate) any?", "The last item for which the predicate holds, or null.", true, false, itemResult, runFindLast},
	{"findLastIndex", "findLastIndex(list, predicate) int?", "The place of the last item for which the predicate holds, or null.", true, false, placeResult, runFindLastIndex},
	{"groupBy", "groupBy(list, expression) object", "The items by the text of the expression, in the order of their first.", false, false, groupResult, runGroupBy},
	{"sortBy", "sortBy(list, expression, order?) list", `The items in the order of the expression, "asc" or "desc"; equal ones stay as they were.`, false, false, listResult, runSortBy},
}

func findPredicate(name string) *predicate {
	for i := range predicates {
		if predicates[i].name == name {
			return &predicates[i]
		}
	}
	return nil
}

// pointer compiles # and #index.
func (c *checker) pointer(n *ast.PointerNode) part {
	from, to := c.span(n.Location())
	if n.Name != "" {
		to = min(to+len(n.Name), len(c.source))
	}
	l := c.loops[len(c.loops)-1]
	switch n.Name {
	case "":
		return part{eval: readLocal(l.local), typ: l.item, from: from, to: to}
	case "index":
		l.readsIndex = true
		return part{eval: readLocal(l.index), typ: schema.IntType.WithClass(l.class), from: from, to: to}
	}
	return c.fault(from, to, "unknown_name", fmt.Sprintf(`unknown name "#%s"`, n.Name), source.DidYouMean("#"+n.Name, []string{"#index"}))
}

// loopOver compiles the call of a predicate function.
func (c *checker) loopOver(n *ast.BuiltinNode, fn *predicate) part {
	list := c.node(n.Arguments[0])
	from, to := c.around(n.Location(), list)
	if !list.faulty && !couldBe(list.typ, schema.List) {
		list = c.fault(list.from, list.to, "wrong_type", fmt.Sprintf("%s needs a list, not %s", fn.name, an(word(list.typ))), "")
	}
	l := &cycle{item: elem(list.typ), local: c.local(), index: c.local(), class: list.typ.Class, turns: 1}
	body := part{eval: readLocal(l.local), typ: l.item, from: list.from, to: list.to, faulty: list.faulty}
	parts := []part{list}
	if len(n.Arguments) > 1 {
		p, ok := n.Arguments[1].(*ast.PredicateNode)
		if !ok {
			return c.fault(from, to, "syntax", fn.name+" needs a predicate", "")
		}
		c.loops = append(c.loops, l)
		before := c.nodes
		body = c.node(p.Node)
		l.turns = 1 + (c.nodes-before)/nodesTurn
		c.loops = c.loops[:len(c.loops)-1]
		parts = append(parts, body)
	}
	if fn.test {
		c.wantBool(body, "the predicate of "+fn.name)
	}
	var more []eval
	for _, extra := range n.Arguments[min(2, len(n.Arguments)):] {
		p := c.orderArgument(c.node(extra))
		parts, more = append(parts, p), append(more, p.eval)
	}
	from, to = c.around(n.Location(), parts...)
	c.wantBody(fn, body)
	if anyFaulty(parts...) || body.faulty {
		return faulty(from, to)
	}
	p := part{from: from, to: to, typ: fn.result(list.typ, body.typ).WithClass(highest(parts[min(2, len(parts)):]...))}
	p.eval = runner(fn, l, list, body, more, from, to)
	return p
}

// orderArgument checks the "asc" or "desc" of sorting.
func (c *checker) orderArgument(p part) part {
	if s, ok := p.value.(string); !p.faulty && (!couldBe(p.typ, schema.String) || p.constant && (!ok || s != "asc" && s != "desc")) {
		return c.fault(p.from, p.to, "wrong_type", `the order is "asc" or "desc"`, "")
	}
	return p
}

// wantBody notes a fault where the values of a body cannot be summed or ordered.
func (c *checker) wantBody(fn *predicate, body part) {
	if body.faulty {
		return
	}
	switch k := body.typ.Kind; {
	case fn.name == "sum" && !couldBe(body.typ, schema.Int, schema.Float, schema.DecimalK, schema.Duration):
		c.fault(body.from, body.to, "wrong_type", "cannot add up values of type "+word(body.typ), "")
	case fn.name == "sortBy" && !ordered(k, k):
		c.fault(body.from, body.to, "wrong_type", "cannot put values of type "+word(body.typ)+" in order", "")
	}
}

// runner is the closure of a predicate: it evaluates the list, then the body with
// each item in the frame, one turn an item.
func runner(fn *predicate, l *cycle, list, body part, more []eval, from, to int) eval {
	first, each := list.eval, body.eval
	local, index, readsIndex, name := l.local, l.index, l.readsIndex, fn.name
	run, value, turns := fn.run, body.typ, l.turns
	return func(f *Frame) (any, error) {
		v, err := first(f)
		if err != nil {
			return nil, err
		}
		items, ok := v.([]any)
		if !ok {
			if v == nil {
				return nil, place(fail(codeNull, "the list of "+name+" is null"), list.from, list.to)
			}
			return nil, place(operandf("%s needs a list, not %s", name, an(kindOf(v).String())), list.from, list.to)
		}
		state := loop{items: items, value: value}
		for _, e := range more {
			extra, err := e(f)
			if err != nil {
				return nil, err
			}
			state.more = append(state.more, extra)
		}
		state.body = func(i int) (any, error) {
			if err := f.turn(turns); err != nil {
				return nil, err
			}
			f.locals[local] = items[i]
			if readsIndex {
				f.locals[index] = i
			}
			return each(f)
		}
		result, err := run(f, &state)
		if err != nil {
			return nil, place(err, from, to)
		}
		return result, nil
	}
}
