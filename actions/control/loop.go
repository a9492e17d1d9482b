package control

import (
	"fmt"

	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// ForEach runs a chain once for each item of a list.
var ForEach = action.Define(action.Spec[forEachInputs, any]{
	Name: "for_each", Summary: "Runs steps once for each item of a list; the result is the list of each turn's last result.",
	Gives: "a list of what each turn gives",
	Main:  "list", Beside: true,
	Doc: "The item is ${item}, or what `item` names it; its place, from 0, is ${index}. With `parallel`, so many turns run at once; " +
		"what they find bound outside they can only read, and the results keep the order of the items.",
	Example: "- for_each: ${args.titles}\n  item: title\n  do:\n    - sql.execute: INSERT INTO films (title) VALUES (${title})\n",
	Prepare: prepareForEach, Run: runForEach,
})

type forEachInputs struct {
	List     action.Expr[[]any] `doc:"The items." class:"any"`
	Item     action.Name        `doc:"What the item is called." default:"item"`
	Do       action.Chain       `doc:"The steps of one turn."`
	Parallel int                `doc:"How many turns may run at once, at most 64." optional:""`

	item, index action.Local
}

// mostParallel bounds the branches of one step that run at once.
const mostParallel = 64

func prepareForEach(l action.Load, in *forEachInputs) action.Result {
	if in.Parallel < 0 || in.Parallel > mostParallel {
		l.Problem(source.Problem{Span: l.At("parallel"), Code: "out_of_range", Text: fmt.Sprintf("parallel is 1 to %d", mostParallel)})
	}
	if in.Parallel > 0 {
		refuseInTransaction(l, "parallel")
	}
	t := in.List.Type()
	elem := schema.AnyType.WithClass(t.Highest())
	if t.Kind == schema.List && t.Elem != nil {
		elem = t.Elem.WithClass(t.Class)
	}
	in.item = action.Local{Name: string(in.Item), Type: elem}
	in.index = action.Local{Name: "index", Type: schema.IntType.WithClass(t.Class)} // how many turns there are tells about the list
	r := l.Compile(&in.Do, action.Within{Locals: []*action.Local{&in.item, &in.index}, Parallel: in.Parallel > 0})
	turn := r.Type
	switch {
	case turn == nil:
		turn = schema.NullType
	case r.Has != action.Always:
		turn = turn.OrNull()
	}
	return action.Gives(schema.ListOf(turn).WithClass(t.Class))
}

// refuseInTransaction reports what cannot be inside a transaction.
func refuseInTransaction(l action.Load, input string) {
	if l.Transaction() != "" {
		l.Problem(source.Problem{Span: l.At(input), Code: "not_in_transaction",
			Text: "steps inside a transaction run one after the other", Hint: "put what runs in parallel before the transaction"})
	}
}

func runForEach(c *action.Call, in *forEachInputs) (any, error) {
	items, err := in.List.Value(c)
	if err != nil {
		return nil, err
	}
	results := make([]any, len(items))
	turn := func(c *action.Call, i int) error {
		c.Slots[in.item.Slot], c.Slots[in.index.Slot] = items[i], i
		v, err := in.Do.Run(c)
		if v != action.NoResult {
			results[i] = v
		}
		return err
	}
	if in.Parallel > 0 {
		err = atOnce(c, len(items), in.Parallel, turn)
		return results, err
	}
	for i := range items {
		if err := c.Context.Err(); err != nil {
			return nil, err
		}
		if err := turn(c, i); err != nil {
			return nil, err
		}
	}
	return results, nil
}

// While runs a chain as long as a condition holds.
var While = action.Define(action.Spec[whileInputs, any]{
	Name: "while", Summary: "Runs steps as long as a condition holds, within a limit.", Main: "condition", Beside: true,
	Gives:    "what the last turn gives",
	Doc:      "Names that the condition reads are bound before and changed by `set`. The result is that of the last turn.",
	Example:  "- set: {n: 0}\n- while: ${n < 3}\n  do:\n    - set: {n: \"${n + 1}\"}\n",
	Failures: []action.Outcome{{Status: 500, Code: "too_many_turns", When: "the condition still holds after `limit` turns"}},
	Prepare:  prepareWhile, Run: runWhile,
})

type whileInputs struct {
	Condition action.Expr[bool] `doc:"Whether there is another turn." class:"any"`
	Do        action.Chain      `doc:"The steps of one turn."`
	Limit     int               `doc:"How many turns there may be, at most 1000000." default:"1000"`
}

func prepareWhile(l action.Load, in *whileInputs) action.Result {
	if in.Limit < 1 || in.Limit > 1_000_000 {
		l.Problem(source.Problem{Span: l.At("limit"), Code: "out_of_range", Text: "limit is 1 to 1000000"})
	}
	r := l.Compile(&in.Do, action.Within{})
	if v, ok := in.Condition.Constant(); r.Ends && ok && v {
		return r
	}
	if r.Ends {
		return action.Result{}
	}
	if r.Has == action.Always {
		r.Has = action.Maybe
	}
	return r
}

func runWhile(c *action.Call, in *whileInputs) (any, error) {
	result := action.NoResult
	for turns := 0; ; turns++ {
		yes, err := in.Condition.Value(c)
		if err != nil || !yes {
			return result, err
		}
		if turns == in.Limit {
			return nil, &action.Failure{Status: 500, Code: "too_many_turns", Detail: "A loop did not end.",
				Reason: fmt.Sprintf("the condition still holds after %d turns", turns)}
		}
		if err := c.Context.Err(); err != nil {
			return nil, err
		}
		if result, err = in.Do.Run(c); err != nil {
			return nil, err
		}
	}
}
