package engine_test

import (
	"io"
	"io/fs"
	"mime/quotedprintable"
	"os"
	"path/filepath"
	"strings"

	"cloudlet/engine"
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
