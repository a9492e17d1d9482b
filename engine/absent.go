package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"cloudlet/engine/identity"
	"cloudlet/engine/language/source"
)

// warnOfRoles writes to the log which roles endpoints ask for that do not exist: a slip
// of the pen keeps everybody out but root, and nothing else tells. It is no problem of
// the files, since roles may be made later; it is said once until it changes.
func (e *Engine) warnOfRoles(ctx context.Context, a *app) {
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
	var said []string
	for _, p := range a.plan.Endpoints {
		for _, v := range p.Verbs {
			if v.Auth == nil {
				continue
			}
			for i, role := range v.Auth.Roles {
				if slices.Contains(known, role) {
					continue
				}
				at, hint := v.Auth.RoleSpans[i].Start(), source.DidYouMean(role, known)
				if hint == "" {
					hint = "cloudlet role add " + role
				}
				said = append(said, fmt.Sprintf("%s:%d:%d: there is no role %q; %s", v.Auth.RoleSpans[i].Path(), at.Line, at.Column, role, hint))
			}
		}
	}
	slices.Sort(said)
	said = slices.Compact(said)
	text := strings.Join(said, "\n")
	if text == e.absent {
		return
	}
	e.absent = text
	for _, line := range said {
		e.o.log.Warn("an endpoint asks for a role that nobody can have", "problem", line)
	}
}
