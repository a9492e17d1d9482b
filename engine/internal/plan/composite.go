package plan

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"cloudlet/engine/action"
	"cloudlet/engine/internal/arguments"
	"cloudlet/engine/language/document"
	"cloudlet/engine/language/expression"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// composite is a chain in _actions, used as an action. Since the class of what
// goes in decides what may be done with it, it is compiled once for each
// combination of classes that it is called with.
type composite struct {
	name     string
	folder   string
	document *document.Composite
	fields   []schema.Field
	variants map[string]*variant
	open     bool // it is being compiled: a call of it now is a cycle
}

// variant is a composite compiled for certain classes of its arguments.
type variant struct {
	chain  *chain
	frame  *frame
	result action.Result
	fails  *outcomes
}

// composite finds a composite action that is visible in a folder: the nearest wins.
func (b *builder) composite(folder, name string) *composite {
	for _, f := range above(folder) {
		if d := b.app.Composites[f][name]; d != nil {
			return b.compositeAt(f, name, d)
		}
	}
	return nil
}

func (b *builder) compositeAt(folder, name string, d *document.Composite) *composite {
	key := folder + "\x00" + name
	c := b.composites[key]
	if c == nil {
		c = &composite{name: name, folder: folder, document: d, fields: fieldsOf(d.Arguments), variants: map[string]*variant{}}
		b.composites[key] = c
	}
	return c
}

