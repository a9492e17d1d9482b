package engine

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"

	"cloudlet/engine/action"
	"cloudlet/engine/audit"
	"cloudlet/engine/cache"
	"cloudlet/engine/captcha"
	"cloudlet/engine/database"
	"cloudlet/engine/events"
	"cloudlet/engine/files"
	"cloudlet/engine/idempotency"
	"cloudlet/engine/identity"
	"cloudlet/engine/internal/plan"
	"cloudlet/engine/internal/trial"
	"cloudlet/engine/journal"
	"cloudlet/engine/limit"
	"cloudlet/engine/lock"
	"cloudlet/engine/oidc"
	"cloudlet/engine/outgoing"
	"cloudlet/engine/secret"
	"cloudlet/engine/webhook"
)

// stage is a compiled app with databases in memory, for one test after the other.
type stage struct {
	app       *app
	databases map[string]*database.DB
	images    map[string][]byte // of the databases after the migrations
	keys      *secret.Keyring
	folder    string        // of what tests are given as files
	logins    *oidc.Service // of the test under way
	store     *files.Store  // too
	cover     []atomic.Uint32
	world     trial.World
}

// newStage opens the databases, applies the migrations and binds the plan to them.
// Close it, also after an error.
func newStage(ctx context.Context, a *app, o *options) (s *stage, err error) {
	s = &stage{app: a, databases: map[string]*database.DB{}, images: map[string][]byte{}, keys: secret.NewKeyring(),
		cover: make([]atomic.Uint32, len(a.plan.Points()))}
	s.world.Clock = &trial.Clock{}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if s.folder, err = os.MkdirTemp("", "cloudlet-test-"); err != nil {
		return nil, err
	}
	for _, name := range a.settings.DatabaseNames() {
		db, err := database.Open(ctx, database.Config{Name: name, URL: "sqlite::memory:", Clock: s.world.Clock.Now})
		if err != nil {
			return nil, err
		}
		s.databases[name] = db
		if err := apply(ctx, db, a.migrations[name]); err != nil {
			return nil, err
		}
		if s.images[name], err = db.Snapshot(ctx); err != nil {
			return nil, err
		}
	}
	find := func(name string) *database.DB { return s.databases[name] }
	a.plan.Link(find)
	s.world = trial.World{Handler: a.table, Plan: a.plan, Database: find, Clock: s.world.Clock, Log: &trial.Recorder{}, Outgoing: &trial.Outgoing{}, Webhooks: &trial.Webhooks{}, Tasks: &trial.Tasks{}, Events: &trial.Published{},
		Mail:  &trial.Outbox{From: a.settings.Mail.From, PublicURL: a.settings.PublicURL},
		Files: filepath.Join(s.folder, "files")}
	if o.around != nil {
		s.world.Handler = o.around(a.table)
	}
	return s, nil
}

// fresh readies the stage for the next test: nothing is left of the one before.
func (s *stage) fresh(ctx context.Context) error {
	if err := s.leave(); err != nil {
		return err
	}
	for name, db := range s.databases {
		if err := db.Restore(ctx, s.images[name]); err != nil {
			return err
		}
	}
	lines := journal.New()
	log := slog.New(lines.Handler(s.world.Log))
	o := identityOptions(s.app.settings, log)
	o.Clock, o.CheapPasswords = s.world.Clock.Now, true
	o.Audit = audit.New(s.databases["main"], s.keys, audit.Options{Log: log, Clock: s.world.Clock.Now})
	var err error
	if s.world.Identity, err = identity.Open(ctx, s.databases["main"], s.keys, o); err != nil {
		return err
	}
	s.store = files.New(s.world.Files)
	services := &action.Services{PublicURL: s.app.settings.PublicURL, Proxies: s.app.settings.TrustedProxies,
		Identity: s.world.Identity, Audit: o.Audit, Keys: s.keys, Journal: lines, Database: s.world.Database, Clock: s.world.Clock.Now, Outgoing: s.world.Outgoing, HTTP: outgoing.New(s.world.Outgoing), Webhooks: s.world.Webhooks, Receipts: webhook.NewReceipts(s.databases["main"], s.world.Clock.Now), Files: s.store, Mail: s.world.Mail}
	services.Limits, services.Locks, services.Cache = limit.New(), &lock.Locks[string]{}, cache.New[any]()
	services.Idempotency = idempotency.New(s.databases["main"], s.keys)
	services.Events = events.New(events.Options{Clock: s.world.Clock.Now, Rehearsal: true, Published: s.world.Events.Published})
	services.OIDC = oidc.New(s.keys, oidcOptions(s.app.settings, s.world.Outgoing, s.world.Clock.Now))
	services.Captcha = captcha.New(s.databases["main"], s.keys, captchaOptions(s.app.settings, s.world.Outgoing, s.world.Clock.Now))
	s.logins = services.OIDC
	services.Jobs = s.world.Tasks
	s.world.Doing = plan.Doing{Services: services, Log: log, Cover: s.cover}
	answers := plan.NewAnswers()
	for _, h := range s.app.handlers {
		h.Services, h.Log, h.Cover, h.Answers = services, log, s.cover, answers
	}
	return nil
}

// leave ends what the test before left.
func (s *stage) leave() error {
	if s.logins != nil {
		if err := s.logins.Close(); err != nil {
			return err
		}
		s.logins = nil
	}
	if s.world.Identity != nil {
		if err := s.world.Identity.Close(); err != nil {
			return err
		}
		s.world.Identity = nil
	}
	if s.store != nil {
		if err := s.store.Close(); err != nil {
			return err
		}
		s.store = nil
	}
	return os.RemoveAll(s.world.Files)
}

func (s *stage) close() {
	// Nothing of it outlives the process, and nothing can be done about what cannot be closed.
	_ = s.leave()
	for _, db := range s.databases {
		_ = db.Close()
	}
	if s.folder != "" {
		_ = os.RemoveAll(s.folder)
	}
}

// newTestLoader is a loader that reads test files too, for databases that begin empty.
func newTestLoader(dir string, o *options) *loader {
	l := newLoader(dir, o)
	l.tests, l.empty = true, true
	l.fallback = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		plan.WriteFailure(w, &action.Exchange{Request: r}, notFound())
	})
	return l
}
