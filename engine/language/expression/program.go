package expression

import (
	"slices"
	"strconv"
	"strings"

	"cloudlet/engine/language/schema"
)

// eval computes one part of an expression. Its error is an *Error or, inside a
// chain of ?., errSkip.
type eval func(f *Frame) (any, error)

// Program is a compiled expression, or a value, text, list or object that holds
// some. It is never changed and may be run by any number of goroutines, each with a
// frame of its own.
type Program struct {
	// Type is the type of the result, with the class of every part of it.
	Type *schema.Type
	// Warnings are what is worth saying of a compiled expression and stops nothing.
	Warnings []Fault

	eval     eval
	locals   int // how many a frame needs
	constant bool
	mixed    bool       // a text of pieces
	parts    []TextPart // of such a text
	value    any        // of a constant
	reads    []read
	source   string
}

// read is a slot that a program reads: one field of it, or the whole.
type read struct {
	slot  int
	field string
	whole bool
}

// Run evaluates the program. The error is an *Error. It does not allocate where the
// expression only reads a variable or a field of one.
func (p *Program) Run(f *Frame) (any, error) {
	if p.constant {
		return p.value, nil
	}
	f.begin(p.locals, 0, 0)
	return p.eval(f)
}

// Constant is the value where it is known at load: nothing in it reads a slot, the
// clock or chance, and computing it did not fail.
func (p *Program) Constant() (any, bool) { return p.value, p.constant }

// Slots are the slots that the program reads, sorted.
func (p *Program) Slots() []int {
	var slots []int
	for _, r := range p.reads {
		slots = append(slots, r.slot)
	}
	slices.Sort(slots)
	return slices.Compact(slots)
}

// Reads reports whether the program reads a field of the object in a slot. A read
// of the whole object, or of a field whose name is computed, counts as one of each.
func (p *Program) Reads(slot int, field string) bool {
	return slices.ContainsFunc(p.reads, func(r read) bool {
		return r.slot == slot && (r.whole || r.field == field)
	})
}

// String is the canonical source of a compiled expression: Compile(p.String()) gives
// the same type and String, as long as that is within MaxSource and MaxDepth. Of a
// value it is the value as JSON, and [secret] where it holds a secret.
func (p *Program) String() string { return p.source }

// TextPart is a piece of a text: Literal, or Program where that is not nil.
type TextPart struct {
	Literal string
	Program *Program
}

// NewConstant is a program whose result is always v.
func NewConstant(v any, t *schema.Type) *Program {
	source := "[secret]"
	if t.Highest() < schema.Secret {
		source = string(schema.AppendJSON(nil, v))
	}
	return &Program{Type: t, constant: true, value: v, source: source, eval: always(v)}
}

func always(v any) eval { return func(*Frame) (any, error) { return v, nil } }

// NewObject is a program that makes an object with these fields, one value for each
// distinct name, as {…} in YAML does. Each field has the type and class of its value.
// It is a constant where all its values are.
func NewObject(names []string, values []*Program) *Program {
	fields, sources := make([]schema.Field, len(names)), make([]string, len(names))
	for i, v := range values {
		fields[i] = schema.Field{Name: names[i], Type: v.Type}
		sources[i] = strconv.Quote(names[i]) + ": " + v.source
	}
	evals, shape := evalsOf(values), schema.NewShape(slices.Clone(names)...)
	return group(schema.ObjectOf(fields...), values, "{"+strings.Join(sources, ", ")+"}", func(f *Frame) (any, error) {
		made, err := collect(f, evals)
		if err != nil {
			return nil, err
		}
		return shape.New(made), nil
	})
}

// NewList is a program that makes a list of the values. It is a constant where all
// of them are.
func NewList(items []*Program) *Program {
	var elem *schema.Type
	sources := make([]string, len(items))
	for i, item := range items {
		sources[i] = item.source
		elem = joinMaybe(elem, item.Type)
	}
	evals := evalsOf(items)
	return group(schema.ListOf(elem), items, "["+strings.Join(sources, ", ")+"]", func(f *Frame) (any, error) {
		return collectList(f, evals)
	})
}

