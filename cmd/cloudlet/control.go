package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"cloudlet/engine"
)

// A running server takes orders at a socket in the app's data folder, which only
// the user that runs it may use:
//
//	POST /reload?format=text   loads the files anew; 200 with {"generation": 2},
//	                           422 with the problems, 500 with a sentence
//
// A signal would reach whatever process has the number of one that was killed, and
// could not answer.

// controlPath is the socket of the app in dir.
func controlPath(dir string) string { return filepath.Join(dir, "data", "control.sock") }

// reloaded is the answer to an order that was carried out.
type reloaded struct {
	Generation int `json:"generation"`
}

// control takes orders until stop is called. A server that cannot take any serves
// all the same.
func control(e *engine.Engine, dir string, log *slog.Logger) (stop func()) {
	path := controlPath(dir)
	if c, err := net.Dial("unix", path); err == nil {
		c.Close()
		log.Warn("another server serves this folder; `cloudlet reload` reaches that one")
		return func() {}
	}
	os.Remove(path) // what a server that was killed left behind
	listener, err := net.Listen("unix", path)
	if err == nil {
		err = os.Chmod(path, 0o600)
	}
	if err != nil {
		log.Warn("`cloudlet reload` will not reach this server; SIGHUP does", "reason", err)
		return func() {}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /reload", func(w http.ResponseWriter, r *http.Request) { orderReload(w, r, e) })
	server := &http.Server{Handler: mux, ReadHeaderTimeout: headerTimeout, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}
	go server.Serve(listener)
	return func() { server.Close() }
}

func orderReload(w http.ResponseWriter, r *http.Request, e *engine.Engine) {
	// Whoever gave the order may go; it is carried out nevertheless.
	err := e.Reload(context.WithoutCancel(r.Context()))
	var problems *engine.ProblemsError
	switch {
	case err == nil:
		json.NewEncoder(w).Encode(reloaded{e.Generation()})
	case errors.As(err, &problems):
		var text bytes.Buffer
		engine.PrintProblems(&text, r.URL.Query().Get("format"), problems.Problems)
		w.WriteHeader(http.StatusUnprocessableEntity)
		w.Write(text.Bytes())
	default:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}
