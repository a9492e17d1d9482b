package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// Redirect sends the client elsewhere.
var Redirect = action.Define(action.Spec[redirectInputs, action.None]{
	Name: "redirect", Summary: "Ends the request by sending the client to another address.", Main: "url", Ends: true,
	Doc: "The origin of another site has to be written out, as in https://app.example.com/in?code=${code}, or be among `allow`: otherwise whoever makes the link could send your users anywhere. " +
		"In an address that begins with a text, what ${…} gives is escaped: it stays one segment of the path, or one value of the query.",
	Example:  "- redirect: /films/${film.id}\n",
	Failures: []action.Outcome{{Status: 400, Code: "redirect_refused", When: "the address is of a site that is not allowed"}, invalidStatus},
	Prepare: func(l action.Load, in *redirectInputs) action.Result {
		refuseInParallel(l, "redirect")
		n, ok := in.Status.Constant()
		r := action.Response{Headers: []string{"Location"}}
		if ok {
			r.Status = n
		}
		l.Responds(r)
		if ok && !slices.Contains(redirects, n) {
			l.Problem(source.Problem{Span: l.At("status"), Code: "out_of_range", Text: fmt.Sprintf("a redirect has one of the statuses 301, 302, 303, 307, 308, and not %d", n)})
		}
		for _, text := range in.Allow {
			if o := originOf(text); o != "" {
				in.origins = append(in.origins, o)
			} else {
				l.Problem(source.Problem{Span: l.At("allow"), Code: "invalid_url", Text: fmt.Sprintf("%q is no origin, as in https://app.example.com", text)})
			}
		}
		in.prepareURL(l)
		return action.Result{Ends: true}
	},
	Run: runRedirect,
})

type redirectInputs struct {
	URL    action.Expr[string] `doc:"Where to: a path of this site, or an absolute address." class:"token" leak:"would be sent to the requester"`
	Status action.Expr[int]    `doc:"301, 302, 303, 307 or 308." default:"302"`
	Allow  []string            `doc:"Origins of other sites that a computed address may be of." optional:""`

	origins []string // of other sites
}

var redirects = []int{301, 302, 303, 307, 308}

// prepareURL checks what is known of the address. An origin that is written out is allowed.
func (in *redirectInputs) prepareURL(l action.Load) {
	refuse := func(code, text, hint string) {
		l.Problem(source.Problem{Span: l.At("url"), Code: code, Text: text, Hint: hint})
	}
	text, constant := in.URL.Constant()
	switch {
	case constant:
		if o := originOf(text); o != "" {
			in.origins = append(in.origins, o)
		}
		if !in.permits(text) {
			refuse("invalid_url", "a redirect goes to a path of this site, as in /films, or to an address of http or https", "")
		}
		l.Fails(invalidStatus)
	case in.URL.Mixed():
		in.URL.EscapeIn(func(before, value string, constant bool) string {
			if before == "" { // the author means it as it is, as in ${args.return_to}?again=1
				return value
			}
			return escape(before, value, constant)
		})
		written := in.URL.Written()
		switch _, rest, absolute := strings.Cut(written, "://"); {
		case !absolute:
		case strings.ContainsAny(rest, "/?#"):
			if o := originOf(written); o != "" {
				in.origins = append(in.origins, o)
			} else {
				refuse("invalid_url", "a redirect goes to a path of this site, as in /films, or to an address of http or https", "")
			}
		case len(in.Allow) == 0:
			refuse("computed_host", "what ${…} gives would become a part of the host", "end the host with a /, or say which sites it may be: allow: [https://app.example.com]")
		}
	}
}

// originOf is the scheme, host and port of an address of http or https, "" of any other.
func originOf(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return strings.ToLower(u.Scheme + "://" + u.Host)
}

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

// permits reports whether an address is of this site or an allowed one.
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
	return slices.Contains(in.origins, originOf(to))
}
