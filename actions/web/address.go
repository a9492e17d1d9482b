package web

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"cloudlet/engine/action"
	"cloudlet/engine/language/source"
	"cloudlet/engine/outgoing"
)

// address is what is known at load of the address of another service.
type address struct {
	fixed   *url.URL // all of it
	written *url.URL // its scheme, host and port
}

// check looks at the input url. hosts are the only ones that are asked, where there are
// some; secret says that a secret goes there.
func (a *address) check(l action.Load, in *action.Expr[string], hosts []string, secret bool) {
	problem := func(input, code, hint, format string, args ...any) {
		l.Problem(source.Problem{Span: l.At(input), Code: code, Text: fmt.Sprintf(format, args...), Hint: hint})
	}
	for _, h := range hosts {
		if wrong := outgoing.CheckHost(h); wrong != "" {
			problem("hosts", "invalid_host", "", "%q %s", h, wrong)
			return
		}
	}
	known, isConstant := in.Constant()
	switch {
	case isConstant:
	case in.Mixed():
		known = in.Written()
		in.EscapeIn(escape)
		if _, rest, found := strings.Cut(known, "://"); !found || !strings.ContainsAny(rest, "/?#") {
			if len(hosts) == 0 {
				problem("url", "computed_host", "end the host with a /, or say which hosts it may be: hosts: [\"*.example.com\"]", "what ${…} gives would become a part of the host")
			}
			return
		}
	default:
		if secret && len(hosts) == 0 {
			problem("url", "secret_flow", "say which hosts it may be: hosts: [api.example.com]", "the address is computed, and whoever chooses it would get the secret")
		}
		return
	}
	u, err := outgoing.ParseURL(known)
	if err != nil {
		problem("url", "invalid_url", "", "this cannot be asked: %v", err)
		return
	}
	if len(hosts) > 0 && !outgoing.Permits(hosts, u.Hostname()) {
		problem("url", "invalid_url", "", "its host is none of hosts")
	}
	if a.written = u; isConstant {
		a.fixed = u
	}
}

// evaluate gives the address of one request.
func (a *address) evaluate(c *action.Call, in *action.Expr[string]) (*url.URL, error) {
	if a.fixed != nil {
		u := *a.fixed
		return &u, nil
	}
	text, err := in.Value(c)
	if err != nil {
		return nil, err
	}
	u, err := outgoing.ParseURL(text)
	switch {
	case err != nil:
		return nil, err
	case a.written != nil && (u.Scheme != a.written.Scheme || u.Host != a.written.Host):
		return nil, outgoing.ErrRefused.Because("the evaluated address is of another host than the written one")
	case in.Mixed() && dotted(u):
		return nil, outgoing.ErrInvalidURL.Because("a value would lead to another folder of the path")
	}
	return u, nil
}

// escape makes a value one segment of a path, or one value of a query, whatever it holds.
func escape(before, value string, constant bool) string {
	switch {
	case constant:
		return value
	case strings.Contains(before, "?"):
		return url.QueryEscape(value)
	}
	return url.PathEscape(value)
}

// dotted reports whether a path has a segment . or .., which no escaping makes harmless.
func dotted(u *url.URL) bool {
	return slices.ContainsFunc(strings.Split(u.Path, "/"), func(s string) bool { return s == "." || s == ".." })
}
