package identity

import "sync"

// throttle knows the tries that are being looked at in this process.
type throttle struct {
	mu      sync.Mutex
	flights map[string]*flight // by the key of a limit; no longer than a try is about
}

// flight is the tries under one key.
type flight struct {
	about    int           // tries that are not over: admitted, or asking to be
	admitted int           // those that are being looked at
	version  int           // how many admitted ones have ended
	ended    chan struct{} // closed when the next admitted one ends
}

// try is one try to guess, from begin to end.
type try struct {
	service  *Service
	limits   []limit
	admitted bool
	over     bool
}

// join enters a try that asks to be admitted.
func (th *throttle) join(t *try) {
	th.mu.Lock()
	defer th.mu.Unlock()
	if th.flights == nil {
		th.flights = map[string]*flight{}
	}
	for _, l := range t.limits {
		f := th.flights[l.key]
		if f == nil {
			f = &flight{ended: make(chan struct{})}
			th.flights[l.key] = f
		}
		f.about++
	}
}

// version changes whenever an admitted try under one of the same keys ends: what was read
// of the failures before is out of date then.
func (th *throttle) version(t *try) int {
	th.mu.Lock()
	defer th.mu.Unlock()
	return th.sum(t)
}

func (th *throttle) sum(t *try) int {
	n := 0
	for _, l := range t.limits {
		n += th.flights[l.key].version
	}
	return n
}

// admit lets a try be looked at where there is room for it under each of its keys, as
// was read at a version. Else it tells what to wait for; nil is nothing, for the rooms are out of date.
func (th *throttle) admit(t *try, version int, rooms []int) (ended <-chan struct{}, ok bool) {
	th.mu.Lock()
	defer th.mu.Unlock()
	if th.sum(t) != version {
		return nil, false
	}
	for i, l := range t.limits {
		if f := th.flights[l.key]; f.admitted > 0 && f.admitted >= rooms[i] {
			return f.ended, false
		}
	}
	for _, l := range t.limits {
		th.flights[l.key].admitted++
	}
	t.admitted = true
	return nil, true
}

// end makes room for others. It may be called twice.
func (t *try) end() {
	th := &t.service.throttle
	th.mu.Lock()
	defer th.mu.Unlock()
	if t.over {
		return
	}
	t.over = true
	for _, l := range t.limits {
		f := th.flights[l.key]
		if t.admitted {
			f.admitted--
			f.version++
			close(f.ended)
			f.ended = make(chan struct{})
		}
		if f.about--; f.about == 0 {
			delete(th.flights, l.key)
		}
	}
}
