package engine_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cloudlet/actions"
	"cloudlet/engine"
)

// secretApp takes secrets in its addresses.
var secretApp = map[string]string{
	"cloudlet.yaml":                "databases: {main: \"sqlite::memory:\"}\n",
	"endpoints/reset/{token}.yaml": "get:\n  arguments: {token: secret, page: {type: int, required: false}}\n  actions:\n    - return: ok\n",
}

// TestAccessMasksSecrets looks at what an access log is told, also of requests that
// no verb takes.
func TestAccessMasksSecrets(t *testing.T) {
	t.Parallel()
	var got engine.Access
	e, err := engine.Open(makeApp(t, secretApp), engine.WithActions(actions.All()), engine.WithAccess(func(a engine.Access) { got = a }))
	fatal(t, err)
	t.Cleanup(func() { fatal(t, e.Close()) })
	for _, c := range []struct{ method, target, path, query string }{
		{"GET", "/reset/canary", "/reset/[secret]", ""},
		{"HEAD", "/reset/c%61nary", "/reset/[secret]", ""},
		{"GET", "/reset/canary?page=1&pgae=canary&canary", "/reset/[secret]", "page=1&pgae=[secret]&[secret]"},
		{"DELETE", "/reset/canary?x=canary", "/reset/[secret]", ""},
		{"OPTIONS", "/reset/canary", "/reset/[secret]", ""},
		{"CANARY", "/reset/canary", "/reset/[secret]", ""},
		{"GET", "/reset/a%20b/c", "/reset/a%20b/c", ""},
	} {
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequest(c.method, c.target, nil))
		want := [2]string{c.path, c.query}
		if diff := cmp.Diff(want, [2]string{got.Path, got.Query}); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", c.method, c.target, diff)
		}
		if got.Route == "" && got.TraceID != "" && !strings.Contains(w.Body.String(), got.TraceID) {
			t.Errorf("%s %s: the log has the trace id %q, the answer says %s", c.method, c.target, got.TraceID, w.Body)
		}
	}
}
