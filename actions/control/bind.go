package control

import (
	"errors"
	"strings"

	"cloudlet/engine/action"
	"cloudlet/engine/identity"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// Set binds names to values.
var Set = action.Define(action.Spec[setInputs, action.None]{
	Name: "set", Summary: "Binds names to values.", Main: "names",
	Doc:     "A name that is bound outside changes there; a new one is known to the end of the list of steps. All values are computed before any name changes.",
	Example: "- set: {total: \"${sum(map(films, #.price))}\"}\n",
	Run: func(c *action.Call, in *setInputs) (action.None, error) {
		a := &in.Names
		if len(a.Slots) == 1 {
			v, err := a.Programs[0].Run(&c.Frame)
			if err == nil {
				v, err = a.Fit(0, v)
			}
			if err == nil {
				c.Slots[a.Slots[0]] = v
			}
			return action.None{}, err
		}
		values := make([]any, len(a.Slots))
		for i, p := range a.Programs {
			v, err := p.Run(&c.Frame)
			if err != nil {
				return action.None{}, err
			}
			if values[i], err = a.Fit(i, v); err != nil {
				return action.None{}, err
			}
		}
		for i, slot := range a.Slots {
			c.Slots[slot] = values[i]
		}
		return action.None{}, nil
	},
})

type setInputs struct {
	Names action.Assignments `doc:"Values by the name that they are bound to."`
}

// Value gives what an expression says.
var Value = action.Define(action.Spec[valueInputs, any]{
	Name: "value", Summary: "Gives a value: the result of the steps that it ends.", Main: "value",
	Gives: "the type of the value",
	Doc: "What `for_each` collects of a turn, what a branch of `parallel`, `if` or `switch` gives and what `try` or `transaction` results in is the result of the last step inside; " +
		"this step makes it of any expression. It ends nothing: `return` ends the whole chain.",
	Example: "- for_each: ${args.titles}\n  do:\n    - value: {title: \"${item}\", letters: \"${len(item)}\"}\n  as: counted\n",
	Prepare: func(_ action.Load, in *valueInputs) action.Result { return action.Gives(in.Value.Type()) },
	Run:     func(c *action.Call, in *valueInputs) (any, error) { return in.Value.Value(c) },
})

type valueInputs struct {
	Value action.Expr[any] `doc:"The value." class:"any"`
}

// Transaction runs steps whose changes commit together or not at all.
var Transaction = action.Define(action.Spec[transactionInputs, any]{
	Name: "transaction", Summary: "Runs steps whose changes commit together, or not at all.", Main: "do", Beside: true,
	Gives:   "what the steps inside give",
	Doc:     "It begins with its first statement. In one of the main database what is done to users and roles, mails and rows of the audit log belong to it, too. A failure rolls back; `return` and `respond` commit. One inside another is a savepoint.",
	Example: "- transaction:\n    - sql.execute: UPDATE accounts SET balance = balance - ${args.amount} WHERE id = ${args.from}\n    - sql.execute: UPDATE accounts SET balance = balance + ${args.amount} WHERE id = ${args.to}\n",
	Prepare: func(l action.Load, in *transactionInputs) action.Result {
		in.name = l.Database(in.Database)
		if outer := l.Transaction(); outer != "" && outer != in.name {
			l.Problem(source.Problem{Span: l.At("database"), Code: "other_database", Text: "a transaction inside one of another database would not commit with it"})
		}
		return l.Compile(&in.Do, action.Within{Transaction: in.name})
	},
	Run: func(c *action.Call, in *transactionInputs) (any, error) {
		return c.InTransaction(in.name, func() (any, error) { return in.Do.Run(c) })
	},
})

type transactionInputs struct {
	Do       action.Chain `doc:"The steps."`
	Database string       `doc:"The database, by its name in cloudlet.yaml." optional:""`

	name string
}

// Call runs another endpoint of the app in the same process.
var Call = action.Define(action.Spec[callInputs, any]{
	Name: "call", Summary: "Runs another endpoint in the same process, its checks included.", Main: "endpoint",
	Doc:      "Roles, `allow` and arguments are checked as for a request. `rate_limit`, `cache` and Idempotency-Keys are for clients: they do not count here.",
	Gives:    "what the endpoint gives",
	Example:  "- call: {endpoint: \"GET /films/{id}\", args: {id: 1}}\n",
	Failures: []action.Outcome{tooDeep},
	Prepare: func(l action.Load, in *callInputs) action.Result {
		if in.AsUser.Given() {
			l.Fails(tooDeep, action.Outcome{Status: 404, Code: identity.ErrNoSuchUser.Code, When: "there is no user of that name"},
				action.Outcome{Status: 403, Code: identity.ErrUserLocked.Code, When: "the user is locked"})
		}
		in.target = l.Endpoint(in.Endpoint, "endpoint")
		if l.Transaction() != "" {
			l.Problem(source.Problem{Span: l.At(""), Code: "not_in_transaction", Text: "an endpoint that is called inside a transaction would not take part in it",
				Hint: "make the steps that both need a composite action"})
		}
		return action.Gives(in.target.Type)
	},
	Run: func(c *action.Call, in *callInputs) (any, error) {
		args, ok, err := in.Args.Optional(c)
		if err != nil {
			return nil, err
		}
		if !ok {
			args = schema.NewObject()
		}
		user, _, err := in.AsUser.Optional(c)
		if err != nil {
			return nil, err
		}
		v, err := in.target.Invoke(c, args, user)
		return v, in.nameless(err)
	},
})

var tooDeep = action.Outcome{Status: 500, Code: "too_deep", When: "more than 16 endpoints call each other"}

// nameless is a failure of a call without the names of arguments and of fields
// inside them that may be as secret as the values.
func (in *callInputs) nameless(err error) error {
	var f *action.Failure
	t := in.Args.Type()
	if err == nil || t.Highest() == schema.Public || !errors.As(err, &f) || len(f.Errors) == 0 {
		return err
	}
	without := *f
	without.Errors = nil
	if t.Class == schema.Public {
		for _, e := range f.Errors {
			without.Errors = append(without.Errors, masked(e, t))
		}
	}
	return &without
}

// masked is an error that names no field inside an argument that is not public.
func masked(e any, t *schema.Type) any {
	o, ok := e.(*schema.Object)
	if !ok {
		return e
	}
	v, _ := o.Lookup("argument")
	name, _ := v.(string)
	end := strings.IndexAny(name, ".[")
	if end < 0 {
		return e
	}
	if f, ok := t.Field(name[:end]); ok && f.Type.Highest() == schema.Public {
		return e
	}
	values := make([]any, o.Len())
	for i := range values {
		if field, v := o.At(i); field == "argument" {
			values[i] = name[:end] + "." + schema.Masked
		} else {
			values[i] = v
		}
	}
	return o.Shape().New(values)
}

type callInputs struct {
	Endpoint string                  `doc:"The verb and path: GET /films/{id}."`
	Args     action.Expr[action.Map] `doc:"Its arguments, wherever they come from otherwise." optional:"" class:"any"`
	AsUser   action.Expr[string]     `doc:"The user to call as; the present one where it is left out." optional:""`

	target *action.Endpoint
}
