package plan

import (
	"cmp"
	"net/http"
	"slices"

	"cloudlet/engine/action"
	"cloudlet/engine/files"
	"cloudlet/engine/identity"
	"cloudlet/engine/internal/arguments"
	"cloudlet/engine/language/schema"
)

// outcomes are what the steps of a chain may fail with, gathered while it is compiled.
type outcomes struct {
	list      []action.Outcome
	calls     []string // endpoints that are called, as "GET /films": what they fail with, the chain does
	evaluates bool     // some ${…} that is not a constant
}

func (o *outcomes) add(list ...action.Outcome) {
	for _, f := range list {
		if !slices.ContainsFunc(o.list, func(known action.Outcome) bool { return known.Status == f.Status && known.Code == f.Code }) {
			o.list = append(o.list, f)
		}
	}
}

// merge takes over what a composite action may fail with.
func (o *outcomes) merge(from *outcomes) {
	o.add(from.list...)
	o.calls = append(o.calls, from.calls...)
	o.evaluates = o.evaluates || from.evaluates
}

// Failures of the engine itself, besides those that actions declare.
var (
	unexpectedResult = action.Outcome{Status: 500, Code: "unexpected_result", When: "the result is not what was declared"}
	invalidInput     = action.Outcome{Status: 500, Code: "invalid_input", When: "a composite action was given a wrong value"}

	// always are those that any verb may answer with.
	always = []action.Outcome{
		{Status: 400, Code: arguments.InvalidArguments, When: "an argument is missing, unknown or not valid; `errors` says which"},
		{Status: 500, Code: "internal_error", When: "something went wrong that nobody foresaw"},
		{Status: 503, Code: "canceled", When: "the client went away"},
		{Status: 503, Code: "shutting_down", When: "the server is shutting down"},
		{Status: 504, Code: "timeout", When: "the request took too long"},
	}
	withBody = []action.Outcome{
		{Status: 400, Code: arguments.InvalidBody, When: "the body cannot be read"},
		{Status: 408, Code: arguments.BodyTimeout, When: "the body is sent too slowly"},
		{Status: 413, Code: arguments.BodyTooLarge, When: "the body is too large"},
		{Status: 415, Code: arguments.UnsupportedMediaType, When: "the body has a content type that is not taken"},
	}
	withFiles = []action.Outcome{
		{Status: 413, Code: arguments.FileTooLarge, When: "a file is larger than its argument says"},
		{Status: files.ErrFull.Status, Code: files.ErrFull.Code, When: "there is no room for the file"},
		{Status: files.ErrFailed.Status, Code: files.ErrFailed.Code, When: "the file cannot be written"},
	}
	withTicket = []action.Outcome{
		{Status: 401, Code: identity.ErrNoTicket.Code, When: "there is no ticket"},
		{Status: 401, Code: identity.ErrExpired.Code, When: "the ticket has expired"},
		{Status: 401, Code: identity.ErrInvalidTicket.Code, When: "the ticket is not valid, or was ended"},
	}
	// withUser are those of reading who asks.
	withUser = []action.Outcome{
		{Status: 503, Code: "database_busy", When: "the users cannot be read in time"},
		{Status: 500, Code: "database_failed", When: "the users cannot be read"},
	}
	withRoles = action.Outcome{Status: 403, Code: "forbidden", When: "the user has none of the roles"}
	withAllow = action.Outcome{Status: 403, Code: "not_allowed", When: "the verb's condition does not hold for the caller"}
	// withExpressions are those of ${…} that is not a constant.
	withExpressions = []action.Outcome{
		{Status: 500, Code: "null_value", When: "a value is null where one is needed"},
		{Status: 500, Code: "arithmetic", When: "a calculation has no result"},
		{Status: 500, Code: "expression_too_expensive", When: "a calculation is too large"},
		{Status: 500, Code: "invalid_operand", When: "a value has an unexpected type"},
		{Status: 500, Code: "index_out_of_range", When: "a list has fewer items"},
		{Status: 500, Code: "unexpected_type", When: "a value has an unexpected type"},
	}
)

