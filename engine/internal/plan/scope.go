package plan

import (
	"fmt"
	"slices"
	"sort"

	"cloudlet/engine/action"
	"cloudlet/engine/language/expression"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// frame is what one chain with its inner chains shares while it is compiled:
// how many slots its calls need, and what of the surroundings it reads.
type frame struct {
	slots        int
	readsUser    bool
	readsRequest bool
	writes       bool         // some statement of it writes
	step         int          // counts the steps compiled so far
	lastRead     int          // the step during whose compilation ${last} was read last
	returns      *schema.Type // what `return` steps give; nil without any
	responds     bool         // some step gives the whole answer itself
	answers      []action.Response
	statuses     []int    // that steps set
	once         bool     // some step of it can be done only once
	calls        []string // endpoints that it calls, as "GET /films"
	told         told     // what only the whole verb can judge
	rawBody      bool     // some step reads the body itself
	unkept       []unkept // what keeps answers from being kept
	readsClient  bool     // request.headers or request.cookies, which may say who asks
	statusSure   bool     // one of those steps always runs, and nothing returns before it
}

// whole is the result of the frame's chain with what its `return` steps give.
func (f *frame) whole(r action.Result) action.Result {
	switch {
	case f.returns == nil:
		return r
	case r.Ends:
		return action.Gives(f.returns)
	}
	return action.Either(r, action.Gives(f.returns))
}

// adopt takes over what a composite action does to the request that calls it.
func (f *frame) adopt(inner *frame) {
	f.writes = f.writes || inner.writes
	f.responds = f.responds || inner.responds
	f.readsUser = f.readsUser || inner.readsUser
	f.readsRequest = f.readsRequest || inner.readsRequest
	f.answers = append(f.answers, inner.answers...)
	f.statuses = append(f.statuses, inner.statuses...)
	f.once = f.once || inner.once
	f.rawBody = f.rawBody || inner.rawBody
	f.calls = append(f.calls, inner.calls...)
	f.unkept = append(f.unkept, inner.unkept...)
	f.readsClient = f.readsClient || inner.readsClient
	f.told.adopt(inner.told)
}

func newFrame() *frame { return &frame{slots: action.FirstSlot} }

// variable is a name that the chain binds.
type variable struct {
	t     *schema.Type
	slot  int
	level int // of parallelism where it was bound; from deeper levels it is read-only
}

// scope is what is visible at one place of a chain. Inner chains have scopes of
// their own; what they bind is unknown outside.
type scope struct {
	parent      *scope
	frame       *frame
	ambient     *ambient
	names       map[string]*variable
	last        *schema.Type
	handler     bool            // ${error} is known
	transaction string          // the database of the surrounding transaction
	level       int             // of parallelism
	retried     bool            // a step around is tried again where it fails
	gone        map[string]bool // names that inner chains bound, unknown by now
	fails       *outcomes       // what the steps may fail with
	awaited     *awaited        // what the step around names its result; may be nil
}

// awaited is a result that is not there before the steps inside have run.
type awaited struct{ name, action, local string }

// awaits explains why a name is unknown: a step around gives it to its result.
func (s *scope) awaits(name string) string {
	for at := s; at != nil; at = at.parent {
		if a := at.awaited; a != nil && a.name == name {
			hint := "`as` names the result of " + a.action + ", which is there when it has ended"
			if a.local != "" {
				hint += fmt.Sprintf("; inside it is ${%s}", a.local)
			}
			return hint
		}
	}
	return ""
}

// close ends an inner scope: what it bound is remembered only to explain why it is unknown.
func (s *scope) close() {
	for name := range s.names {
		s.parent.forget(name)
	}
	for name := range s.gone {
		s.parent.forget(name)
	}
}

func (s *scope) forget(name string) {
	if s.gone == nil {
		s.gone = map[string]bool{}
	}
	s.gone[name] = true
}

// wasBound reports whether a name was bound inside steps that are over.
func (s *scope) wasBound(name string) bool {
	for at := s; at != nil; at = at.parent {
		if at.gone[name] {
			return true
		}
	}
	return false
}

// ambient are the names that a chain finds bound when it begins.
type ambient struct {
	args    *schema.Type
	sent    bool // args are a client's
	user    *schema.Type
	globals *globals
	folder  string
	// database is what SQL without `database` runs on.
	database string
	// unsure says that a module above is unread, which may have bound any name.
	unsure bool
	// outside says that there is no chain: of the names above only config is known.
	outside bool
	around  surroundings
}

// surroundings are what surrounds the call of a composite; nothing else of the
// caller's scope reaches into it.
type surroundings struct {
	transaction string // the database of the transaction; "" without one
	parallel    bool
	retried     bool        // a step around is tried again where it fails
	job         bool        // a job is done: there is no request, and nobody to answer
	at          source.Span // of the call
	because     string      // what at is; "": the call
}

// explain adds to a problem that the surroundings make where the call is.
func (s *surroundings) explain(p source.Problem) source.Problem {
	if s.at.File != nil && (s.transaction != "" || s.parallel || s.retried || s.job) {
		text := s.because
		if text == "" {
			text = "called here"
		}
		p.Related = append(p.Related, source.Related{Span: s.at, Text: text})
	}
	return p
}

// parallel reports whether the steps of a scope run beside others.
func (s *scope) parallel() bool { return s.level > 0 || s.ambient.around.parallel }

// globals are the same for the whole app.
type globals struct {
	config, secrets         *schema.Object
	configType, secretsType *schema.Type
}

func newScope(f *frame, a *ambient) *scope {
	return &scope{frame: f, ambient: a, names: map[string]*variable{}, last: schema.NullType, fails: &outcomes{}}
}

// inner is the scope of a chain that a step of s runs.
func (s *scope) inner() *scope {
	return &scope{parent: s, frame: s.frame, ambient: s.ambient, names: map[string]*variable{}, last: s.last,
		handler: s.handler, transaction: s.transaction, level: s.level, retried: s.retried, fails: s.fails}
}

var userType = schema.ObjectOf(
	schema.Field{Name: "name", Type: schema.StringType},
	schema.Field{Name: "roles", Type: schema.ListOf(schema.StringType)},
	schema.Field{Name: "extras", Type: &schema.Type{Kind: schema.ObjectK, Open: true}},
	schema.Field{Name: "impersonator", Type: schema.StringType.OrNull()},
)

var requestType = schema.ObjectOf(
	schema.Field{Name: "method", Type: schema.StringType},
	schema.Field{Name: "path", Type: schema.StringType},
	schema.Field{Name: "url", Type: schema.StringType},
	schema.Field{Name: "ip", Type: schema.StringType},
	schema.Field{Name: "headers", Type: &schema.Type{Kind: schema.ObjectK, Open: true, Fold: true, Class: schema.Token}},
	schema.Field{Name: "cookies", Type: &schema.Type{Kind: schema.ObjectK, Open: true, Class: schema.Token}},
	schema.Field{Name: "id", Type: schema.StringType},
)

// Lookup implements expression.Scope.
func (s *scope) Lookup(name string) (expression.Variable, bool) {
	if s.ambient.outside && name != "config" {
		v := s.find(name)
		if v == nil {
			return expression.Variable{}, false
		}
		return expression.Variable{Type: v.t, Slot: v.slot}, true
	}
	switch name {
	case "last":
		s.frame.lastRead = s.frame.step
		return expression.Variable{Type: s.last, Slot: action.LastSlot}, true
	case "args":
		return expression.Variable{Type: s.ambient.args, Slot: action.ArgsSlot, Sent: s.ambient.sent}, true
	case "user":
		s.frame.readsUser = true
		return expression.Variable{Type: s.ambient.user, Slot: action.UserSlot}, true
	case "request":
		if s.ambient.around.job {
			return expression.Variable{}, false
		}
		s.frame.readsRequest = true
		return expression.Variable{Type: requestType, Slot: action.RequestSlot}, true
	case "error":
		if !s.handler {
			return expression.Variable{}, false
		}
		return expression.Variable{Type: action.ErrorType, Slot: action.ErrorSlot}, true
	case "config":
		g := s.ambient.globals
		return expression.Variable{Type: g.configType, Constant: g.config, IsConstant: true, LiteralOnly: true}, true
	case "secrets":
		g := s.ambient.globals
		return expression.Variable{Type: g.secretsType, Constant: g.secrets, IsConstant: true, LiteralOnly: true}, true
	}
	if v := s.find(name); v != nil {
		return expression.Variable{Type: v.t, Slot: v.slot}, true
	}
	return expression.Variable{Type: schema.AnyType, Slot: action.LastSlot}, s.ambient.unsure
}

func (s *scope) find(name string) *variable {
	for at := s; at != nil; at = at.parent {
		if v, ok := at.names[name]; ok {
			return v
		}
	}
	return nil
}

// Names implements expression.Scope: what could have been meant.
func (s *scope) Names() []string {
	names := []string{"args", "user", "request", "config", "secrets", "last", "null"}
	if s.ambient.outside {
		names = []string{"config", "null"}
	}
	if s.handler {
		names = append(names, "error")
	}
	for at := s; at != nil; at = at.parent {
		for n := range at.names {
			names = append(names, n)
		}
	}
	sort.Strings(names)
	return slices.Compact(names)
}

// declare binds a new name in this very scope.
func (s *scope) declare(name string, t *schema.Type) *variable {
	if t == nil {
		t = schema.AnyType
	}
	if t.Kind == schema.Null {
		t = schema.AnyType.WithClass(t.Highest()) // what is null now may be anything later
	}
	if t.Limits != nil {
		t = schema.Join(t, t) // an argument's limits do not bind what is computed from it
	}
	v := &variable{t: t, slot: s.frame.slots, level: s.level}
	s.frame.slots++
	s.names[name] = v
	return v
}

// declaredSince are the slots, from first on, of the names that this very scope bound.
func (s *scope) declaredSince(first int) []int {
	var slots []int
	for _, v := range s.names {
		if v.slot >= first {
			slots = append(slots, v.slot)
		}
	}
	return slots
}
