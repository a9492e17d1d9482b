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
