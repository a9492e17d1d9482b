package identity

import (
	"context"
	"runtime"
	"time"
)

// Gate bounds how many passwords are computed at once. Each takes 19 MiB and a
// core for tens of milliseconds: without a bound a flood of logins would take
// all memory and starve every other request.
type Gate struct {
	seats chan struct{} // one for each that may be inside, computing or waiting
	slots chan struct{} // one for each that may compute
	costs parameters    // of new hashes
	// computed, where a test set it, is told of each computation with current parameters.
	computed func()
}

// NewGate lets `atOnce` computations run, and `waiting` more wait for them.
func NewGate(atOnce, waiting int) *Gate {
	return &Gate{seats: make(chan struct{}, atOnce+waiting), slots: make(chan struct{}, atOnce), costs: current}
}

// waitingPasswords are some seconds of work: whoever came later would give up before.
const waitingPasswords = 64

// defaultGate leaves half of the cores to other requests.
func defaultGate() *Gate { return NewGate(max(1, runtime.GOMAXPROCS(0)/2), waitingPasswords) }

// cheapGate hashes at next to no cost.
func cheapGate() *Gate {
	g := defaultGate()
	g.costs = cheap
	return g
}

// Hash is the PHC string of a password (argon2id, 19 MiB, 2 passes, 1 thread). It
// fails with ErrTooBusy when too many wait, with the context's error when that
// ends meanwhile, and with ErrInvalidPassword for one over 1024 bytes.
func (g *Gate) Hash(ctx context.Context, password string) (string, error) {
	if len(password) > MaxPasswordSize {
		return "", checkPassword("", password, 0)
	}
	if err := g.enter(ctx); err != nil {
		return "", err
	}
	defer g.leave(time.Now())
	return g.hash(password), nil
}

// Matches compares a password with a stored hash: argon2id with whatever
// parameters, or bcrypt. It fails as Hash does, and when the stored hash is damaged or
// would cost more than 128 MiB or about a second. No password matches the stored hash "",
// after the time that any other would take.
func (g *Gate) Matches(ctx context.Context, password, stored string) (bool, error) {
	if stored == "" {
		stored = g.unknown()
	}
	if err := g.enter(ctx); err != nil {
		return false, err
	}
	defer g.leave(time.Now())
	v := g.verify(password, stored)
	return v.matches, v.damage
}

// enter waits for a slot. No more than the seats may wait.
func (g *Gate) enter(ctx context.Context) error {
	select {
	case g.seats <- struct{}{}:
	default:
		return ErrTooBusy
	}
	select {
	case g.slots <- struct{}{}:
		if err := ctx.Err(); err != nil { // select chooses by chance when both are ready
			<-g.slots
			<-g.seats
			return err
		}
		return nil
	case <-ctx.Done():
		<-g.seats
		return ctx.Err()
	}
}

// wait waits until a channel is closed, in a seat like those who wait for a slot. A nil
// channel is nothing to wait for.
func (g *Gate) wait(ctx context.Context, closed <-chan struct{}) error {
	if closed == nil {
		return ctx.Err()
	}
	select {
	case g.seats <- struct{}{}:
		defer func() { <-g.seats }()
	default:
		return ErrTooBusy
	}
	select {
	case <-closed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// leave gives up the slot. Where others wait for it, it rests for a third of the
// time that the computation took: a flood then leaves more than half of a
// machine of two cores to other requests, garbage collection of what a computation
// used included, and a login at a quiet time waits for nothing.
func (g *Gate) leave(began time.Time) {
	<-g.seats
	if len(g.seats) < cap(g.slots) {
		<-g.slots
		return
	}
	time.AfterFunc(time.Since(began)/3, func() { <-g.slots })
}

// verdict is what comparing a password with a stored hash told.
type verdict struct {
	matches  bool
	outdated bool  // the hash has older parameters
	damage   error // why the stored hash could not be used; for the log
}

func (g *Gate) verify(password, stored string) verdict {
	if len(password) > MaxPasswordSize {
		password, stored = "", g.unknown() // no work is spared, nothing long is hashed
	}
	if isBcrypt(stored) {
		ok, err := matchesBcrypt(password, stored)
		return verdict{matches: ok, outdated: true, damage: err}
	}
	a, err := parseArgon(stored)
	if err != nil {
		return verdict{outdated: true, damage: err}
	}
	if !a.costs(g.costs) {
		return verdict{matches: a.matches(password), outdated: true}
	}
	g.count()
	return verdict{matches: a.matches(password)}
}

// hash computes with current parameters.
func (g *Gate) hash(password string) string {
	g.count()
	return newHash(password, g.costs)
}

func (g *Gate) count() {
	if g.computed != nil {
		g.computed()
	}
}

// unknown is a hash of current parameters that no password is known for: who is
// compared with it takes as long as anybody, and fails.
func (g *Gate) unknown() string {
	return argon{parameters: g.costs, salt: make([]byte, saltSize), hash: make([]byte, hashSize)}.String()
}

// login compares a password with a user's stored hash, "" where there is no such
// user. Whatever comes out, exactly one computation with current parameters was made, so
// that the time tells nothing. A hash with older parameters is renewed: renewed is then the
// hash to store.
func (g *Gate) login(ctx context.Context, password, stored string) (v verdict, renewed string, err error) {
	if err := g.enter(ctx); err != nil {
		return verdict{}, "", err
	}
	defer g.leave(time.Now())
	if stored == "" {
		g.verify(password, g.unknown())
		return verdict{}, "", nil
	}
	v = g.verify(password, stored)
	switch {
	case v.outdated && v.matches:
		renewed = g.hash(password)
	case v.outdated:
		g.verify(password, g.unknown())
	}
	return v, renewed, nil
}
