package plan

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"cloudlet/engine/action"
	"cloudlet/engine/identity"
	"cloudlet/engine/internal/arguments"
	"cloudlet/engine/language/schema"
)

// exchange is everything that one request needs, made in one piece: the call
// with its context, and room for the slots and arguments of an ordinary chain.
type exchange struct {
	action.Exchange
	call    action.Call
	context action.Context
	slots   [8]any
	values  [4]any

	topic   streamOf // what is to be streamed, once streams is true
	streams bool
}

// begin readies an exchange to run v.
func (x *exchange) begin(v *Verb, parent context.Context) {
	x.Began = time.Now()
	x.context.Init(parent, x.Began.Add(v.Timeout))
	x.call.Exchange, x.call.Context, x.call.Done = &x.Exchange, &x.context, &x.context
	x.call.Now = x.Services.Clock
	x.call.Slots = x.slots[:0]
	if v.slots <= len(x.slots) {
		x.call.Slots = x.slots[:v.slots]
	} else {
		x.call.Slots = make([]any, v.slots)
	}
}

// room is where the arguments of v are decoded to.
func (x *exchange) room(v *Verb) []any {
	if n := v.set.Shape().Len(); n <= len(x.values) {
		return x.values[:n]
	}
	return make([]any, v.set.Shape().Len())
}

// admit checks who asks: 401 without a valid ticket, 403 without the role. On a
// public verb a broken ticket counts as none, and one that nothing asks for is
// not looked at.
func (v *Verb) admit(x *action.Exchange, token string) *action.Failure {
	if v.Public() {
		return nil
	}
	caller, err := x.Services.Identity.Verify(x.Request.Context(), token)
	if err != nil {
		return unauthorized(err)
	}
	x.SetCaller(caller)
	return v.permit(caller)
}

// permit checks a caller's roles.
func (v *Verb) permit(caller *identity.Caller) *action.Failure {
	if v.Public() {
		return nil
	}
	if caller == nil {
		return unauthorized(identity.ErrNoTicket)
	}
	if !v.Auth.User && !caller.HasRole(v.Auth.Roles...) {
		return action.Fail(http.StatusForbidden, "forbidden", "Your roles do not permit this.")
	}
	return nil
}

func unauthorized(err error) *action.Failure {
	f := action.FailureOf(err)
	if f.Status != http.StatusUnauthorized {
		return f
	}
	challenge := "Bearer"
	if !errors.Is(err, identity.ErrNoTicket) {
		challenge = `Bearer error="invalid_token"`
	}
	f.Header = map[string]string{"WWW-Authenticate": challenge}
	return f
}

// execute runs a verb whose arguments are decoded: its conditions, then its chains.
func (v *Verb) execute(c *action.Call, args *schema.Object) (any, error) {
	err := v.ready(c, args)
	if err == nil {
		err = v.allowed(c)
	}
	if err != nil {
		return nil, err
	}
	return v.perform(c)
}

// ready fills the slots that every chain of the verb finds filled.
func (v *Verb) ready(c *action.Call, args *schema.Object) (err error) {
	c.Slots[action.ArgsSlot] = args
	if v.readsUser {
		if c.Slots[action.UserSlot], err = c.UserValue(); err != nil {
			return err
		}
	}
	if v.request {
		c.Slots[action.RequestSlot] = v.requestObject(c)
	}
	return nil
}

// allowed holds the request against every `allow` around the verb.
func (v *Verb) allowed(c *action.Call) error {
	for _, p := range v.allow {
		if yes, err := truth(p, c); err != nil {
			return err
		} else if !yes {
			return action.Fail(http.StatusForbidden, "not_allowed", "This is not permitted to you.")
		}
	}
	return nil
}

// perform runs the chains; a panic in them is a failure.
func (v *Verb) perform(c *action.Call) (result any, err error) {
	defer func() {
		if p := recover(); p != nil {
			result, err = nil, action.Panicked(p)
		}
	}()
	if v.idempotency > 0 {
		result, err = c.InTransaction("main", func() (any, error) { return v.chains(c) })
	} else {
		result, err = v.chains(c)
	}
	if err != nil && !action.Ends(err) && v.onError != nil {
		return v.handle(c, err)
	}
	return result, err
}

// chains runs before, actions and after.
func (v *Verb) chains(c *action.Call) (any, error) {
	if len(v.before.steps) > 0 {
		if _, err := v.before.run(c); err == action.Return {
			return c.Result, nil
		} else if err != nil {
			return nil, err
		}
		c.Slots[action.LastSlot] = nil
	}
	if v.topic != nil {
		return v.stream(c)
	}
	result, err := v.actions.run(c)
	if err == action.Return {
		result, err = c.Result, nil
	}
	if err != nil {
		return result, err
	}
	for _, after := range v.after { // each sees the result, whatever the one before it did
		c.Slots[action.LastSlot] = nil
		if result != action.NoResult {
			c.Slots[action.LastSlot] = result
		}
		if _, err := after.run(c); err == action.Return {
			return c.Result, nil
		} else if err != nil {
			return nil, err
		}
	}
	return result, nil
}

