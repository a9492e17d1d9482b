package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"cloudlet/engine/cache"
	"cloudlet/engine/database"
	"cloudlet/engine/events"
	"cloudlet/engine/files"
	"cloudlet/engine/internal/plan"
	"cloudlet/engine/internal/reference/docs"
	"cloudlet/engine/internal/watch"
	"cloudlet/engine/journal"
	"cloudlet/engine/language/source"
	"cloudlet/engine/limit"
	"cloudlet/engine/lock"
	"cloudlet/engine/oidc"
	"cloudlet/engine/outgoing"
	"cloudlet/engine/secret"
)

// Problem is one mistake in an app's files.
type Problem = source.Problem

// ProblemsError says that an app cannot run as it is written.
type ProblemsError struct{ Problems []Problem }

// Error counts the problems and says the first.
func (e *ProblemsError) Error() string {
	if len(e.Problems) == 1 {
		return "1 problem: " + e.Problems[0].String()
	}
	return fmt.Sprintf("%d problems, the first: %s", len(e.Problems), e.Problems[0])
}

// Engine serves one app. It is an http.Handler, safe for use by several goroutines.
type Engine struct {
	dir     string
	o       *options
	loader  *loader
	keys    *secret.Keyring
	page    func() *docs.Page
	journal *journal.Journal
	events  *events.Hub // longer than generations: streams go on in the next one
	limits  *limit.Counter
	files   *files.Store
	locks   lock.Locks[string]
	cache   *cache.Store[any] // of chains
	current atomic.Pointer[generation]

	mu        sync.Mutex // one load at a time; guards what follows
	kept                 // the services in the main database
	oidc      *oidc.Service
	outgoing  *http.Transport          // carries the requests of actions to others
	http      *outgoing.Client         // asks through it
	allowed   []string                 // the private services that it reaches
	databases map[string]*openDatabase // by name
	warned    string                   // what the log was told of the settings
	absent    string                   // and of roles that do not exist
	shut      bool                     // Close began: nothing is swapped in any more
	retired   sync.WaitGroup           // generations that are being drained
	ahead     int64                    // a migration's time of change that lies ahead, Unix nanoseconds
	seen      time.Time                // when that was seen first

	health  atomic.Pointer[health]
	watcher *watch.Watcher
	stop    context.CancelFunc
	stopped chan struct{}
	closing sync.Once
	closed  error
}

// ErrClosed says that the engine was closed.
var ErrClosed = errors.New("the engine is closed")

// openDatabase is an open database and the URL that it was opened with.
type openDatabase struct {
	url string
	db  *database.DB
}

// Open loads the app in dir, applies its migrations and makes it ready to serve.
// An app with problems gives a *ProblemsError and leaves everything as it was.
// Close the engine.
func Open(dir string, list ...Option) (*Engine, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	o := newOptions(list)
	lines := journal.New()
	o.log = slog.New(lines.Handler(o.log.Handler()))
	e := &Engine{dir: dir, o: o, journal: lines, events: events.New(events.Options{}), limits: limit.New(), cache: cache.New[any](), loader: newLoader(dir, o), page: sync.OnceValue(docs.New), databases: map[string]*openDatabase{}, stopped: make(chan struct{})}
	e.files = files.New(filepath.Join(e.dataDir(), "files"))
	e.loader.fallback = http.HandlerFunc(e.own)
	ctx, stop := context.WithCancel(context.Background())
	e.stop = stop
	if o.watch {
		// Watching begins before the files are read, so that no change falls between.
		if e.watcher, err = watchApp(dir); err != nil {
			stop()
			return nil, err
		}
	}
	if err := e.reload(ctx, false); err != nil {
		close(e.stopped)
		e.Close()
		return nil, err
	}
	if err := e.files.Sweep(ctx, e.openDatabases()); err != nil {
		o.log.Warn("what a killed process left of its files could not be settled", "reason", err)
	}
	go e.follow(ctx)
	return e, nil
}

// openDatabases are the databases of the running generation, by their names.
func (e *Engine) openDatabases() map[string]*database.DB {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := make(map[string]*database.DB, len(e.databases))
	for name, d := range e.databases {
		all[name] = d.db
	}
	return all
}

// Close drains the running generation and closes what the engine opened.
func (e *Engine) Close() error {
	e.closing.Do(func() { e.closed = e.close() })
	return e.closed
}

// EndStreams ends all streams of events, whose clients would stay for as long as they
// like, and begins no more. It is what a server that shuts down does first
// (http.Server.RegisterOnShutdown); Close does it too.
func (e *Engine) EndStreams() { e.events.Close() }

func (e *Engine) close() error {
	e.stop()
	<-e.stopped
	var errs []error
	if e.watcher != nil {
		errs = append(errs, e.watcher.Close())
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.shut = true
	e.EndStreams()
	if e.post != nil {
		errs = append(errs, e.post.tasks.Close())
		e.post.queue.Rest() // before it is waited for the jobs, which would go on for their time
	}
	if g := e.current.Load(); g != nil {
		g.drain()
	}
	e.retired.Wait()
	if e.post != nil {
		errs = append(errs, e.post.queue.Close())
	}
	if e.oidc != nil {
		errs = append(errs, e.oidc.Close())
	}
	if e.outgoing != nil {
		e.outgoing.CloseIdleConnections()
	}
	if e.identity != nil {
		errs = append(errs, e.identity.Close())
	}
	for _, d := range e.databases {
		errs = append(errs, d.db.Close())
	}
	errs = append(errs, e.files.Close())
	return errors.Join(errs...)
}

// ServeHTTP answers a request with the generation that runs when it begins.
func (e *Engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if e.o.access != nil {
		e.serveObserved(w, r)
		return
	}
	e.serve(w, r)
}

func (e *Engine) serve(w http.ResponseWriter, r *http.Request) {
	plan.BoundBody(w, r, plan.DefaultTimeout) // net/http reads the body even where nobody wants it
	g := e.enter()
	if g == nil {
		e.fail(w, r, http.StatusServiceUnavailable, "shutting_down", "The server is shutting down.")
		return
	}
	defer g.leave()
	g.table.ServeHTTP(w, r)
}

// enter takes part in the running generation; leave it in the end. It is nil once
// Close began.
func (e *Engine) enter() *generation {
	for {
		g := e.current.Load()
		if g.enter() {
			return g
		}
		if e.current.Load() == g {
			return nil // retired without another in its place
		}
	}
}

// Listen is the address that the app's settings say.
func (e *Engine) Listen() string { return e.current.Load().settings.Listen }

// Generation counts the swaps.
func (e *Engine) Generation() int { return e.current.Load().number }

// Routes lists what the running generation serves.
func (e *Engine) Routes() []Route { return e.current.Load().routes }

// EnsureRoot makes the user root where there is no user at all. The password is
// CLOUDLET_ROOT_PASSWORD, or made and returned; made is "" where nothing was made
// or the password is known to whoever set it.
func (e *Engine) EnsureRoot(ctx context.Context) (made string, err error) {
	given := e.o.env("CLOUDLET_ROOT_PASSWORD")
	g := e.enter()
	if g == nil {
		return "", ErrClosed
	}
	defer g.leave()
	created, password, err := g.services.Identity.EnsureRoot(ctx, Act{}, given)
	if err != nil || !created || given != "" {
		return "", err
	}
	return password, nil
}

// health is what /-/health shows.
type health struct {
	generation, endpoints, problems int
	loaded                          time.Time
}
