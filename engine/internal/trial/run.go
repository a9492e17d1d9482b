package trial

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"cloudlet/engine/failure"
	"cloudlet/engine/identity"
	"cloudlet/engine/language/expression"
	"cloudlet/engine/language/schema"
)

// Run runs the test. What was expected and did not come is the result: nothing where
// the test passed. A step after one that failed is not run.
func (t *Test) Run(ctx context.Context, w *World) []Mismatch {
	w.Clock.Set(t.given.clock)
	frame := &expression.Frame{Slots: make([]any, t.slots), Now: w.Clock.Now}
	if m := t.prepare(ctx, w, frame); m != nil {
		return []Mismatch{*m}
	}
	for _, s := range t.steps {
		if !s.clock.IsZero() {
			w.Clock.Set(s.clock)
		}
		if list := s.run(ctx, w, frame); len(list) > 0 {
			return list
		}
	}
	return nil
}

// prepare makes what is given.
func (t *Test) prepare(ctx context.Context, w *World, frame *expression.Frame) *Mismatch {
	for _, u := range t.given.users {
		n := u.NewUser
		if n.Password == "" {
			n.Password = rand.Text()
		}
		if err := w.Identity.AddUser(ctx, identity.Act{}, n); err != nil {
			return &Mismatch{u.at, "the user " + n.Name, "a user", err.Error()}
		}
	}
	for _, r := range t.given.rows {
		args := make([]any, len(r.values))
		for i, p := range r.values {
			var err error
			if args[i], err = p.Run(frame); err != nil {
				return &Mismatch{r.at, "a given row", "a value", err.Error()}
			}
		}
		if _, err := w.Database(r.database).Exec(ctx, r.sql, args...); err != nil {
			return &Mismatch{r.at, "a given row", "a row that the table takes", cause(err)}
		}
	}
	for _, f := range t.given.files {
		name := filepath.Join(w.Files, filepath.FromSlash(f.path))
		err := os.MkdirAll(filepath.Dir(name), 0o700)
		if err == nil {
			err = os.WriteFile(name, f.content, 0o600)
		}
		if err != nil {
			return &Mismatch{f.at, "a given file", "a file", err.Error()}
		}
	}
	w.Outgoing.begin(maps.Clone(t.given.answers))
	w.Log.take()
	w.Mail.take()
	w.Events.take()
	w.Webhooks.take()
	w.Tasks.take()
	return nil
}

// cause is why the database refused something, in its own words: they are the
// author's own data.
func cause(err error) string {
	var e *failure.Error
	if errors.As(err, &e) && e.Cause != nil {
		return e.Detail + " (" + e.Cause.Error() + ")"
	}
	return err.Error()
}

// run makes the request and compares.
func (s *step) run(ctx context.Context, w *World, frame *expression.Frame) []Mismatch {
	m := &matching{frame: frame}
	a, wrong := s.ask(ctx, w, m)
	if wrong != nil {
		return []Mismatch{*wrong}
	}
	if s.save >= 0 {
		frame.Slots[s.save] = schema.NewObject("status", a.status, "headers", a.headers, "body", a.body)
	}
	if refused := w.Outgoing.refused(); len(refused) > 0 {
		m.list = append(m.list, Mismatch{s.at, "requests to others", otherwise(w.Outgoing.known(), "none"), strings.Join(refused, "\n")})
	}
	s.expect.compare(ctx, m, a, w, w.Mail.take(), w.Events.take())
	return m.list
}

// ask makes the request, or does the job, and gives the answer.
func (s *step) ask(ctx context.Context, w *World, m *matching) (a answer, wrong *Mismatch) {
	if s.request.job != "" {
		a, err := s.request.do(ctx, w, m)
		if err != nil {
			return a, &Mismatch{s.at, "the job", "a job", err.Error()}
		}
		return a, nil
	}
	r, err := s.request.build(ctx, w.Mail, m.frame)
	if err != nil {
		return a, &Mismatch{s.at, "the request", "a request", err.Error()}
	}
	if s.request.as != "" {
		ticket, err := w.Identity.Issue(ctx, s.request.as)
		if err != nil {
			return a, &Mismatch{s.at, "the ticket of " + s.request.as, "a ticket", err.Error()}
		}
		r.Header.Set("Authorization", "Bearer "+ticket.Text)
	}
	recorder := httptest.NewRecorder()
	if fault := serve(w.Handler, recorder, r); fault != "" {
		return a, &Mismatch{s.at, "the engine", "an answer", fault}
	}
	return answerOf(recorder), nil
}

func otherwise(list []string, none string) string {
	if len(list) == 0 {
		return none
	}
	return strings.Join(list, "\n")
}

