// Package web holds the actions that shape the answer to a request.
package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// Header sets headers of the answer.
var Header = action.Define(action.Spec[headerInputs, action.None]{
	Name: "header", Summary: "Sets headers of the answer.", Main: "headers", Answering: true,
	Doc:      "Line breaks and other control characters in a value fail with 500 invalid_header.",
	Failures: []action.Outcome{invalidHeader},
	Example:  "- header: {X-Total-Count: \"${total}\"}\n",
	Prepare: func(l action.Load, in *headerInputs) action.Result {
		refuseInParallel(l, "header")
		return action.Effect
	},
	Run: func(c *action.Call, in *headerInputs) (action.None, error) {
		headers, err := in.Headers.Value(c)
		if err != nil {
			return action.None{}, err
		}
		for name, value := range headers.All() {
			if err := c.Answer.SetHeader(name, schema.Text(value)); err != nil {
				return action.None{}, err
			}
		}
		c.Answer.Token = c.Answer.Token || in.Headers.Type().Highest() >= schema.Token
		return action.None{}, nil
	},
})

// What a value may be wrong for that is computed.
var (
	invalidHeader = action.Outcome{Status: 500, Code: "invalid_header", When: "a header's name or value is not valid"}
	invalidStatus = action.Outcome{Status: 500, Code: "invalid_status", When: "the computed status is none"}
)

type headerInputs struct {
	Headers action.Expr[action.Map] `doc:"Values by header." class:"token" leak:"would be sent to the requester"`
}

// refuseInParallel reports an action that writes the answer, which branches share.
func refuseInParallel(l action.Load, name string) {
	if l.Parallel() {
		l.Problem(source.Problem{Span: l.At(""), Code: "not_in_parallel", Text: name + " writes the answer, which parallel branches share", Hint: "put it behind the parallel steps"})
	}
}

// Cookie sets a cookie.
var Cookie = action.Define(action.Spec[cookieInputs, action.None]{
	Name: "cookie", Summary: "Sets a cookie (RFC 6265).", Answering: true, Personal: true,
	Failures: []action.Outcome{{Status: 500, Code: "invalid_cookie", When: "the value has characters that no cookie may have"}},
	Doc:      "Without max_age it lasts as long as the browser's session; 0 deletes it.",
	Example:  "- cookie: {name: theme, value: \"${args.theme}\", max_age: 365d}\n",
	Prepare: func(l action.Load, in *cookieInputs) action.Result {
		refuseInParallel(l, "cookie")
		if c := (&http.Cookie{Name: in.Name, Value: "x"}); c.Valid() != nil {
			l.Problem(source.Problem{Span: l.At("name"), Code: "invalid_name", Text: fmt.Sprintf("%q is no name of a cookie", in.Name)})
		}
		if in.SameSite == "none" && !in.Secure {
			l.Problem(source.Problem{Span: l.At("same_site"), Code: "insecure_cookie", Text: "browsers refuse same_site: none without secure: true"})
		}
		return action.Effect
	},
	Run: runCookie,
})

type cookieInputs struct {
	Name     string                     `doc:"The cookie's name."`
	Value    action.Expr[action.Text]   `doc:"Its value." class:"token" leak:"would be sent to the requester"`
	MaxAge   action.Expr[time.Duration] `doc:"How long it lasts." optional:""`
	Path     string                     `doc:"The paths that it is sent to." default:"/"`
	HTTPOnly bool                       `name:"http_only" doc:"Whether scripts cannot read it." default:"true"`
	Secure   bool                       `doc:"Whether it is sent over TLS only." default:"true"`
	SameSite string                     `doc:"Whether other sites' requests carry it." enum:"strict,lax,none" default:"lax"`
}

var sameSites = map[string]http.SameSite{"strict": http.SameSiteStrictMode, "lax": http.SameSiteLaxMode, "none": http.SameSiteNoneMode}

func runCookie(c *action.Call, in *cookieInputs) (action.None, error) {
	value, err := in.Value.Value(c)
	if err != nil {
		return action.None{}, err
	}
	cookie := &http.Cookie{Name: in.Name, Value: string(value), Path: in.Path, HttpOnly: in.HTTPOnly, Secure: in.Secure, SameSite: sameSites[in.SameSite]}
	age, ok, err := in.MaxAge.Optional(c)
	if err != nil {
		return action.None{}, err
	}
	if ok {
		if cookie.MaxAge = int(age / time.Second); cookie.MaxAge <= 0 {
			cookie.MaxAge = -1 // net/http's word for: delete it now
		}
	}
	c.Answer.Token = c.Answer.Token || in.Value.Type().Highest() >= schema.Token
	return action.None{}, c.Answer.AddCookie(cookie)
}

