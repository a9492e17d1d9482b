package engine_test

import (
	"net/http"
	"net/http/httptest"
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
