package engine_test

import (
	"context"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"cloudlet/actions"
	"cloudlet/engine"
	"cloudlet/engine/internal/outside"
)

// A real Chromium opens /-/docs of the shipped app, logs in, and tries a verb.
func TestDocsInBrowser(t *testing.T) {
	t.Parallel()
	browser, node := outside.Chromium(t), outside.Tool(t, "node")
	outside.Module(t, "playwright-core")
	e, err := engine.Open(copiedApp(t), engine.WithActions(actions.All()))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if err := engine.UsersOf(e).AddUser(t.Context(), engine.CommandLine, engine.NewUser{Name: "ada", Password: "correct horse battery", Roles: []string{"admin"}}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(e)
	defer server.Close()
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, node, "docs.mjs", browser, server.URL, "ada", "correct horse battery", os.Getenv("CLOUDLET_PICTURE"))
	cmd.Dir = filepath.Join("..", ".ci", "browser")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// A real Chromium opens a page: the page's own style holds, scripts do not run,
// whether the page has them or a value brings them, and a form is sent.
func TestPageInBrowser(t *testing.T) {
	t.Parallel()
	browser, node := outside.Chromium(t), outside.Tool(t, "node")
	outside.Module(t, "playwright-core")
	l := openLive(t, map[string]string{
		"cloudlet.yaml": "databases: {main: \"sqlite::memory:\"}\n",
		"endpoints/_templates/form.html": "<!doctype html>\r\n<title>Films</title><style>\r\n#styled { color: teal }\r\n</style>" +
			"<p id=styled>styled</p><p id=named>{{.name}}</p><script>document.title = 'ran'</script><img src=x onerror=\"alert('attribute')\">" +
			"<form method=post action=/thanks><input name=name value=Ann><button>Send</button></form>",
		"endpoints/_templates/thanks.html": "<p>thanks, {{.name}}</p>",
		"endpoints/form.yaml":              "get:\n  arguments: {name: string}\n  actions:\n    - page: {file: form.html, data: \"${args}\"}\n",
		"endpoints/thanks.yaml":            "post:\n  arguments: {name: string}\n  actions:\n    - page: {file: thanks.html, data: \"${args}\"}\n",
	})
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	name := "<script>alert('value')</script><style>#named{color:red}</style>"
	cmd := exec.CommandContext(ctx, node, "page.mjs", browser, l.server.URL+"/form?name="+url.QueryEscape(name))
	cmd.Dir = filepath.Join("..", ".ci", "browser")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
