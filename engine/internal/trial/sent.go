package trial

import (
	"context"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"cloudlet/engine/database"
	"cloudlet/engine/language/document"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
	"cloudlet/engine/webhook"
)

// Webhooks keep the webhooks of a test, once the transaction has committed that each was
// sent in.
type Webhooks struct {
	mu   sync.Mutex
	list []*schema.Object
}

var webhookType = schema.ObjectOf(
	schema.Field{Name: "url", Type: schema.StringType},
	schema.Field{Name: "event", Type: schema.StringType},
	schema.Field{Name: "data", Type: schema.AnyType},
	schema.Field{Name: "secret", Type: schema.StringType.OrNull()},
)

var webhookShape = schema.NewShape(webhookType.FieldNames()...)

// Send implements webhook.Post.
func (w *Webhooks) Send(_ context.Context, tx *database.Tx, m *webhook.Message) error {
	if err := webhook.Check(m); err != nil {
		return err
	}
	o := webhookShape.New([]any{m.URL.String(), m.Event, decoded(string(m.Data)), orNull(m.Secret)})
	keep := func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.list = append(w.list, o)
	}
	if tx == nil {
		keep()
		return nil
	}
	tx.AfterCommit(keep)
	return nil
}

// take gives the webhooks since it was called last.
func (w *Webhooks) take() []*schema.Object {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := w.list
	w.list = nil
	return list
}

// requestType is the type of a request to others, the address under its method.
var requestType = func() *schema.Type {
	t := schema.ObjectOf(
		schema.Field{Name: "query", Type: openObject},
		schema.Field{Name: "headers", Type: openObject},
		schema.Field{Name: "json", Type: schema.AnyType},
		schema.Field{Name: "form", Type: openObject.OrNull()},
		schema.Field{Name: "text", Type: schema.StringType},
	)
	for _, method := range []string{"get", "post", "put", "patch", "delete", "head", "options"} {
		t.Fields = append(t.Fields, schema.Field{Name: method, Type: schema.StringType})
	}
	return t
}()

var openObject = &schema.Type{Kind: schema.ObjectK, Open: true}

// requestValue is a request to others as a value.
func requestValue(r *http.Request, body []byte) *schema.Object {
	address := *r.URL
	address.RawQuery = ""
	var json, form any
	switch media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); {
	case media == "application/json":
		json = decoded(string(body))
	case media == "application/x-www-form-urlencoded":
		if values, err := url.ParseQuery(string(body)); err == nil {
			form = valuesOf(values)
		}
	}
	headers := url.Values{}
	for name, list := range r.Header {
		headers[strings.ToLower(name)] = []string{strings.Join(list, ", ")}
	}
	return schema.NewObject(strings.ToLower(r.Method), address.String(), "query", valuesOf(r.URL.Query()), "headers", valuesOf(headers),
		"json", json, "form", form, "text", string(body))
}

// valuesOf are values by name, a list where there are several.
func valuesOf(values url.Values) *schema.Object {
	names := slices.Sorted(maps.Keys(values))
	list := make([]any, len(names))
	for i, name := range names {
		if list[i] = any(values[name][0]); len(values[name]) > 1 {
			list[i] = texts(values[name])
		}
	}
	return schema.NewShape(names...).New(list)
}

// expectedSent is what a step must have sent to others.
type expectedSent struct {
	at    source.Span // of the word
	word  string
	items [][]patternField
}

// sent compiles what a step must have sent.
func (s *scene) sent(d document.ExpectedSent) expectedSent {
	e := expectedSent{at: d.Key.Span, word: d.Key.Value}
	t := map[string]*schema.Type{"http": requestType, "webhooks": webhookType, "jobs": taskType}[e.word]
	for _, item := range d.List {
		var fields []patternField
		for _, f := range item.Fields {
			declared, _ := t.Field(f.Key.Value)
			if p := s.pattern(f.Value, declared.Type, f.Key.Value); p != nil {
				fields = append(fields, patternField{f.Key.Value, p})
			}
		}
		e.items = append(e.items, fields)
	}
	return e
}

// compare holds what a step sent against what it must have.
func (e *expectedSent) compare(m *matching, sent []*schema.Object) {
	if len(sent) != len(e.items) {
		var got []string
		for _, o := range sent {
			got = append(got, clipped(string(schema.AppendJSON(nil, o))))
		}
		m.list = append(m.list, Mismatch{e.at, e.word, fmt.Sprint(len(e.items)), fmt.Sprint(len(sent)) + indented(got)})
		return
	}
	for i, fields := range e.items {
		for _, f := range fields {
			var v any = absent
			if field, ok := sent[i].Lookup(f.name); ok {
				v = field
			}
			m.match(f.pattern, fmt.Sprintf("%s[%d].%s", e.word, i, f.name), v)
		}
	}
}
