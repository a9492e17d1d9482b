package identity

import (
	"slices"
	"time"

	"cloudlet/engine/language/schema"
)

// Caller is the user that a request's ticket or API key speaks for. It is shared and never changed.
type Caller struct {
	Name    string    // as it is stored
	Roles   []string  // the user's own, sorted; not to be changed
	ID      string    // of the ticket, its jti, or of the API key
	Session string    // that the ticket belongs to, its sid; "" without one
	Expires time.Time // when the ticket or key does; in the year 9999 where a key does not
	// Extras are the app's own fields of the user, not to be changed.
	Extras *schema.Object
	// Impersonator is the user who acts as this one; "" where it is the user.
	Impersonator string
	// APIKey is the id of the key that was sent in place of a ticket; "" for a ticket.
	APIKey string

	made  int64    // the ticket, ms since 1970
	reach []string // Roles and whatever they include, sorted
}

// NewCaller is a caller without a ticket: for programs that call an endpoint
// themselves. includes are as in Options.
func NewCaller(name string, roles []string, includes map[string][]string) *Caller {
	own := slices.Clone(roles)
	slices.Sort(own)
	own = slices.Compact(own)
	return &Caller{Name: name, Roles: own, Extras: noExtras, reach: reach(own, includes)}
}

var noExtras = schema.NewObject()

// HasRole reports whether the caller has any of the roles, itself or by a role
// that includes it. The role root passes every check. A nil Caller has none.
func (c *Caller) HasRole(anyOf ...string) bool {
	if c == nil {
		return false
	}
	for _, has := range c.reach {
		if has == RoleRoot || slices.Contains(anyOf, has) {
			return true
		}
	}
	return false
}

// Is reports whether the caller is the user of a name, as the database compares names.
// A nil Caller is nobody.
func (c *Caller) Is(name string) bool { return c != nil && same(c.Name, name) }

// reach follows includes from the roles as far as they go; a cycle ends where it began.
func reach(roles []string, includes map[string][]string) []string {
	all := slices.Clone(roles)
	for i := 0; i < len(all); i++ {
		for _, r := range includes[all[i]] {
			if !slices.Contains(all, r) {
				all = append(all, r)
			}
		}
	}
	slices.Sort(all)
	return all
}