// NewText is a program that makes one text of its parts: each value as schema.Text
// writes it, null as nothing. Its length is bounded by MaxMemory.
func NewText(parts []TextPart) *Program { return newText(parts, nil) }

// Escape is how a computed piece of a text stands in it: value as it is put behind the text
// before it. A constant is known at load, as ${config.…} is: it is the author's own.
type Escape func(before, value string, constant bool) string

// Escaping is a program that is Mixed, with every computed piece escaped; any other
// program is given back as it is.
func (p *Program) Escaping(escape Escape) *Program {
	if !p.Mixed() {
		return p
	}
	return newText(p.parts, escape)
}

// Written is the text of a program that is Mixed, up to the first piece that is not constant.
func (p *Program) Written() string {
	var b strings.Builder
	for _, part := range p.parts {
		switch {
		case part.Program == nil:
			b.WriteString(part.Literal)
		case part.Program.constant:
			b.WriteString(schema.Text(part.Program.value))
		default:
			return b.String()
		}
	}
	return b.String()
}

// Sketch is the text of a program that is Mixed, with stand in the place of every
// computed piece; "" of any other.
func (p *Program) Sketch(stand string) string {
	var b strings.Builder
	for _, part := range p.parts {
		if part.Program == nil {
			b.WriteString(part.Literal)
		} else {
			b.WriteString(stand)
		}
	}
	return b.String()
}

func newText(parts []TextPart, escape Escape) *Program {
	var values []*Program
	var sources []string
	class := schema.Public
	evals := make([]eval, len(parts))
	computed := make([]bool, len(parts))
	for i, p := range parts {
		computed[i] = p.Program != nil && escape != nil
		if p.Program == nil {
			sources = append(sources, strconv.Quote(p.Literal))
			evals[i] = always(p.Literal)
			continue
		}
		values = append(values, p.Program)
		evals[i] = p.Program.eval
		class = max(class, p.Program.Type.Highest())
		sources = append(sources, "string("+p.Program.source+")")
	}
	text := group(schema.StringType.WithClass(class), values, strings.Join(sources, " + "), func(f *Frame) (any, error) {
		var b strings.Builder
		for i, e := range evals {
			v, err := e(f)
			if err != nil {
				return nil, err
			}
			s, err := f.text(v)
			if err == nil && computed[i] {
				s = escape(b.String(), s, parts[i].Program.constant)
			}
			if err == nil {
				err = f.grow(len(s))
			}
			if err != nil {
				return nil, err
			}
			b.WriteString(s)
		}
		return b.String(), nil
	})
	text.mixed, text.parts = true, parts
	return text
}

// Mixed reports whether the program is a text of pieces, some of which are computed:
// what they give stands in it as it is.
func (p *Program) Mixed() bool { return p.mixed && !p.constant }

// group is the program that runs the programs within it as one evaluation.
func group(t *schema.Type, within []*Program, source string, run eval) *Program {
	p := &Program{Type: t, eval: run, constant: true, source: source}
	for _, w := range within {
		p.locals = max(p.locals, w.locals)
		p.reads = append(p.reads, w.reads...)
		p.constant = p.constant && w.constant
	}
	if p.constant {
		if p.value, p.constant = fold(run, p.locals); p.constant {
			p.eval = always(p.value)
		}
	}
	return p
}

func evalsOf(programs []*Program) []eval {
	evals := make([]eval, len(programs))
	for i, p := range programs {
		evals[i] = p.eval
	}
	return evals
}

// collect evaluates parts into a new slice.
func collect(f *Frame, evals []eval) ([]any, error) {
	values := make([]any, len(evals))
	for i, e := range evals {
		v, err := e(f)
		if err != nil {
			return nil, err
		}
		values[i] = v
	}
	return values, f.grow(len(values) * itemSize)
}

func collectList(f *Frame, evals []eval) (any, error) {
	values, err := collect(f, evals)
	if err != nil {
		return nil, err
	}
	return values, nil
}

// fold computes a constant at load. It may use a hundredth of what an evaluation
// may; what takes more, or fails, is left to run time.
func fold(run eval, locals int) (any, bool) {
	f := &Frame{}
	f.begin(locals, MaxTurns-MaxTurns/100, MaxMemory-MaxMemory/256)
	v, err := run(f)
	return v, err == nil
}
