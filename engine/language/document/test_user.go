package document

import (
	"fmt"
	"slices"
	"strings"

	"cloudlet/engine/language/source"
)

// GivenUser is a user that there is.
type GivenUser struct {
	Name, Password Text // without a password it has one that nobody knows
	Roles          []string
	RoleSpans      []source.Span
	Email          Text
	DisplayName    Text
	Confirmed      bool  // true where it is left out
	Extras         *Node // a mapping, or nil
}

func (r reader) givenUsers(n *Node) []GivenUser {
	if n.Kind != Sequence {
		r.expected(n, "a list of users")
		return nil
	}
	var list []GivenUser
	for _, item := range n.Items {
		if r.keyed(item, "a user: name, password, roles, email, …") == nil {
			continue
		}
		u := GivenUser{Confirmed: true}
		r.mapping(item, r.userKeys(&u), nil)
		if u.Name.Value == "" {
			if item.Get("name") == nil && !misspelt(item, "name") {
				r.problems.Addf(mark(item), CodeMissingKey, "a user needs a name")
			}
			continue
		}
		if i := slices.IndexFunc(list, func(o GivenUser) bool { return strings.EqualFold(o.Name.Value, u.Name.Value) }); i >= 0 {
			r.problems.Add(source.Problem{Span: u.Name.Span, Code: CodeDuplicateKey, Text: fmt.Sprintf("the user %q is given twice", shorten(u.Name.Value)),
				Related: []source.Related{{Span: list[i].Name.Span, Text: "here"}}})
			continue
		}
		list = append(list, u)
	}
	return list
}

func (r reader) userKeys(u *GivenUser) []key {
	into := func(target *Text) func(_, v *Node) {
		return func(_, v *Node) { *target, _ = r.text(v) }
	}
	return []key{
		{"name", "The user's name.", text, into(&u.Name)},
		{"password", "The password; left out, it is one that nobody knows.", text, into(&u.Password)},
		{"roles", "The roles; those that do not exist are made.", names, func(_, v *Node) { u.Roles, u.RoleSpans, _ = r.words(v, "a list of roles") }},
		{"email", "The e-mail address.", text, into(&u.Email)},
		{"display_name", "How people know the user.", text, into(&u.DisplayName)},
		{"confirmed", "Whether the user has proven the e-mail address, and so may log in; true where it is left out.", flag, r.flag(&u.Confirmed)},
		{"extras", "The app's own fields of the user.", Shape{Kind: MapShape}, func(_, v *Node) { u.Extras = r.keyed(v, "values by name") }},
	}
}
