package engine_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cloudlet/actions"
)

// Every action has an example, and each is a step that compiles as it is shown, in an
// app that has what examples speak of.
func TestExamplesOfActions(t *testing.T) {
	t.Parallel()
	problems, err := checkApp(makeApp(t, examplesApp(t)), map[string]string{"CORP": "hidden"})
	fatal(t, err)
	for _, p := range problems {
		if !p.Warning {
			t.Error(p)
		}
	}
}

// examplesApp has the example of each action as an endpoint.
func examplesApp(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{
		"cloudlet.yaml": "databases: {main: \"sqlite::memory:\"}\n" +
			"oidc: {corp: {issuer: \"https://login.example.com\", client_id: a, client_secret: \"${secrets.corp}\"}}\n" +
			"captcha: {turnstile: {secret: \"${secrets.corp}\", site_key: a}}\n" +
			"mail: {from: no-reply@example.com}\n" +
			"secrets: {corp: {env: CORP}}\n",
		"endpoints/_migrations/1.sql": "CREATE TABLE films (id INTEGER PRIMARY KEY, title TEXT, year INTEGER);\n" +
			"CREATE TABLE people (id INTEGER PRIMARY KEY);\nCREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER);\n",
		"endpoints/_templates/confirm.txt":    "{{define \"subject\"}}Confirm{{end}}{{.name}} {{.token}}",
		"endpoints/_templates/confirm.html":   "{{.name}} {{.token}}",
		"endpoints/_templates/confirmed.html": "{{.name}}",
		"endpoints/_templates/receipt.txt":    "{{.film.title}}",
		"endpoints/_jobs/send_receipt.yaml":   "arguments: {order: string}\nactions: []\n",
		"endpoints/films/{id}.yaml":           "get:\n  arguments: {id: int}\n  actions: [{return: \"${args.id}\"}]\n",
	}
	for i, a := range actions.All() {
		if a.Example == "" {
			t.Errorf("%s has no example", a.Name)
			continue
		}
		if !strings.Contains(a.Example, a.Name+":") {
			t.Errorf("the example of %s does not show it", a.Name)
		}
		files[fmt.Sprintf("endpoints/example%02d.yaml", i)] = endpointOf(a.Example)
	}
	return files
}

var argument = regexp.MustCompile(`args\.([a-z_]+)`)

// exampleTypes are the types of the arguments that examples speak of; any other is a string.
var exampleTypes = map[string]string{"password": "secret", "current": "secret", "code": "secret", "token": "secret", "refresh_token": "secret", "captcha": "secret",
	"limit": "int", "offset": "int", "amount": "int", "from": "int", "to": "int", "year": "int", "id": "int", "titles": "[string]", "filter": "json"}

// argumentNames are the arguments that an example speaks of.
func argumentNames(example string) []string {
	var names []string
	for _, m := range argument.FindAllStringSubmatch(example, -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// asksForCaller reports whether an example is about whoever calls.
func asksForCaller(example string) bool {
	for _, text := range []string{"user.name", "- authorize:", "- logout:", "user.change_password:", "user.check_password:", "- totp.", "- api_key.", "- impersonate:"} {
		if strings.Contains(example, text) {
			return true
		}
	}
	return false
}

// endpointOf is an endpoint whose chain is an example, behind what binds its names.
func endpointOf(example string) string {
	names := argumentNames(example)
	var b strings.Builder
	b.WriteString("post:\n")
	if asksForCaller(example) {
		b.WriteString("  auth: user\n")
	}
	b.WriteString("  arguments:\n    unused: {type: string, required: false, in: query}\n")
	for _, name := range names {
		t := exampleTypes[name]
		if t == "" {
			t = "string"
		}
		fmt.Fprintf(&b, "    %s: %s\n", name, t)
	}
	b.WriteString("  actions:\n    - set: {film: {id: 1, title: Alien, owner: alice, price: 2}, total: 1}\n    - set: {films: \"${[film]}\"}\n")
	if strings.Contains(example, "last.token") {
		b.WriteString("    - user.confirmation: {username: alice}\n")
	}
	for line := range strings.Lines(example) {
		b.WriteString("    " + line)
	}
	return b.String()
}
