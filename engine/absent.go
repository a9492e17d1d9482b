package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"cloudlet/engine/identity"
	"cloudlet/engine/internal/plan"
	"cloudlet/engine/language/source"
)

// warnOfRoles writes to the log which roles endpoints ask for, or steps name, that do not
// exist: a slip of the pen keeps everybody out but root, and nothing else tells. It is no problem of
// the files, since roles may be made later; it is said once until it changes.
func (e *Engine) warnOfRoles(ctx context.Context, a *app) {
	if len(a.plan.Roles) == 0 && len(askedRoles(a.plan, nil)) == 0 {
		e.absent = ""
		return // nothing has to be read, and a busy database holds no reload up
	}
	roles, err := e.identity.Roles(ctx, identity.Act{})
	if err != nil {
		return // whoever is asked next will say so
	}
	var known []string
	for _, r := range roles {
		known = append(known, r.Name)
	}
	for role, included := range a.settings.Roles {
		known = append(append(known, role), included...)
	}
	asked, named := askedRoles(a.plan, known), []string{}
	for _, r := range a.plan.Roles {
		if !slices.Contains(known, r.Name) {
			named = append(named, noRole(r.Name, r.At, known))
		}
	}
	slices.Sort(named)
	named = slices.Compact(named)
	text := strings.Join(append(slices.Clone(asked), named...), "\n")
	if text == e.absent {
		return
	}
	e.absent = text
	for _, line := range asked {
		e.o.log.Warn("an endpoint asks for a role that nobody can have", "problem", line)
	}
	for _, line := range named {
		e.o.log.Warn("a step names a role that does not exist", "problem", line)
	}
}

// askedRoles says which roles endpoints ask for that are not known, each once.
func askedRoles(p *plan.Plan, known []string) []string {
	var said []string
	for _, e := range p.Endpoints {
		for _, v := range e.Verbs {
			if v.Auth == nil {
				continue
			}
			for i, role := range v.Auth.Roles {
				if !slices.Contains(known, role) {
					said = append(said, noRole(role, v.Auth.RoleSpans[i], known))
				}
			}
		}
	}
	slices.Sort(said)
	return slices.Compact(said)
}

// noRole says at a place that there is no such role, and what may be meant.
func noRole(role string, span source.Span, known []string) string {
	at, hint := span.Start(), source.DidYouMean(role, known)
	if hint == "" {
		hint = "cloudlet role add " + role
	}
	return fmt.Sprintf("%s:%d:%d: there is no role %q; %s", span.Path(), at.Line, at.Column, role, hint)
}
