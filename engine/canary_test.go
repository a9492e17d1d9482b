package engine_test

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"mime/quotedprintable"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cloudlet/engine"
	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"
)

// quotedPrintable decodes a mail's text; what is not encoded passes as it is.
func quotedPrintable(text string) io.Reader {
	return quotedprintable.NewReader(strings.NewReader(text))
}

// canaries looks for what nobody may see in all that the engine wrote: the log, the
// problems, the audit log and whatever is in its folder. A link's token is in its own mail.
func (c *circle) canaries() {
	c.t.Helper()
	if len(c.secrets) < 25 {
		c.t.Fatalf("only %d secrets were kept", len(c.secrets))
	}
	c.searched()
	c.audited()
}

// searched looks into the log, the problems and the folder.
func (c *circle) searched() {
	c.t.Helper()
	written := map[string]string{"the log": c.log.all(), "a problem": c.said.String()}
	err := filepath.WalkDir(filepath.Join(c.dir, "data"), func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "secret.key" {
			return err
		}
		text, err := os.ReadFile(name)
		if filepath.Ext(name) == ".eml" {
			decoded, _ := io.ReadAll(quotedPrintable(string(text)))
			text = append(text, decoded...)
		}
		written[strings.TrimPrefix(name, c.dir)] = string(text)
		return err
	})
	fatal(c.t, err)
	if !strings.Contains(written["/data/cloudlet.db"]+written["/data/cloudlet.db-wal"], "alice") {
		c.t.Error("the database is not among what is searched")
	}
	for where, text := range written {
		for secret, what := range c.secrets {
			if what == "the token of a link" && strings.HasSuffix(where, ".eml") && strings.Contains(text, "/auth/") {
				continue
			}
			if strings.Contains(text, secret) {
				c.t.Errorf("%s holds %s", where, what)
			}
		}
		if where != "/data/cloudlet.db" && where != "/data/cloudlet.db-wal" && strings.Contains(text, "$argon2id$") {
			c.t.Errorf("%s holds a password's hash", where)
		}
	}
}

// audited looks into the audit log, which has to have all that happened and be whole.
func (c *circle) audited() {
	c.t.Helper()
	rows, err := engine.Look(c.t.Context(), c.engine, "main", "SELECT event, actor, subject, fields FROM cloudlet_audit")
	fatal(c.t, err)
	for secret, what := range c.secrets {
		if strings.Contains(rows, secret) {
			c.t.Errorf("the audit log holds %s", what)
		}
	}
	for _, event := range []string{"user.created", "user.confirmed", "login", "login.failed", "logout", "session.copied", "password.reset", "password.changed",
		"user.locked", "user.unlocked", "role.granted", "role.revoked", "user.impersonated", "totp.confirmed", "user.deleted"} {
		if !strings.Contains(rows, `"`+event+`"`) {
			c.t.Errorf("the audit log has no %s", event)
		}
	}
	report, err := engine.VerifyAudit(c.t.Context(), c.engine)
	if err != nil || len(report.Faults) > 0 {
		c.t.Errorf("the audit log is not whole: %+v, %v", report, err)
	}
}

// TestTracesHoldNoSecrets: what `call --trace` shows of a login's steps is what anybody
// may see over a shoulder.
func TestTracesHoldNoSecrets(t *testing.T) {
	t.Parallel()
	c := openCircle(t)
	var traced strings.Builder
	call := func(method, path string, args ...[2]string) map[string]any {
		t.Helper()
		out, err := c.engine.Call(t.Context(), engine.CallRequest{Method: method, Path: path, Args: args, Trace: func(s action.Traced) {
			fmt.Fprintf(&traced, "%s %v", s.Action, schema.Text(s.Result))
			for _, in := range s.Inputs {
				fmt.Fprintf(&traced, " %s=%v", in.Name, schema.Text(in.Value))
			}
			if s.Failure != nil {
				fmt.Fprintf(&traced, " %v", s.Failure)
			}
			traced.WriteByte('\n')
		}})
		fatal(t, err)
		body := map[string]any{}
		if len(out.Body) > 0 && out.Body[0] == '{' {
			fatal(t, json.Unmarshal(out.Body, &body))
		}
		return body
	}
	password := [2]string{"password", c.keep("a password", "correct horse battery")}
	call("POST", "/auth/register", [2]string{"username", "alice"}, [2]string{"email", "alice@example.com"}, password)
	link := c.link(1)
	call("GET", "/auth/confirm", [2]string{"token", link[len(link)-43:]})
	login := call("POST", "/auth/login", [2]string{"username", "alice"}, password)
	refresh := c.keep("a refresh token", login["refresh_token"].(string))
	c.keep("a ticket", login["ticket"].(string))
	c.tickets(received{body: call("POST", "/auth/refresh", [2]string{"refresh_token", refresh})})
	call("POST", "/auth/login", [2]string{"username", "alice"}, [2]string{"password", c.keep("a wrong password", "wrong horse battery")})
	call("POST", "/auth/forgot", [2]string{"email", "alice@example.com"})
	link = c.link(2)
	token := [2]string{"token", link[len(link)-43:]}
	call("GET", "/auth/reset", token)
	call("POST", "/auth/reset", token, [2]string{"password", c.keep("a new password", "battery horse correct")})
	text := traced.String()
	for _, action := range []string{"user.register", "mail", "user.confirm", "authenticate", "refresh", "user.reset", "page", "user.reset_password", "invalid_credentials"} {
		if !strings.Contains(text, action) {
			t.Errorf("nothing was traced of %s", action)
		}
	}
	for secret, what := range c.secrets {
		if strings.Contains(text, secret) {
			t.Errorf("a trace holds %s", what)
		}
	}
	c.searched()
}
