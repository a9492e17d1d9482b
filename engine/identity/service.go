package identity

import (
	"context"
	"fmt"
	"hash/maphash"
	"log/slog"
	"maps"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"cloudlet/engine/audit"
	"cloudlet/engine/database"
	"cloudlet/engine/secret"

	"github.com/golang-jwt/jwt/v5"
	"github.com/maypok86/otter/v2"
)

// Options say how a Service works. The zero value is usable.
type Options struct {
	// Issuer is the `iss` of tickets; "cloudlet" where it is empty.
	Issuer string
	// TicketLifetime is how long a ticket is valid, in whole seconds; an hour where it is 0.
	TicketLifetime time.Duration
	// RefreshLifetime is how long a refresh token can be used; 30 days where it is 0.
	RefreshLifetime time.Duration
	// MinPasswordLength is how many characters a new password needs; 12 where it is 0.
	MinPasswordLength int
	// Includes says which roles a role includes; a cycle does no harm here.
	Includes map[string][]string
	// Audit is the log of who did what; where it is nil, Open makes one without a head.
	Audit *audit.Log
	// Log takes what an operator should know; slog.Default where it is nil.
	Log *slog.Logger
	// Clock is time.Now where it is nil.
	Clock func() time.Time
	// CheapPasswords hashes passwords at next to no cost, which protects nobody: for
	// tests alone, whose users live for a moment in memory.
	CheapPasswords bool
	// DataDir is where Open finds or makes the secret when it is given no Keyring.
	DataDir string
}

// settings are the options that Configure may change.
type settings struct {
	issuer      string
	lifetime    time.Duration
	refresh     time.Duration
	minPassword int
	includes    map[string][]string
	parser      *jwt.Parser
}

// Service knows the users of one app. It is safe for use by several goroutines at once.
type Service struct {
	db    *database.DB
	keys  *secret.Keyring
	gate  *Gate
	audit *audit.Log
	log   *slog.Logger
	clock func() time.Time

	settings atomic.Pointer[settings]
	// configured counts Configure; with the keyring's version it tells whether what a
	// ticket's text proved still holds.
	configured atomic.Uint64
	// epoch grows with every change that may concern all users: a caller of an older one
	// is read again. touched does the same for one user.
	epoch    atomic.Uint64
	touched  touched
	verified *otter.Cache[string, *admitted]
	throttle throttle

	stop    context.CancelFunc
	stopped chan struct{}
}

// Open makes the service of a database that Migrations were applied to. With nil keys
// it opens those of DataDir or CLOUDLET_SECRET. Close it before the database.
func Open(ctx context.Context, db *database.DB, keys *secret.Keyring, o Options) (*Service, error) {
	if keys == nil {
		var err error
		if keys, err = secret.OpenKeyring(o.DataDir, os.Getenv("CLOUDLET_SECRET")); err != nil {
			return nil, err
		}
	}
	s := &Service{db: db, keys: keys, gate: defaultGate(), log: o.Log, audit: o.Audit, clock: o.Clock, stopped: make(chan struct{})}
	s.touched.seed = maphash.MakeSeed()
	if s.log == nil {
		s.log = slog.Default()
	}
	if o.CheapPasswords {
		s.gate = cheapGate()
	}
	if s.clock == nil {
		s.clock = time.Now
	}
	if s.audit == nil {
		s.audit = audit.New(db, keys, audit.Options{Log: s.log, Clock: s.clock})
	}
	if err := s.Configure(o); err != nil {
		return nil, err
	}
	var err error
	if s.verified, err = newTicketCache(); err != nil {
		return nil, err
	}
	w := &watcher{service: s}
	if err := w.start(ctx); err != nil {
		return nil, fmt.Errorf("read the users: %w", err)
	}
	if err := s.warnOfNewSecret(ctx); err != nil {
		return nil, fmt.Errorf("read the users: %w", err)
	}
	background, stop := context.WithCancel(context.Background())
	s.stop = stop
	go func() {
		defer close(s.stopped)
		w.run(background)
	}()
	return s, nil
}

// warnOfNewSecret writes to the log that users are older than the secret: a copy of the data was
// put back without it, or it was removed to end all tickets.
func (s *Service) warnOfNewSecret(ctx context.Context) error {
	if !s.keys.Made() {
		return nil
	}
	users, err := count(ctx, s.db, "SELECT count(*) FROM cloudlet_users")
	if err == nil && users > 0 {
		s.log.Warn("a new secret was made, and there are users already: what was signed or sealed with the old one cannot be used any more (tickets, links, codes of authenticator apps, mails and webhooks that wait); if that is not wanted, put secret.key back and start again")
	}
	return err
}

// Close stops watching for the changes of other processes. It may be called twice.
func (s *Service) Close() error {
	s.stop()
	<-s.stopped
	return nil
}

// Configure changes the issuer, the lifetime of new tickets, the length of new
// passwords and the included roles; the other options stay as they were opened with. It fails for a
// lifetime or length that is negative, and for a lifetime with parts of a second.
func (s *Service) Configure(o Options) error {
	n := settings{
		issuer:      o.Issuer,
		lifetime:    o.TicketLifetime,
		refresh:     o.RefreshLifetime,
		minPassword: o.MinPasswordLength,
		includes:    map[string][]string{},
	}
	if n.issuer == "" {
		n.issuer = "cloudlet"
	}
	if n.lifetime == 0 {
		n.lifetime = time.Hour
	}
	if n.refresh == 0 {
		n.refresh = 30 * 24 * time.Hour
	}
	if n.minPassword == 0 {
		n.minPassword = MinPasswordLength
	}
	if n.lifetime < 0 || n.lifetime%time.Second != 0 {
		return fmt.Errorf("a ticket's lifetime is whole seconds, at least one, not %v", o.TicketLifetime)
	}
	if n.refresh < 0 {
		return fmt.Errorf("a refresh token's lifetime is more than nothing, not %v", o.RefreshLifetime)
	}
	if n.minPassword < 0 || n.minPassword > MaxPasswordSize {
		return fmt.Errorf("a password's least length is from 1 to %d, not %d", MaxPasswordSize, o.MinPasswordLength)
	}
	for role, included := range maps.All(o.Includes) {
		n.includes[role] = slices.Clone(included)
	}
	n.parser = newParser(n.issuer, s.clock)
	s.settings.Store(&n)
	s.configured.Add(1)
	return nil
}

// Passwords is the gate that all passwords of the app go through.
func (s *Service) Passwords() *Gate { return s.gate }

// trust changes whenever what a ticket's text proved might not hold any more. Both
// numbers only grow, so their sum tells.
func (s *Service) trust() uint64 { return s.keys.Version() + s.configured.Load() }
