package plan

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"cloudlet/engine/action"
	"cloudlet/engine/internal/arguments"
	"cloudlet/engine/language/document"
	"cloudlet/engine/language/expression"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// Endpoint is one file's verbs at one path.
type Endpoint struct {
	Path        string
	File        *source.File
	Description string
	Names       []string // of the path's arguments
	Verbs       []*Verb
	allow       string // the Allow header
	cors        *document.CORS
	others      *cors // what pages of other origins may; nil: nothing
	head        bool  // it takes HEAD
	lookup      map[string]*Verb
	mask        mask // for a method that it does not take
}

// Verb is one compiled verb: what a request runs.
type Verb struct {
	Method, Path string
	At           source.Span
	Summary      string
	Description  string
	Tags         []string
	Deprecated   bool
	Auth         *document.Auth // nil or Public: everybody
	Arguments    []schema.Field
	Result       action.Result
	Writes       bool // some statement of it writes
	Timeout      time.Duration
	BodyLimit    int64

	status   int
	topic    *expression.Program // of a stream; nil: the verb runs actions
	point    int                 // of the stream
	name     string              // "GET /films"
	returns  *schema.Type
	set      *arguments.Set
	allow    []*expression.Program
	limit    *rateLimit
	cache    time.Duration // how long answers are kept; 0: not at all
	personal atomic.Bool   // answers depend on who asks
	unkept   []unkept
	// idempotency is how long the answer to a request with a key is kept; 0: keys mean nothing.
	idempotency time.Duration
	before      *chain
	actions     *chain
	after       []*chain // of each module, the nearest first
	onError     *chain
	slots       int
	readsUser   bool
	readsClient bool
	request     bool
	responds    bool         // some step may give the whole answer itself
	replaced    bool         // after or on_error may put something in place of the result
	highest     schema.Class // of whatever may be the answer, but for what respond gives
	noStore     bool
	once        bool     // some step can be done only once
	raw         bool     // a step reads the body itself
	calls       []string // endpoints that it calls, as "GET /films"
	logins      []source.Span
	secrets     []string // arguments that the log and ${request.url} must not show
	mask        mask

	plan      *Plan
	fails     *outcomes // of its own chains
	responses []action.Response
	final     action.Result // the chain's own, unless after always replaces it
}

// Public reports whether the verb asks for no ticket.
func (v *Verb) Public() bool { return v.Auth == nil || v.Auth.Public }

// endpoint compiles the endpoint at a place of the app, once. One that calls
// itself finds itself with the verbs that are compiled so far.
func (b *builder) endpoint(i int) *Endpoint {
	if e := b.endpoints[i]; e != nil {
		return e
	}
	src := &b.app.Endpoints[i]
	d := src.Document
	e := &Endpoint{Path: src.Path, File: d.File, Description: d.Description, Names: src.PathNames, lookup: map[string]*Verb{}}
	b.endpoints[i] = e
	b.checkSettings(d.Settings)
	for _, verb := range d.Verbs {
		v := b.verb(src, verb)
		e.Verbs = append(e.Verbs, v)
		e.lookup[v.Method] = v
	}
	e.cors = b.settings(src.Folder, d.Settings).cors
	e.mask = newMask(e.Path, e.Names, e.Verbs...)
	return e
}

// answers is the type of what a call of the verb gives.
func (v *Verb) answers() *schema.Type {
	t := v.Result.Type
	switch {
	case v.responds: // past returns too
		return unknownAnswer
	case v.returns != nil:
		return v.returns.WithClass(v.highest)
	case v.replaced:
		return unknownAnswer
	case t == nil && v.Result.Has == action.Never && !v.Result.Ends:
		return schema.NullType
	case t == nil:
		return unknownAnswer
	case v.Result.Has != action.Always:
		return t.OrNull()
	}
	return t
}

// unknownAnswer is the type of an answer of which nothing is known.
var unknownAnswer = schema.AnyType.WithClass(schema.Token)

