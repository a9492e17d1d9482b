package reference

import (
	"slices"
	"strings"

	"cloudlet/engine/internal/plan"
	"cloudlet/engine/language/schema"
)

// operation describes one verb.
func (d *document) operation(e *plan.Endpoint, v *plan.Verb) *schema.Object {
	a := d.addresses[e]
	args := argumentsOf(v, a)
	var op object
	op.put("operationId", d.names[v])
	if op.put("summary", v.Summary); v.Summary == "" {
		op.values[1] = v.Method + " " + a.path
	}
	op.some("description", description(e, v, args))
	op.some("tags", tags(v))
	if v.Deprecated {
		op.put("deprecated", true)
	}
	op.put("security", d.security(v))
	op.some("parameters", args.parameters())
	if body := args.requestBody(); body != nil {
		op.put("requestBody", body)
	}
	op.put("responses", d.responses(v))
	if login := args.login(); login != nil && isTicket(v) {
		op.put("x-cloudlet-login", login)
	}
	return op.done()
}

// description is the author's, and behind it what OpenAPI has no words for.
func description(e *plan.Endpoint, v *plan.Verb, args *arguments) string {
	var parts []string
	add := func(text string) {
		if text = strings.TrimSpace(text); text != "" {
			parts = append(parts, text)
		}
	}
	if add(v.Description); v.Description == "" {
		add(e.Description)
	}
	add(strings.Join(args.notes, " "))
	if !v.Public() {
		add(access(v))
	}
	return strings.Join(parts, "\n\n")
}

// access says in words who may call a verb that asks for a ticket.
func access(v *plan.Verb) string {
	switch {
	case v.Auth.User:
		return "Needs a ticket."
	case len(v.Auth.Roles) == 1:
		return "Needs the ticket of a user with the role " + v.Auth.Roles[0] + "."
	}
	return "Needs the ticket of a user with one of the roles " + strings.Join(v.Auth.Roles, ", ") + "."
}

// tags are the author's, or else the first name in the path.
func tags(v *plan.Verb) []any {
	var list []any
	for _, t := range v.Tags {
		list = append(list, t)
	}
	if len(list) > 0 {
		return list
	}
	for part := range strings.SplitSeq(v.Path, "/") {
		if part != "" && part[0] != '{' {
			return []any{part}
		}
	}
	return nil
}

// security says whose ticket is needed: any, or that of one of the roles. A public
// verb that looks at who asks takes a ticket, and none.
func (d *document) security(v *plan.Verb) []any {
	ticket := func(roles ...any) *schema.Object {
		d.tickets = true
		return schema.NewObject("ticket", append([]any{}, roles...))
	}
	switch {
	case v.Public() && asksWho(v):
		return []any{schema.NewObject(), ticket()}
	case v.Public():
		return []any{}
	case v.Auth.User:
		return []any{ticket()}
	}
	var list []any
	for _, role := range v.Auth.Roles {
		list = append(list, ticket(role))
	}
	return list
}

// asksWho reports whether a public verb does more for a caller with a ticket.
func asksWho(v *plan.Verb) bool {
	return v.ReadsUser() || slices.ContainsFunc(v.Failures(), isUnauthorized)
}

// isTicket reports whether a verb answers with a ticket.
func isTicket(v *plan.Verb) bool {
	for _, r := range v.Responses() {
		if r.Type == nil || r.Type.Kind != schema.ObjectK || r.Status/100 != 2 {
			continue
		}
		_, ticket := r.Type.Field("ticket")
		if _, kind := r.Type.Field("token_type"); ticket && kind {
			return true
		}
	}
	return false
}
