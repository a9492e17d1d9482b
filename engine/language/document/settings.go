package document

import (
	"fmt"
	"time"

	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// Text is a text and where it stands.
type Text struct {
	Value string
	Span  source.Span
}

// Duration is a span of time, over 0, and where it stands.
type Duration struct {
	Value time.Duration
	Span  source.Span
}

// Size is a number of bytes, 0 or more, and where it stands.
type Size struct {
	Value int64
	Span  source.Span
}

// Auth says who may call: everybody, every user, or the users with one of the roles.
type Auth struct {
	Public    bool
	User      bool
	Roles     []string
	RoleSpans []source.Span // one for each role
	Span      source.Span
}

// Settings are the keys that modules and files share; verbs have those up to
// Cache. What an author left out is nil.
type Settings struct {
	Auth      *Auth
	Allow     *Node // a scalar: an expression, or true or false
	Tags      []string
	Timeout   *Duration
	BodyLimit *Size
	RateLimit *Rate
	Cache     *Lifetime
	CORS      *CORS // not of a verb
	Database  *Text

	// Before, After and OnError are lists of steps, left as nodes: which key of a
	// step is its action only the catalogue knows.
	Before, After, OnError *Node
}

// shared are the keys of Settings that a verb has too.
func (r reader) shared(s *Settings) []key {
	return []key{
		{"auth", "Who may call: public is everybody, user every user, a list the users with one of its roles.", Shape{Kind: AuthShape},
			func(_, n *Node) { s.Auth = r.auth(n) }},
		{"allow", "A condition over args, user and request; where it is false the answer is 403.", Shape{Kind: ExpressionShape}, func(_, n *Node) {
			if n.Kind != Scalar || n.IsNull() {
				r.expected(n, "an expression")
				return
			}
			s.Allow = n
		}},
		{"tags", "Under which the documentation lists it.", names, func(_, n *Node) { s.Tags, _, _ = r.words(n, "a list of tags") }},
		{"timeout", "How long the chain may take, 30s where nothing is said; past it the answer is 504.", Shape{Kind: DurationShape},
			func(_, n *Node) { s.Timeout = r.duration(n) }},
		{"body_limit", "How large a body may be without its files, which have a max_size of their own; it is held in memory. 1MiB where nothing is said; past it the answer is 413.", Shape{Kind: SizeShape},
			func(_, n *Node) { s.BodyLimit = r.bodyLimit(n) }},
		{"rate_limit", "How many requests may come: 10/minute, or {limit, per, by}; past it the answer is 429. Each user has a count of their own, each address where nobody is logged in, and each verb.",
			r.rateShape(), func(_, n *Node) { s.RateLimit = r.rate(n) }},
		{"cache", "How long answers of get are kept, per arguments, and per user wherever they may depend on who asks; none where nothing is said.", lifetimeShape,
			func(_, n *Node) { s.Cache = r.lifetime(n) }},
	}
}

// settings are the keys of a module, which its files have too.
func (r reader) settings(s *Settings) []key {
	return append(r.shared(s),
		key{"database", "The database that SQL runs on where the step names none; main where nothing is said.", text, func(_, n *Node) {
			if t, ok := r.text(n); ok {
				s.Database = &t
			}
		}},
		key{"cors", "Which other origins' pages may use what is here; left out, none.", Shape{Kind: MappingShape, Keys: func() []Key { return exported(r.corsKeys(&CORS{})) }},
			func(_, n *Node) { s.CORS = r.cors(n) }},
		key{"before", "Steps that run ahead of every chain; what they bind is known in it.", steps, r.steps(&s.Before)},
		key{"after", "Steps that run behind every chain, with its result as ${last}.", steps, r.steps(&s.After)},
		key{"on_error", "Steps that run where a chain fails, with ${error}.", steps, r.steps(&s.OnError)},
	)
}

func (r reader) auth(n *Node) *Auth {
	const what = "public, user or a list of roles"
	a := &Auth{Span: n.Span}
	if n.Kind == Sequence {
		var ok bool
		a.Roles, a.RoleSpans, ok = r.words(n, what)
		if !ok {
			return nil
		}
		if len(a.Roles) == 0 {
			r.problems.Add(source.Problem{Span: n.Span, Code: CodeInvalidValue, Text: "expected at least one role", Hint: "user lets every user in"})
			return nil
		}
		for i, role := range a.Roles {
			if role == "user" || role == "public" {
				r.problems.Add(source.Problem{Span: a.RoleSpans[i], Code: CodeInvalidValue, Warning: true,
					Text: fmt.Sprintf("%q is the name of a role here", role), Hint: fmt.Sprintf("without brackets, as in auth: %s, it lets %s in", role, map[string]string{"user": "every user", "public": "everybody"}[role])})
			}
		}
		return a
	}
	switch {
	case n.Kind == Mapping || n.IsNull():
		r.expected(n, what)
		return nil
	case n.Value == "public":
		a.Public = true
	case n.Value == "user":
		a.User = true
	default:
		hint := source.DidYouMean(n.Value, []string{"public", "user"})
		switch n.Value {
		case "true", "required", "yes", "jwt", "bearer", "login", "authenticated", "private":
			hint = "user is whoever is logged in"
		case "false", "none", "no", "anonymous", "anyone", "optional":
			hint = "public is everybody"
		}
		if hint == "" {
			hint = fmt.Sprintf("a role is written [%s]", shorten(n.Value))
		}
		r.problems.Add(source.Problem{Span: n.Span, Code: CodeInvalidValue, Text: fmt.Sprintf("expected %s, found %q", what, shorten(n.Value)), Hint: hint})
		return nil
	}
	return a
}

func (r reader) duration(n *Node) *Duration {
	t, ok := r.text(n)
	if !ok {
		return nil
	}
	d, err := schema.ParseDuration(t.Value)
	if err != nil {
		r.problems.Addf(n.Span, CodeInvalidValue, "%s", err)
		return nil
	}
	if d <= 0 {
		r.problems.Addf(n.Span, CodeInvalidValue, "must be a duration over 0")
		return nil
	}
	return &Duration{d, n.Span}
}

func (r reader) size(n *Node) *Size {
	t, ok := r.text(n)
	if !ok {
		return nil
	}
	size, err := schema.ParseSize(t.Value)
	if err != nil {
		r.problems.Addf(n.Span, CodeInvalidValue, "%s", err)
		return nil
	}
	return &Size{size, n.Span}
}

// mostBody is the largest body_limit.
const mostBody = 256 << 20

func (r reader) bodyLimit(n *Node) *Size {
	size := r.size(n)
	if size != nil && size.Value > mostBody {
		r.problems.Add(source.Problem{Span: n.Span, Code: CodeInvalidValue, Text: "a body is held in memory, and has at most 256MiB",
			Hint: "an argument of the type file is not; its max_size says how large it may be"})
		return nil
	}
	return size
}