func (b *builder) verb(src *Source, d *document.Verb) *Verb {
	s := b.settings(src.Folder, src.Document.Settings)
	b.checkSettings(d.Settings)
	s.override(d.Settings)
	v := &Verb{Method: d.Method, Path: src.Path, At: d.Key, Summary: d.Summary, Description: d.Description,
		Tags: s.tags, Deprecated: d.Deprecated, Auth: s.auth, Timeout: s.timeout, BodyLimit: s.bodyLimit,
		name: d.Method + " " + src.Path, status: d.Status, returns: d.Returns}
	b.arguments(src, d, v)
	v.mask = newMask(v.Path, src.PathNames, v)
	v.set = arguments.Compile(v.Arguments, v.Method, d.IgnoreUnknown)
	f := newFrame()
	user := userType
	if v.Public() {
		user = userType.OrNull()
	}
	sc := newScope(f, &ambient{args: argumentsType(v.Arguments), sent: true, user: user, globals: b.globals, folder: src.Folder, database: s.database,
		unsure: b.app.Unread.module(src.Folder)})
	for _, n := range s.allow {
		if p := b.typed(sc, n, schema.BoolType, input{name: "allow", anyClass: true}); p != nil {
			v.allow = append(v.allow, p)
		}
	}
	v.limit = b.rateLimit(sc, s.rateLimit)
	if d.Idempotency != nil && v.Method != http.MethodGet {
		v.idempotency = d.Idempotency.Value
		sc.transaction = "main"
		sc.ambient.around = surroundings{transaction: "main", at: d.Idempotency.Span, because: "with this the whole chain is one transaction of the main database"}
	}
	f.unkept, f.readsClient = nil, false // what holds before the answer is looked for may read what it likes
	late := b.chains(sc, v, d, s)
	b.checkResult(src, v, d, late)
	v.slots, v.readsUser, v.request, v.Writes = f.slots, f.readsUser, f.readsRequest, f.writes
	v.once, v.calls = f.once, f.calls
	if v.raw = f.rawBody; v.raw {
		b.rawBody(src, d, v)
	}
	v.responds, v.highest = f.responds, max(v.Result.Type.Highest(), f.returns.Highest())
	v.noStore = !v.Public() || v.highest >= schema.Token
	v.fails = sc.fails
	v.unkept, v.readsClient = f.unkept, f.readsClient
	b.cache(v, s.cache, d)
	v.gather(f, late)
	v.logins = f.told.logins
	b.judge(v, f)
	return v
}

// chains compiles before, actions, after and on_error in one frame, so that what
// before binds is visible in all that follows. late is the type of what after and
// on_error may put in place of the result, nil where they do not.
func (b *builder) chains(sc *scope, v *Verb, d *document.Verb, s settings) (late *schema.Type) {
	v.before = &chain{point: none}
	for _, n := range s.before {
		part, _ := b.chain(sc, n)
		v.before.steps = append(v.before.steps, part.steps...)
	}
	sc.last = schema.NullType
	var r action.Result
	if v.actions, r = b.chain(sc, d.Actions); d.Events != nil {
		b.compileTopic(sc, v, d.Events)
		r, s.after = v.Result, nil // after sees a result, and a stream has none
	}
	r = sc.frame.whole(r)
	v.Result = r
	v.replaced = len(s.after) > 0 || s.onError != nil
	if len(s.after) == 0 && v.returns == nil {
		markDirect(v.actions, sc.frame)
	}
	main := sc.frame.returns
	sc.frame.returns = nil
	if v.final = r; b.replacements(sc, v, r, s) {
		v.final = action.Result{Ends: true}
	}
	switch late = sc.frame.returns; {
	case late == nil:
		sc.frame.returns = main
	case main != nil:
		sc.frame.returns = schema.Join(main, late)
	}
	return late
}

