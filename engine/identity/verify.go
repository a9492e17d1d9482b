package identity

import (
	"context"
	"strings"
	"sync/atomic"

	"github.com/maypok86/otter/v2"
)

// admitted is a ticket or API key that was verified, and the user it speaks for as of an epoch.
type admitted struct {
	proven  proven
	caller  *Caller
	changes changes
	state   state
	extras  int // bytes of the user's own fields
}

// changes count those of the users that a ticket depends on: its own, and who acts as
// the user, nil where nobody does. They are found once, not for each request.
type changes struct{ subject, actor *atomic.Uint64 }

func (s *Service) changesOf(p *proven) changes {
	c := changes{subject: s.touched.of(p.subject)}
	if p.actor != "" {
		c.actor = s.touched.of(p.actor)
	}
	return c
}

// state is what an admitted ticket was looked at under: where it has changed, the
// ticket is looked at again.
type state struct{ trust, epoch, touched uint64 }

// state is what holds now for a ticket of which these are the changes.
func (s *Service) state(c changes) state {
	st := state{s.trust(), s.epoch.Load(), c.subject.Load()}
	if c.actor != nil {
		st.touched += c.actor.Load() // both only grow, so their sum tells
	}
	return st
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
		Weigher:       func(token string, a *admitted) uint32 { return uint32(len(token)+a.extras) + ticketOverhead },
		Executor:      func(f func()) { f() }, // no goroutine outlives Close
	})
}

// Verify tells who a ticket or API key speaks for, with the roles that the user has now. It fails
// with ErrNoTicket for "", with ErrExpired, with ErrInvalidTicket for whatever else is no ticket
// of a user who may enter, and with the context's error or the database's failure when the user could not be read. A ticket that
// was verified before costs one look into memory.
func (s *Service) Verify(ctx context.Context, token string) (*Caller, error) {
	if token == "" {
		return nil, ErrNoTicket
	}
	if e, ok := s.verified.GetIfPresent(token); ok {
		// It is read before anything that it vouches for: what changes meanwhile makes
		// the entry old from its start.
		now := s.state(e.changes)
		if now.trust == e.state.trust {
			switch {
			case !s.clock().Before(e.proven.expires):
				s.verified.Invalidate(token)
				return nil, expired(token)
			case e.state == now:
				return e.caller, nil
			}
			return s.admit(ctx, token, e.proven, e.changes, now)
		}
	}
	trust := s.trust()
	p, err := s.prove(ctx, token)
	if err != nil {
		return nil, err
	}
	c := s.changesOf(&p)
	now := s.state(c)
	now.trust = trust
	return s.admit(ctx, token, p, c, now)
}

// prove tells whose a ticket or key is. What the database says of a key is read again,
// after the state that it is admitted under.
func (s *Service) prove(ctx context.Context, token string) (proven, error) {
	if isKey(token) {
		return s.proveKey(ctx, token)
	}
	return prove(token, s.keys, s.settings.Load().parser, s.clock)
}

// admit reads the user of a ticket that is ours, or of a key.
func (s *Service) admit(ctx context.Context, token string, p proven, on changes, now state) (*Caller, error) {
	u, err := findUser(ctx, s.db, p.subject)
	if err != nil {
		return nil, err
	}
	if u == nil || u.locked || !u.confirmed || u.name != p.subject {
		return nil, s.forget(token, ErrInvalidTicket)
	}
	c := NewCaller(u.name, u.roles, s.settings.Load().includes)
	if isKey(token) {
		c, err = s.admitKey(ctx, token, p, c)
	} else {
		err = s.admitTicket(ctx, p, u)
	}
	if err != nil {
		return nil, s.forget(token, err)
	}
	c.ID, c.Session, c.Expires, c.Impersonator, c.made = p.id, p.session, p.expires, p.actor, p.made
	c.Extras = extrasOf(u.extras)
	// The text may be a piece of a large header that the clone does not keep alive.
	s.verified.Set(strings.Clone(token), &admitted{p, c, on, now, len(u.extras)})
	return c, nil
}

// admitTicket fails with ErrInvalidTicket for a ticket that was ended.
func (s *Service) admitTicket(ctx context.Context, p proven, u *userState) error {
	ended, err := sessionEnded(ctx, s.db, p.session)
	if err == nil && !ended && p.actor != "" {
		ended, err = s.actorEnded(ctx, p)
	}
	if err == nil && (ended || u.ended(p.made, p.session)) {
		err = ErrInvalidTicket
	}
	return err
}

// expired is the error of a ticket or key whose time is over.
func expired(token string) error {
	if isKey(token) {
		return ErrExpired.Saying("The API key has expired.")
	}
	return ErrExpired
}

// forget drops a ticket that is refused from those that were verified.
func (s *Service) forget(token string, why error) error {
	s.verified.Invalidate(token)
	return why
}