// Redirect sends the client elsewhere.
var Redirect = action.Define(action.Spec[redirectInputs, action.None]{
	Name: "redirect", Summary: "Ends the request by sending the client to another address.", Main: "url", Ends: true,
	Doc:      "An address of another site has to be constant, or its origin among `allow`: otherwise whoever makes the link could send your users anywhere.",
	Example:  "- redirect: /films/${film.id}\n",
	Failures: []action.Outcome{{Status: 400, Code: "redirect_refused", When: "the address is of a site that is not allowed"}, invalidHeader, invalidStatus},
	Prepare: func(l action.Load, in *redirectInputs) action.Result {
		refuseInParallel(l, "redirect")
		n, ok := in.Status.Constant()
		r := action.Response{Headers: []string{"Location"}}
		if ok {
			r.Status = n
		}
		l.Responds(r)
		if _, constant := in.URL.Constant(); constant {
			l.Fails(invalidStatus) // it goes where the author says
		}
		if ok && !slices.Contains(redirects, n) {
			l.Problem(source.Problem{Span: l.At("status"), Code: "out_of_range", Text: fmt.Sprintf("a redirect has one of the statuses 301, 302, 303, 307, 308, and not %d", n)})
		}
		for _, origin := range in.Allow {
			if u, err := url.Parse(origin); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
				l.Problem(source.Problem{Span: l.At("allow"), Code: "invalid_url", Text: fmt.Sprintf("%q is no origin, as in https://app.example.com", origin)})
			}
		}
		return action.Result{Ends: true}
	},
	Run: runRedirect,
})

type redirectInputs struct {
	URL    action.Expr[string] `doc:"Where to: a path of this site, or an absolute address." class:"token" leak:"would be sent to the requester"`
	Status action.Expr[int]    `doc:"301, 302, 303, 307 or 308." default:"302"`
	Allow  []string            `doc:"Origins of other sites that a computed address may be of." optional:""`
}

var redirects = []int{301, 302, 303, 307, 308}

func runRedirect(c *action.Call, in *redirectInputs) (action.None, error) {
	to, err := in.URL.Value(c)
	if err != nil {
		return action.None{}, err
	}
	status, err := in.Status.Value(c)
	if err != nil {
		return action.None{}, err
	}
	if !slices.Contains(redirects, status) {
		return action.None{}, &action.Failure{Status: 500, Code: "invalid_status", Detail: "The redirect has no valid status.", Reason: fmt.Sprintf("%d is no status of a redirect", status)}
	}
	if _, constant := in.URL.Constant(); !constant && !in.permits(to) {
		return action.None{}, action.Fail(http.StatusBadRequest, "redirect_refused", "A redirect to that address is not allowed.")
	}
	if err := c.Answer.SetHeader("Location", to); err != nil {
		return action.None{}, err
	}
	c.Answer.Status = status
	c.Answer.Token = c.Answer.Token || in.URL.Type().Highest() >= schema.Token
	return action.None{}, action.Respond
}

// permits reports whether a computed address is of this site or an allowed one.
// What browsers take for an absolute address though it does not look like one
// (//host, /\host, and either with control characters in between) is none of this site.
func (in *redirectInputs) permits(to string) bool {
	if strings.ContainsFunc(to, func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f }) {
		return false
	}
	u, err := url.Parse(to)
	if err != nil {
		return false
	}
	if u.Scheme == "" && u.Host == "" && u.User == nil {
		return strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "//") || strings.HasPrefix(to, "?")
	}
	return u.User == nil && slices.ContainsFunc(in.Allow, func(origin string) bool {
		o, err := url.Parse(origin)
		return err == nil && strings.EqualFold(o.Scheme, u.Scheme) && strings.EqualFold(o.Host, u.Host)
	})
}

// Status sets the status of the answer.
var Status = action.Define(action.Spec[statusInputs, action.None]{
	Name: "status", Summary: "Sets the status of the answer.", Main: "status",
	Example:  "- status: 201\n",
	Failures: []action.Outcome{invalidStatus},
	Prepare: func(l action.Load, in *statusInputs) action.Result {
		refuseInParallel(l, "status")
		n, ok := in.Status.Constant()
		if l.Answers(n); ok && !action.Status(n) {
			l.Problem(source.Problem{Span: l.At("status"), Code: "out_of_range", Text: fmt.Sprintf("%d is no status from 200 to 599", n)})
		}
		return action.Effect
	},
	Run: func(c *action.Call, in *statusInputs) (action.None, error) {
		n, err := in.Status.Value(c)
		if err == nil && !action.Status(n) {
			err = &action.Failure{Status: 500, Code: "invalid_status", Detail: "The answer has no valid status.", Reason: fmt.Sprintf("%d is no status", n)}
		}
		if err == nil {
			c.Answer.Status = n
		}
		return action.None{}, err
	},
})

type statusInputs struct {
	Status action.Expr[int] `doc:"The status, 200 to 599."`
}
