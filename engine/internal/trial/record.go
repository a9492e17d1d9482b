package trial

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
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

// WithAttrs implements slog.Handler.
func (r *Recorder) WithAttrs(list []slog.Attr) slog.Handler { return within{r, list} }

// WithGroup implements slog.Handler: fields are looked for by their own names.
func (r *Recorder) WithGroup(string) slog.Handler { return r }

// within records lines of a logger that has attributes of its own.
type within struct {
	*Recorder
	attrs []slog.Attr
}

// Handle implements slog.Handler.
func (w within) Handle(ctx context.Context, record slog.Record) error {
	whole := slog.NewRecord(record.Time, record.Level, record.Message, record.PC)
	whole.AddAttrs(w.attrs...)
	record.Attrs(func(a slog.Attr) bool {
		whole.AddAttrs(a)
		return true
	})
	return w.Recorder.Handle(ctx, whole)
}

// WithAttrs implements slog.Handler.
func (w within) WithAttrs(list []slog.Attr) slog.Handler {
	return within{w.Recorder, slices.Concat(w.attrs, list)}
}

// WithGroup implements slog.Handler.
func (w within) WithGroup(string) slog.Handler { return w }

// take gives what was logged, and forgets it.
func (r *Recorder) take() []*schema.Object {
	r.mu.Lock()
	defer r.mu.Unlock()
	lines := r.lines
	r.lines = nil
	return lines
}

// why says where the last request failed and what the log alone says of it, each on a line of
// its own, or "" where no step failed with the status.
func (r *Recorder) why(status int) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, line := range slices.Backward(r.lines) {
		fields, _ := line.Lookup("fields")
		f, _ := fields.(*schema.Object)
		if got, _ := f.Lookup("status"); got != status {
			continue
		}
		text := ""
		if at, _ := f.Lookup("at"); at != nil {
			name, _ := f.Lookup("action")
			text = fmt.Sprintf("\nat %v, %v", at, name)
		}
		if reason, _ := f.Lookup("reason"); reason != nil {
			text += fmt.Sprintf("\n%v", reason)
		}
		return text
	}
	return ""
}
