// Package control holds the actions that decide which steps run, how often, and
// what comes out: branches, loops, transactions, ends.
package control

import (
	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// If runs one of two chains.
var If = action.Define(action.Spec[ifInputs, any]{
	Name: "if", Summary: "Runs `then` where a condition holds, else `else`.", Main: "condition", Beside: true,
	Gives:   "what the steps that ran give, each branch its own; of branches of two types: json",
	Doc:     "The result is that of the steps that ran. Where none of them has one, ${last} stays as it was.",
	Example: "- if: ${args.name == \"\"}\n  then:\n    - fail: {status: 400, detail: A name is needed.}\n",
	Prepare: prepareIf, Run: runIf,
})

type ifInputs struct {
	Condition action.Expr[bool] `doc:"What decides." class:"any"`
	Then      action.Chain      `doc:"Runs where the condition holds."`
	Else      action.Chain      `doc:"Runs where it does not." optional:"" otherwise:""`
}

func prepareIf(l action.Load, in *ifInputs) action.Result {
	return action.Either(l.Compile(&in.Then, action.Within{}), l.Compile(&in.Else, action.Within{}))
}

func runIf(c *action.Call, in *ifInputs) (any, error) {
	yes, err := in.Condition.Value(c)
	if err != nil {
		return nil, err
	}
	if yes {
		return in.Then.Run(c)
	}
	return in.Else.Run(c)
}

// Switch runs the chain whose name equals a value.
var Switch = action.Define(action.Spec[switchInputs, any]{
	Name: "switch", Summary: "Runs the one of several chains whose name equals a value.", Main: "value", Beside: true,
	Gives:   "what the case that ran gives; of cases of several types: json",
	Doc:     "Without a case that fits, `default` runs; without that, nothing.",
	Example: "- switch: ${args.kind}\n  cases:\n    full: [log: All of it]\n    short: [log: The beginning]\n  default: [fail: There is no such kind.]\n",
	Prepare: prepareSwitch, Run: runSwitch,
})

type switchInputs struct {
	Value   action.Expr[any] `doc:"What is compared with the names of the cases, as text." class:"any"`
	Cases   action.Chains    `doc:"Lists of steps by the value that they are for."`
	Default action.Chain     `doc:"Runs where no case fits." optional:"" otherwise:""`
}

func prepareSwitch(l action.Load, in *switchInputs) action.Result {
	t := in.Value.Type()
	if t.Kind == schema.List || t.Kind == schema.ObjectK {
		l.Problem(source.Problem{Span: l.At("value"), Code: "wrong_type", Text: "switch compares a single value, and this is " + t.String()})
	}
	r := l.Compile(&in.Default, action.Within{})
	for _, ch := range in.Cases.List {
		r = action.Either(r, l.Compile(ch, action.Within{}))
	}
	return r
}

func runSwitch(c *action.Call, in *switchInputs) (any, error) {
	v, err := in.Value.Value(c)
	if err != nil {
		return nil, err
	}
	text := schema.Text(v)
	for i, name := range in.Cases.Names {
		if name == text || v == nil && name == "null" {
			return in.Cases.List[i].Run(c)
		}
	}
	return in.Default.Run(c)
}

// Try runs a chain and handles its failure.
var Try = action.Define(action.Spec[tryInputs, any]{
	Name: "try", Summary: "Runs steps; where one fails, runs `catch`; in the end, always, `finally`.", Main: "do", Beside: true,
	Gives:   "what the steps that ran give: those of catch after a failure",
	Doc:     "Inside `catch`, ${error} has status, code, detail and action. The end of the whole chain's time cannot be caught. `finally` never changes ${last}.",
	Example: "- try:\n    - sql.execute: INSERT INTO films (title) VALUES (${args.title})\n  catch:\n    - fail: {status: 409, code: film_exists, detail: \"${error.detail}\"}\n",
	Prepare: prepareTry, Run: runTry,
})

type tryInputs struct {
	Do      action.Chain `doc:"The steps to try."`
	Catch   action.Chain `doc:"Runs where one of them fails." optional:""`
	Finally action.Chain `doc:"Runs in the end, whatever happened." optional:""`
}

func prepareTry(l action.Load, in *tryInputs) action.Result {
	if !in.Catch.Given() && !in.Finally.Given() {
		l.Problem(source.Problem{Span: l.At(""), Code: "missing_input", Text: "try without catch or finally changes nothing"})
	}
	r := l.Compile(&in.Do, action.Within{Caught: in.Catch.Given()})
	if in.Catch.Given() {
		r = action.Either(r, l.Compile(&in.Catch, action.Within{Handler: true}))
	}
	if l.Compile(&in.Finally, action.Within{}).Ends {
		return action.Result{Ends: true}
	}
	return r
}

func runTry(c *action.Call, in *tryInputs) (result any, err error) {
	if in.Finally.Given() {
		defer func() {
			saved := c.Result
			if _, e := in.Finally.Run(c); e != nil {
				result, err = nil, e
				return
			}
			c.Result = saved
		}()
	}
	result, err = in.Do.Run(c)
	if err == nil || !in.Catch.Given() {
		return result, err
	}
	return in.Catch.Catch(c, err)
}