// Failures are all problems that the verb can answer with, of those it calls too, by
// status and code. One of status 0 stands for those that are known only when it runs.
func (v *Verb) Failures() []action.Outcome {
	var all outcomes
	seen := map[*Verb]bool{}
	var visit func(v *Verb)
	visit = func(v *Verb) {
		if v == nil || seen[v] {
			return
		}
		seen[v] = true
		v.checks(&all)
		all.merge(v.fails)
		for _, name := range v.fails.calls {
			visit(v.plan.verbs[name])
		}
	}
	visit(v)
	if all.evaluates {
		all.add(withExpressions...)
	}
	slices.SortFunc(all.list, func(a, b action.Outcome) int {
		return cmp.Or(cmp.Compare(a.Status, b.Status), cmp.Compare(a.Code, b.Code))
	})
	return all.list
}

// checks adds what a verb itself answers with, before its chain runs and after.
func (v *Verb) checks(all *outcomes) {
	all.add(always...)
	if v.TakesBody() {
		all.add(withBody...)
	}
	if v.set.TakesFiles() {
		all.add(withFiles...)
	}
	if !v.Public() {
		all.add(withTicket...)
	}
	if !v.Public() && !v.Auth.User {
		all.add(withRoles)
	}
	if !v.Public() || v.readsUser {
		all.add(withUser...)
	}
	if len(v.allow) > 0 {
		all.add(withAllow)
	}
	if v.returns != nil {
		all.add(unexpectedResult)
	}
	if v.limit != nil {
		all.add(rateLimited)
	}
	if v.idempotency > 0 {
		all.add(withIdempotency...)
	}
	if v.Streams() {
		all.add(withStream...)
	}
}

// Responses are the successes that the verb can answer with, by status: the chain's
// own result, and what its steps respond with themselves. One of status 0 is known
// only when it runs.
func (v *Verb) Responses() []action.Response { return v.responses }

// gather collects the successes of a verb whose chains are compiled. late is what
// its `after` and `on_error` put in place of the result.
func (v *Verb) gather(f *frame, late *schema.Type) {
	r := v.final
	if late != nil {
		r = action.Either(r, action.Gives(late))
	}
	if v.returns != nil {
		r = action.Gives(v.returns.WithClass(v.highest))
	}
	switch {
	case v.Streams():
		v.respond(action.Response{Status: http.StatusOK, Type: streamType, Content: StreamContent})
		if t := f.returns; t != nil {
			v.respond(withStatus(action.Gives(t), http.StatusOK))
		}
	case !r.Ends:
		v.results(f, r)
	}
	for _, a := range f.answers {
		v.respond(a)
	}
	if v.cache > 0 {
		for i := range v.responses {
			if r := &v.responses[i]; r.Status/100 == 2 {
				r.Headers = append(slices.Clip(r.Headers), keptHeaders...)
			}
		}
		v.respond(action.Response{Status: http.StatusNotModified, Headers: keptHeaders})
	}
	slices.SortStableFunc(v.responses, func(a, b action.Response) int { return cmp.Compare(a.Status, b.Status) })
}

// results are the answers that the chain's own result makes, at each status that
// it may have.
func (v *Verb) results(f *frame, r action.Result) {
	for _, status := range f.statuses {
		v.respond(withStatus(r, status))
	}
	switch {
	case f.statusSure:
	case v.status != 0:
		v.respond(withStatus(r, v.status))
	default:
		if r.Has != action.Never {
			v.respond(withStatus(r, http.StatusOK))
		}
		if r.Has != action.Always {
			v.respond(action.Response{Status: http.StatusNoContent})
		}
	}
}

// withStatus is the answer of a result at a status.
func withStatus(r action.Result, status int) action.Response {
	if r.Has == action.Never || status == http.StatusNoContent || status == http.StatusNotModified {
		return action.Response{Status: status}
	}
	t := r.Type
	if t == nil {
		t = schema.AnyType
	}
	return action.Response{Status: status, Type: t, Content: "application/json"}
}

// respond notes an answer; of two with the same status and content it is one that
// may be either.
func (v *Verb) respond(r action.Response) {
	for i := range v.responses {
		known := &v.responses[i]
		if known.Status != r.Status || known.Content != r.Content {
			continue
		}
		known.Type = schema.Join(known.Type, r.Type)
		for _, h := range r.Headers {
			if !slices.Contains(known.Headers, h) {
				known.Headers = append(slices.Clip(known.Headers), h)
			}
		}
		return
	}
	v.responses = append(v.responses, r)
}
