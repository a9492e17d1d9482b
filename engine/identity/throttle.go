package identity

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/netip"
	"strings"
	"time"

	"cloudlet/engine/database"
)

// Guessing is slowed by counting failed tries: of one user from one address, of one
// address, and, for codes, of one user from anywhere, which is counted only for who knows
// the password or has a ticket. So many in a quarter of an hour are free; then no try is
// looked at for 30 seconds, and each further failure doubles that up to a quarter of an
// hour. A refused try counts as none and costs no computation. The counts are in the
// database, so that a restart forgets nothing, under keyed hashes, so that the table tells
// neither names nor addresses. Names that no user has are treated alike.
//
// Refresh tokens and those in the links of mails are not guarded: nobody guesses 256
// random bits.
const (
	freePerUser    = 5  // failures of one user from one address
	freePerAddress = 50 // failures of one address
	freePerCode    = 50 // wrong codes of one user from anywhere
	failureWindow  = 15 * time.Minute
	firstWait      = 30 * time.Second
	longestWait    = 15 * time.Minute
	// mostFailures bounds the table: those that expire first go. So many failures in half an
	// hour are more than most machines can compute.
	mostFailures = 100_000
)

// What is guessed.
const (
	guessedPassword = "password"
	guessedCode     = "code"
)

// guess says what is tried.
type guess struct {
	what     string // guessedPassword or guessedCode
	name     string // whose it is; perhaps nobody's
	address  string // from where
	withCode bool   // a code is looked at, too
}

// limit is one count that a try is held against.
type limit struct {
	key     string
	free    int
	only    string // what alone is counted; "": anything that is guessed
	cleared bool   // by a success
	name    string // for the audit log
}

// limitsOf are the counts that a guess is held against.
func (s *Service) limitsOf(g guess) []limit {
	_, key := s.keys.Derive("throttle")
	name, address := strings.ToLower(g.name), NetworkOf(g.address)
	limits := []limit{
		{key: throttleKey(key, "user", g.what, name, address), free: freePerUser, cleared: true, name: "user"},
		{key: throttleKey(key, "address", address), free: freePerAddress, name: "address"},
	}
	if g.withCode {
		limits = append(limits, limit{key: throttleKey(key, "code", name), free: freePerCode, only: guessedCode, name: "code"})
	}
	return limits
}

// throttleKey hashes parts under a key, each with its end marked.
func throttleKey(key []byte, parts ...string) string {
	h := hmac.New(sha256.New, key)
	for _, p := range parts {
		sum := sha256.Sum256([]byte(p))
		h.Write(sum[:])
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:24])
}

// NetworkOf is an address as failures are counted: one of IPv6 by its /64, of which
// every customer has at least one.
func NetworkOf(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return a.String()
	}
	p, _ := a.Prefix(64) // 64 fits
	return p.String()
}

// count is what is kept of the failures under one key. Times are ms since 1970.
type failureCount struct {
	recent  []int64
	waits   int
	until   int64
	expires int64
}

// at is the count as of a time: what is older than the window is left out.
func (f failureCount) at(now time.Time) failureCount {
	ms := now.UnixMilli()
	if f.waits > 0 && (ms >= f.expires || f.until > ms+longestWait.Milliseconds()) { // a clock that was set back
		f = failureCount{}
	}
	var recent []int64
	for _, t := range f.recent {
		if t > ms-failureWindow.Milliseconds() && t <= ms {
			recent = append(recent, t)
		}
	}
	f.recent = recent
	return f
}

// wait is for how long no try is looked at.
func (f failureCount) wait(now time.Time) time.Duration {
	return max(0, time.Duration(f.until-now.UnixMilli())*time.Millisecond)
}

// room is how many tries may be looked at at once, so that never more fail than are free.
func (f failureCount) room(free int) int {
	if f.waits > 0 {
		return 1
	}
	return free - len(f.recent)
}

// failed is the count after one more failure, and the wait that it begins, 0 for none.
func (f failureCount) failed(now time.Time, free int) (failureCount, time.Duration) {
	f = f.at(now)
	f.recent = append(f.recent, now.UnixMilli())
	f.recent = f.recent[max(0, len(f.recent)-free):]
	f.expires = now.Add(failureWindow).UnixMilli()
	if f.waits == 0 && len(f.recent) < free {
		return f, 0
	}
	wait := min(longestWait, firstWait<<min(f.waits, 10))
	f.waits++
	f.until = now.Add(wait).UnixMilli()
	f.expires = f.until + failureWindow.Milliseconds()
	return f, wait
}

// begin admits a try to guess, or refuses it with ErrTooManyFailures. Where as many are
// being looked at as may yet fail, it waits for one of them, so that those who come at
// once get no more guesses than those who come in turn; it fails with ErrTooBusy where
// many wait, with the context's error, and with the database's failure. End the try.
func (s *Service) begin(ctx context.Context, g guess) (*try, error) {
	t := &try{service: s, limits: s.limitsOf(g)}
	s.throttle.join(t)
	for {
		seen := s.throttle.version(t)
		rooms, err := s.rooms(ctx, t.limits)
		if err != nil {
			t.end()
			return nil, err
		}
		ended, ok := s.throttle.admit(t, seen, rooms)
		if ok {
			return t, nil
		}
		if err := s.gate.wait(ctx, ended); err != nil {
			t.end()
			return nil, err
		}
	}
}

// rooms reads how many tries may be looked at at once under each limit.
func (s *Service) rooms(ctx context.Context, limits []limit) ([]int, error) {
	now := s.clock()
	counts, err := readFailures(ctx, s.db, limits)
	if err != nil {
		return nil, err
	}
	rooms, wait := make([]int, len(limits)), time.Duration(0)
	for i, l := range limits {
		f := counts[l.key].at(now)
		wait, rooms[i] = max(wait, f.wait(now)), f.room(l.free)
	}
	if wait > 0 {
		return nil, ErrTooManyFailures.After(wait)
	}
	return rooms, nil
}

// failed counts a try as failed, in the transaction that notes what came of it: guessed
// says what was wrong. The subject is the user, "" where there is none: what somebody
// types as a name may be a password.
func (t *try) failed(ctx context.Context, tx *database.Tx, act Act, subject, guessed string) error {
	s := t.service
	if err := s.record(ctx, tx, act, "login.failed", subject, "reason", guessed); err != nil {
		return err
	}
	now := s.clock()
	if err := forgetFailures(ctx, tx, now); err != nil {
		return err
	}
	counts, err := readFailures(ctx, tx, t.limits)
	if err != nil {
		return err
	}
	longest, by := time.Duration(0), ""
	for _, l := range t.limits {
		if l.only != "" && l.only != guessed {
			continue
		}
		f, wait := counts[l.key].failed(now, l.free)
		if err := writeFailures(ctx, tx, l.key, f); err != nil {
			return err
		}
		if wait > longest {
			longest, by = wait, l.name
		}
	}
	if longest == 0 {
		return nil
	}
	return s.record(ctx, tx, act, "login.slowed", subject, "by", by, "seconds", int(longest/time.Second))
}

// succeeded forgets the failures of the user from the address.
func (t *try) succeeded(ctx context.Context, tx *database.Tx) error {
	for _, l := range t.limits {
		if !l.cleared {
			continue
		}
		if _, err := tx.Exec(ctx, "DELETE FROM cloudlet_failures WHERE key = ?", l.key); err != nil {
			return err
		}
	}
	return nil
}

// lasting is a context for noting what a try came to, which happens also where the client
// has gone meanwhile: guessing must not become free by hanging up.
func lasting(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
}