// serve lets the engine answer; a panic is told, not passed on.
func serve(h http.Handler, w http.ResponseWriter, r *http.Request) (fault string) {
	defer func() {
		if p := recover(); p != nil {
			fault = fmt.Sprintf("a panic: %v\n%s", p, debug.Stack())
		}
	}()
	h.ServeHTTP(w, r)
	return ""
}

// answer is what came back.
type answer struct {
	status  int
	headers *schema.Object // their names in lower case
	body    any            // JSON as values, anything else as text, nil without
}

func answerOf(r *httptest.ResponseRecorder) answer {
	header := r.Result().Header
	var names []string
	var values []any
	for _, name := range slices.Sorted(maps.Keys(header)) {
		names, values = append(names, strings.ToLower(name)), append(values, strings.Join(header[name], ", "))
	}
	a := answer{status: r.Code, headers: schema.NewShape(names...).New(values)}
	if r.Body.Len() == 0 {
		return a
	}
	media, _, _ := strings.Cut(header.Get("Content-Type"), ";")
	if media == "application/json" || strings.HasSuffix(media, "+json") {
		if v, err := schema.DecodeAny(r.Body.Bytes()); err == nil {
			a.body = v
			return a
		}
	}
	if media == "text/event-stream" {
		a.body = streamed(r.Body.String())
		return a
	}
	a.body = r.Body.String()
	return a
}

// compare holds an answer, and what it left behind, against the expectation.
func (e *expect) compare(ctx context.Context, m *matching, a answer, w *World, mails []sent, published []*schema.Object) {
	if e.status != 0 && a.status != e.status {
		m.list = append(m.list, Mismatch{e.at, "status", fmt.Sprint(e.status), a.summary() + w.Log.why(a.status)})
		return
	}
	if e.status == 0 && a.status >= 400 {
		m.list = append(m.list, Mismatch{e.at, "status", "a success", a.summary() + w.Log.why(a.status)})
		return
	}
	for _, h := range e.headers {
		var got any = absent
		if v, ok := a.headers.Lookup(strings.ToLower(h.name)); ok {
			got = v
		}
		m.match(h.pattern, h.name, got)
	}
	if e.body != nil {
		m.match(e.body, "body", a.body)
	}
	for _, l := range e.looks {
		l.compare(ctx, m, w)
	}
	e.compareLog(m, w.Log.take())
	e.compareMail(m, mails)
	e.compareEvents(m, published)
	others := map[string][]*schema.Object{"http": w.Outgoing.take(), "webhooks": w.Webhooks.take(), "jobs": w.Tasks.take()}
	for _, s := range e.sent {
		s.compare(m, others[s.word])
	}
}

// summary is an answer in short: the status, and what came with it.
func (a answer) summary() string {
	if o, ok := a.body.(*schema.Object); ok {
		code, _ := o.Lookup("code")
		detail, _ := o.Lookup("detail")
		if code != nil && detail != nil {
			text := fmt.Sprintf("%d %v: %v", a.status, code, detail)
			if list, _ := o.Lookup("errors"); list != nil {
				text += "\n" + shown(list)
			}
			return text
		}
	}
	if a.body == nil {
		return fmt.Sprint(a.status)
	}
	return fmt.Sprintf("%d %s", a.status, shown(a.body))
}

// compare looks into the database.
func (l *look) compare(ctx context.Context, m *matching, w *World) {
	args := make([]any, len(l.parameters))
	for i, p := range l.parameters {
		var err error
		if args[i], err = p.Run(m.frame); err != nil {
			m.list = append(m.list, Mismatch{l.at, "sql", "a parameter", err.Error()})
			return
		}
	}
	rows, err := w.Database(l.database).Prepare(l.description).Rows(ctx, nil, args)
	if err != nil {
		m.list = append(m.list, Mismatch{l.at, "sql", "rows", cause(err)})
		return
	}
	got, err := schema.DecodeAny(schema.AppendJSON(nil, rows))
	if err != nil {
		m.list = append(m.list, Mismatch{l.at, "sql", "rows", err.Error()})
		return
	}
	m.match(l.rows, "rows", got)
}

// compareLog finds the expected lines in the log, in their order; others may stand
// between them.
func (e *expect) compareLog(m *matching, lines []*schema.Object) {
	from := 0
	for _, p := range e.log {
		found := false
		for i := from; i < len(lines) && !found; i++ {
			try := &matching{frame: m.frame}
			try.match(p, "log", lines[i])
			if found = len(try.list) == 0; found {
				from = i + 1
			}
		}
		if found {
			continue
		}
		var got []string
		for _, line := range lines[min(from, len(lines)):] {
			got = append(got, shown(line))
		}
		m.list = append(m.list, Mismatch{p.at, "log", "a line as this", otherwise(got, "no further lines")})
		return
	}
}
