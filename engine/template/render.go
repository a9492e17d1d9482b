package template

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"text/template"

	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// Error says where rendering failed and why, for the log: it never holds a value.
type Error struct {
	At   source.Span // in the template; no file where it is not one place's fault
	Text string
}

// Error is the place and the reason.
func (e *Error) Error() string {
	if e.At.File == nil {
		return e.Text
	}
	at := e.At.Start()
	return e.At.Path() + ":" + strconv.Itoa(at.Line) + ":" + strconv.Itoa(at.Column) + ": " + e.Text
}

// fault is why a function of ours failed; it holds no value.
type fault string

func (f fault) Error() string { return string(f) }

const (
	errTooLarge = fault("what is rendered is larger than 1 MiB")
	errTooLong  = fault("rendering takes too many turns")
)

// run is one rendering.
type run struct {
	ctx       context.Context
	publicURL string
	left      int // turns
	orders    map[uintptr]*schema.Object
}

// Render renders the template with its data. publicURL is what links begin with. The
// error is an *Error, or the context's.
func (t *Template) Render(ctx context.Context, publicURL string, data any) (string, error) {
	i := t.instance()
	i.run = run{ctx: ctx, publicURL: publicURL, left: mostTurns, orders: map[uintptr]*schema.Object{}}
	w := &bounded{run: &i.run}
	err := i.execute(w, i.plain(data))
	i.run = run{}
	t.ready.Put(i)
	if err != nil {
		return "", t.failure(ctx, err)
	}
	return w.String(), nil
}

// bounded is where a result is written to.
type bounded struct {
	bytes.Buffer
	run *run
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > largestResult {
		return 0, errTooLarge
	}
	if err := b.run.spend(len(p) / turnBytes); err != nil {
		return 0, err
	}
	return b.Buffer.Write(p)
}

// spend counts turns, and looks at the context now and then.
func (r *run) spend(turns int) error {
	before := r.left
	if r.left -= turns; r.left < 0 {
		return errTooLong
	}
	if before>>8 != r.left>>8 {
		return r.ctx.Err()
	}
	return nil
}

// turn begins a template or a turn of a range.
func (r *run) turn() (bool, error) { return false, r.spend(1) }

// made is a text that a function made.
func (r *run) made(text string) (string, error) {
	if len(text) > largestResult {
		return "", errTooLarge
	}
	return text, r.spend(len(text) / turnBytes)
}

// plain makes data of a value: maps, lists, texts, numbers and conditions, none of
// which has a method. What else a value may be is a text, as the language writes it.
func (r *run) plain(v any) any {
	switch v := v.(type) {
	case nil, bool, int, float64, string:
		return v
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = r.plain(item)
		}
		return list
	case *schema.Object:
		m := make(map[string]any, v.Len())
		for name, value := range v.All() {
			m[name] = r.plain(value)
		}
		r.orders[reflect.ValueOf(m).Pointer()] = v
		return m
	}
	return schema.Text(v)
}

// text is how a value is written: null is nothing, a list or an object is JSON.
func (r *run) text(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case []any, map[string]any:
		return r.made(string(schema.AppendJSON(nil, r.value(v))))
	case bool, int, float64:
		return schema.Text(v), nil
	}
	return "", fault("a function is no value")
}

// value is the value of the language that data were made of.
func (r *run) value(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return r.orders[reflect.ValueOf(v).Pointer()]
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = r.value(item)
		}
		return list
	}
	return v
}

// shown is a value where it is written. What is no text already knows how it looks as
// JSON, for a script.
func (r *run) shown(v any) (any, error) {
	switch v.(type) {
	case nil:
		return "", nil
	case bool, int, string:
		return v, nil
	case []any, map[string]any:
		text, err := r.text(v)
		return encoded(text), err
	}
	return r.text(v)
}

// encoded is JSON, which HTML writes as a text and a script as what it stands for.
type encoded string

// String is the JSON.
func (e encoded) String() string { return string(e) }

// MarshalJSON is the JSON.
func (e encoded) MarshalJSON() ([]byte, error) { return []byte(e), nil }

// items is what a range with one variable or none goes through: the fields of an
// object in their order.
func (r *run) items(v any) any {
	m, ok := v.(map[string]any)
	if !ok {
		return v
	}
	return iter.Seq[any](func(yield func(any) bool) {
		for name := range r.orders[reflect.ValueOf(m).Pointer()].All() {
			if !yield(m[name]) {
				return
			}
		}
	})
}

// pairs is items with the names.
func (r *run) pairs(v any) any {
	m, ok := v.(map[string]any)
	if !ok {
		return v
	}
	return iter.Seq2[string, any](func(yield func(string, any) bool) {
		for name := range r.orders[reflect.ValueOf(m).Pointer()].All() {
			if !yield(name, m[name]) {
				return
			}
		}
	})
}

var location = regexp.MustCompile(`^template: ` + anyFile + `:(\d+):(\d+): executing `)

// failure is what rendering failed with, with its place. The words of Go's packages
// may hold values, so they are told in ours.
func (t *Template) failure(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	e := &Error{Text: "a value cannot be used like this"}
	var known fault
	if errors.As(err, &known) {
		e.Text = string(known)
	}
	var exec template.ExecError
	if !errors.As(err, &exec) {
		return e
	}
	text := exec.Error()
	if m := location.FindStringSubmatch(text); m != nil {
		name, _, _ := strings.Cut(exec.Name, "$htmltemplate_")
		line, _ := strconv.Atoi(m[1])
		column, _ := strconv.Atoi(m[2])
		if f := t.homes[name]; f != nil {
			from := f.source.Offset(source.Position{Line: line, Column: 1}) + column
			e.At = f.source.Span(from, from)
		}
	}
	if known == "" {
		e.Text = reason(text)
	}
	return e
}

// reasons are what Go's packages say, and what that means.
var reasons = []struct{ has, means string }{
	{"map has no entry for key", "the data have no field of this name"},
	{"nil data; no entry for key", "null has no fields"},
	{"nil pointer evaluating", "null has no fields"},
	{"can't evaluate field", "what this is asked of has no fields"},
	{"range can't iterate over", "range goes through lists, objects and numbers"},
	{"error calling index", "there is no such item"},
	{"error calling slice", "there is no such part"},
	{"incompatible types for comparison", "values of different types cannot be compared"},
	{"wrong number of args", "a function has too few or too many values"},
}

func reason(text string) string {
	for _, r := range reasons {
		if strings.Contains(text, r.has) {
			return r.means
		}
	}
	return "a value cannot be used like this"
}