// compileComposites compiles every composite as it is declared, so that one that
// nobody calls is checked too.
func (b *builder) compileComposites() {
	for _, folder := range sortedKeys(b.app.Composites) {
		for _, name := range sortedKeys(b.app.Composites[folder]) {
			d := b.app.Composites[folder][name]
			if b.catalogue[name] != nil || slices.Contains(modifiers, name) {
				b.problems.Addf(d.File.Span(0, 0), "reserved_name", "a composite action cannot be called %q: that is an action or modifier of the engine", name)
				continue
			}
			c := b.compositeAt(folder, name, d)
			b.variant(c, c.fields, surroundings{})
		}
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

func fieldsOf(list []document.Argument) []schema.Field {
	fields := make([]schema.Field, len(list))
	for i, a := range list {
		fields[i] = a.Field
	}
	return fields
}

// variant compiles a composite for fields whose types carry the classes of a call,
// and for what surrounds the call: what a transaction or a parallel branch forbids is
// forbidden in the composites that it calls too.
func (b *builder) variant(c *composite, fields []schema.Field, around surroundings) *variant {
	var key strings.Builder
	fmt.Fprintf(&key, "%t %t %t %s ", around.parallel, around.retried, around.job, around.transaction)
	for _, f := range fields { // a call raises the class of an argument as a whole
		key.WriteByte('0' + byte(f.Type.Class))
	}
	if v := c.variants[key.String()]; v != nil {
		return v
	}
	v := &variant{frame: newFrame(), fails: &outcomes{}}
	if c.document.Actions == nil {
		return v
	}
	c.open = true
	b.open = append(b.open, c)
	sc := newScope(v.frame, &ambient{args: argumentsType(fields), user: userType.OrNull(), globals: b.globals,
		folder: c.folder, database: b.app.DatabaseOf(c.folder), around: around})
	sc.transaction, sc.retried = around.transaction, around.retried
	v.fails = sc.fails
	v.chain, v.result = b.chain(sc, c.document.Actions)
	c.open = false
	b.open = b.open[:len(b.open)-1]
	c.variants[key.String()] = v
	return v
}

// argumentsType is the type of ${args}.
func argumentsType(fields []schema.Field) *schema.Type {
	return &schema.Type{Kind: schema.ObjectK, Fields: fields}
}

// callComposite compiles a step that calls a composite action.
func (b *builder) callComposite(sc *scope, s *step, w *written) action.Result {
	c := w.comp
	unknown := action.Result{Type: schema.AnyType, Has: action.Maybe}
	if c.open {
		b.problems.Add(source.Problem{Span: w.key.Span, Code: "cycle", Text: b.circle(c)})
		return unknown
	}
	if c.document.Actions == nil {
		return unknown // its file has problems of its own
	}
	programs, fields, ok := b.compositeInputs(sc, w)
	if !ok {
		return unknown
	}
	around := surroundings{transaction: sc.transaction, parallel: sc.parallel(), retried: sc.retried || s.retried(), job: sc.ambient.around.job, at: w.key.Span}
	v := b.variant(c, fields, around)
	if v.chain == nil {
		return unknown
	}
	sc.frame.adopt(v.frame)
	sc.fails.merge(v.fails)
	sc.fails.add(invalidInput)
	s.run = (&compositeCall{variant: v, inputs: programs, set: arguments.Compile(c.fields, "", false)}).run
	for i, f := range c.fields {
		if programs[i] != nil {
			s.visible = append(s.visible, tracedInput{f.Name, programs[i]})
		}
	}
	return v.frame.whole(v.result)
}

// circle says which composites call each other, from c back to c.
func (b *builder) circle(c *composite) string {
	names := []string{c.name}
	for _, o := range b.open[slices.Index(b.open, c)+1:] {
		names = append(names, o.name)
	}
	if len(names) == 1 {
		return fmt.Sprintf("the action %s calls itself", c.name)
	}
	return "these actions call each other in a circle: " + strings.Join(append(names, c.name), " → ")
}

// compositeInputs compiles what a step gives to a composite's arguments.
func (b *builder) compositeInputs(sc *scope, w *written) ([]*expression.Program, []schema.Field, bool) {
	c := w.comp
	programs := make([]*expression.Program, len(c.fields))
	fields := slices.Clone(c.fields)
	nodes, strays, ok := b.compositeNodes(w)
	if nodes == nil {
		return nil, nil, false
	}
	for i, f := range c.fields {
		n := nodes[f.Name]
		if n == nil {
			if !f.Optional {
				if strays--; strays < 0 && !misspelt(f.Name, w.value, argumentsType(c.fields).FieldNames()) {
					b.problems.Addf(w.key.Span, "missing_input", "%s needs %q", c.name, f.Name)
				}
				ok = false
			}
			continue
		}
		p := b.typed(sc, n, f.Type, input{name: c.name + "." + f.Name, anyClass: true})
		if p == nil {
			ok = false
			continue
		}
		programs[i] = p
		fields[i].Type = f.Type.WithClass(p.Type.Highest())
	}
	return programs, fields, ok
}

// compositeNodes finds what a step gives, by argument. The nodes are nil where that
// cannot be told; strays counts unknown names, each of which may be meant for an
// argument that is missing.
func (b *builder) compositeNodes(w *written) (nodes map[string]*document.Node, strays int, ok bool) {
	c, names := w.comp, argumentsType(w.comp.fields).FieldNames()
	nodes, ok = map[string]*document.Node{}, true
	switch {
	case w.value.Kind == document.Mapping:
		for _, e := range w.value.Entries {
			nodes[e.Key.Value] = e.Value
			if slices.Contains(names, e.Key.Value) {
				continue
			}
			p := source.Problem{Span: e.Key.Span, Code: "unknown_input", Text: fmt.Sprintf("%s has no argument %q", c.name, clip(e.Key.Value)),
				Hint: source.Meant(e.Key.Value, names)}
			if p.Hint == "" {
				p.Hint = takes(e, names)
				strays++
			}
			b.problems.Add(p)
			ok = false
		}
	case w.value.IsNull():
	case len(names) == 1:
		nodes[names[0]] = w.value
	case len(names) == 0:
		b.problems.Addf(w.value.Span, "unknown_input", "%s takes no input", c.name)
		return nil, 0, false
	default:
		b.problems.Addf(w.value.Span, "wrong_type", "%s takes a map of its arguments: %s", c.name, strings.Join(names, ", "))
		return nil, 0, false
	}
	return nodes, strays, ok
}

// compositeCall runs a composite: its arguments are checked as declared, then
// its chain runs with slots of its own.
type compositeCall struct {
	variant *variant
	inputs  []*expression.Program
	set     *arguments.Set
}

func (cc *compositeCall) run(c *action.Call) (any, error) {
	names := make([]string, 0, len(cc.inputs))
	values := make([]any, 0, len(cc.inputs))
	for i, p := range cc.inputs {
		if p == nil {
			continue
		}
		v, err := p.Run(&c.Frame)
		if err != nil {
			return nil, err
		}
		names, values = append(names, cc.set.Shape().Name(i)), append(values, v)
	}
	args := make([]any, cc.set.Shape().Len())
	if f := cc.set.FromObject(schema.NewShape(names...).New(values), args); f != nil {
		// The author gave these, not the client: it is a failure of the chain.
		return nil, &action.Failure{Status: 500, Code: "invalid_input", Detail: "An action was given a wrong value.", Reason: cc.refusal(f)}
	}
	slots := make([]any, cc.variant.frame.slots)
	slots[action.ArgsSlot] = cc.set.Shape().New(args)
	slots[action.UserSlot], slots[action.RequestSlot] = c.Slots[action.UserSlot], c.Slots[action.RequestSlot]
	n := c.Child(slots)
	v, err := cc.variant.chain.run(n)
	if err == action.Return {
		return n.Result, nil
	}
	return v, err
}

// refusal says what is wrong with the values, for the log. Inside a value that is
// not public the names of fields may be secret, too: they are masked.
func (cc *compositeCall) refusal(f *arguments.Failure) string {
	list := make([]string, len(f.Errors))
	for i, e := range f.Errors {
		name := e.Argument
		if end := strings.IndexAny(name, ".["); end >= 0 {
			if at := cc.set.Shape().Index(name[:end]); at < 0 || cc.inputs[at] == nil || cc.inputs[at].Type.Highest() > schema.Public {
				name = name[:end] + "." + schema.Masked
			}
		}
		list[i] = name + " " + e.Message
	}
	return strings.Join(list, "; ")
}
