package trial

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"cloudlet/engine/language/schema"

	"github.com/google/go-cmp/cmp"
)

func TestClock(t *testing.T) {
	t.Parallel()
	c := &Clock{}
	if now := c.Now(); time.Since(now) > time.Hour || time.Until(now) > time.Hour {
		t.Errorf("a clock that nobody set says %v", now)
	}
	then := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	c.Set(then)
	if now := c.Now(); !now.Equal(then) {
		t.Errorf("it says %v", now)
	}
	c.Set(time.Time{})
	if now := c.Now(); now.Equal(then) || now.IsZero() {
		t.Errorf("it does not go on: %v", now)
	}
}

func TestRecorder(t *testing.T) {
	t.Parallel()
	r := &Recorder{}
	log := slog.New(r)
	log.Debug("one", "n", 7, "half", 0.5, "yes", true, "nothing", nil, "took", time.Second)
	log.With("a", 1).WithGroup("group").With("b", 2).Error("two", "c", 3)
	log.Info("three")
	var got []string
	for _, line := range r.take() {
		got = append(got, string(schema.AppendJSON(nil, line)))
	}
	want := []string{
		`{"message":"one","level":"debug","fields":{"n":7,"half":0.5,"yes":true,"nothing":null,"took":"1s"}}`,
		`{"message":"two","level":"error","fields":{"a":1,"b":2,"c":3}}`,
		`{"message":"three","level":"info","fields":{}}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if again := r.take(); len(again) > 0 {
		t.Errorf("lines are there twice: %v", again)
	}
}

func TestOutgoing(t *testing.T) {
	t.Parallel()
	o := &Outgoing{}
	o.begin(map[string][]reply{
		"GET https://a.example/x":     {newReply(200, nil, "first", true), newReply(404, schema.NewObject("X-Is", "last"), nil, false)},
		"GET https://a.example/x?q=1": {newReply(201, nil, schema.NewObject("n", 1), false)},
	})
	for _, c := range []struct{ method, url, want string }{
		{"GET", "https://a.example/x", "200 OK;;first"},
		{"GET", "https://a.example/x?q=1", `201 Created;application/json;{"n":1}`},
		{"GET", "https://a.example/x?q=2", "404 Not Found;;"},
		{"GET", "https://a.example/x", "404 Not Found;;"},
		{"POST", "https://a.example/x", "the test has no answer to POST https://a.example/x"},
		{"GET", "http://a.example/x", "the test has no answer to GET http://a.example/x"},
		{"GET", "https://a.example/x/", "the test has no answer to GET https://a.example/x/"},
	} {
		if got := asked(t, o, c.method, c.url); got != c.want {
			t.Errorf("%s %s: got %q, want %q", c.method, c.url, got, c.want)
		}
	}
	want := []string{"POST https://a.example/x", "GET http://a.example/x", "GET https://a.example/x/"}
	if diff := cmp.Diff(want, o.refused()); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
	if again := o.refused(); len(again) > 0 {
		t.Errorf("refused twice: %v", again)
	}
	o.begin(nil)
	if got := asked(t, o, "GET", "https://a.example/x"); !strings.HasPrefix(got, "the test has no answer") {
		t.Errorf("the next test has the answers of the one before: %q", got)
	}
}

func asked(t *testing.T, o *Outgoing, method, address string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, address, strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := o.RoundTrip(r)
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.Status + ";" + answer.Header.Get("Content-Type") + ";" + string(body)
}
