package engine_test

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"cloudlet/actions"
	"cloudlet/engine"
	"cloudlet/engine/identity"
	"cloudlet/engine/internal/outside"
)

// withSecondFactor gives a user an authenticator app, and tells a recovery code.
func withSecondFactor(t *testing.T, users *identity.Service, name, password string) string {
	t.Helper()
	login, err := users.Authenticate(t.Context(), engine.CommandLine, identity.Credentials{Username: name, Password: password})
	fatal(t, err)
	caller, err := users.Verify(t.Context(), login.Text)
	fatal(t, err)
	app, err := users.EnrollTOTP(t.Context(), engine.CommandLine, caller, "")
	fatal(t, err)
	code, err := totp.GenerateCode(app.Secret, time.Now())
	fatal(t, err)
	codes, err := users.ConfirmTOTP(t.Context(), engine.CommandLine, caller, code)
	fatal(t, err)
	return codes[0]
}

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
	recovery := withSecondFactor(t, engine.UsersOf(e), "ada", "correct horse battery")
	server := httptest.NewServer(e)
	defer server.Close()
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, node, "docs.mjs", browser, server.URL, "ada", "correct horse battery", recovery, os.Getenv("CLOUDLET_PICTURE"))
	cmd.Dir = filepath.Join("..", ".ci", "browser")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// A real Chromium reads a stream with EventSource. The app changes, and the browser comes
// back by itself and has missed nothing.
func TestEventsInBrowser(t *testing.T) {
	t.Parallel()
	browser, node := outside.Chromium(t), outside.Tool(t, "node")
	outside.Module(t, "playwright-core")
	l := openLive(t, streamApp, engine.WithWatch())
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, node, "events.mjs", browser, l.server.URL, l.dir)
	cmd.Dir = filepath.Join("..", ".ci", "browser")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
