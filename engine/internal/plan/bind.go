package plan

import (
	"fmt"
	"slices"
	"strings"

	"cloudlet/engine/action"
	"cloudlet/engine/language/document"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// binder fills the inputs of one action in one step. It is the action.Load that
// the action's Prepare sees.
type binder struct {
	*builder
	scope   *scope
	step    *step
	written *written
	act     *action.Action
	nodes   map[string]*document.Node         // what the author wrote, by input
	trees   map[*action.Branch]*document.Node // what of it is not compiled so far
	pending []pendingChain                    // the chains of its named steps
	failed  bool                              // an input has a problem: nothing is prepared
	told    bool                              // Prepare said what the step may fail with
	strays  int                               // inputs of unknown names, each of which may be meant for one that is missing
}

// bindAction compiles the inputs of a step's action and prepares it.
func (b *builder) bindAction(sc *scope, s *step, w *written) action.Result {
	bd := &binder{builder: b, scope: sc, step: s, written: w, act: w.act,
		nodes: map[string]*document.Node{}, trees: map[*action.Branch]*document.Node{}}
	bd.collect()
	s.binding = w.act.Bind()
	before := b.problems.Count()
	for i := range w.act.Inputs {
		bd.bind(&w.act.Inputs[i])
	}
	bd.failed = bd.failed || b.problems.Count() > before
	s.run, s.limit = s.binding.Run, s.binding.Limit
	var r action.Result
	if bd.failed && !controls(w.act) {
		r = bd.expected()
	} else {
		r = s.binding.Prepare(bd)
	}
	for i := range w.act.Inputs {
		bd.compileRest(&w.act.Inputs[i])
	}
	if !bd.told {
		sc.fails.add(w.act.Failures...)
	}
	sc.frame.once = sc.frame.once || w.act.Once
	sc.frame.writes = sc.frame.writes || w.act.Writes
	if w.act.Login {
		sc.frame.told.logins = append(sc.frame.told.logins, w.key.Span)
	}
	if w.act.Answering {
		bd.answering()
	}
	switch {
	case w.act.Writes, w.act.Once:
		sc.frame.keepNot(w.key.Span, w.name+" has an effect, which the answers that are kept would not have")
	case w.act.Personal:
		sc.frame.keepNot(w.key.Span, w.name+" is for the one who asks")
	}
	if w.act.Ends {
		r.Ends = true
	}
	return r
}

// expected is the result to go on with after a problem, so that what follows
// from it is not reported again.
func (bd *binder) expected() action.Result {
	if bd.act.Ends {
		return action.Result{Ends: true}
	}
	if !bd.act.HasResult && bd.act.Result == nil {
		return action.Result{}
	}
	return action.Gives(schema.AnyType)
}

// collect finds the node of each input: inside the action's value, beside its
// key, or the whole value where it is the main input.
func (bd *binder) collect() {
	w, a := bd.written, bd.act
	if a.Beside {
		for _, in := range a.Inputs {
			if in.Name != w.name {
				bd.nodes[in.Name] = w.node.Get(in.Name)
			}
		}
		bd.nodes[a.Main] = w.value
		return
	}
	if w.value.IsNull() && (w.value.Value == "" || a.Main == "") {
		return // nothing is written; a null that is, as in `return: null`, is a value
	}
	if w.value.Kind != document.Mapping || bd.swallows() {
		if a.Main == "" {
			if len(a.Inputs) == 0 {
				bd.problems.Addf(w.value.Span, "unknown_input", "%s takes no input", w.name)
			} else {
				bd.problems.Addf(w.value.Span, "wrong_type", "%s takes a map of its inputs: %s", w.name, strings.Join(a.InputNames(), ", "))
			}
			bd.failed, bd.strays = true, len(a.Inputs)
			return
		}
		bd.nodes[a.Main] = w.value
		return
	}
	for _, e := range w.value.Entries {
		if _, ok := a.Input(e.Key.Value); !ok {
			p := source.Problem{Span: e.Key.Span, Code: "unknown_input", Text: fmt.Sprintf("%s has no input %q", w.name, clip(e.Key.Value)),
				Hint: source.Meant(e.Key.Value, a.InputNames())}
			if p.Hint == "" {
				p.Hint = takes(e, a.InputNames())
				bd.strays++
			}
			bd.problems.Add(p)
			bd.failed = true
			continue
		}
		bd.nodes[e.Key.Value] = e.Value
	}
}

// swallows reports whether a map written below the action is its only input.
func (bd *binder) swallows() bool {
	if bd.act.Main == "" || len(bd.act.Inputs) != 1 {
		return false
	}
	in := bd.act.Inputs[0]
	switch in.Form {
	case action.Bindings, action.NamedSteps, action.Steps:
		return true
	case action.Expression:
		return !in.Text && (in.Type.Kind == schema.JSON || in.Type.Kind == schema.ObjectK)
	}
	return false
}

// bind gives one input its value.
func (bd *binder) bind(in *action.Input) {
	n := bd.nodes[in.Name]
	if n != nil && n.Refused() {
		bd.failed = true
		return
	}
	if n == nil || n.IsNull() && in.Form != action.Expression || n.IsNull() && in.Required && in.Type != nil && in.Type.Kind != schema.JSON {
		if in.Required {
			bd.missing(in.Name)
		}
		return
	}
	field := in.Field(bd.step.binding.In)
	bd.nameRoles(in, n)
	switch in.Form {
	case action.Constant:
		bd.bindConstant(in, n, field)
	case action.Expression:
		p := bd.typed(bd.scope, n, in.Type, bd.takes(in))
		if p == nil {
			bd.failed = true
			return
		}
		field.(action.Dynamic).Use(p)
		if v, ok := p.Constant(); ok {
			bd.enum(in, n, v)
		}
		bd.step.visible = append(bd.step.visible, tracedInput{in.Name, p})
	case action.Steps:
		field.(*action.Chain).Write()
	case action.NamedSteps:
		bd.namedSteps(in, n, field.(*action.Chains))
	case action.Bindings:
		bd.assignments(n, field.(*action.Assignments))
	case action.Nested:
		field.(*action.Tree).Grow(bd.branches(n))
	case action.Statement:
		if !bd.statement(n, field.(*action.SQL)) {
			bd.failed = true
		}
	case action.TypeForm, action.FieldsForm:
		bd.declaration(n, field)
	}
}

// declaration reads a type, or names and their types.
func (bd *binder) declaration(n *document.Node, field any) {
	before := bd.problems.Count()
	switch into := field.(type) {
	case *action.Declared:
		into.Type = document.ParseType(n, bd.problems)
	case *action.Fields:
		into.List = fieldsOf(document.ParseArguments(n, bd.problems))
		for _, f := range into.List {
			if f.In != schema.Anywhere {
				bd.problems.Addf(n.Span, "unknown_key", "%s is no argument, so nothing says where it comes from: leave out in", f.Name)
			}
		}
	}
	bd.failed = bd.failed || bd.problems.Count() > before
}

// missing reports an input that has to be there.
func (bd *binder) missing(name string) {
	bd.failed = true
	if bd.strays > 0 {
		bd.strays--
		return
	}
	w, known := bd.written, bd.act.InputNames()
	in := w.value
	if bd.act.Beside {
		in, known = w.node, append(append(known, modifiers...), w.name)
	}
	if !misspelt(name, in, known) {
		bd.problems.Addf(w.key.Span, "missing_input", "%s needs %q", w.name, name)
	}
}

// takes is what an input may take.
func (bd *binder) takes(in *action.Input) input {
	return input{name: bd.written.name + "." + in.Name, class: in.Class, anyClass: in.AnyClass, leak: in.Leak}
}

func (bd *binder) bindConstant(in *action.Input, n *document.Node, field any) {
	if in.Lone && n.Kind == document.Scalar {
		n = &document.Node{Kind: document.Sequence, Span: n.Span, Items: []*document.Node{n}}
	}
	v, ok := bd.constant(n, in.Type, bd.written.name+"."+in.Name)
	if !ok {
		bd.failed = true
		return
	}
	if name, isName := field.(*action.Name); isName {
		if !bd.identifier(n, v.(string)) {
			bd.failed = true
			return
		}
		*name = action.Name(v.(string))
		return
	}
	bd.enum(in, n, v)
	in.SetConstant(bd.step.binding.In, v)
}

// enum checks a constant against the values that the input may have.
func (bd *binder) enum(in *action.Input, n *document.Node, v any) {
	text, ok := v.(string)
	if len(in.Enum) == 0 || !ok || slices.Contains(in.Enum, text) {
		return
	}
	bd.problems.Add(source.Problem{Span: n.Span, Code: "not_allowed",
		Text: fmt.Sprintf("%s.%s is one of %s", bd.written.name, in.Name, strings.Join(in.Enum, ", ")), Hint: source.DidYouMean(text, in.Enum)})
	bd.failed = true
}

func (bd *binder) namedSteps(in *action.Input, n *document.Node, chains *action.Chains) {
	if n.Kind != document.Mapping {
		bd.problems.Addf(n.Span, "wrong_type", "%s takes a map of names to lists of steps", bd.written.name)
		bd.failed = true
		return
	}
	for _, e := range n.Entries {
		ch := &action.Chain{}
		ch.Write()
		chains.Names = append(chains.Names, e.Key.Value)
		chains.List = append(chains.List, ch)
		bd.pending = append(bd.pending, pendingChain{ch, e.Value, in.Name, e.Key})
	}
}

// assignments compiles `set`: all values are computed before any name changes.
func (bd *binder) assignments(n *document.Node, into *action.Assignments) {
	if n.Kind != document.Mapping || len(n.Entries) == 0 {
		bd.problems.Addf(n.Span, "wrong_type", "%s takes a map of names to values", bd.written.name)
		bd.failed = true
		return
	}
	type binding struct {
		entry document.Entry
		index int
	}
	var bindings []binding
	for _, e := range n.Entries {
		if !bd.identifier(e.Key, e.Key.Value) {
			bd.stand(bd.scope, e.Key)
			continue
		}
		p := bd.value(bd.scope, e.Value, input{name: e.Key.Value, anyClass: true})
		if p == nil {
			bd.assign(bd.scope, e.Key, e.Key.Value, schema.AnyType, true)
			continue
		}
		bindings = append(bindings, binding{e, len(into.Programs)})
		into.Programs = append(into.Programs, p)
	}
	into.Slots = make([]int, len(into.Programs))
	into.Types = make([]*schema.Type, len(into.Programs))
	for _, set := range bindings {
		v := bd.assign(bd.scope, set.entry.Key, set.entry.Key.Value, into.Programs[set.index].Type, false)
		if v != nil {
			into.Slots[set.index], into.Types[set.index] = v.slot, v.t
		}
	}
}
