package plan

import (
	"fmt"
	"slices"
	"strings"

	"cloudlet/engine/action"
	"cloudlet/engine/language/document"
	"cloudlet/engine/language/expression"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// modifiers are the names of Modifiers.
var modifiers = func() []string {
	var names []string
	for _, k := range Modifiers() {
		names = append(names, k.Name)
	}
	return names
}()

// Modifiers are the keys that stand beside any action.
func Modifiers() []document.Key {
	return []document.Key{
		{Name: "as", Doc: "Binds the result to a name: ${name}.", Shape: document.Shape{Kind: document.TextShape}},
		{Name: "if", Doc: "The step runs only where this holds; otherwise its name is null.", Shape: document.Shape{Kind: document.ExpressionShape}},
		{Name: "timeout", Doc: "How long the step may take, each try of it; past it it fails with 504 timeout.", Shape: document.Shape{Kind: document.DurationShape}},
		{Name: "retry", Doc: "Tries again what can pass: {times: 3, delay: 200ms}, with pauses that double.", Shape: document.Shape{Kind: document.MappingShape, Keys: func() []document.Key {
			return []document.Key{
				{Name: "times", Doc: "How many further tries, 1 to 20.", Shape: document.Shape{Kind: document.CountShape}},
				{Name: "delay", Doc: "The pause before the first of them, 200ms where nothing is said.", Shape: document.Shape{Kind: document.DurationShape}},
			}
		}}},
		{Name: "on_error", Doc: "Steps that run instead of failing, with ${error}.", Shape: document.Shape{Kind: document.StepsShape}},
	}
}

// written is a step as it stands in the file, its action found.
type written struct {
	node  *document.Node
	key   *document.Node // the action's
	value *document.Node
	name  string
	act   *action.Action // nil for a composite
	comp  *composite
}

// step compiles one step. It returns nil after a problem that leaves nothing to run.
func (b *builder) step(sc *scope, node *document.Node) (*step, action.Result) {
	w := b.find(sc, node)
	if w == nil {
		b.bindUnknown(sc, node)
		return nil, action.Result{Type: schema.AnyType, Has: action.Maybe}
	}
	s := &step{at: w.key.Span, name: w.name, slot: -1, plain: true, action: w.act, skipped: none}
	s.point = b.point(s.at, Step, s.name)
	b.condition(sc, s, w)
	b.stepBounds(sc, s, w)
	outside := sc.fails
	if w.node.Get("on_error") != nil {
		sc.fails = &outcomes{} // the handler's
	}
	var r action.Result
	if w.comp != nil {
		r = b.callComposite(sc, s, w)
	} else {
		r = b.bindAction(sc, s, w)
	}
	sc.fails = outside
	r = b.onError(sc, s, w, r)
	if s.if_ != nil && !isTrue(s.if_) {
		r = skippable(r)
	}
	s.result = r.Type
	b.bindAs(sc, s, w, r)
	s.plain = s.if_ == nil && s.bounds == nil && s.handler == nil && s.limit == nil
	return s, r
}

// skippable is the result of a step that may not run.
func skippable(r action.Result) action.Result {
	if r.Ends {
		return action.Result{}
	}
	if r.Has == action.Always {
		r.Has = action.Maybe
	}
	return r
}

func isTrue(p *expression.Program) bool {
	v, ok := p.Constant()
	return ok && v == true
}

// find tells which key of a step names its action.
func (b *builder) find(sc *scope, node *document.Node) *written {
	if node.Kind != document.Mapping {
		p := source.Problem{Span: node.Span, Code: "wrong_type", Text: "a step is an action with its inputs, as in `log: Hello`"}
		if node.Kind == document.Scalar && b.known(sc, node.Value) {
			p.Hint = fmt.Sprintf("write %q with a colon behind it", node.Value+":")
		}
		b.problems.Add(p)
		return nil
	}
	var found []*document.Entry
	var condition *document.Entry
	for i := range node.Entries {
		e := &node.Entries[i]
		switch {
		case e.Key.Value == "if":
			condition = e
		case b.known(sc, e.Key.Value):
			found = append(found, e)
		}
	}
	if len(found) == 0 && condition != nil {
		found = append(found, condition)
	}
	found = b.withoutInputs(found)
	switch len(found) {
	case 0:
		b.noAction(sc, node)
		return nil
	case 1:
	default:
		names := make([]string, len(found))
		for i, e := range found {
			names[i] = e.Key.Value
		}
		b.problems.Add(source.Problem{Span: node.Entries[0].Key.Span, Code: "two_actions",
			Text: "a step has one action; this one has " + strings.Join(names, " and "), Hint: "begin each with a - of its own"})
		return nil
	}
	w := &written{node: node, key: found[0].Key, value: found[0].Value, name: found[0].Key.Value}
	w.act = b.catalogue[w.name]
	if w.act == nil {
		w.comp = b.composite(sc.ambient.folder, w.name)
	}
	b.strayKeys(w)
	return w
}

// withoutInputs drops from the keys that name actions those that are inputs beside
// another of them, as parallel beside for_each.
func (b *builder) withoutInputs(found []*document.Entry) []*document.Entry {
	if len(found) < 2 {
		return found
	}
	return slices.DeleteFunc(slices.Clone(found), func(e *document.Entry) bool {
		return slices.ContainsFunc(found, func(other *document.Entry) bool {
			a := b.catalogue[other.Key.Value]
			if a == nil || !a.Beside || a.Main == e.Key.Value {
				return false
			}
			_, ok := a.Input(e.Key.Value)
			return ok
		})
	})
}

// known reports whether a name is that of an action.
func (b *builder) known(sc *scope, name string) bool {
	return b.catalogue[name] != nil || b.composite(sc.ambient.folder, name) != nil
}

// noAction explains a step none of whose keys names an action.
func (b *builder) noAction(sc *scope, node *document.Node) {
	names := b.actionNames(sc.ambient.folder)
	var found *source.Problem
	for _, e := range node.Entries {
		if slices.Contains(modifiers, e.Key.Value) {
			continue
		}
		// Of several keys that are no action the one that is nearly one is the mistake.
		hint := source.Meant(e.Key.Value, names)
		if found == nil || found.Hint == "" && hint != "" {
			found = &source.Problem{Span: e.Key.Span, Code: "unknown_action", Text: fmt.Sprintf("unknown action %q", clip(e.Key.Value)), Hint: hint}
		}
	}
	if found != nil {
		b.problems.Add(*found)
		return
	}
	at := node.Span
	if len(node.Entries) > 0 {
		at = node.Entries[0].Key.Span
	}
	b.problems.Addf(at, "no_action", "this step has no action")
}

// strayKeys reports keys beside the action that are neither modifiers nor its inputs.
func (b *builder) strayKeys(w *written) {
	allowed := slices.Clone(modifiers)
	if w.name == "if" {
		allowed = slices.DeleteFunc(allowed, func(k string) bool { return k == "if" })
	}
	if w.act != nil && w.act.Beside {
		for _, in := range w.act.Inputs {
			if in.Name != w.act.Main {
				allowed = append(allowed, in.Name)
			}
		}
	}
	for _, e := range w.node.Entries {
		if e.Key == w.key || slices.Contains(allowed, e.Key.Value) {
			continue
		}
		p := source.Problem{Span: e.Key.Span, Code: "unknown_key", Text: fmt.Sprintf("unknown key %q beside %s", clip(e.Key.Value), w.name),
			Hint: besideHint(e.Key.Value, w.name, allowed)}
		if w.act != nil && !w.act.Beside {
			if _, ok := w.act.Input(e.Key.Value); ok {
				p.Hint = fmt.Sprintf("an input of %s stands inside it, indented below", w.name)
			}
		}
		b.problems.Add(p)
	}
}

// besideHint says what a key beside an action was most likely meant for.
func besideHint(key, act string, allowed []string) string {
	switch key {
	case "name", "title", "label", "description":
		return "what a step is for is said by a comment, and `as` names its result"
	case "with", "inputs", "args", "parameters":
		return fmt.Sprintf("the inputs of %s stand inside it, indented below", act)
	}
	return source.Meant(key, allowed)
}

// condition compiles the modifier `if`.
func (b *builder) condition(sc *scope, s *step, w *written) {
	if w.name == "if" {
		return
	}
	if n := w.node.Get("if"); n != nil {
		if s.if_ = b.typed(sc, n, schema.BoolType, input{name: "if", anyClass: true}); s.if_ != nil && !isTrue(s.if_) {
			s.skipped = b.point(n.Span, Branch, "skipped")
		}
	}
}

// stepBounds compiles `timeout` and `retry`. `timeout` beside an action that has an
// input of that name is the step's.
func (b *builder) stepBounds(sc *scope, s *step, w *written) {
	var bd bounds
	if n := w.node.Get("timeout"); n != nil {
		if d, ok := b.constant(n, schema.DurationType, "timeout"); ok {
			if bd.timeout = duration(d); bd.timeout <= 0 {
				b.problems.Addf(n.Span, "out_of_range", "a timeout is longer than nothing")
			}
		}
		s.bounds = &bd
	}
	if n := w.node.Get("retry"); n != nil {
		b.retry(sc, n, &bd)
		s.bounds = &bd
	}
}

// most is the highest number of further tries.
const most = 20

func (b *builder) retry(sc *scope, n *document.Node, bd *bounds) {
	if sc.transaction != "" {
		b.problems.Add(sc.ambient.around.explain(source.Problem{Span: n.Span, Code: "not_in_transaction",
			Text: "a step inside a transaction cannot be retried", Hint: "put retry beside the transaction"}))
		return
	}
	v, ok := b.constant(n, retryType, "retry")
	if !ok {
		return
	}
	o := v.(*schema.Object)
	times, _ := o.Lookup("times")
	delay, _ := o.Lookup("delay")
	bd.times, bd.delay = times.(int), duration(delay)
	if bd.times < 1 || bd.times > most {
		b.problems.Addf(n.Span, "out_of_range", "retry takes 1 to %d times", most)
	}
}

// onError compiles the modifier `on_error`.
func (b *builder) onError(sc *scope, s *step, w *written, r action.Result) action.Result {
	n := w.node.Get("on_error")
	if n == nil {
		return r
	}
	in := sc.inner()
	in.handler = true
	ch, hr := b.chain(in, n)
	ch.point = b.point(n.Span, Branch, "on_error")
	in.close()
	s.handler = &action.Chain{}
	s.handler.Write()
	s.handler.Compiled(ch.run, hr)
	return action.Either(r, hr)
}

// bindAs binds the step's result to the name that `as` says.
func (b *builder) bindAs(sc *scope, s *step, w *written, r action.Result) {
	n := w.node.Get("as")
	if n == nil {
		return
	}
	if n.Kind != document.Scalar || !b.identifier(n, n.Value) {
		b.stand(sc, n)
		return
	}
	if w.act != nil && r.Has == action.Never && !r.Ends {
		if !w.act.HasResult && w.act.Result == nil && !controls(w.act) {
			b.problems.Addf(n.Span, "no_result", "%s has no result that could be named", w.name)
			return
		}
	}
	t := r.Type
	if t == nil {
		t = schema.AnyType
	}
	if r.Has != action.Always {
		t = t.OrNull()
	}
	if v := b.assign(sc, n, n.Value, t, true); v != nil {
		s.slot = v.slot
	}
}

// controls reports whether an action runs chains.
func controls(a *action.Action) bool {
	return slices.ContainsFunc(a.Inputs, func(i action.Input) bool {
		return i.Form == action.Steps || i.Form == action.NamedSteps
	})
}

// clip shortens what an author wrote, for a message.
func clip(s string) string {
	const longest = 60
	if r := []rune(s); len(r) > longest {
		return string(r[:longest]) + "…"
	}
	return s
}
