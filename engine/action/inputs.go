package action

import (
	"regexp"
	"time"

	"cloudlet/engine/database"
	"cloudlet/engine/language/expression"
	"cloudlet/engine/language/schema"
)

// Text is a text that any value may become: numbers are written, null is "".
type Text string

// Map is an object with any fields.
type Map = *schema.Object

// Name is a constant that binds a name in the chain: an identifier.
type Name string

// Expr is an input that is evaluated for each request. T is string, Text, int,
// float64, bool, time.Duration, time.Time, Map, []any, []string or any.
type Expr[T any] struct {
	program  *expression.Program
	constant bool
	value    T
}

// Dynamic is an Expr of any T, as the compiler sees it.
type Dynamic interface {
	// Wants is the type of value that fits.
	Wants() *schema.Type
	// Use gives the input its program.
	Use(p *expression.Program)
}

// Fixed is an Expr that always has this value: for programs and defaults.
func Fixed[T any](v T) Expr[T] { return Expr[T]{constant: true, value: v} }

// Given reports whether the author wrote the input, or it has a default.
func (e *Expr[T]) Given() bool { return e.program != nil || e.constant }

// Type is the type of what the author wrote.
func (e *Expr[T]) Type() *schema.Type {
	if e.program != nil {
		return e.program.Type
	}
	return e.Wants()
}

// Mixed reports whether the author wrote a text with some ${…} in it: what they give
// stands in the text as it is.
func (e *Expr[T]) Mixed() bool { return e.program != nil && e.program.Mixed() }

// Escape has what ${…} gives inside a text escaped from now on. A value that is one ${…}
// alone stays as it is.
func (e *Expr[T]) Escape(escape func(string) string) {
	e.EscapeIn(func(_, value string, _ bool) string { return escape(value) })
}

// EscapeIn is Escape that depends on where the value stands.
func (e *Expr[T]) EscapeIn(escape expression.Escape) {
	if e.program != nil {
		e.program = e.program.Escaping(escape)
	}
}

// Chosen reports whether the value is one that the client sent, as it is and as a whole.
func (e *Expr[T]) Chosen() bool { return e.program != nil && Chosen(e.program) }

// Chosen is Expr.Chosen of a program.
func Chosen(p *expression.Program) bool {
	_, known := p.Constant()
	return !known && !p.Mixed() && chosen.MatchString(p.String())
}

// chosen are expressions that give what the client sent as it is.
var chosen = regexp.MustCompile(`^\s*(args|request)\.[A-Za-z0-9_.?]+\s*$`)

// String is what the author wrote of a value that is computed, in the way of fmt.
func (e *Expr[T]) String() string {
	if e.program == nil {
		return ""
	}
	return e.program.String()
}

// Written is the text of a Mixed input up to the first ${…} that is not known at load.
func (e *Expr[T]) Written() string { return e.program.Written() }

// Sketch is a Mixed text with stand in the place of what ${…} gives, "" of anything else.
func (e *Expr[T]) Sketch(stand string) string {
	if e.program == nil {
		return ""
	}
	return e.program.Sketch(stand)
}

// Constant is the input's value where it does not depend on the request.
func (e *Expr[T]) Constant() (T, bool) { return e.value, e.constant }

// Wants is the type of value that fits.
func (e *Expr[T]) Wants() *schema.Type {
	switch any((*T)(nil)).(type) {
	case *string:
		return schema.StringType
	case *int:
		return schema.IntType
	case *float64:
		return schema.FloatType
	case *bool:
		return schema.BoolType
	case *time.Duration:
		return schema.DurationType
	case *time.Time:
		return schema.DateTimeType
	case *Map:
		return anyObject
	case *[]any:
		return anyList
	case *[]string:
		return textList
	}
	return schema.AnyType
}

var (
	anyObject = &schema.Type{Kind: schema.ObjectK, Open: true}
	anyList   = schema.ListOf(schema.AnyType)
	textList  = schema.ListOf(schema.StringType)
)

// Use gives the input its program.
func (e *Expr[T]) Use(p *expression.Program) {
	e.program, e.constant = p, false
	if v, ok := p.Constant(); ok {
		if t, err := as[T](v); err == nil {
			e.value, e.constant = t, true
		}
	}
}

// Value evaluates the input. Null where a value is needed fails with 500 null_value.
func (e *Expr[T]) Value(c *Call) (T, error) {
	if e.constant || e.program == nil {
		return e.value, nil
	}
	v, err := e.program.Run(&c.Frame)
	if err != nil {
		var zero T
		return zero, err
	}
	if t, ok := v.(T); ok {
		return t, nil
	}
	return as[T](v)
}

// Optional evaluates an input that may be left out; null counts as left out.
func (e *Expr[T]) Optional(c *Call) (T, bool, error) {
	if e.constant {
		return e.value, true, nil
	}
	var zero T
	if e.program == nil {
		return zero, false, nil
	}
	v, err := e.program.Run(&c.Frame)
	if err != nil || v == nil {
		return zero, false, err
	}
	t, err := as[T](v)
	return t, err == nil, err
}

