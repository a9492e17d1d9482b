package identity

import (
	"slices"

	"cloudlet/engine/action"
)

// reading evaluates the inputs of a step one after the other, until one fails.
type reading struct {
	call *action.Call
	err  error
}

// value is an input that is needed.
func value[T any](r *reading, e *action.Expr[T]) (v T) {
	if r.err == nil {
		v, r.err = e.Value(r.call)
	}
	return v
}

// optional is an input that may be left out, or null; the zero value where it is.
func optional[T any](r *reading, e *action.Expr[T]) T {
	if p := given(r, e); p != nil {
		return *p
	}
	var none T
	return none
}

// given is optional that tells an input that was left out, as nil.
func given[T any](r *reading, e *action.Expr[T]) *T {
	if r.err != nil {
		return nil
	}
	v, ok, err := e.Optional(r.call)
	if r.err = err; err != nil || !ok {
		return nil
	}
	return &v
}

// within is a number that has to be in a range.
func (r *reading) within(e *action.Expr[int], in action.Range) (n int) {
	if r.err == nil {
		n, r.err = in.Value(r.call, e)
	}
	return n
}

// roleNames is a list of roles, each once.
func roleNames(r *reading, e *action.Expr[[]string]) []string {
	names := slices.Clone(optional(r, e))
	slices.Sort(names)
	return slices.Compact(names)
}

// orCaller is the name that an input gives, or else that of who asks.
func orCaller(r *reading, e *action.Expr[string]) string {
	if p := given(r, e); p != nil || r.err != nil {
		return optionalOf(p)
	}
	caller, err := r.call.Who()
	switch {
	case err != nil:
		r.err = err
	case caller == nil:
		r.err = noCaller()
	default:
		return caller.Name
	}
	return ""
}

func optionalOf(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}
