package engine_test

import (
	"strings"
	"testing"

	"cloudlet/engine"
)

// TestSettingsWarn: what is unwise in the settings is in the log, once, and again when
// it has gone and come back.
func TestSettingsWarn(t *testing.T) {
	t.Parallel()
	const head = "databases: {main: \"sqlite::memory:\"}\n"
	const unwise = head + "mail: {from: a@b.example, smtp: {host: localhost}}\n"
	l := openLive(t, map[string]string{"cloudlet.yaml": unwise, "endpoints/a.yaml": "get:\n  actions: [{return: 1}]\n"}, engine.WithListen("127.0.0.1:4711"))
	if got := l.engine.Listen(); got != "127.0.0.1:4711" {
		t.Errorf("listens on %s", got)
	}
	warned := func(want int) {
		t.Helper()
		if n := strings.Count(l.log.all(), "public_url is not set"); n != want {
			t.Errorf("warned %d times, want %d:\n%s", n, want, l.log.all())
		}
	}
	warned(1)
	fatal(t, l.engine.Reload(t.Context()))
	warned(1)
	l.write("cloudlet.yaml", unwise+"public_url: https://api.example.com\n")
	fatal(t, l.engine.Reload(t.Context()))
	warned(1)
	l.write("cloudlet.yaml", unwise)
	fatal(t, l.engine.Reload(t.Context()))
	warned(2)
}

// TestAbsentRolesWarn: a role that does not exist is in the log, with its place, once.
func TestAbsentRolesWarn(t *testing.T) {
	t.Parallel()
	l := openLive(t, map[string]string{"cloudlet.yaml": "databases: {main: \"sqlite::memory:\"}\nroles: {admin: [author]}\n",
		"endpoints/_module.yaml": "auth: [admn]\n", "endpoints/a.yaml": "get:\n  actions: [{return: 1}]\npost:\n  auth: [guest, editor, author]\n  actions: [{return: 1}]\n",
		"endpoints/b.yaml": "get:\n  actions: [{return: 1}]\npost:\n  auth: user\n  actions:\n    - authorize: [guest, gest]\n" +
			"    - role.grant: {username: ann, roles: [author, writer]}\n    - role.revoke: {username: ann, roles: [\"${user.name}\", root]}\n"})
	fatal(t, l.engine.Reload(t.Context()))
	for text, want := range map[string]int{
		`endpoints/_module.yaml:1:8: there is no role \"admn\"; did you mean \"admin\"?`: 1,
		`endpoints/a.yaml:4:17: there is no role \"editor\"; cloudlet role add editor`:   1,
		"an endpoint asks for a role that nobody can have":                               2,
		`endpoints/b.yaml:6:26: there is no role \"gest\"; did you mean \"guest\"?`:      1,
		`endpoints/b.yaml:7:51: there is no role \"writer\"; cloudlet role add writer`:   1,
		"a step names a role that does not exist":                                        2,
	} {
		if n := strings.Count(l.log.all(), text); n != want {
			t.Errorf("%s is said %d times, want %d:\n%s", text, n, want, l.log.all())
		}
	}
	fatal(t, engine.UsersOf(l.engine).AddUser(t.Context(), engine.CommandLine, engine.NewUser{Name: "ann", Password: casePassword, Roles: []string{"editor"}, CreateRoles: true}))
	l.write("endpoints/_module.yaml", "auth: [admin]\n")
	fatal(t, l.engine.Reload(t.Context()))
	if n := strings.Count(l.log.all(), "there is no role"); n != 6 { // what is left is said again

		t.Errorf("said %d times:\n%s", n, l.log.all())
	}
}

// TestConfigurationListens: the links of an app follow where it listens.
func TestConfigurationListens(t *testing.T) {
	t.Parallel()
	list, _, err := engine.Configuration(makeApp(t, map[string]string{"endpoints/a.yaml": "get:\n  actions: [{return: 1}]\n"}),
		engine.WithListen("0.0.0.0:99"), engine.WithEnvironment(func(string) string { return "" }))
	fatal(t, err)
	found := 0
	for _, s := range list {
		if s.Key == "listen" && s.Value == "0.0.0.0:99" || s.Key == "public_url" && s.Value == "http://localhost:99" {
			found++
		}
	}
	if found != 2 {
		t.Errorf("got %v", list)
	}
}
