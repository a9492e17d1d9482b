package settings

import (
	"slices"
	"strings"

	"cloudlet/engine/identity"
	"cloudlet/engine/language/document"
	"cloudlet/engine/language/source"
)

// roles reads which roles a role includes: {admin: [editor]}.
func (r *reader) roles(n *document.Node) {
	if n.IsNull() {
		return
	}
	if n.Kind != document.Mapping {
		r.problems.Addf(n.Span, "wrong_type", "roles is a map of roles to the roles that they include, as in {admin: [editor]}")
		return
	}
	includes := map[string][]string{}
	for _, e := range n.Entries {
		name := e.Key.Value
		switch {
		case !r.role(e.Key):
		case name == identity.RoleRoot:
			r.problems.Add(source.Problem{Span: e.Key.Span, Code: "wrong_value", Text: "root passes every check; it includes nothing", Hint: "leave it out"})
		case e.Value.Kind != document.Sequence:
			if !e.Value.Refused() {
				r.problems.Addf(e.Value.Span, "wrong_type", "a role includes a list of roles, as in [editor]")
			}
		default:
			includes[name] = r.included(e.Key, e.Value.Items)
			r.given["roles."+name] = origin{span: e.Value.Span}
		}
	}
	for _, e := range n.Entries {
		if circle := circleOf(includes, e.Key.Value); circle != nil {
			r.problems.Addf(e.Key.Span, "role_circle", "these roles include each other in a circle: %s", strings.Join(circle, " → "))
			return // the others of the circle are the same mistake
		}
	}
	r.settings.Roles = includes
}

// included reads the roles that one includes.
func (r *reader) included(of *document.Node, items []*document.Node) []string {
	var list []string
	for _, item := range items {
		switch {
		case item.Refused():
		case item.Kind != document.Scalar || item.IsNull():
			r.problems.Addf(item.Span, "wrong_type", "expected a role's name")
		case !r.role(item):
		case item.Value == identity.RoleRoot:
			r.problems.Addf(item.Span, "wrong_value", "root passes every check, and nobody gets that by %s", of.Value)
		case slices.Contains(list, item.Value):
			r.problems.Addf(item.Span, "duplicate_item", "the role %q stands here twice", item.Value)
		default:
			list = append(list, item.Value)
		}
	}
	return list
}

// role reports whether a name can be a role's; that it cannot is a problem.
func (r *reader) role(n *document.Node) bool {
	if identity.CheckRoleName(n.Value) == nil {
		return true
	}
	r.problems.Addf(n.Span, "invalid_name", "%q is no name of a role: a lower case letter, then up to 63 lower case letters, digits, _ or -", n.Value)
	return false
}

// circleOf is a way from a role back to itself, nil where there is none.
func circleOf(includes map[string][]string, role string) []string {
	seen := map[string]bool{}
	var walk func(path []string) []string
	walk = func(path []string) []string {
		for _, next := range includes[path[len(path)-1]] {
			if next == role {
				return append(path, next)
			}
			if seen[next] {
				continue
			}
			seen[next] = true
			if circle := walk(append(slices.Clip(path), next)); circle != nil {
				return circle
			}
		}
		return nil
	}
	return walk([]string{role})
}
