package plan

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"cloudlet/engine/action"
)

// bounds are a step's timeout and retries.
type bounds struct {
	timeout time.Duration // of each try; 0: the chain's alone
	times   int           // further tries
	delay   time.Duration // before the first of them; doubled before each next
}

// longest is the longest pause between two tries.
const longest = time.Minute

// retried reports whether the step is tried again where it fails.
func (s *step) retried() bool { return s.bounds != nil && s.bounds.times > 0 }

// bounded runs the action within what its own input says of its time.
func (s *step) bounded(c *action.Call) (any, error) {
	if s.limit == nil {
		return s.tries(c)
	}
	limit, given, err := s.limit(c)
	if err != nil || !given {
		if err != nil {
			return nil, err
		}
		return s.tries(c)
	}
	return within(c, limit, s.tries)
}

// tries runs the action once, or again where its failure can pass.
func (s *step) tries(c *action.Call) (any, error) {
	if s.bounds == nil {
		return s.run(c)
	}
	delay := s.bounds.delay
	for try := 0; ; try++ {
		v, err := s.once(c)
		if err == nil || action.Ends(err) || try >= s.bounds.times || !action.FailureOf(err).Passing() || c.Context.Err() != nil {
			return v, err
		}
		// Full jitter on the upper half keeps clients that failed together apart.
		pause := delay/2 + rand.N(delay/2+1)
		if e := action.Sleep(c.Context, pause); e != nil {
			return v, err
		}
		delay = min(2*delay, longest)
	}
}

func (s *step) once(c *action.Call) (any, error) {
	if s.bounds.timeout == 0 {
		return s.run(c)
	}
	return within(c, s.bounds.timeout, s.run)
}

// within runs something for so long; past that it is a failure 504, unless the chain's own
// time is over, too.
func within(c *action.Call, limit time.Duration, run func(c *action.Call) (any, error)) (any, error) {
	whole := c.Context
	own := action.NewContext(whole, time.Now().Add(limit))
	c.Context, c.Done = own, own
	v, err := run(c)
	over := err != nil && !action.Ends(err) && own.Err() != nil && whole.Err() == nil
	own.Close()
	c.Context, c.Done = whole, whole
	if over && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || action.FailureOf(err).Code == "timeout") {
		err = &action.Failure{Status: 504, Code: "timeout", Detail: "A step took too long.", Cause: err,
			Reason: "the step's timeout of " + limit.String() + " passed"}
	}
	return v, err
}
