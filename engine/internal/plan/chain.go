package plan

import (
	"errors"
	"time"

	"cloudlet/engine/action"
	"cloudlet/engine/language/document"
	"cloudlet/engine/language/expression"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// chain is a compiled list of steps.
type chain struct {
	steps []step
	point int // as a branch; none where every run goes through it
	// clear are the slots of names that steps which may be skipped bind first: they
	// must not keep the value of a turn before.
	clear []int
}

// step is one action with its modifiers. All names are slots by now.
type step struct {
	run     func(c *action.Call) (any, error)
	at      source.Span // of the action's key
	name    string
	slot    int  // of `as`; -1 without
	number  int  // of its place among the frame's steps once it was compiled
	plain   bool // no modifier but `as`
	if_     *expression.Program
	bounds  *bounds
	limit   func(c *action.Call) (time.Duration, bool, error) // of all tries together; nil: none
	handler *action.Chain
	binding *action.Binding
	action  *action.Action
	visible []tracedInput // what a trace shows
	result  *schema.Type  // of the result, for a trace
	point   int           // for coverage
	skipped int           // the point of its being skipped; none without `if`
}

// run runs the steps in order and returns the last result, or NoResult.
func (ch *chain) run(c *action.Call) (any, error) {
	result := action.NoResult
	count(c, ch.point)
	for _, slot := range ch.clear {
		c.Slots[slot] = nil
	}
	for i := range ch.steps {
		s := &ch.steps[i]
		v, err := s.do(c)
		if err != nil {
			return action.NoResult, s.locate(err)
		}
		if v != action.NoResult {
			c.Slots[action.LastSlot], result = v, v
		} else if s.slot >= 0 {
			v = nil
		}
		if s.slot >= 0 {
			c.Slots[s.slot] = v
		}
	}
	return result, nil
}

func (s *step) do(c *action.Call) (any, error) {
	if c.Trace != nil {
		return s.traced(c)
	}
	return s.perform(c)
}

func (s *step) perform(c *action.Call) (any, error) {
	if s.plain {
		count(c, s.point)
		return s.run(c)
	}
	if s.if_ != nil {
		if yes, err := truth(s.if_, c); !yes || err != nil {
			if err == nil {
				count(c, s.skipped)
			}
			return action.NoResult, err
		}
	}
	count(c, s.point)
	v, err := s.bounded(c)
	if err == nil || s.handler == nil {
		return v, err
	}
	return s.handler.Catch(c, s.locate(err))
}

// truth evaluates a condition; null is a failure.
func truth(p *expression.Program, c *action.Call) (bool, error) {
	v, err := p.Run(&c.Frame)
	if err != nil {
		return false, err
	}
	b, ok := v.(bool)
	if !ok {
		code := "unexpected_type"
		if v == nil {
			code = "null_value"
		}
		return false, &action.Failure{Status: 500, Code: code, Detail: "A condition is neither true nor false.", Reason: "a condition is not a bool"}
	}
	return b, nil
}

// locate gives an error that is no signal the place of the step, unless it has
// one from further in.
func (s *step) locate(err error) error {
	if action.Ends(err) {
		return err
	}
	var f *action.Failure
	if errors.As(err, &f) && f.At.File != nil {
		return f
	}
	located := *action.FailureOf(err)
	located.At, located.Action = s.at, s.name
	return &located
}

// chain compiles the steps of a node in the scope sc and says what they give.
func (b *builder) chain(sc *scope, node *document.Node) (*chain, action.Result) {
	ch := &chain{point: none}
	result := action.Result{}
	if node == nil || node.Kind != document.Sequence {
		if node != nil && !node.IsNull() && !node.Refused() {
			b.problems.Addf(node.Span, "wrong_type", "steps are a list; write each step behind a -")
		}
		return ch, result
	}
	for _, item := range node.Items {
		if item.Refused() {
			continue
		}
		sc.frame.step++
		first := sc.frame.slots
		s, r := b.step(sc, item)
		if s == nil {
			result = follow(result, r)
			sc.last = afterStep(sc.last, r)
			continue
		}
		sc.frame.step++ // what reads ${last} from here on reads this step's result
		s.number = sc.frame.step
		if s.if_ != nil || s.handler != nil {
			ch.clear = append(ch.clear, sc.declaredSince(first)...)
		}
		ch.steps = append(ch.steps, *s)
		if result.Ends {
			continue // what stands after the end never runs
		}
		result = follow(result, r)
		if r.Has != action.Never && r.Type != nil {
			sc.last = afterStep(sc.last, r)
		}
	}
	return ch, result
}

// follow is the result of a chain that gave before, then runs a step that gives r.
func follow(before, r action.Result) action.Result {
	switch {
	case r.Ends:
		return action.Result{Ends: true, Type: before.Type, Has: before.Has}
	case r.Has == action.Always:
		return r
	case r.Has == action.Maybe && before.Has != action.Never:
		return action.Result{Type: schema.Join(before.Type, r.Type), Has: before.Has}
	case r.Has == action.Maybe:
		return r
	}
	return before
}

// afterStep is the type of ${last} behind a step that gives r.
func afterStep(last *schema.Type, r action.Result) *schema.Type {
	if r.Has == action.Maybe {
		return schema.Join(last, r.Type)
	}
	return r.Type
}
