package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"cloudlet/actions"
	"cloudlet/engine"
)

// serveCommand is `cloudlet serve`.
type serveCommand struct {
	Folder    string `arg:"" optional:"" name:"app" help:"The app's folder."`
	Listen    string `placeholder:"HOST:PORT" help:"Where to listen. The default is listen of cloudlet.yaml, or 127.0.0.1:8080."`
	NoWatch   bool   `help:"Do not reload the app when its files change."`
	AccessLog bool   `help:"Write a line to the log for each request."`
	LogLevel  string `enum:"debug,info,warn,error" default:"info" help:"What the log tells: ${enum}."`
	LogFormat string `enum:"text,json" default:"text" help:"How the log is written: ${enum}."`
}

// Help is what --help says besides the flags.
func (serveCommand) Help() string {
	return `The first start makes the user root and prints its password once. Changed files are served as soon as they are saved; where something is wrong in them, what was served before stays. SIGHUP and the command reload do that too. SIGTERM ends the server when the requests it has begun are answered.

Example:

    cloudlet serve myapp --listen 127.0.0.1:9000 --access-log
`
}

// How the server treats its clients. A chain's own time is bounded by its timeout,
// so there is no deadline for whole requests here.
const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	headerLimit   = 64 << 10
	drainTimeout  = 30 * time.Second
	partTimeout   = 2 * time.Second
	closeTimeout  = 5 * time.Second
)

// Run serves until it is told to end.
func (c *serveCommand) Run(ctx context.Context, t *terminal, f *folder) error {
	dir, err := f.dir(c.Folder)
	if err != nil {
		return err
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil && c.Listen != "" {
		return usagef("cannot listen on %q: an address is HOST:PORT, as in 127.0.0.1:8080", c.Listen)
	}
	log := newLog(t.err, c.LogFormat, c.LogLevel)
	n := &news{t: t, log: log, json: c.LogFormat == "json"}
	e, err := engine.Open(dir, c.options(log, n)...)
	if err != nil {
		return err
	}
	listener, err := c.listen(e)
	if err != nil {
		return errors.Join(err, e.Close())
	}
	address := listener.Addr().String()
	n.watch(e, c.Listen == "")
	password, err := e.EnsureRoot(ctx)
	if err != nil {
		listener.Close()
		return errors.Join(err, e.Close())
	}
	stop := control(e, dir, log)
	defer stop()
	welcome(t, e, address, password)
	return serve(ctx, e, listener, log)
}

func (c *serveCommand) options(log *slog.Logger, n *news) []engine.Option {
	list := []engine.Option{engine.WithActions(actions.All()), engine.WithLog(log), engine.WithEvents(n.tell), engine.WithSchemas(), engine.WithListen(c.Listen)}
	if !c.NoWatch {
		list = append(list, engine.WithWatch())
	}
	if c.AccessLog {
		list = append(list, engine.WithAccess(accessLog(log)))
	}
	return list
}

func (c *serveCommand) listen(e *engine.Engine) (net.Listener, error) {
	address := e.Listen()
	listener, err := net.Listen("tcp", address)
	switch {
	case err == nil:
		return listener, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s is in use by another program; choose another address with --listen", address)
	}
	return nil, fmt.Errorf("cannot listen on %q: %w", address, err)
}

// serve answers requests until the context ends, then lets those in flight finish.
func serve(ctx context.Context, e *engine.Engine, listener net.Listener, log *slog.Logger) error {
	requests, part := context.WithCancel(context.Background())
	defer part()
	server := &http.Server{Handler: e, BaseContext: func(net.Listener) context.Context { return requests }, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: headerLimit,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)} // what net/http logs is the clients' doing
	server.RegisterOnShutdown(e.EndStreams)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	for {
		select {
		case <-hangup:
			e.Reload(ctx) // what comes of it is told as news
			continue
		case err := <-ended:
			return errors.Join(fmt.Errorf("the server broke: %w", err), e.Close())
		case <-ctx.Done():
		}
		// A second signal ends the process at once.
		signal.Reset(syscall.SIGINT, syscall.SIGTERM)
		return drain(server, part, e, log)
	}
}

// drain stops accepting, and waits for the requests in flight as long as is decent. Those that take
// longer are interrupted, and have a moment to say so to their clients.
func drain(server *http.Server, part context.CancelFunc, e *engine.Engine, log *slog.Logger) error {
	log.Info("shutting down", "at_most", drainTimeout)
	if err := shutdown(server, drainTimeout); err != nil {
		log.Warn("some requests were cut off", "reason", err)
		part()
		if err := shutdown(server, partTimeout); err != nil {
			server.Close()
		}
	}
	closed := make(chan error, 1)
	go func() { closed <- e.Close() }()
	select {
	case err := <-closed:
		return err
	case <-time.After(closeTimeout):
		log.Warn("some requests did not end")
		return nil
	}
}

// shutdown waits for the requests in flight, and fails with context.DeadlineExceeded.
func shutdown(server *http.Server, most time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	return server.Shutdown(ctx)
}
