// Package settings reads cloudlet.yaml, and the environment that overrides it,
// into one struct.
package settings

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

	"cloudlet/engine/language/document"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// FileName is the file of an app's configuration.
const FileName = "cloudlet.yaml"

// Settings are what cloudlet.yaml says. Every key has a default.
type Settings struct {
	// Listen is the address to serve on: host:port.
	Listen string
	// Databases are URLs by name; main is always there. One whose URL is a problem
	// has none.
	Databases map[string]string
	// Unread says that the file is no YAML: what it says is not known.
	Unread bool
	Auth   Auth
	// OpenAPI says who sees what in the OpenAPI document: Callable, Everything or Off.
	OpenAPI string
	// Roles are the roles that a role includes, by its name.
	Roles map[string][]string
	// Config are the app's own values, ${config.…}.
	Config *schema.Object
	// Secrets are read from the environment or from files, ${secrets.…}.
	Secrets *schema.Object
}

// Auth is how users are let in.
type Auth struct {
	Default string        // public or user: for verbs without auth
	Issuer  string        // of tickets, their iss
	Ticket  time.Duration // how long a ticket is valid
	Refresh time.Duration // how long a refresh token can be used
}

// What the OpenAPI document shows.
const (
	Callable   = "callable" // to each caller what it may call
	Everything = "public"   // everything, to everybody
	Off        = "off"      // nothing: there is none
)

// Defaults are the settings of an app without a cloudlet.yaml.
func Defaults() *Settings {
	return &Settings{
		Listen:    "127.0.0.1:8080",
		Databases: map[string]string{"main": "sqlite:data/cloudlet.db"},
		Auth:      Auth{Default: "public", Issuer: "cloudlet", Ticket: time.Hour, Refresh: 30 * 24 * time.Hour},
		OpenAPI:   Callable,
		Config:    schema.NewObject(),
		Secrets:   schema.NewObject(),
	}
}

