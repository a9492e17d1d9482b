package engine_test

import (
	"context"
	"net/http/httptest"
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
