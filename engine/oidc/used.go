package oidc

import (
	"sync"
	"time"
)

// mostUsed bounds how many finished logins are remembered.
const mostUsed = 100_000

// used remembers the states of logins that were finished, until their cookies have
// expired. Past its bound the oldest goes: whoever comes so far a second time still has a
// code that the provider takes once (RFC 6749, section 4.1.2).
type used struct {
	mu     sync.Mutex
	most   int
	states map[string]struct{}
	order  []usedState // by when they were used, which is about when they expire
}

type usedState struct {
	state string
	until time.Time
}

func newUsed(most int) *used { return &used{most: most, states: map[string]struct{}{}} }

// take reports whether the state is used for the first time.
func (u *used) take(state string, now, until time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	for len(u.order) > 0 && (len(u.order) >= u.most || !now.Before(u.order[0].until)) {
		delete(u.states, u.order[0].state)
		u.order = u.order[1:]
	}
	if _, again := u.states[state]; again {
		return false
	}
	u.states[state] = struct{}{}
	u.order = append(u.order, usedState{state, until})
	return true
}
