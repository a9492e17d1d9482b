package trial

import (
	"context"
	"log/slog"
	"strings"
	"sync"

	"cloudlet/engine/language/schema"
)

// Recorder is a slog.Handler that keeps what is logged.
type Recorder struct {
	mu    sync.Mutex
	lines []*schema.Object
}

var _ slog.Handler = (*Recorder)(nil)

// lineShape is a line of the log as expectations see it.
var lineShape = schema.NewShape("message", "level", "fields")

// lineType is its type.
var lineType = schema.ObjectOf(
	schema.Field{Name: "message", Type: schema.StringType},
	schema.Field{Name: "level", Type: &schema.Type{Kind: schema.String, Limits: &schema.Limits{Enum: []any{"debug", "info", "warn", "error"}}}},
	schema.Field{Name: "fields", Type: &schema.Type{Kind: schema.ObjectK, Open: true}},
)

// Enabled implements slog.Handler: everything is kept.
func (*Recorder) Enabled(context.Context, slog.Level) bool { return true }

// Handle implements slog.Handler.
func (r *Recorder) Handle(_ context.Context, record slog.Record) error {
	var names []string
	var values []any
	record.Attrs(func(a slog.Attr) bool {
		names, values = append(names, a.Key), append(values, plain(a.Value.Resolve()))
		return true
	})
	line := lineShape.New([]any{record.Message, strings.ToLower(record.Level.String()), schema.NewShape(names...).New(values)})
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, line)
	return nil
}

// plain is an attribute as a value of the language.
func plain(v slog.Value) any {
	switch v.Kind() {
	case slog.KindBool:
		return v.Bool()
	case slog.KindInt64:
		return int(v.Int64())
	case slog.KindFloat64:
		return v.Float64()
	case slog.KindAny:
		if v.Any() == nil {
			return nil
		}
	}
	return v.String()
}

// WithAttrs implements slog.Handler: what the engine adds to every line is nobody's expectation.
func (r *Recorder) WithAttrs([]slog.Attr) slog.Handler { return r }

// WithGroup implements slog.Handler.
func (r *Recorder) WithGroup(string) slog.Handler { return r }

// take gives what was logged, and forgets it.
func (r *Recorder) take() []*schema.Object {
	r.mu.Lock()
	defer r.mu.Unlock()
	lines := r.lines
	r.lines = nil
	return lines
}
