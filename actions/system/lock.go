package system

import (
	"cloudlet/engine/action"
	"cloudlet/engine/language/source"
)

// Lock lets one chain in at a time.
var Lock = action.Define(action.Spec[lockInputs, any]{
	Name: "lock", Summary: "Runs steps while no other chain runs steps under the same key; the others wait for their turn.", Main: "key",
	Gives: "what the steps inside give",
	Doc: "The key is of the whole app: another endpoint that takes it waits too. Who waits has their turn in the order in which they came, " +
		"as long as the step's and the chain's timeout last (504). The lock ends with the steps, however they end. It holds within one server process; " +
		"what several processes must not do at once is kept apart by the database: a unique key, or a transaction. " + keyDoc,
	Example:  "- lock: \"films/${args.id}\"\n  do:\n    - sql.execute: UPDATE films SET year = year + 1 WHERE id = ${args.id}\n",
	Beside:   true,
	Failures: []action.Outcome{action.LockHeld, {Status: 504, Code: "timeout", When: "the others take too long"}},
	Prepare: func(l action.Load, in *lockInputs) action.Result {
		checkKey(l, "key", &in.Key)
		if l.Transaction() != "" {
			l.Problem(source.Problem{Span: l.At(""), Code: "not_in_transaction", Text: "lock inside a transaction would wait while everybody waits for the transaction", Hint: "put the transaction into the lock"})
		}
		return l.Compile(&in.Do, action.Within{})
	},
	Run: func(c *action.Call, in *lockInputs) (any, error) {
		key, err := in.Key.Value(c)
		if err != nil {
			return nil, err
		}
		return c.Locked(string(key), func() (any, error) { return in.Do.Run(c) })
	},
})

type lockInputs struct {
	Key action.Expr[action.Text] `doc:"What is locked: any text." class:"token" leak:"would be the name of a lock"`
	Do  action.Chain             `doc:"The steps that run alone."`
}
