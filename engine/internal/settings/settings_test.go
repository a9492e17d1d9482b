package settings

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

func read(t *testing.T, text string, env map[string]string) (*Settings, []string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "hook"), []byte("from a file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var problems source.Problems
	s := Read(source.NewFile(FileName, []byte(text)), dir, func(name string) string { return env[name] }, &problems)
	var texts []string
	for _, p := range problems.All() {
		texts = append(texts, p.String())
	}
	return s, texts
}

func TestEverything(t *testing.T) {
	s, problems := read(t, `listen: 0.0.0.0:9000
databases:
  main: sqlite:data/other.db
  stats: "sqlite::memory:"
auth: {default: user, issuer: films, ticket: 2d}
config: {company: Example, limits: {rows: 5}}
secrets:
  smtp: {env: SMTP_PASSWORD}
  hook: {file: hook}
`, map[string]string{"SMTP_PASSWORD": "s3cret"})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if s.Listen != "0.0.0.0:9000" || s.Auth != (Auth{"user", "films", 48 * time.Hour, 30 * 24 * time.Hour, Password{12}}) {
		t.Errorf("read %+v", s)
	}
	if !slices.Equal(s.DatabaseNames(), []string{"main", "stats"}) || s.Databases["main"] != "sqlite:data/other.db" {
		t.Errorf("databases %v", s.Databases)
	}
	if got := string(schema.AppendJSON(nil, s.Config)); got != `{"company":"Example","limits":{"rows":5}}` {
		t.Errorf("config %s", got)
	}
	if got := string(schema.AppendJSON(nil, s.Secrets)); got != `{"smtp":"s3cret","hook":"from a file"}` {
		t.Errorf("secrets %s", got)
	}
}

func TestEnvironmentOverrides(t *testing.T) {
	s, problems := read(t, "listen: 127.0.0.1:1\nconfig: {company: A, rows: 5, on: true}\n", map[string]string{
		"CLOUDLET_LISTEN": "127.0.0.1:2", "CLOUDLET_AUTH_TICKET": "5m", "CLOUDLET_DATABASES_MAIN": "sqlite::memory:",
		"CLOUDLET_CONFIG_COMPANY": "B", "CLOUDLET_CONFIG_ROWS": "7", "CLOUDLET_CONFIG_ON": "false", "CLOUDLET_AUTH_ISSUER": "",
	})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if s.Listen != "127.0.0.1:2" || s.Auth.Ticket != 5*time.Minute || s.Databases["main"] != "sqlite::memory:" || s.Auth.Issuer != "cloudlet" {
		t.Errorf("read %+v", s)
	}
	if got := string(schema.AppendJSON(nil, s.Config)); got != `{"company":"B","rows":7,"on":false}` {
		t.Errorf("config %s", got)
	}
}

func TestProblems(t *testing.T) {
	for _, c := range []struct {
		text string
		env  map[string]string
		want string
	}{
		{"listn: x\n", nil, `cloudlet.yaml:1:1: unknown key "listn"; did you mean "listen"?`},
		{"auth:\n  tickt: 1h\n", nil, `cloudlet.yaml:2:3: unknown key "tickt"; did you mean "ticket"?`},
		{"auth: {refresh: 30}\n", nil, `cloudlet.yaml:1:17: auth.refresh must be a duration from 1m to 1830d, as in 30d`},
		{"listen: 8080\n", nil, `cloudlet.yaml:1:9: listen must be host:port, as in 127.0.0.1:8080`},
		{"auth: {ticket: 1s}\n", nil, `cloudlet.yaml:1:16: auth.ticket must be a duration from 1m to 366d, as in 1h`},
		{"auth: {default: nobody}\n", nil, `cloudlet.yaml:1:17: auth.default must be public or user`},
		{"auth: [a]\n", nil, `cloudlet.yaml:1:7: auth is a map of settings`},
		{"databases: {main: mysql://x}\n", nil, `cloudlet.yaml:1:19: a database's URL begins with sqlite:, as in sqlite:data/cloudlet.db`},
		{"databases: {main: postgres://x}\n", nil, `cloudlet.yaml:1:19: PostgreSQL is not supported by this version yet`},
		{"databases: {main: \"sqlite:./endpoints/x.db\"}\n", nil, `cloudlet.yaml:1:19: a database's file cannot be among the endpoints, which are read and watched; data/ is for it`},
		{"databases: {main: \"sqlite:../x.db\"}\n", nil, `cloudlet.yaml:1:19: a database's file cannot be outside the app's folder, unless its path is absolute`},
		{"config: 7\n", nil, `cloudlet.yaml:1:9: config is a map of values`},
		{"secrets:\n  smtp: {env: NOT_SET}\n", nil, `cloudlet.yaml:2:3: the secret "smtp" is missing: the environment variable NOT_SET is not set`},
		{"secrets: {hook: {file: nowhere}}\n", nil, `cloudlet.yaml:1:11: the secret "hook" is missing: the file nowhere cannot be read`},
		{"secrets: {hook: hunter2}\n", nil, `cloudlet.yaml:1:11: the secret "hook" comes from {env: NAME} or {file: PATH}`},
		{"- a\n", nil, `cloudlet.yaml:1:1: cloudlet.yaml is a map of settings`},
		{"", map[string]string{"CLOUDLET_AUTH_TICKET": "soon"}, `the environment variable CLOUDLET_AUTH_TICKET must be a duration from 1m to 366d, as in 1h`},
		{"config: {rows: 5}\n", map[string]string{"CLOUDLET_CONFIG_ROWS": "many"}, `the environment variable CLOUDLET_CONFIG_ROWS must be an integer`},
	} {
		_, problems := read(t, c.text, c.env)
		if len(problems) != 1 || problems[0] != c.want {
			t.Errorf("%q gives %q, want %q", strings.TrimSpace(c.text), problems, c.want)
		}
	}
}

func TestEmptyIsDefaults(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "auth:\nconfig:\nsecrets:\n"} {
		s, problems := read(t, text, nil)
		if len(problems) > 0 || s.Listen != Defaults().Listen || s.Auth != Defaults().Auth {
			t.Errorf("%q gives %+v and %q", text, s, problems)
		}
	}
}
