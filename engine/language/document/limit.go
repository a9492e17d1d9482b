package document

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// Rate is how many requests may come within a span of time.
type Rate struct {
	Limit int           // 0: any number
	Per   time.Duration // from a second to a week
	By    *Node         // an expression that says whose requests are counted together; nil: the user's, else the address's
	Span  source.Span
}

// Lifetime is how long something is kept, and where that is said; 0 is not at all.
type Lifetime struct {
	Value time.Duration
	Span  source.Span
}

// CORS says which other origins' pages may use an endpoint (Fetch standard, section 3.2).
type CORS struct {
	Any         bool     // every origin
	Origins     []string // scheme://host[:port] in lower case, without the scheme's own port
	Methods     []string // nil: those of the endpoint
	Headers     []string // nil: those that requests of the engine's clients have
	Credentials bool
	MaxAge      time.Duration // how long a browser keeps the answer
	Span        source.Span
}

const (
	none      = "none"
	mostRate  = 1_000_000
	longest   = 7 * 24 * time.Hour
	maxMaxAge = 24 * time.Hour
)

// rateShape and lifetimeShape are what the keys below look like.
func (r reader) rateShape() Shape {
	return Shape{Kind: RateShape, Keys: func() []Key { return exported(r.rateKeys(&Rate{}, &rateSpan{})) }}
}

var lifetimeShape = Shape{Kind: DurationShape, Values: []string{none}}

var rateText = regexp.MustCompile(`^([0-9]+)/([a-z0-9.]+)$`)

// rate reads 10/minute, none, or {limit, per, by}.
func (r reader) rate(n *Node) *Rate {
	rate := &Rate{Span: mark(n)}
	switch {
	case n.Kind == Mapping:
		return r.rateMapping(n, rate)
	case n.Kind != Scalar || n.IsNull():
		r.expected(n, "a rate, as in 10/minute")
		return nil
	case n.Value == none:
		return rate
	}
	m := rateText.FindStringSubmatch(n.Value)
	if m == nil {
		r.problems.Add(source.Problem{Span: n.Span, Code: CodeInvalidValue, Text: fmt.Sprintf("expected a rate, found %q", shorten(n.Value)),
			Hint: "one is 10/minute, or {limit: 10, per: minute, by: \"${args.username}\"}; none takes one away"})
		return nil
	}
	limit, err := strconv.Atoi(m[1])
	if err != nil {
		limit = mostRate + 1
	}
	var ok bool
	if rate.Per, ok = r.span(m[2], n.Span); !ok || !r.inRange(limit, n.Span) {
		return nil
	}
	rate.Limit = limit
	return rate
}

func (r reader) inRange(limit int, at source.Span) bool {
	if limit < 1 || limit > mostRate {
		r.problems.Addf(at, CodeInvalidValue, "a rate is from 1 to %d requests", mostRate)
		return false
	}
	return true
}