// DatabaseNames lists the databases in order.
func (s *Settings) DatabaseNames() []string {
	names := make([]string, 0, len(s.Databases))
	for n := range s.Databases {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// reader reads one file.
type reader struct {
	settings *Settings
	problems *source.Problems
	dir      string
	env      func(string) string
}

// Read reads the settings of the app in dir. The file may be nil: there is none.
// env gives the environment; an empty variable counts as unset.
func Read(file *source.File, dir string, env func(string) string, problems *source.Problems) *Settings {
	r := &reader{settings: Defaults(), problems: problems, dir: dir, env: env}
	if file != nil {
		root := document.Parse(file, problems)
		if r.settings.Unread = root == nil; root != nil {
			r.root(root)
		}
	}
	r.environment()
	return r.settings
}

func (r *reader) root(n *document.Node) {
	if n.IsNull() {
		return
	}
	if n.Kind != document.Mapping {
		r.problems.Addf(n.Span, "wrong_type", "%s is a map of settings", FileName)
		return
	}
	for _, e := range n.Entries {
		switch e.Key.Value {
		case "listen":
			r.scalar("listen", e.Value)
		case "openapi":
			r.scalar("openapi", e.Value)
		case "auth":
			r.section("auth", e.Value)
		case "databases":
			r.databases(e.Value)
		case "roles":
			r.roles(e.Value)
		case "config":
			r.config(e.Value)
		case "secrets":
			r.secrets(e.Value)
		default:
			r.unknown(e.Key, e.Key.Value, sections())
		}
	}
}

func (r *reader) unknown(key *document.Node, name string, known []string) {
	if slices.Contains(later, name) {
		r.problems.Addf(key.Span, "not_supported_yet", "%s is not supported by this version yet", name)
		return
	}
	short := name[strings.LastIndexByte(name, '.')+1:]
	r.problems.Add(source.Problem{Span: key.Span, Code: "unknown_key", Text: fmt.Sprintf("unknown key %q", short), Hint: source.DidYouMean(short, known)})
}

func (r *reader) section(name string, n *document.Node) {
	if n.IsNull() {
		return
	}
	if n.Kind != document.Mapping {
		r.problems.Addf(n.Span, "wrong_type", "%s is a map of settings", name)
		return
	}
	var known []string
	for _, s := range table {
		if rest, ok := strings.CutPrefix(s.key, name+"."); ok {
			known = append(known, rest)
		}
	}
	for _, e := range n.Entries {
		if !slices.Contains(known, e.Key.Value) {
			r.unknown(e.Key, name+"."+e.Key.Value, known)
			continue
		}
		r.scalar(name+"."+e.Key.Value, e.Value)
	}
}

func (r *reader) scalar(key string, n *document.Node) {
	if n.Kind != document.Scalar || n.IsNull() {
		r.problems.Addf(n.Span, "wrong_type", "%s is a single value", key)
		return
	}
	for _, s := range table {
		if s.key == key {
			if err := s.set(r.settings, n.Value); err != nil {
				r.problems.Addf(n.Span, "wrong_value", "%s %v", key, err)
			}
		}
	}
}

func (r *reader) databases(n *document.Node) {
	if n.Kind != document.Mapping {
		r.problems.Addf(n.Span, "wrong_type", "databases is a map of names to URLs, as in main: sqlite:data/cloudlet.db")
		return
	}
	for _, e := range n.Entries {
		if e.Value.Kind != document.Scalar {
			r.problems.Addf(e.Value.Span, "wrong_type", "a database is a URL, as in sqlite:data/cloudlet.db")
			continue
		}
		if why := refusedURL(e.Value.Value); why != "" {
			r.problems.Addf(e.Value.Span, "wrong_value", "%s", why)
			r.settings.Databases[e.Key.Value] = ""
			continue
		}
		r.settings.Databases[e.Key.Value] = e.Value.Value
	}
}

// refusedURL says why a database's URL cannot be used, or "".
func refusedURL(url string) string {
	file, ok := strings.CutPrefix(url, "sqlite:")
	switch {
	case strings.HasPrefix(url, "postgres:"), strings.HasPrefix(url, "postgresql:"):
		return "PostgreSQL is not supported by this version yet"
	case !ok || file == "":
		return "a database's URL begins with sqlite:, as in sqlite:data/cloudlet.db"
	case file != ":memory:" && !filepath.IsAbs(file) && !filepath.IsLocal(file):
		return "a database's file cannot be outside the app's folder, unless its path is absolute"
	case strings.HasPrefix(filepath.ToSlash(filepath.Clean(file))+"/", "endpoints/"):
		return "a database's file cannot be among the endpoints, which are read and watched; data/ is for it"
	}
	return ""
}

func (r *reader) config(n *document.Node) {
	if n.IsNull() {
		return
	}
	v, err := n.Data()
	o, ok := v.(*schema.Object)
	if err != nil || !ok {
		r.problems.Addf(n.Span, "wrong_type", "config is a map of values")
		return
	}
	r.settings.Config = o
}

// secretSize bounds the file of a secret, in bytes.
const secretSize = 64 << 10

func (r *reader) secrets(n *document.Node) {
	if n.IsNull() {
		return
	}
	if n.Kind != document.Mapping {
		r.problems.Addf(n.Span, "wrong_type", "secrets is a map of names to {env: NAME} or {file: PATH}")
		return
	}
	var names []string
	var values []any
	for _, e := range n.Entries {
		value, why := r.secret(e.Value)
		if why != "" {
			r.problems.Addf(e.Key.Span, "missing_secret", "the secret %q %s", e.Key.Value, why)
		}
		names, values = append(names, e.Key.Value), append(values, value)
	}
	r.settings.Secrets = schema.NewShape(names...).New(values)
}

// secret reads one secret, or says why it cannot be had.
func (r *reader) secret(n *document.Node) (string, string) {
	if n.Kind != document.Mapping || len(n.Entries) != 1 {
		return "", "comes from {env: NAME} or {file: PATH}"
	}
	key, value := n.Entries[0].Key, n.Entries[0].Value
	if value.Kind != document.Scalar || value.IsNull() {
		return "", "comes from {env: NAME} or {file: PATH}"
	}
	switch key.Value {
	case "env":
		if text := r.env(value.Value); text != "" {
			return text, ""
		}
		return "", "is missing: the environment variable " + value.Value + " is not set"
	case "file":
		path := value.Value
		if !filepath.IsAbs(path) {
			path = filepath.Join(r.dir, path)
		}
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() || info.Size() > secretSize {
			return "", "is missing: the file " + value.Value + " cannot be read"
		}
		text, err := os.ReadFile(path)
		if err != nil || strings.TrimRight(string(text), "\r\n") == "" {
			return "", "is missing: the file " + value.Value + " cannot be read or is empty"
		}
		return strings.TrimRight(string(text), "\r\n"), ""
	}
	return "", "comes from {env: NAME} or {file: PATH}, and not from " + key.Value
}

// environment lets CLOUDLET_… variables override the file.
func (r *reader) environment() {
	for _, s := range table {
		name := Variable(s.key)
		if text := r.env(name); text != "" {
			if err := s.set(r.settings, text); err != nil {
				r.problems.Addf(source.Span{}, "wrong_value", "the environment variable %s %v", name, err)
			}
		}
	}
	for db := range r.settings.Databases {
		name := Variable("databases." + db)
		if text := r.env(name); text != "" {
			if why := refusedURL(text); why != "" {
				r.problems.Addf(source.Span{}, "wrong_value", "the environment variable %s: %s", name, why)
				continue
			}
			r.settings.Databases[db] = text
		}
	}
	r.overrideConfig()
}

// overrideConfig lets CLOUDLET_CONFIG_COMPANY override ${config.company}, where
// the file's value is a text, number or bool; the variable is read as its type.
func (r *reader) overrideConfig() {
	c := r.settings.Config
	values := make([]any, c.Len())
	for i := range values {
		name, v := c.At(i)
		values[i] = v
		variable := Variable("config." + name)
		text := r.env(variable)
		if text == "" {
			continue
		}
		var t *schema.Type
		switch v.(type) {
		case string:
			t = schema.StringType
		case int:
			t = schema.IntType
		case float64:
			t = schema.FloatType
		case bool:
			t = schema.BoolType
		default:
			continue
		}
		value, err := t.FromText(text)
		if err != nil {
			r.problems.Addf(source.Span{}, "wrong_value", "the environment variable %s %v", variable, err)
			continue
		}
		values[i] = value
	}
	r.settings.Config = c.Shape().New(values)
}

// Variable is the environment variable of a key: CLOUDLET_AUTH_TICKET of auth.ticket.
func Variable(key string) string {
	return "CLOUDLET_" + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(key))
}
