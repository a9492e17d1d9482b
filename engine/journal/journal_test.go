package journal

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"cloudlet/engine/language/schema"
)

func open(level slog.Level) (*Journal, *slog.Logger) {
	j := New()
	return j, slog.New(j.Handler(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: level})))
}

// shown is what a query finds, a line a line.
func shown(j *Journal, q Query) string {
	var b strings.Builder
	for _, l := range j.List(q) {
		fmt.Fprintf(&b, "%s %s %s %s\n", l.Level, l.Message, l.Trace, schema.AppendJSON(nil, l.Fields))
	}
	return b.String()
}

// hidden masks itself in the log.
type hidden string

func (hidden) LogValue() slog.Value { return slog.StringValue("[secret]") }

func TestJournal(t *testing.T) {
	t.Parallel()
	j, log := open(slog.LevelDebug)
	log.Debug("request failed", "trace_id", "4bf9", "status", 404)
	log.With("user", "alice", "n", 1).WithGroup("film").With("id", 7).Warn("a film is gone", "title", "Alien", "n", 2)
	log.Error("broken", "reason", errors.New("no such file"), "password", hidden("hunter2"), "nothing", nil, "n", 1, "n", 2.5)
	for _, c := range []struct {
		query Query
		want  string
	}{
		{Query{Level: slog.LevelDebug}, "ERROR broken  {\"reason\":\"no such file\",\"password\":\"[secret]\",\"nothing\":null,\"n\":2.5}\n" +
			"WARN a film is gone  {\"user\":\"alice\",\"n\":1,\"film.id\":7,\"film.title\":\"Alien\",\"film.n\":2}\n" +
			"DEBUG request failed 4bf9 {\"status\":404}\n"},
		{Query{Level: slog.LevelError}, "ERROR broken  {\"reason\":\"no such file\",\"password\":\"[secret]\",\"nothing\":null,\"n\":2.5}\n"},
		{Query{Search: "ALIEN"}, "WARN a film is gone  {\"user\":\"alice\",\"n\":1,\"film.id\":7,\"film.title\":\"Alien\",\"film.n\":2}\n"},
		{Query{Search: "hunter2"}, ""},
		{Query{Level: slog.LevelDebug, Trace: "4bf9"}, "DEBUG request failed 4bf9 {\"status\":404}\n"},
		{Query{Trace: "4bf9"}, ""},
		{Query{Level: slog.LevelDebug, Search: "a", Limit: 1}, ""},
	} {
		got := shown(j, c.query)
		if c.query.Limit == 1 {
			if strings.Count(got, "\n") != 1 {
				t.Errorf("%+v: got\n%s", c.query, got)
			}
			continue
		}
		if got != c.want {
			t.Errorf("%+v: got\n%swant\n%s", c.query, got, c.want)
		}
	}
}

// Only what is logged anyway is kept, and no more than fits.
func TestBounds(t *testing.T) {
	t.Parallel()
	j, log := open(slog.LevelInfo)
	log.Debug("not logged")
	for i := range maxLines + 10 {
		log.Info(fmt.Sprint(i))
	}
	many := make([]any, 0, 200)
	for i := range 100 {
		many = append(many, fmt.Sprint(i), strings.Repeat("ä", maxText))
	}
	log.Info(strings.Repeat("ä", maxText)+"\xff", many...)
	all := j.List(Query{Level: slog.LevelDebug})
	if len(all) != maxLines || all[1].Message != fmt.Sprint(maxLines+9) || all[maxLines-1].Message != "11" {
		t.Errorf("%d lines, from %s to %s", len(all), all[1].Message, all[len(all)-1].Message)
	}
	if l := all[0]; l.Fields.Len() != maxFields || len(l.Message) > maxText+3 || len(schema.AppendJSON(nil, l.Fields)) > maxFields*(maxText+20) {
		t.Errorf("%d fields, a message of %d bytes", l.Fields.Len(), len(l.Message))
	}
}

func TestAtOnce(t *testing.T) {
	t.Parallel()
	j, log := open(slog.LevelInfo)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range maxLines {
				log.Info("line", "i", i)
				if i == 0 && n%100 == 0 {
					j.List(Query{Search: "nothing"})
				}
			}
		})
	}
	all.Wait()
	if n := len(j.List(Query{})); n != maxLines {
		t.Errorf("%d lines", n)
	}
}
