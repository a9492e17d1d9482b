package engine

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"cloudlet/engine/action"
	"cloudlet/engine/audit"
	"cloudlet/engine/database"
	"cloudlet/engine/idempotency"
	"cloudlet/engine/identity"
	"cloudlet/engine/internal/plan"
	"cloudlet/engine/internal/reference"
	"cloudlet/engine/internal/route"
	"cloudlet/engine/internal/settings"
	"cloudlet/engine/secret"
	"cloudlet/engine/webhook"
)

// generation is one compiled app that serves requests. It never changes.
type generation struct {
	number    int
	loaded    time.Time
	settings  *settings.Settings
	plan      *plan.Plan
	table     *route.Table
	routes    []Route
	services  *action.Services
	about     reference.Options
	documents documents
	old       []io.Closer // what neither it nor a later one uses, in order

	// ended is closed when it and every generation before it have ended: one
	// before it may still use what is old. earlier is the ended of that one.
	ended   chan struct{}
	earlier <-chan struct{}
	retired chan struct{} // closed when another takes over; its streams end then

	// running counts the requests in it; once it was retired and they have ended,
	// drained is closed. The highest bit says that it is retired.
	running atomic.Int64
	drained chan struct{}
	once    sync.Once
}

const retiredBit = 1 << 62

func (g *generation) enter() bool {
	if g.running.Add(1)&retiredBit != 0 {
		g.leave()
		return false
	}
	return true
}

func (g *generation) leave() {
	if g.running.Add(-1) == retiredBit {
		g.once.Do(func() { close(g.drained) })
	}
}

// drain waits until every request in the generation has ended. New ones do not enter.
func (g *generation) drain() {
	if g.running.Or(retiredBit) == 0 {
		g.once.Do(func() { close(g.drained) })
	}
	<-g.drained
}

// retire closes what only old generations used, once they are drained.
func (e *Engine) retire(g *generation) {
	if g == nil {
		return
	}
	close(g.retired)
	e.retired.Go(func() {
		defer close(g.ended)
		g.drain()
		if g.earlier != nil {
			<-g.earlier
		}
		for _, c := range g.old {
			if err := c.Close(); err != nil {
				e.o.log.Error("what an old generation used could not be closed", "reason", err)
			}
		}
	})
}

// reload loads the app anew and swaps it in if nothing is wrong. The error is a
// *ProblemsError, or what kept the app from being read. wait says that a new
// migration has to rest before it is applied: then the error is an *unsettled.
func (e *Engine) reload(ctx context.Context, wait bool) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.shut {
		return ErrClosed
	}
	err := e.replace(ctx, wait)
	if u := (*unsettled)(nil); err != nil && !errors.As(err, &u) && ctx.Err() == nil && e.current.Load() != nil {
		e.refuse(err)
	}
	return err
}

func (e *Engine) replace(ctx context.Context, wait bool) error {
	began := time.Now()
	a, err := e.loader.load(ctx)
	if err != nil {
		return err
	}
	if a.problems.Count() > 0 {
		return &ProblemsError{a.problems.All()}
	}
	if wait && a.newest > 0 {
		if rest := e.rest(a.newest); rest > 0 {
			return &unsettled{rest}
		}
	}
	return e.swap(ctx, a, began)
}

// rest is how long a migration that was changed at newest has still to stay as it
// is. A time that lies ahead, of another machine's clock, says nothing: then it
// counts from when it was seen first.
func (e *Engine) rest(newest int64) time.Duration {
	changed, now := time.Unix(0, newest), time.Now()
	if changed.After(now) {
		if e.ahead != newest {
			e.ahead, e.seen = newest, now
		}
		changed = e.seen
	}
	return changed.Add(e.o.settle).Sub(now)
}

// unsettled says that a new migration has to rest before it is applied.
type unsettled struct{ rest time.Duration }

func (*unsettled) Error() string { return "a new migration is applied once it has rested" }

