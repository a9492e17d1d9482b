package plan

import (
	"time"

	"cloudlet/engine/action"
	"cloudlet/engine/language/expression"
	"cloudlet/engine/language/schema"
)

// tracedInput is an input that a trace shows.
type tracedInput struct {
	name    string
	program *expression.Program
}

// traced are the parameters of a statement, named as they stand in it.
func (q *query) traced() []tracedInput {
	list := make([]tracedInput, len(q.holes))
	for i, h := range q.holes {
		list[i] = tracedInput{"${" + h.part.Source + "}", q.programs[i]}
	}
	return list
}

// traced performs the step and tells the exchange's Trace about it. Inputs are
// evaluated once more for it: expressions have no effects.
func (s *step) traced(c *action.Call) (any, error) {
	t := action.Traced{At: s.at, Action: s.name, Depth: c.Depth}
	if s.if_ != nil {
		if yes, err := truth(s.if_, c); err == nil && !yes {
			t.Skipped = true
		}
	}
	if !t.Skipped {
		for _, in := range s.visible {
			if v, err := in.program.Run(&c.Frame); err == nil {
				t.Inputs = append(t.Inputs, action.TracedInput{Name: in.name, Value: schema.Redacted(v, in.program.Type)})
			}
		}
	}
	began := time.Now()
	v, err := s.perform(c)
	t.Took = time.Since(began)
	switch {
	case err != nil && !action.Ends(err):
		t.Failure = action.FailureOf(err)
	case err == nil && v != action.NoResult && !t.Skipped:
		t.Result = schema.Redacted(v, s.result)
	}
	c.Trace(t)
	return v, err
}
