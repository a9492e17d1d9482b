// Package journal keeps the newest lines of the log in memory, so that whoever
// administers an app can read them where it runs.
package journal

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"cloudlet/engine/language/schema"
)

// What is kept at most: some megabytes.
const (
	maxLines  = 2000
	maxText   = 1000 // bytes of a message or value
	maxFields = 32   // of a line
)

// Line is a line of the log.
type Line struct {
	At      time.Time
	Level   slog.Level
	Message string
	Trace   string         // the value of trace_id; "" without one
	Fields  *schema.Object // the others
}

// Journal is the newest lines of one log. It is safe for use by several goroutines at once.
type Journal struct {
	mu    sync.Mutex
	lines []Line // a ring, once there are maxLines of them
	next  int    // where the next one goes
}

// New is a journal that nothing was written to.
func New() *Journal { return &Journal{} }

// Handler keeps whatever another handler takes, and hands it on.
func (j *Journal) Handler(next slog.Handler) slog.Handler { return &handler{journal: j, next: next} }

// Query says which lines are asked for. Its zero value asks for all.
type Query struct {
	Level  slog.Level // this or a higher one; the zero value is slog.LevelInfo
	Search string     // a part of the message or of a value, without case
	Trace  string     // of the request
	Limit  int        // at most; all where it is 0
}

// List gives the lines that a query asks for, the newest first.
func (j *Journal) List(q Query) []Line {
	j.mu.Lock()
	all := slices.Concat(j.lines[j.next:], j.lines[:j.next])
	j.mu.Unlock()
	slices.Reverse(all)
	q.Search = strings.ToLower(q.Search)
	found := []Line{}
	for i := range all {
		if q.Limit > 0 && len(found) == q.Limit {
			break
		}
		if q.matches(&all[i]) {
			found = append(found, all[i])
		}
	}
	return found
}

func (q *Query) matches(l *Line) bool {
	if l.Level < q.Level || q.Trace != "" && q.Trace != l.Trace {
		return false
	}
	if q.Search == "" || strings.Contains(strings.ToLower(l.Message), q.Search) {
		return true
	}
	for _, v := range l.Fields.All() {
		if strings.Contains(strings.ToLower(schema.Text(v)), q.Search) {
			return true
		}
	}
	return false
}

func (j *Journal) keep(l Line) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.lines) < maxLines {
		j.lines = append(j.lines, l)
		return
	}
	j.lines[j.next] = l
	j.next = (j.next + 1) % maxLines
}

type handler struct {
	journal *Journal
	next    slog.Handler
	attrs   []slog.Attr // of the logger, their names whole
	group   string      // that the names of further ones begin with
}

// Enabled implements slog.Handler: what is not logged is not kept either.
func (h *handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

// Handle implements slog.Handler.
func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	l := Line{At: r.Time.UTC(), Level: r.Level, Message: clip(r.Message)}
	var fields []any
	add := func(a slog.Attr) bool {
		switch v := plain(a.Value); {
		case len(fields) == 2*maxFields || a.Equal(slog.Attr{}):
		case a.Key == "trace_id":
			l.Trace = schema.Text(v)
		default:
			fields = set(fields, a.Key, v)
		}
		return true
	}
	for _, a := range h.attrs {
		add(a)
	}
	r.Attrs(func(a slog.Attr) bool {
		a.Key = h.group + a.Key
		return add(a)
	})
	l.Fields = schema.NewObject(fields...)
	h.journal.keep(l)
	return h.next.Handle(ctx, r)
}

// set adds a name and its value, in place of the value that the name has already.
func set(fields []any, name string, v any) []any {
	for i := 0; i < len(fields); i += 2 {
		if fields[i] == name {
			fields[i+1] = v
			return fields
		}
	}
	return append(fields, name, v)
}

// WithAttrs implements slog.Handler.
func (h *handler) WithAttrs(list []slog.Attr) slog.Handler {
	n := *h
	n.next, n.attrs = h.next.WithAttrs(list), slices.Clone(h.attrs)
	for _, a := range list {
		a.Key = h.group + a.Key
		n.attrs = append(n.attrs, a)
	}
	return &n
}

// WithGroup implements slog.Handler.
func (h *handler) WithGroup(name string) slog.Handler {
	n := *h
	if n.next = h.next.WithGroup(name); name != "" {
		n.group += name + "."
	}
	return &n
}

// plain is an attribute as a value of the language, as it is printed: what masks itself
// in the log does so here.
func plain(v slog.Value) any {
	v = v.Resolve()
	switch v.Kind() {
	case slog.KindBool:
		return v.Bool()
	case slog.KindInt64:
		return int(v.Int64())
	case slog.KindFloat64:
		return v.Float64()
	case slog.KindTime:
		return v.Time().UTC().Format(time.RFC3339Nano)
	case slog.KindAny:
		if v.Any() == nil {
			return nil
		}
		return clip(fmt.Sprint(v.Any()))
	}
	return clip(v.String())
}

func clip(text string) string {
	if len(text) > maxText {
		text = text[:maxText]
		for !utf8.ValidString(text) && len(text) > maxText-utf8.UTFMax {
			text = text[:len(text)-1]
		}
		text += "…"
	}
	return strings.Clone(strings.ToValidUTF8(text, "\uFFFD")) // which may be a piece of a large text
}
