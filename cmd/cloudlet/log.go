package main

import (
	"io"
	"log/slog"

	"cloudlet/engine"
)

// newLog makes the log of a command, by the names of its format and level.
func newLog(w io.Writer, format, level string) *slog.Logger {
	o := &slog.HandlerOptions{}
	switch level {
	case "debug":
		o.Level = slog.LevelDebug
	case "warn":
		o.Level = slog.LevelWarn
	case "error":
		o.Level = slog.LevelError
	}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

// accessLog writes one line for each request. The engine has masked what could be
// a secret.
func accessLog(log *slog.Logger) func(engine.Access) {
	return func(a engine.Access) {
		attrs := make([]any, 0, 9)
		attrs = append(attrs, slog.String("method", a.Method), slog.String("path", a.Path))
		if a.Query != "" {
			attrs = append(attrs, slog.String("query", a.Query))
		}
		attrs = append(attrs, slog.Int("status", a.Status), slog.Int64("bytes", a.Bytes), slog.Duration("duration", a.Took))
		if a.TraceID != "" {
			attrs = append(attrs, slog.String("trace_id", a.TraceID))
		}
		if a.User != "" {
			attrs = append(attrs, slog.String("user", a.User))
		}
		log.Info("request", attrs...)
	}
}