var spans = map[string]time.Duration{"second": time.Second, "minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}

// span reads the time that a rate is over: a word, or a duration.
func (r reader) span(text string, at source.Span) (time.Duration, bool) {
	if d, ok := spans[text]; ok {
		return d, true
	}
	d, err := schema.ParseDuration(text)
	if err != nil {
		r.problems.Add(source.Problem{Span: at, Code: CodeInvalidValue, Text: fmt.Sprintf("expected second, minute, hour, day or a duration, found %q", shorten(text)),
			Hint: source.DidYouMean(text, []string{"second", "minute", "hour", "day"})})
		return 0, false
	}
	if d < time.Second || d > longest {
		r.problems.Addf(at, CodeInvalidValue, "a rate is over a second to a week")
		return 0, false
	}
	return d, true
}

// rateSpan is what a mapping says before it is known to be whole.
type rateSpan struct{ limit, per bool }

func (r reader) rateMapping(n *Node, rate *Rate) *Rate {
	var is rateSpan
	r.mapping(n, r.rateKeys(rate, &is), nil)
	for _, name := range []string{"limit", "per"} {
		if n.Get(name) == nil && !misspelt(n, name) {
			r.problems.Addf(mark(n), CodeMissingKey, "a rate needs %q", name)
		}
	}
	if !is.limit || !is.per {
		return nil
	}
	return rate
}

func (r reader) rateKeys(rate *Rate, is *rateSpan) []key {
	return []key{
		{"limit", "How many requests may come in that time, and how many at once.", Shape{Kind: CountShape}, func(_, v *Node) {
			n, err := v.Data()
			limit, isInt := n.(int)
			if err != nil || !isInt {
				r.expected(v, "a number of requests")
				return
			}
			if is.limit = r.inRange(limit, v.Span); is.limit {
				rate.Limit = limit
			}
		}},
		{"per", "The time: second, minute, hour, day, or a duration.", text, func(_, v *Node) {
			if t, ok := r.text(v); ok {
				rate.Per, is.per = r.span(t.Value, t.Span)
			}
		}},
		{"by", "Whose requests are counted together, an expression; left out, each user's, and each address's where nobody is logged in.", Shape{Kind: ExpressionShape}, func(_, v *Node) {
			if v.Kind != Scalar || v.IsNull() {
				r.expected(v, "an expression")
				return
			}
			rate.By = v
		}},
	}
}

// lifetime reads a duration over 0, or none.
func (r reader) lifetime(n *Node) *Lifetime {
	if n.Kind == Scalar && n.Value == none {
		return &Lifetime{0, n.Span}
	}
	d := r.duration(n)
	if d == nil {
		return nil
	}
	return &Lifetime{d.Value, d.Span}
}

func (r reader) cors(n *Node) *CORS {
	c := &CORS{Span: mark(n), MaxAge: 10 * time.Minute}
	if n.Kind != Mapping {
		r.expected(n, "origins and what they may, as in {origins: [https://app.example.com]}")
		return nil
	}
	r.mapping(n, r.corsKeys(c), nil)
	origins := n.Get("origins")
	switch {
	case origins == nil && !misspelt(n, "origins"):
		r.problems.Addf(mark(n), CodeMissingKey, "cors needs \"origins\"")
	case c.Any && c.Credentials:
		r.problems.Add(source.Problem{Span: n.Get("credentials").Span, Code: CodeConflict, Text: "credentials cannot go with every origin: any page could act in its visitor's name",
			Hint: "name the origins", Related: []source.Related{{Span: mark(origins), Text: "here"}}})
	}
	return c
}

func (r reader) corsKeys(c *CORS) []key {
	return []key{
		{"origins", "Whose pages may send requests and read the answers: https://app.example.com, or * for all.", names, func(_, v *Node) { r.origins(c, v) }},
		{"methods", "The methods that they may use; left out, those of the endpoint.", names, func(_, v *Node) {
			list, spans, ok := r.words(v, "a list of methods")
			for i, m := range list {
				if !slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}, m) {
					r.problems.Add(source.Problem{Span: spans[i], Code: CodeInvalidValue, Text: fmt.Sprintf("%q is no method of an endpoint", shorten(m)),
						Hint: source.DidYouMean(strings.ToUpper(m), []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})})
				}
			}
			if ok {
				c.Methods = list
			}
		}},
		{"headers", "The headers that their requests may have; left out, those that an endpoint of the engine reads, its arguments among them.", names, func(_, v *Node) {
			list, spans, ok := r.words(v, "a list of headers")
			for i, h := range list {
				if !headerName.MatchString(h) {
					r.problems.Addf(spans[i], CodeInvalidValue, "%q is no name of a header", shorten(h))
				}
			}
			if ok {
				c.Headers = list
			}
		}},
		{"credentials", "Whether cookies go along.", flag, r.flag(&c.Credentials)},
		{"max_age", "How long browsers keep what they were told, 10m where nothing is said, at most 24h.", Shape{Kind: DurationShape}, func(_, v *Node) {
			d := r.duration(v)
			if d == nil {
				return
			}
			if c.MaxAge = d.Value; d.Value > maxMaxAge {
				r.problems.Addf(d.Span, CodeInvalidValue, "must be at most 24h")
			}
		}},
	}
}

var headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

func (r reader) origins(c *CORS, n *Node) {
	list, spans, ok := r.words(n, "a list of origins")
	if ok && len(list) == 0 {
		r.problems.Add(source.Problem{Span: mark(n), Code: CodeInvalidValue, Text: "expected at least one origin", Hint: "without cors no other origin is let in"})
	}
	for i, text := range list {
		if text == "*" {
			if c.Any = true; len(list) > 1 {
				r.problems.Addf(spans[i], CodeConflict, "* is every origin, and there are others beside it")
			}
			continue
		}
		origin, hint := Origin(text)
		if origin == "" {
			r.problems.Add(source.Problem{Span: spans[i], Code: CodeInvalidValue, Text: fmt.Sprintf("%q is no origin", shorten(text)), Hint: hint})
			continue
		}
		c.Origins = append(c.Origins, origin)
	}
}

// Origin is a text as browsers send it in the header Origin (RFC 6454, section 6.2), or
// "" with a hint why it is none.
func Origin(text string) (origin, hint string) {
	const example = "one is https://app.example.com, or http://localhost:3000"
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return "", example
	case u.Path != "":
		return "", fmt.Sprintf("an origin has no path: %s://%s", u.Scheme, u.Host)
	case strings.ContainsAny(u.Host, "*"):
		return "", "origins are compared whole; name each, or write \"*\" alone"
	}
	host, port := strings.ToLower(u.Hostname()), u.Port()
	if strings.ContainsFunc(host, func(c rune) bool { return c > 0x7e || c <= ' ' }) {
		return "", "a name beyond ASCII is written as browsers send it: xn--…"
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port != "" && port != map[string]string{"http": "80", "https": "443"}[u.Scheme] {
		host += ":" + port
	}
	return u.Scheme + "://" + host, ""
}
