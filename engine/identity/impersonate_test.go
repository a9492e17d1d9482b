package identity

import (
	"strings"
	"testing"
)

func TestImpersonate(t *testing.T) {
	t.Parallel()
	for name, ends := range map[string]func(s *Service) error{
		"lock of the user":         func(s *Service) error { return s.Lock(contextOf, Act{}, "alice") },
		"lock of root":             func(s *Service) error { return s.Lock(contextOf, Act{}, "boss") },
		"another password of root": func(s *Service) error { return s.SetPassword(contextOf, Act{}, "boss", bobPassword) },
		"root is root no more":     func(s *Service) error { return s.SetRoles(contextOf, Act{}, "boss", RoleAdmin) },
		"root is deleted":          func(s *Service) error { return s.DeleteUser(contextOf, Act{}, "boss") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := openCheap(t)
			addUser(t, s, "boss", alicePassword, RoleRoot)
			addUser(t, s, "second", alicePassword, RoleRoot)
			boss := asCaller(callerOf(t, s, "boss"))
			ticket, err := s.Impersonate(t.Context(), boss, "Alice")
			must(t, err)
			if act, _ := decode(t, strings.Split(ticket.Text, ".")[1])["act"].(map[string]any); act["sub"] != "boss" || ticket.RefreshToken != "" {
				t.Errorf("act is %v", act)
			}
			for range 2 {
				c, err := s.Verify(t.Context(), ticket.Text)
				must(t, err)
				if c.Name != "alice" || c.Impersonator != "boss" || c.HasRole(RoleRoot) {
					t.Errorf("%+v", c)
				}
			}
			must(t, ends(s))
			_, err = s.Verify(t.Context(), ticket.Text)
			wantError(t, err, ErrInvalidTicket)
		})
	}
}
