package engine

import (
	"log/slog"
	"net/http"
	"os"
	"time"

	"cloudlet/engine/action"
	"cloudlet/engine/internal/settings"
)

// Option changes how an app is opened.
type Option func(*options)

type options struct {
	actions []*action.Action
	log     *slog.Logger
	env     func(string) string
	watch   bool
	schemas bool
	// around, where it is not nil, is put around the routes that tests ask.
	around func(http.Handler) http.Handler
	settle time.Duration
	tell   func(Event)
	access func(Access)
	listen string
}

// Event is what happened to a running engine: a generation was swapped in, or a
// change was refused.
type Event struct {
	Generation int           // that runs now
	Problems   []Problem     // why the change was refused; empty where it was taken
	Err        error         // what kept the files or the database from being read
	Took       time.Duration // from the first look at the files to the swap
	Endpoints  int
}

// WithActions says which actions endpoint files may use.
func WithActions(list []*action.Action) Option { return func(o *options) { o.actions = list } }

// WithLog says where the engine and the action `log` write. The default is slog.Default.
func WithLog(l *slog.Logger) Option { return func(o *options) { o.log = l } }

// WithEnvironment gives the environment that settings and secrets are read from.
// The default is the process's.
func WithEnvironment(env func(string) string) Option { return func(o *options) { o.env = env } }

// WithListen serves on another address than the settings say. The app's links follow
// it, where there is no public_url.
func WithListen(address string) Option { return func(o *options) { o.listen = address } }

// WithWatch turns hot reload on: changed files are compiled and swapped in.
func WithWatch() Option { return func(o *options) { o.watch = true } }

// WithEvents is told of every reload, in order, from one goroutine at a time.
func WithEvents(tell func(Event)) Option { return func(o *options) { o.tell = tell } }

// settleTime is how long a new migration must rest before a watching engine
// applies it: a half-written one would be applied for good.
const settleTime = 2 * time.Second

func newOptions(list []Option) *options {
	o := &options{log: slog.Default(), env: os.Getenv, settle: settleTime, tell: func(Event) {}}
	for _, set := range list {
		set(o)
	}
	if env := o.env; o.listen != "" {
		o.env = func(name string) string {
			if name == settings.Variable("listen") {
				return o.listen
			}
			return env(name)
		}
	}
	return o
}