// swap opens what the app needs, applies its migrations and makes it the one that serves.
func (e *Engine) swap(ctx context.Context, a *app, began time.Time) error {
	opened, err := e.open(ctx, a)
	if err == nil {
		err = e.migrate(ctx, a, opened)
	}
	var next kept
	if err == nil {
		next, err = e.keep(ctx, a, opened["main"].db)
	}
	if err != nil {
		e.discard(opened)
		return err
	}
	before := e.current.Load()
	e.carry(a.settings.HTTP.Allow, before)
	next.post.webhooks.Configure(webhookConfig(a.settings, e.http))
	fresh := e.take(next, before)
	g := &generation{number: 1, loaded: time.Now(), settings: a.settings, plan: a.plan, table: a.table, routes: a.routes(), about: a.about, drained: make(chan struct{}), ended: make(chan struct{}), retired: make(chan struct{})}
	if before != nil {
		g.number, g.earlier = before.number+1, before.ended
	}
	current := make(map[string]*database.DB, len(opened))
	for name, d := range opened {
		current[name] = d.db
	}
	for name, old := range e.databases {
		if current[name] != old.db {
			before.old = append(before.old, old.db)
		}
	}
	e.databases = opened
	e.events.Limit(a.settings.Events)
	find := func(name string) *database.DB { return current[name] }
	g.services = &action.Services{PublicURL: a.settings.PublicURL, Proxies: a.settings.TrustedProxies,
		Identity: e.identity, Audit: e.audit, Keys: e.keys, Mail: e.post.mail, Journal: e.journal, Database: find, Outgoing: e.outgoing, HTTP: e.http, Webhooks: e.post.webhooks, Receipts: webhook.NewReceipts(current["main"], nil), Files: e.files,
		Events: e.events, Limits: e.limits}
	g.services.Jobs = e.post.tasks
	g.services.Idempotency, g.services.Locks, g.services.Cache = e.idempotency, &e.locks, e.cache
	g.services.OIDC, g.services.Captcha = e.logins(a.settings, current["main"])
	a.plan.Link(find)
	answers := plan.NewAnswers()
	for _, h := range a.handlers {
		h.Services, h.Retired, h.Answers = g.services, g.retired, answers
	}
	e.current.Store(g)
	if fresh {
		e.post.start(e.o.log) // not before: what is due already is done in this generation
	}
	e.post.tasks.Plan(planned(a.plan))
	e.health.Store(&health{g.number, len(a.plan.Endpoints), 0, g.loaded})
	e.retire(before)
	e.keepSchemas(a.plan.Composites)
	e.warn(a.problems.All())
	e.warnOfRoles(ctx, a)
	e.o.tell(Event{Generation: g.number, Took: time.Since(began), Endpoints: len(a.plan.Endpoints)})
	return nil
}

// open opens the databases whose URLs are new.
func (e *Engine) open(ctx context.Context, a *app) (map[string]*openDatabase, error) {
	opened := map[string]*openDatabase{}
	for name, url := range a.settings.Databases {
		if d := e.databases[name]; d != nil && d.url == url {
			opened[name] = d
			continue
		}
		db, err := database.Open(ctx, database.Config{Name: name, URL: url, Dir: e.dir})
		if err != nil {
			e.discard(opened)
			return nil, err
		}
		opened[name] = &openDatabase{url, db}
	}
	return opened, nil
}

// discard closes what was opened for an app that is not swapped in.
func (e *Engine) discard(opened map[string]*openDatabase) {
	for name, d := range opened {
		if old := e.databases[name]; old == nil || old.db != d.db {
			d.db.Close()
		}
	}
}

// migrate applies what is pending; one that fails leaves the old generation running.
func (e *Engine) migrate(ctx context.Context, a *app, opened map[string]*openDatabase) error {
	for _, name := range a.settings.DatabaseNames() {
		if err := apply(ctx, opened[name].db, a.migrations[name]); err != nil {
			return err
		}
	}
	return nil
}

// apply applies what is pending to a database. What is wrong is a *ProblemsError.
func apply(ctx context.Context, db *database.DB, sets []database.Set) error {
	problems, err := db.Migrate(ctx, sets)
	if err != nil {
		return err
	}
	problems = slices.DeleteFunc(problems, func(p Problem) bool { return p.Warning })
	if len(problems) > 0 {
		return &ProblemsError{problems}
	}
	return nil
}

// kept are the services whose state is in the main database.
type kept struct {
	identity *identity.Service
	audit    *audit.Log
	post     *post

	idempotency *idempotency.Store
}

// keep opens the services of a new main database, or tells the running ones what has
// changed. Until it has succeeded nothing of the engine's is touched.
func (e *Engine) keep(ctx context.Context, a *app, main *database.DB) (kept, error) {
	o := identityOptions(a.settings, e.o.log)
	if e.identity != nil && e.databases["main"].db == main {
		if err := e.post.mail.Configure(ctx, mailConfig(a.settings)); err != nil {
			e.o.log.Warn("mails that wait are not tried before their time", "reason", err)
		}
		return e.kept, e.identity.Configure(o)
	}
	if e.keys == nil {
		keys, err := secret.OpenKeyring(e.dataDir(), e.o.env("CLOUDLET_SECRET"))
		if err != nil {
			return kept{}, err
		}
		e.keys = keys
	}
	p, err := openPost(main, e.keys, a.settings, e.dataDir(), e.runJob, e.o.log)
	if err != nil {
		return kept{}, err
	}
	o.Audit = openAudit(main, e.keys, e.dataDir(), e.o.log)
	s, err := identity.Open(ctx, main, e.keys, o)
	if err != nil {
		return kept{}, errors.Join(err, p.queue.Close())
	}
	return kept{s, o.Audit, p, idempotency.New(main, e.keys)}, nil
}

// take has the engine go on with what keep gave, and reports whether that is new.
func (e *Engine) take(k kept, before *generation) bool {
	if k.identity == e.identity {
		return false
	}
	if before != nil {
		before.old = append(before.old, e.identity, e.post.tasks, e.post.queue)
	}
	e.kept = k
	return true
}

// openAudit is the audit log of a main database, its head beside it in the data folder.
// One in memory begins anew each time, and so has no head.
func openAudit(db *database.DB, keys *secret.Keyring, data string, log *slog.Logger) *audit.Log {
	o := audit.Options{Log: log}
	if db.File() != "" {
		o.Head = filepath.Join(data, "audit.head")
	}
	return audit.New(db, keys, o)
}
