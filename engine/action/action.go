// Package action is the contract of actions: what somebody who writes one must
// import, and nothing of the engine besides.
//
// An action is one declaration, a package variable made by Define. Its name,
// inputs, defaults, documentation, checks and classes are written there and
// nowhere else:
//
//	var Log = action.Define(action.Spec[LogInputs, action.None]{
//		Name:     "log",
//		Summary:  "Writes one line to the log.",
//		Main:     "message",
//		Run:      runLog,
//	})
//
//	type LogInputs struct {
//		Message action.Expr[action.Text] `doc:"What happened, in a sentence."`
//		Level   string                   `doc:"How much it matters." enum:"debug,info,warn,error" default:"info"`
//	}
//
// The type of an input says when its value is known: a plain Go type is a
// constant of the file, Expr is evaluated for each request, Chain is a list of
// steps, SQL a statement.
package action

import (
	"time"

	"cloudlet/engine/failure"
	"cloudlet/engine/language/schema"
)

// Spec declares an action with inputs In and a result Out: None where the action
// exists for its effect, else any, string, int or bool.
type Spec[In, Out any] struct {
	Name    string // as authors write it
	Summary string // one sentence
	Doc     string // what else there is to know; may be empty
	Example string // a step, as YAML
	Main    string // the input that a plain value fills; may be empty
	// Beside says that all inputs but Main stand beside the action's key, as
	// `then` beside `if`.
	Beside bool
	// Result is the type of the result where Out does not say it.
	Result *schema.Type
	// Gives says in a few words what the result is, where its type depends on the inputs.
	Gives string
	// Ends says that no step after this one can run.
	Ends bool
	// Once says that what the step does can be done only once: a verb with such a step
	// does not take HEAD.
	Once bool
	// Writes says that the step changes what outlasts the request, or sends it: users,
	// mails. A public verb with such a step is one to look at twice.
	Writes bool
	// Login says that the step lets in whoever has no ticket yet: a verb that asks for one
	// shuts them out.
	Login bool
	// Answering says that the step writes into the answer of a request.
	Answering bool
	// Personal says that what the step puts into the answer is for this one client: the
	// answer cannot be kept for another request.
	Personal bool
	// Failures are the problems that the action itself can answer with.
	Failures []Outcome
	// Prepare, where there is one, runs once at load when the inputs are bound;
	// it may compile chains and statements and say the type of the result.
	Prepare func(l Load, in *In) Result
	// Limit, where there is one, says how long the step may take with all its tries
	// together; false: as long as the chain.
	Limit func(c *Call, in *In) (time.Duration, bool, error)
	// Run runs the step.
	Run func(c *Call, in *In) (Out, error)
}

// Outcome is a failure that an action declares. Status 0 is one of which status
// and code are known only when it runs.
type Outcome struct {
	Status int
	Code   string
	When   string
}

// OutcomeOf declares what a service fails with.
func OutcomeOf(e *failure.Error, when string) Outcome {
	return Outcome{Status: e.Status, Code: e.Code, When: when}
}

// Response is an answer that a step gives itself.
type Response struct {
	Status  int          // 0: known only when it runs
	Type    *schema.Type // of the body; nil: it has none
	Content string       // the media type of the body; "": known only when it runs
	Headers []string     // the names of headers that it sets
}

// None is the result of actions that have none: they leave ${last} alone.
type None struct{}

// Action is a declared action.
type Action struct {
	Name, Summary, Doc, Example string
	Main                        string
	Beside                      bool
	Ends                        bool
	Once                        bool
	Writes                      bool
	Login                       bool
	Answering                   bool
	Personal                    bool
	Inputs                      []Input
	Result                      *schema.Type // nil: none, or only Prepare knows
	HasResult                   bool
	Gives                       string // what the result is, where its type depends on the inputs
	Failures                    []Outcome

	bind func() *Binding
}

// Binding is an action in one step: its inputs to be filled, then run.
type Binding struct {
	In      any // *In
	Prepare func(l Load) Result
	Run     func(c *Call) (any, error)                 // NoResult where there is none
	Limit   func(c *Call) (time.Duration, bool, error) // nil: none
}

// Bind makes a fresh binding, its inputs at their defaults.
func (a *Action) Bind() *Binding { return a.bind() }

// Input finds an input by its name.
func (a *Action) Input(name string) (*Input, bool) {
	for i := range a.Inputs {
		if a.Inputs[i].Name == name {
			return &a.Inputs[i], true
		}
	}
	return nil, false
}

// InputNames lists the inputs in the order of their declaration.
func (a *Action) InputNames() []string {
	names := make([]string, len(a.Inputs))
	for i, in := range a.Inputs {
		names[i] = in.Name
	}
	return names
}

// noResult has a size: pointers to different zero-size variables may be equal.
type noResult struct{ _ byte }

// NoResult is what a step without a result gives to the chain that runs it.
var NoResult any = &noResult{}

// Define makes an action from its declaration. It panics on a declaration that
// makes no sense: a programmer's mistake, found at start.
func Define[In, Out any](spec Spec[In, Out]) *Action {
	a := &Action{
		Name: spec.Name, Summary: spec.Summary, Doc: spec.Doc, Example: spec.Example,
		Main: spec.Main, Beside: spec.Beside, Ends: spec.Ends, Once: spec.Once, Writes: spec.Writes, Login: spec.Login, Answering: spec.Answering, Personal: spec.Personal, Failures: spec.Failures,
		Inputs: inputsOf[In](spec.Name, spec.Main),
	}
	a.Result, a.HasResult = resultOf[Out](spec.Name)
	a.Gives = spec.Gives
	if spec.Result != nil {
		a.Result = spec.Result
	}
	a.bind = func() *Binding {
		in := new(In)
		setDefaults(in, a.Inputs)
		b := &Binding{In: in}
		b.Run = runner(spec.Run, in)
		if spec.Limit != nil {
			b.Limit = func(c *Call) (time.Duration, bool, error) { return spec.Limit(c, in) }
		}
		b.Prepare = func(l Load) Result {
			if spec.Prepare != nil {
				return spec.Prepare(l, in)
			}
			return a.declared()
		}
		return b
	}
	return a
}

// declared is the result as the declaration alone tells it.
func (a *Action) declared() Result {
	if a.Ends {
		return Result{Ends: true}
	}
	if !a.HasResult {
		return Result{}
	}
	return Result{Type: a.Result, Has: Always}
}

func runner[In, Out any](run func(c *Call, in *In) (Out, error), in *In) func(c *Call) (any, error) {
	if none, ok := any(run).(func(c *Call, in *In) (None, error)); ok {
		return func(c *Call) (any, error) {
			_, err := none(c, in)
			return NoResult, err
		}
	}
	if direct, ok := any(run).(func(c *Call, in *In) (any, error)); ok {
		return func(c *Call) (any, error) { return direct(c, in) }
	}
	return func(c *Call) (any, error) {
		out, err := run(c, in)
		return out, err
	}
}

func resultOf[Out any](name string) (*schema.Type, bool) {
	switch any((*Out)(nil)).(type) {
	case *None:
		return nil, false
	case *any:
		return schema.AnyType, true
	case *string:
		return schema.StringType, true
	case *int:
		return schema.IntType, true
	case *bool:
		return schema.BoolType, true
	}
	panic("action " + name + ": a result is None, any, string, int or bool")
}