// replacements compiles after and on_error, which may put something in place of
// the result r. It reports whether after always does.
func (b *builder) replacements(sc *scope, v *Verb, r action.Result, s settings) (always bool) {
	for _, n := range s.after {
		if sc.last = r.Type; r.Type == nil {
			sc.last = schema.NullType
		}
		part, ends := b.chain(sc, n)
		v.after = append(v.after, part)
		always = always || ends.Ends
	}
	if s.onError != nil {
		in := sc.inner()
		in.handler = true
		v.onError, _ = b.chain(in, s.onError)
		v.onError.point = b.point(s.onError.Span, Branch, "on_error")
	}
	return always
}

// arguments gathers a verb's arguments: those of the path, the file and the verb.
func (b *builder) arguments(src *Source, d *document.Verb, v *Verb) {
	declared := slices.Concat(src.Document.Arguments, d.Arguments)
	for i, a := range declared {
		if j := slices.IndexFunc(declared[:i], func(o document.Argument) bool { return o.Name == a.Name }); j >= 0 {
			b.problems.Add(source.Problem{Span: a.Span, Code: "duplicate_argument",
				Text: fmt.Sprintf("the argument %q is declared for the whole file already", a.Name), Related: []source.Related{{Span: declared[j].Span, Text: "here"}}})
			continue
		}
		f := a.Field
		if slices.Contains(src.PathNames, f.Name) {
			if f.In != schema.Anywhere && f.In != schema.InPath {
				b.problems.Addf(a.Span, "wrong_place", "%q is part of the path and cannot come from the %s", f.Name, f.In)
			}
			f.In = schema.InPath
		} else if f.In == schema.InPath {
			b.problems.Add(source.Problem{Span: a.Span, Code: "wrong_place", Text: fmt.Sprintf("the path %s has no {%s}", src.Path, f.Name),
				Hint: source.DidYouMean(f.Name, src.PathNames)})
		}
		if f.Type.HoldsFile() && (f.In == schema.InPath || f.In == schema.Anywhere && (v.Method == "GET" || v.Method == "DELETE")) {
			b.problems.Add(source.Problem{Span: a.Span, Code: "wrong_place", Text: fmt.Sprintf("the file %q comes in a body, and %s has none", f.Name, strings.ToLower(v.Method)), Hint: "use post or put"})
		}
		if class := f.Type.Highest(); class > schema.Public {
			v.secrets = append(v.secrets, f.Name)
			if class == schema.Secret && f.In == schema.Anywhere && (v.Method == "GET" || v.Method == "DELETE") {
				b.problems.Add(source.Problem{Span: a.Span, Code: "secret_in_query", Warning: true,
					Text: fmt.Sprintf("the secret %q comes in the query, which proxies and browsers keep", f.Name), Hint: "use post, or say `in: query` to keep it"})
			}
		}
		v.Arguments = append(v.Arguments, f)
	}
	for _, name := range src.PathNames {
		if !slices.ContainsFunc(v.Arguments, func(f schema.Field) bool { return f.Name == name }) {
			v.Arguments = append(v.Arguments, schema.Field{Name: name, Type: schema.StringType, In: schema.InPath})
			b.meantForPath(src, declared, name)
		}
	}
}

// markDirect lets the statement whose result is the chain's write its rows
// straight into the answer, where nobody else reads them.
func markDirect(ch *chain, f *frame) {
	for i := len(ch.steps) - 1; i >= 0; i-- {
		s := &ch.steps[i]
		if s.action == nil || s.handler != nil {
			return
		}
		if s.action.HasResult || s.action.Result != nil || controls(s.action) || s.action.Ends {
			if s.slot >= 0 || f.lastRead >= s.number {
				return
			}
			if d, ok := s.binding.In.(interface{ WriteDirect() }); ok {
				d.WriteDirect()
			}
			for j := range s.action.Inputs {
				if in := &s.action.Inputs[j]; in.Form == action.Statement {
					in.Field(s.binding.In).(*action.SQL).WriteDirect()
				}
			}
			return
		}
	}
}
