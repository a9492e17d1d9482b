// Package settings reads cloudlet.yaml, and the environment that overrides it,
// into one struct.
package settings

import (
	"net/netip"
	"sort"
	"strings"
	"time"

	"cloudlet/engine/events"
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
	// PublicURL is what the app's links begin with; no slash is at its end.
	PublicURL string
	// TrustedProxies are the networks whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
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
	Mail  Mail
	// OIDC are the providers that users may log in with, by name.
	OIDC    map[string]Provider
	Captcha Captcha
	HTTP    HTTP
	// Events bound who may read streams at once.
	Events events.Limits
	// Webhooks are events that are sent to other services.
	Webhooks Webhooks
	// Config are the app's own values, ${config.…}.
	Config *schema.Object
	// Secrets are read from the environment or from files, ${secrets.…}.
	Secrets *schema.Object
	// InForce lists every key with its value and origin, secrets masked.
	InForce []InForce
}

// Auth is how users are let in.
type Auth struct {
	Default  string        // public or user: for verbs without auth
	Issuer   string        // of tickets, their iss
	Ticket   time.Duration // how long a ticket is valid
	Refresh  time.Duration // how long a refresh token can be used
	Password Password
}

// Password is what new passwords must be like.
type Password struct {
	MinLength int // in characters
}

// What the OpenAPI document shows.
const (
	Callable   = "callable" // to each caller what it may call
	Everything = "public"   // everything, to everybody
	Off        = "off"      // nothing: there is none
)

// Defaults are the settings of an app without a cloudlet.yaml.
func Defaults() *Settings {
	return Read(nil, "", func(string) string { return "" }, &source.Problems{})
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

// Read reads the settings of the app in dir. The file may be nil: there is none.
// env gives the environment; an empty variable counts as unset.
func Read(file *source.File, dir string, env func(string) string, problems *source.Problems) *Settings {
	r := &reader{problems: problems, dir: dir, env: env, given: map[string]origin{}, sections: map[string]source.Span{}, torn: map[string]bool{},
		settings: &Settings{Databases: map[string]string{"main": "sqlite:data/cloudlet.db"}, OIDC: map[string]Provider{},
			Config: schema.NewObject(), Secrets: schema.NewObject()}}
	if file != nil {
		before := problems.Count()
		root := document.Parse(file, problems)
		r.torn[""] = problems.Count() > before
		if r.settings.Unread = root == nil; root != nil {
			r.root(root)
		}
	}
	r.environment()
	r.complete()
	r.settings.InForce = r.inForce()
	return r.settings
}

// Variable is the environment variable of a key: CLOUDLET_AUTH_TICKET of auth.ticket.
func Variable(key string) string {
	return "CLOUDLET_" + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(key))
}
