// Package web holds the actions that shape the answer to a request.
package web

import (
	"fmt"
	"net/http"
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
		l.Labels("headers", "Content-Type")
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