// handle runs the module's on_error. Only `return`, `respond` or another failure
// changes the answer: a handler that just logs must not turn a failure into a success.
func (v *Verb) handle(c *action.Call, err error) (any, error) {
	f := action.FailureOf(err)
	if c.Context.Err() != nil {
		return nil, f
	}
	c.Slots[action.LastSlot], c.Slots[action.ErrorSlot] = nil, f.Object()
	_, e := v.onError.run(c)
	switch {
	case e == nil:
		return nil, f
	case e == action.Return:
		return c.Result, nil
	}
	return nil, e
}

// finish turns what a chain ended with into the answer's body. The failure, where
// there is one, is the whole answer.
func (v *Verb) finish(c *action.Call, result any, err error) (status int, body any, has bool, f *action.Failure) {
	if err == action.Respond {
		a := &c.Answer
		return max(a.Status, 200), a.Body, a.HasBody, nil
	}
	if err != nil {
		return 0, nil, false, v.failed(c, err)
	}
	has = result != action.NoResult
	if v.returns != nil {
		if !has {
			result = nil
		}
		if result, f = v.declared(result); f != nil {
			return 0, nil, false, f
		}
		has = true
	}
	status = v.status
	if c.Answer.Status != 0 {
		status = c.Answer.Status
	}
	if status == 0 {
		if status = 200; !has {
			status = 204
		}
	}
	return status, result, has && status != 204 && status != 304, nil
}

// failed is a chain's failure; past the whole chain's time it is always a timeout.
func (v *Verb) failed(c *action.Call, err error) *action.Failure {
	f := action.FailureOf(err)
	if errors.Is(c.Context.Err(), context.DeadlineExceeded) && (f.Status == 504 || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)) {
		late := *f
		late.Status, late.Code, late.Detail = 504, "timeout", "The request took too long."
		return &late
	}
	return f
}

// declared holds a result against `returns`: fields that it does not name are
// left out, a value that does not fit is a failure.
func (v *Verb) declared(result any) (any, *action.Failure) {
	result = project(result, v.returns)
	var faults []schema.Fault
	result = v.returns.Check(result, "", &faults)
	if len(faults) > 0 {
		return nil, &action.Failure{Status: 500, Code: "unexpected_result", Detail: "The result is not what was declared.",
			Reason: fmt.Sprintf("the result does not fit returns: %s %s", faults[0].Path, faults[0].Message), At: v.At}
	}
	return result, nil
}

// project leaves out the fields that a type does not name.
func project(v any, t *schema.Type) any {
	switch value := v.(type) {
	case []any:
		if t.Kind != schema.List || t.Elem == nil {
			return v
		}
		out := make([]any, len(value))
		for i, item := range value {
			out[i] = project(item, t.Elem)
		}
		return out
	case *schema.Object:
		if t.Kind != schema.ObjectK || t.Open || len(t.Fields) == 0 {
			return v
		}
		var names []string
		var values []any
		for _, f := range t.Fields {
			if field, ok := value.Lookup(f.Name); ok {
				names, values = append(names, f.Name), append(values, project(field, f.Type))
			}
		}
		return schema.NewShape(slices.Clip(names)...).New(values)
	}
	return v
}

// deepestCall bounds how far endpoints may call each other.
const deepestCall = 16

// invoke runs the verb for another endpoint's chain, its checks included.
func (v *Verb) invoke(c *action.Call, args *schema.Object, user string) (any, error) {
	if c.Depth >= deepestCall {
		return nil, &action.Failure{Status: 500, Code: "too_deep", Detail: "Endpoints call each other without an end.", Reason: "more than 16 endpoints inside each other"}
	}
	x := &exchange{}
	x.Services, x.Request, x.Address, x.Log, x.Cover, x.Depth = c.Services, c.Request, c.Address, c.Log, c.Cover, c.Depth+1
	x.AdoptTrace(c.Exchange)
	x.Share(c.Exchange)
	caller, err := c.Who()
	if user != "" {
		caller, err = c.Services.Identity.Caller(c.Context, user)
	}
	if err != nil {
		return nil, err
	}
	x.SetCaller(caller)
	x.begin(v, c.Context)
	defer x.context.Close()
	if f := v.permit(x.Caller()); f != nil {
		return nil, f
	}
	values := x.room(v)
	if f := v.set.FromObject(args, values); f != nil {
		return nil, argumentsFailure(f)
	}
	result, err := v.execute(&x.call, v.set.Shape().New(values))
	_, body, has, f := v.finish(&x.call, result, err)
	switch {
	case f != nil:
		return nil, f
	case !has:
		return nil, nil
	}
	return body, nil
}

func argumentsFailure(f *arguments.Failure) *action.Failure {
	if f.Cause != nil {
		return action.FailureOf(f.Cause)
	}
	out := action.Fail(f.Status, f.Code, f.Detail)
	for _, e := range f.Errors {
		if e.In == "" { // a job's: nothing says where it was
			out.Errors = append(out.Errors, placelessShape.New([]any{e.Argument, e.Message}))
			continue
		}
		out.Errors = append(out.Errors, errorShape.New([]any{e.Argument, e.In, e.Message}))
	}
	return out
}

var (
	errorShape     = schema.NewShape("argument", "in", "message")
	placelessShape = schema.NewShape("argument", "message")
)
