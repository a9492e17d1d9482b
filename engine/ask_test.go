package engine_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cloudlet/engine"
)

// neighbour is another service, which an app may reach.
type neighbour struct {
	*httptest.Server
	asked atomic.Int32
	gone  chan struct{} // whoever asked /wait has gone
}

func openNeighbour(t *testing.T) *neighbour {
	t.Helper()
	n := &neighbour{gone: make(chan struct{}, 10)}
	n.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.asked.Add(1)
		switch r.URL.Path {
		case "/echo":
			body, _ := io.ReadAll(r.Body)
			w.Header().Set("X-Traceparent", r.Header.Get("Traceparent"))
			w.Header().Set("Content-Type", "text/plain")
			fmt.Fprintf(w, "%s %s %s", r.Header.Get("Authorization"), r.URL.RawQuery, body)
		case "/big":
			w.Write(make([]byte, 2000))
		case "/wait":
			<-r.Context().Done()
			n.gone <- struct{}{}
		case "/forbidden":
			w.WriteHeader(http.StatusForbidden)
		default:
			w.WriteHeader(http.StatusServiceUnavailable)
			io.WriteString(w, "canary of theirs")
		}
	}))
	t.Cleanup(n.Close)
	return n
}

// app is an app beside the neighbour, with verbs by path.
func (n *neighbour) app(t *testing.T, verbs map[string]string) *live {
	t.Helper()
	files := map[string]string{"cloudlet.yaml": "databases: {main: \"sqlite::memory:\"}\nhttp: {allow: [\"" + strings.TrimPrefix(n.URL, "http://") + "\"]}\nsecrets: {key: {env: KEY}}\n"}
	for path, verb := range verbs {
		files["endpoints/"+path+".yaml"] = strings.ReplaceAll(verb, "URL", n.URL)
	}
	return openLive(t, files, engine.WithEnvironment(func(name string) string { return map[string]string{"KEY": "canary-key"}[name] }))
}

// TestHTTPAction asks a real service, and looks at what the client and the log see of it.
func TestHTTPAction(t *testing.T) {
	t.Parallel()
	n := openNeighbour(t)
	l := n.app(t, map[string]string{
		"secret": "get:\n  actions:\n    - http: {url: URL/echo, method: POST, bearer: \"${secrets.key}\", query: {k: \"${secrets.key}\"}, json: {k: \"${secrets.key}\"}}\n      as: a\n    - return: ${len(a.body) > 30 and a.headers['x-traceparent'] startsWith '00-'}\n",
		"status": "get:\n  actions:\n    - http: {url: URL/broken, bearer: \"${secrets.key}\", query: {k: \"${secrets.key}\"}}\n",
		"big":    "get:\n  actions:\n    - http: {url: URL/big, max_size: 1999B}\n",
		"bytes":  "get:\n  actions:\n    - http: {url: URL/big, max_size: 2000B}\n    - return: ${len(string(last.body))}\n",
		"url":    "get:\n  arguments: {url: string}\n  actions:\n    - http: ${args.url}\n    - return: ${last.body}\n",
		"header": "get:\n  arguments: {v: string}\n  actions:\n    - http: {url: URL/echo, headers: {X-A: \"${args.v}\"}}\n",
	})
	for path, want := range map[string]string{
		"/secret":                                `200 true`,
		"/status":                                "502 unexpected_status",
		"/big":                                   "502 answer_too_large",
		"/bytes":                                 "200 2668",
		"/url?url=" + n.URL + "/echo":            `200 "  "`,
		"/url?url=http://127.0.0.1:1/":           "403 address_refused",
		"/url?url=http://2130706433/":            "403 address_refused",
		"/url?url=http://localhost.:1/":          "403 address_refused",
		"/url?url=file:///etc/passwd":            "400 invalid_url",
		"/url?url=http://a:b@example.com/":       "400 invalid_url",
		"/url?url=http://no-such-host.invalid./": "502 unreachable",
		"/header?v=a%0d%0ab:c":                   "500 invalid_header",
	} {
		got := l.get(path, "")
		if status, code, _ := strings.Cut(want, " "); !strings.HasPrefix(got, status) || !strings.Contains(got, code) || strings.Contains(got, "canary") {
			t.Errorf("%s gives %s, want %s", path, got, want)
		}
	}
	if text := l.log.all(); strings.Contains(text, "canary") || !strings.Contains(text, "Service Unavailable (503)") {
		t.Errorf("the log says %s", text)
	}
}

// TestHTTPActionInTime: the input timeout bounds all tries together, the step's each of
// them; a client that goes takes the request with it.
func TestHTTPActionInTime(t *testing.T) {
	t.Parallel()
	n := openNeighbour(t)
	l := n.app(t, map[string]string{
		"whole": "get:\n  actions:\n    - http: {url: URL/wait, timeout: 1500ms}\n      timeout: 400ms\n      retry: {times: 20, delay: 1ms}\n      on_error:\n        - return: ${error.code}\n",
		"gone":  "get:\n  actions:\n    - http: URL/wait\n",
	})
	if got := l.get("/whole", ""); got != `200 "timeout"` {
		t.Error(got)
	}
	if tries := n.asked.Load(); tries < 2 || tries > 4 {
		t.Errorf("%d tries", tries)
	}
	for range n.asked.Load() {
		<-n.gone
	}
	ctx, stop := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, "GET", l.server.URL+"/gone", nil)
	fatal(t, err)
	before := n.asked.Load()
	go func() {
		for n.asked.Load() == before {
			time.Sleep(time.Millisecond)
		}
		stop()
	}()
	if _, err := client.Do(r); err == nil {
		t.Error("it was answered")
	}
	select {
	case <-n.gone:
	case <-time.After(10 * time.Second):
		t.Error("the request went on")
	}
}

// TestHTTPActionCircuit: a host that fails five times is not asked a sixth, also by a
// reload's new generation, and the client learns when to come back.
func TestHTTPActionCircuit(t *testing.T) {
	t.Parallel()
	n := openNeighbour(t)
	l := n.app(t, map[string]string{
		"forbidden": "get:\n  actions:\n    - http: URL/forbidden\n      retry: {times: 4, delay: 1ms}\n",
		"broken":    "get:\n  actions:\n    - http: URL/broken\n      retry: {times: 4, delay: 1ms}\n",
	})
	if got := l.get("/forbidden", ""); !strings.HasPrefix(got, "502 ") || n.asked.Swap(0) != 1 {
		t.Errorf("what does not pass: %s", got)
	}
	if got := l.get("/broken", ""); !strings.HasPrefix(got, "502 ") || n.asked.Load() != 5 {
		t.Errorf("%s after %d", got, n.asked.Load())
	}
	fatal(t, l.engine.Reload(t.Context()))
	w, err := client.Get(l.server.URL + "/broken")
	fatal(t, err)
	defer w.Body.Close()
	if body, _ := io.ReadAll(w.Body); w.StatusCode != 503 || w.Header.Get("Retry-After") != "30" || n.asked.Load() != 5 || !strings.Contains(string(body), "circuit_open") {
		t.Errorf("%d %s %s after %d", w.StatusCode, w.Header.Get("Retry-After"), body, n.asked.Load())
	}
}
