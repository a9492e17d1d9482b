package engine_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"cloudlet/actions"
	"cloudlet/engine"
)

// TestOutgoing: actions of a running engine reach nobody inside, by whatever name or
// way, and the files that they see are those under data/files.
func TestOutgoing(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer inside.Close()
	port := inside.URL[strings.LastIndexByte(inside.URL, ':'):]
	l := openLive(t, map[string]string{
		"data/files/deep/a.txt": "Hello",
		"endpoints/fetch.yaml":  "get:\n  arguments: {url: string}\n  actions:\n    - fetch: ${args.url}\n",
		"endpoints/read.yaml":   "get:\n  actions:\n    - read: deep/a.txt\n",
	}, engine.WithActions(append(actions.All(), fetch, read)))
	for _, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "169.254.169.254", "10.0.0.1", "192.168.0.1", "[fd00::1]"} {
		if got := l.get("/fetch?url=http://"+host+port, ""); !strings.HasPrefix(got, "502 ") || !strings.Contains(got, "unreachable") {
			t.Errorf("%s answers %s", host, got)
		}
	}
	if asked.Load() > 0 {
		t.Error("a server inside was asked")
	}
	l.want("/read", `200 "Hello"`)
}

// TestAllowed: what http.allow names is reached, by that name or address and port
// alone, and no longer once it is not named any more.
func TestAllowed(t *testing.T) {
	t.Parallel()
	inside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, r.FormValue("to"), http.StatusFound)
		}
	}))
	defer inside.Close()
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the other service was asked") }))
	defer other.Close()
	_, port, err := net.SplitHostPort(strings.TrimPrefix(inside.URL, "http://"))
	fatal(t, err)
	l := openLive(t, map[string]string{
		"cloudlet.yaml":        "databases: {main: \"sqlite::memory:\"}\nhttp: {allow: [\"127.0.0.1:" + port + "\"]}\n",
		"endpoints/fetch.yaml": "get:\n  arguments: {url: string}\n  actions:\n    - fetch: ${args.url}\n",
	}, engine.WithActions(append(actions.All(), fetch)))
	try := func(address string, reached bool) {
		t.Helper()
		got := l.get("/fetch?url="+url.QueryEscape(address), "")
		if reached && !strings.HasPrefix(got, "200 ") || !reached && !strings.HasPrefix(got, "502 ") {
			t.Errorf("%s answers %s", address, got)
		}
	}
	try(inside.URL, true)
	try("http://[::ffff:127.0.0.1]:"+port, true)
	try(other.URL, false)
	try(inside.URL+"/away?to="+url.QueryEscape(other.URL), false)
	try("http://127.0.0.2:"+port, false)

	l.write("cloudlet.yaml", "databases: {main: \"sqlite::memory:\"}\nhttp: {allow: [\"LocalHost:"+port+"\"]}\n")
	fatal(t, l.engine.Reload(t.Context()))
	try("http://localhost:"+port, true)
	try("http://LOCALHOST:"+port, true)
	try(inside.URL, false) // though a connection to it was kept
	try("http://localhost"+other.URL[strings.LastIndexByte(other.URL, ':'):], false)

	l.write("cloudlet.yaml", "databases: {main: \"sqlite::memory:\"}\n")
	fatal(t, l.engine.Reload(t.Context()))
	try("http://localhost:"+port, false)
}
