package plan

import (
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"cloudlet/engine/action"
	"cloudlet/engine/cache"
	"cloudlet/engine/language/document"
	"cloudlet/engine/language/expression"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// unkept is a place in a chain that keeps its answers from being kept, and why.
type unkept struct {
	at  source.Span
	why string
}

func (f *frame) keepNot(at source.Span, why string) { f.unkept = append(f.unkept, unkept{at, why}) }

// personalFields are those of ${request} that are another with each client, or each request.
var personalFields = []string{"headers", "cookies", "ip", "id"}

// noteReads notes an expression that reads what differs between requests with equal arguments.
func (f *frame) noteReads(p *expression.Program, at source.Span) {
	f.readsClient = f.readsClient || p.Reads(action.RequestSlot, "headers") || p.Reads(action.RequestSlot, "cookies")
	for _, name := range personalFields {
		if p.Reads(action.RequestSlot, name) {
			f.keepNot(at, "request."+name+" differs between requests that would get the same answer")
			return
		}
	}
}

// cache settles whether answers of a verb are kept. A module's word is for get alone, and not for
// streams; that a verb's own cannot be kept is a problem.
func (b *builder) cache(v *Verb, d *document.Lifetime, own *document.Verb) {
	if d == nil || d.Value == 0 || v.Streams() {
		return
	}
	if v.Method != http.MethodGet {
		if own.Cache != nil {
			b.problems.Add(source.Problem{Span: own.Cache.Span, Code: "uncacheable", Text: "answers of " + strings.ToLower(v.Method) + " are not kept: it is asked for its effect", Hint: "cache belongs into get"})
		}
		return
	}
	v.cache = d.Value
	v.personal.Store(!v.Public() || v.readsUser)
	at := v.At
	if own.Cache != nil {
		at = own.Cache.Span
	}
	b.linkCalls = append(b.linkCalls, func(p *Plan) { b.checkCache(p, v, at) })
}

// checkCache reports what keeps the answers of a verb from being kept, in what it calls too.
func (b *builder) checkCache(p *Plan, v *Verb, at source.Span) {
	hint := "`cache: none` keeps none"
	seen := map[*Verb]bool{}
	var visit func(v *Verb) bool
	visit = func(v *Verb) bool {
		if v == nil || seen[v] {
			return false
		}
		seen[v] = true
		if len(v.unkept) > 0 {
			b.problems.Add(source.Problem{Span: at, Code: "uncacheable", Text: "the answers cannot be kept: " + v.unkept[0].why, Hint: hint,
				Related: []source.Related{{Span: v.unkept[0].at, Text: "here"}}})
			return true
		}
		return slices.ContainsFunc(v.calls, func(name string) bool {
			method, path, _ := strings.Cut(name, " ")
			return visit(p.find(method, path))
		})
	}
	if !visit(v) && v.highest >= schema.Token {
		b.problems.Add(source.Problem{Span: at, Code: "uncacheable", Text: "the answers cannot be kept: they hold a token", Hint: hint})
	}
}

// keptHeaders are those that a kept answer has besides its own.
var keptHeaders = []string{"Cache-Control", "ETag"}

// Answers are those that are kept, of all endpoints of a generation.
type Answers = cache.Store[*kept]

// NewAnswers keeps nothing yet.
func NewAnswers() *Answers { return cache.New[*kept]() }

// kept is an answer that is kept, or the failure that those share who waited for it.
type kept struct {
	status  int
	header  []field // Content-Type and ETag among it
	tag     string  // "" without a body
	control bool    // a step has said Cache-Control itself
	body    []byte
	has     bool
	until   time.Time
	said    atomic.Pointer[said]
	failure *action.Failure
}

// field is a header: a list of some is gone through faster than a map.
type field struct {
	name   string
	values []string
}

// said is the Cache-Control of an answer that has so many seconds left.
type said struct {
	left   int64
	values []string
}

// kept answers with what is kept, or computes it. Of those who ask for the same at once
// one computes.
func (h *Handler) kept(w http.ResponseWriter, v *Verb, x *exchange) {
	personal, at := v.personal.Load(), clock(&x.Exchange)
	key, err := v.cacheKey(x, personal)
	if err != nil {
		fail(w, x, action.FailureOf(err))
		return
	}
	if k, ok := h.Answers.Get(key, at); ok {
		k.write(w, v, x, at)
		return
	}
	answered := false
	k, shared, err := h.Answers.Alone(x.call.Context, key, func() (*kept, bool) {
		if k, ok := h.Answers.Get(key, at); ok { // computed since it was looked for
			return k, true
		}
		k, whole := h.compute(w, v, x, personal)
		switch answered = k == nil; {
		case whole && k.failure == nil:
			if k.until = at.Add(v.cache); len(k.body) <= cache.Largest {
				h.Answers.Set(key, k, len(k.body), k.until)
			}
		case answered:
			return nil, false
		}
		return k, whole
	})
	switch {
	case answered:
	case err != nil:
		fail(w, x, v.failed(&x.call, err))
	case shared:
		k.write(w, v, x, at)
	default: // what was computed was for another alone
		if k, _ := h.compute(w, v, x, v.personal.Load()); k != nil {
			k.until = at
			k.write(w, v, x, at)
		}
	}
}

// clock is what time it was when a request was taken, as good as now and without a look
// at the clock; or what tests say.
func clock(x *action.Exchange) time.Time {
	if x.Services.Clock != nil {
		return x.Services.Clock()
	}
	return x.Began
}

// cacheKey is what answers are kept by: the verb, its arguments, the address where it is
// read, and all of the user that the chain can see where it depends on the user.
func (v *Verb) cacheKey(x *exchange, personal bool) (string, error) {
	b := append(x.Out[:0], v.name...)
	b = append(b, 0)
	b = schema.AppendJSON(b, x.call.Slots[action.ArgsSlot])
	if v.request { // a HEAD may see another method than the GET that would get its answer
		b = append(append(append(append(b, 0), x.Request.Method...), ' '), x.Request.URL.RequestURI()...)
	}
	if personal {
		user, err := x.UserValue()
		if err != nil {
			return "", err
		}
		b = schema.AppendJSON(append(b, 0), user)
	}
	if cap(b) > cap(x.Out) {
		x.Out = b
	}
	return string(b), nil
}

// compute runs the chain. What cannot be kept is answered at once, and nil; whole says
// that others may have it too.
func (h *Handler) compute(w http.ResponseWriter, v *Verb, x *exchange, personal bool) (k *kept, whole bool) {
	x.Named()
	result, err := v.perform(&x.call)
	status, body, has, f := v.conclude(x, result, err)
	whole = true
	if x.Named() && !personal {
		// The chain asked for its user in a way that nobody saw at load.
		v.personal.Store(true)
		whole = false
	}
	if f != nil {
		if !whole || x.call.Context.Err() != nil || f.Status == http.StatusServiceUnavailable {
			fail(w, x, f)
			return nil, false
		}
		k := &kept{failure: f}
		for name, values := range x.Answer.Header {
			k.header = append(k.header, field{name, values})
		}
		return k, true
	}
	if !whole || x.Answer.Token || status >= 300 || x.Answer.Header["Set-Cookie"] != nil || x.Answer.Send != nil {
		write(w, &x.Exchange, status, body, has)
		return nil, false
	}
	return newKept(&x.Exchange, status, body, has), true
}

func newKept(x *action.Exchange, status int, body any, has bool) *kept {
	k := &kept{status: status, has: has}
	header := maps.Clone(x.Answer.Header)
	if header == nil {
		header = http.Header{}
	}
	k.control = header["Cache-Control"] != nil
	if has {
		k.body = slices.Clone(encode(x, body))
		if header["Content-Type"] == nil {
			header["Content-Type"] = jsonContent
		}
		shield(header)
		header["Content-Length"] = []string{strconv.Itoa(len(k.body))}
		if header["Etag"] == nil {
			sum := sha256.Sum256(k.body)
			header["Etag"] = []string{`"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`}
		}
		k.tag = header["Etag"][0]
	}
	for name, values := range header {
		k.header = append(k.header, field{name, values})
	}
	return k
}

// write sends a kept answer, or 304 to a client that has it already (RFC 9110, section 13.1.2).
func (k *kept) write(w http.ResponseWriter, v *Verb, x *exchange, now time.Time) {
	header := w.Header()
	for _, f := range k.header {
		if f.name == "Vary" || k.failure != nil {
			header[f.name] = append(header[f.name], f.values...)
			continue
		}
		header[f.name] = f.values
	}
	if k.failure != nil {
		WriteFailure(w, &x.Exchange, k.failure)
		return
	}
	personal := v.personal.Load()
	if !k.control {
		header["Cache-Control"] = k.cacheControl(personal, now)
	}
	if personal {
		header.Add("Vary", "Authorization")
	}
	if k.tag != "" && matches(x.Request.Header["If-None-Match"], k.tag) {
		delete(header, "Content-Length")
		delete(header, "Content-Type")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.WriteHeader(k.status)
	if k.has {
		writeBody(w, k.body)
	}
}

// cacheControl says how long the client may keep the answer: as long as it is kept here.
func (k *kept) cacheControl(personal bool, now time.Time) []string {
	left := max(0, seconds(k.until.Sub(now)))
	if s := k.said.Load(); s != nil && s.left == left {
		return s.values
	}
	who := "public"
	if personal {
		who = "private"
	}
	s := &said{left, []string{who + ", max-age=" + strconv.FormatInt(left, 10)}}
	k.said.Store(s)
	return s.values
}

// matches reports whether a list of entity tags holds one; weak ones count, for the
// question is whether the client may use what it has.
func matches(lists []string, tag string) bool {
	for _, list := range lists {
		for item := range strings.SplitSeq(list, ",") {
			if item = strings.TrimSpace(item); item == "*" || strings.TrimPrefix(item, "W/") == tag {
				return true
			}
		}
	}
	return false
}
