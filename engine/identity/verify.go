package identity

import (
	"context"
	"strings"

	"github.com/maypok86/otter/v2"
)

// admitted is a ticket that was verified, and the user it speaks for as of an epoch.
type admitted struct {
	proven proven
	caller *Caller
	state  state
}

// state is what an admitted ticket was looked at under: where it has changed, the
// ticket is looked at again.
type state struct{ trust, epoch, touched uint64 }

// state is what holds now for a user's tickets.
func (s *Service) state(user string) state {
	return state{s.trust(), s.epoch.Load(), s.touched.of(user).Load()}
}

const (
	ticketCacheSize = 16 << 20 // bytes, about 16 thousand tickets
	ticketOverhead  = 512      // bytes of an entry besides the ticket's text
)

// newTicketCache keeps verified tickets by their text. Only what we signed enters, so
// that nobody can fill it with inventions; and its weight is bounded, so that nobody can fill it with
// true tickets either.
func newTicketCache() (*otter.Cache[string, *admitted], error) {
	return otter.New(&otter.Options[string, *admitted]{
		MaximumWeight: ticketCacheSize,
		Weigher:       func(token string, _ *admitted) uint32 { return uint32(len(token)) + ticketOverhead },
		Executor:      func(f func()) { f() }, // no goroutine outlives Close
	})
}

// Verify tells who a ticket speaks for, with the roles that the user has now. It fails
// with ErrNoTicket for "", with ErrExpired, with ErrInvalidTicket for whatever else is no ticket
// of a user who may enter, and with a *database.Error when the user could not be read. A ticket that
// was verified before costs one look into memory.
func (s *Service) Verify(token string) (*Caller, error) {
	if token == "" {
		return nil, ErrNoTicket
	}
	if e, ok := s.verified.GetIfPresent(token); ok {
		// It is read before anything that it vouches for: what changes meanwhile makes
		// the entry old from its start.
		now := s.state(e.caller.Name)
		if now.trust == e.state.trust {
			switch {
			case !s.clock().Before(e.proven.expires):
				s.verified.Invalidate(token)
				return nil, ErrExpired
			case e.state == now:
				return e.caller, nil
			}
			return s.admit(token, e.proven, now)
		}
	}
	trust := s.trust()
	p, err := prove(token, s.keys, s.settings.Load().parser, s.clock)
	if err != nil {
		return nil, err
	}
	now := s.state(p.subject)
	now.trust = trust
	return s.admit(token, p, now)
}

// admit reads the user of a ticket that is ours.
func (s *Service) admit(token string, p proven, now state) (*Caller, error) {
	u, err := findUser(context.Background(), s.db, p.subject)
	if err != nil {
		return nil, err // the database gives up by itself after five seconds
	}
	ended, err := sessionEnded(context.Background(), s.db, p.session)
	if err != nil {
		return nil, err
	}
	if ended || u == nil || u.locked || !u.confirmed || u.ended(p.made, p.session) || u.name != p.subject {
		s.verified.Invalidate(token)
		return nil, ErrInvalidTicket
	}
	c := NewCaller(u.name, u.roles, s.settings.Load().includes)
	c.ID, c.Session, c.Expires, c.made = p.id, p.session, p.expires, p.made
	c.Extras = extrasOf(u.extras)
	// The text may be a piece of a large header that the clone does not keep alive.
	s.verified.Set(strings.Clone(token), &admitted{p, c, now})
	return c, nil
}