// as converts a value of the language to T.
func as[T any](v any) (T, error) {
	var out T
	if t, ok := v.(T); ok {
		return t, nil
	}
	switch p := any(&out).(type) {
	case *any:
		return out, nil // v is nil
	case *Text:
		*p = Text(schema.Text(v))
		return out, nil
	case *float64:
		if n, ok := v.(int); ok {
			*p = float64(n)
			return out, nil
		}
	case *time.Duration:
		if s, ok := v.(string); ok {
			d, err := schema.ParseDuration(s)
			*p = d
			return out, err
		}
	case *[]string:
		if texts, ok := textsOf(v); ok {
			*p = texts
			return out, nil
		}
	}
	if v == nil {
		return out, &Failure{Status: 500, Code: "null_value", Detail: "A value is missing.", Reason: "an input that needs a value is null"}
	}
	return out, &Failure{Status: 500, Code: "unexpected_type", Detail: "A value has an unexpected type.", Reason: "an input has a value of another type"}
}

func textsOf(v any) ([]string, bool) {
	list, ok := v.([]any)
	if !ok {
		return nil, false
	}
	texts := make([]string, len(list))
	for i, item := range list {
		if texts[i], ok = item.(string); !ok {
			return nil, false
		}
	}
	return texts, true
}

// Chain is an input that is a list of steps.
type Chain struct {
	run    func(c *Call) (any, error)
	result Result
	given  bool
}

// Given reports whether the author wrote the chain.
func (ch *Chain) Given() bool { return ch.given }

// Write notes that the author wrote the chain; the compiler calls it.
func (ch *Chain) Write() { ch.given = true }

// Compiled gives the chain what runs it; the compiler calls it.
func (ch *Chain) Compiled(run func(c *Call) (any, error), r Result) { ch.run, ch.result = run, r }

// IsCompiled reports whether Compiled was called.
func (ch *Chain) IsCompiled() bool { return ch.run != nil }

// Result is what is known of the chain's result.
func (ch *Chain) Result() Result { return ch.result }

// Run runs the chain and returns its last result, or NoResult. ${last} is as it
// was before, whatever happened: the step that runs the chain sets it.
func (ch *Chain) Run(c *Call) (any, error) {
	if ch.run == nil {
		return NoResult, nil
	}
	last := c.Slots[LastSlot]
	v, err := ch.run(c)
	c.Slots[LastSlot] = last
	return v, err
}

// Catch runs the chain as the handler of an error: ${error} is its failure. Signals
// and whatever fails when the chain's time is over are no handler's: they are
// returned as they are.
func (ch *Chain) Catch(c *Call, err error) (any, error) {
	if Ends(err) || c.Context.Err() != nil {
		return NoResult, err
	}
	before := c.Slots[ErrorSlot]
	c.Slots[ErrorSlot] = FailureOf(err).Object()
	v, err := ch.Run(c)
	c.Slots[ErrorSlot] = before
	return v, err
}

// Chains is an input of named chains, in order.
type Chains struct {
	Names []string
	List  []*Chain
}

// Assignments is an input that binds names: `set`.
type Assignments struct {
	Slots    []int
	Programs []*expression.Program
	Types    []*schema.Type
}

// Fit holds a value against the type of the name that it is bound to.
func (a *Assignments) Fit(i int, v any) (any, error) {
	t := a.Types[i]
	if t.Kind == schema.JSON || v == nil && t.Nullable {
		return v, nil
	}
	var faults []schema.Fault
	v = t.Check(v, "", &faults)
	if len(faults) > 0 {
		return nil, &Failure{Status: 500, Code: "unexpected_type", Detail: "A value has an unexpected type.", Reason: "a name is bound to " + t.String() + ", and its new value is not"}
	}
	return v, nil
}

// Declared is an input that is a type, written as that of an argument is.
type Declared struct {
	Type *schema.Type // nil where nothing is written
}

// Fields is an input of names and their types, written as arguments are.
type Fields struct {
	List []schema.Field // none where nothing is written
}

// SQL is the text of one statement, its ${…} bound as parameters.
type SQL struct {
	parameters []*expression.Program
	lists      []bool // which parameters are the items of IN ( )
	statement  *database.Statement
	Direct
}

// Write gives the statement its parameters; the compiler calls it. lists says which
// of them are the items of IN ( ).
func (s *SQL) Write(parameters []*expression.Program, lists []bool) {
	s.parameters, s.lists = parameters, lists
}

// Class is the highest class of the parameters.
func (s *SQL) Class() schema.Class {
	c := schema.Public
	for _, p := range s.parameters {
		c = max(c, p.Type.Highest())
	}
	return c
}

// Prepared gives the input its statement; the compiler calls it.
func (s *SQL) Prepared(st *database.Statement) { s.statement = st }

// Statement is the prepared statement.
func (s *SQL) Statement() *database.Statement { return s.statement }

// Arguments evaluates the parameters.
func (s *SQL) Arguments(c *Call) ([]any, error) {
	if len(s.parameters) == 0 {
		return nil, nil
	}
	args := make([]any, len(s.parameters))
	for i, p := range s.parameters {
		v, err := p.Run(&c.Frame)
		if err != nil {
			return nil, err
		}
		if s.lists[i] {
			v = itemsOf(v)
		}
		args[i] = v
	}
	return args, nil
}

// itemsOf is what stands in IN ( ): a list, one value, or nothing for null.
func itemsOf(v any) any {
	switch v.(type) {
	case []any:
		return v
	case nil:
		return []any{}
	}
	return []any{v}
}
