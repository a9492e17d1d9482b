package settings

import (
	"fmt"
	"net"
	"strings"
	"time"

	"cloudlet/engine/language/document"
	"cloudlet/engine/language/schema"
)

// setting is one key with a single value.
type setting struct {
	key   string // "auth.ticket"
	doc   string
	shape document.Shape
	set   func(s *Settings, text string) error
}

// Keys are the keys of cloudlet.yaml.
func Keys() []document.Key {
	single := func(prefix string) []document.Key {
		var keys []document.Key
		for _, s := range table {
			if name, ok := strings.CutPrefix(s.key, prefix); ok && !strings.Contains(name, ".") {
				keys = append(keys, document.Key{Name: name, Doc: s.doc, Shape: s.shape})
			}
		}
		return keys
	}
	mapping := func(keys func() []document.Key) document.Shape {
		return document.Shape{Kind: document.MappingShape, Keys: keys}
	}
	return append(single(""),
		document.Key{Name: "databases", Doc: "Databases by name, each a URL: {main: sqlite:data/cloudlet.db}. main is always there.", Shape: document.Shape{Kind: document.MapShape}},
		document.Key{Name: "auth", Doc: "How users are let in.", Shape: mapping(func() []document.Key { return single("auth.") })},
		document.Key{Name: "roles", Doc: "The roles that a role includes: {admin: [editor]} lets admins do what editors may.", Shape: document.Shape{Kind: document.MapShape}},
		document.Key{Name: "config", Doc: "The app's own values, read as ${config.NAME}.", Shape: document.Shape{Kind: document.MapShape}},
		document.Key{Name: "secrets", Doc: "Secrets by name, read as ${secrets.NAME}: {env: VARIABLE} or {file: PATH}.", Shape: document.Shape{Kind: document.MapShape}},
	)
}

var table = []setting{
	{"listen", "The address to serve on: host:port.", document.Shape{Kind: document.TextShape}, func(s *Settings, text string) error {
		if _, _, err := net.SplitHostPort(text); err != nil {
			return fmt.Errorf("must be host:port, as in 127.0.0.1:8080")
		}
		s.Listen = text
		return nil
	}},
	{"auth.default", "Who may call verbs that do not say auth.", document.Shape{Kind: document.ChoiceShape, Values: []string{"public", "user"}}, func(s *Settings, text string) error {
		if text != "public" && text != "user" {
			return fmt.Errorf("must be public or user")
		}
		s.Auth.Default = text
		return nil
	}},
	{"auth.issuer", "The issuer of tickets, their iss.", document.Shape{Kind: document.TextShape}, func(s *Settings, text string) error {
		if text == "" || len(text) > 200 {
			return fmt.Errorf("must have 1 to 200 characters")
		}
		s.Auth.Issuer = text
		return nil
	}},
	{"auth.ticket", "How long a ticket is valid.", document.Shape{Kind: document.DurationShape}, func(s *Settings, text string) error {
		d, err := schema.ParseDuration(text)
		if err != nil || d < time.Minute || d > 366*24*time.Hour {
			return fmt.Errorf("must be a duration from 1m to 366d, as in 1h")
		}
		s.Auth.Ticket = d
		return nil
	}},
	{"auth.refresh", "How long a refresh token can be used.", document.Shape{Kind: document.DurationShape}, func(s *Settings, text string) error {
		d, err := schema.ParseDuration(text)
		if err != nil || d < time.Minute || d > 5*366*24*time.Hour {
			return fmt.Errorf("must be a duration from 1m to 1830d, as in 30d")
		}
		s.Auth.Refresh = d
		return nil
	}},
	{"openapi", "Who sees what of the API at /-/openapi.json: callable is what the caller may call, public everything, off nothing.", document.Shape{Kind: document.ChoiceShape, Values: []string{Callable, Everything, Off}}, func(s *Settings, text string) error {
		if text != Callable && text != Everything && text != Off {
			return fmt.Errorf("must be callable, public or off")
		}
		s.OpenAPI = text
		return nil
	}},
}

// later are keys of language.md, section 13, that this version does not know yet.
var later = []string{"public_url", "trusted_proxies", "mail", "http", "auth.password", "oidc", "captcha"}

// sections are the names of the outermost keys.
func sections() []string {
	var names []string
	for _, k := range Keys() {
		names = append(names, k.Name)
	}
	return names
}
