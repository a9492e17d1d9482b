package settings

import (
	"maps"
	"slices"

	"cloudlet/engine/language/document"
)

// key is one key of cloudlet.yaml: what it means, what its value looks like, and
// what takes it. It has one of single, list, keys and read. All else that is known
// of a key is derived: its place in the file, its variable, its schema, what the
// command config shows.
type key struct {
	name, doc string
	shape     document.Shape // of what has no keys

	// single takes a single value and returns it as it is in force. of is the name
	// that the value belongs to, inside of what is named. An error never holds the
	// value, which may be a secret.
	single func(s *Settings, of, text string) (any, error)
	// list takes a list of texts, or says which of them is wrong.
	list func(s *Settings, of string, items []string) (inForce []string, wrong int, err error)
	// standard is the default, as text; nil: there is none. It may depend on keys
	// that stand before it, of which derived names one.
	standard func(s *Settings, of string) string
	derived  string
	needed   bool // where its section is there at all
	hidden   bool // a secret, wherever it comes from

	keys []key // of a section
	// named says that a section is a map of names to sections with these keys.
	named *names
	// optional, of a section that need not be there.
	optional *optional

	// read reads what is like nothing else.
	read func(r *reader, n *document.Node)
	// check looks at a section, or a section of a name, as a whole.
	check func(r *reader, path, of string)
}

// names are those of the sections of a map.
type names struct {
	check func(name string) string // what is wrong with a name, or ""
	list  func(s *Settings) []string
}

// optional is a section that need not be there.
type optional struct {
	is    func(s *Settings, of string) bool
	begin func(s *Settings, of string)
}

func fixed(text string) func(*Settings, string) string {
	return func(*Settings, string) string { return text }
}

var (
	textShape     = document.Shape{Kind: document.TextShape}
	countShape    = document.Shape{Kind: document.CountShape}
	durationShape = document.Shape{Kind: document.DurationShape}
	namesShape    = document.Shape{Kind: document.NamesShape}
)

func choiceShape(values ...string) document.Shape {
	return document.Shape{Kind: document.ChoiceShape, Values: values}
}

// all are the keys of cloudlet.yaml, in the order that they are shown in.
func all() []key {
	anything := document.Shape{Kind: document.MapShape}
	return append(networkKeys(),
		key{name: "databases", doc: "Databases by name, each a URL: {main: sqlite:data/cloudlet.db}. main is always there.", shape: anything, read: (*reader).databases},
		key{name: "auth", doc: "How users are let in.", keys: authKeys()},
		key{name: "roles", doc: "The roles that a role includes: {admin: [editor]} lets admins do what editors may.", shape: anything, read: (*reader).roles},
		key{name: "mail", doc: "How mails are sent. Without smtp they land in data/outbox.", keys: mailKeys()},
		key{name: "oidc", doc: "Providers that users may log in with (OpenID Connect), by name.", keys: oidcKeys(), named: providers, optional: provided, check: (*reader).checkProvider},
		key{name: "captcha", doc: "What tells people from programs.", keys: captchaKeys()},
		key{name: "http", doc: "How actions reach other services.", keys: httpKeys()},
		key{name: "events", doc: "How many may read streams of events at once.", keys: eventsKeys()},
		key{name: "webhooks", doc: "How events that are sent to other services are signed.", keys: webhooksKeys(), check: (*reader).checkWebhooks},
		key{name: "openapi", doc: "Who sees what of the API at /-/openapi.json: callable is what the caller may call, public everything, off nothing.",
			shape: choiceShape(Callable, Everything, Off), standard: fixed(Callable),
			single: choice(func(s *Settings) *string { return &s.OpenAPI }, "must be callable, public or off", Callable, Everything, Off)},
		key{name: "config", doc: "The app's own values, read as ${config.NAME}.", shape: anything, read: (*reader).config},
		key{name: "secrets", doc: "Secrets by name, read as ${secrets.NAME}: {env: VARIABLE} or {file: PATH}.", shape: anything, read: (*reader).secrets},
	)
}

// Keys are the keys of cloudlet.yaml.
func Keys() []document.Key { return described(all()) }

func described(list []key) []document.Key {
	keys := make([]document.Key, len(list))
	for i, k := range list {
		shape := k.shape
		if k.keys != nil {
			shape = document.Shape{Kind: document.MappingShape, Keys: func() []document.Key { return described(k.keys) }}
			if k.named != nil {
				shape.Kind = document.MapShape
			}
		}
		keys[i] = document.Key{Name: k.name, Doc: k.doc, Shape: shape}
	}
	return keys
}

// place is a key at its place: mail.smtp.host, oidc.google.issuer.
type place struct {
	key
	path    string
	of      string // the name that it belongs to, "" outside of what is named
	section string // the path of the optional section around it, or ""
	around  *optional
}

// places are the keys as an app has them, those of its names too.
func (r *reader) places() []place {
	var list []place
	var walk func(keys []key, around place)
	walk = func(keys []key, around place) {
		for _, k := range keys {
			p := around
			p.key, p.path = k, join(around.path, k.name)
			if k.optional != nil {
				p.section, p.around = p.path, k.optional
			}
			list = append(list, p)
			if k.named == nil {
				walk(k.keys, p)
				continue
			}
			for _, name := range k.named.list(r.settings) {
				one := p
				one.named, one.of, one.path = nil, name, join(p.path, name)
				one.section = one.path
				list = append(list, one)
				walk(k.keys, one)
			}
		}
	}
	walk(all(), place{})
	return list
}

// there reports whether the section around a key is there.
func (p *place) there(s *Settings) bool { return p.around == nil || p.around.is(s, p.of) }

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func namesOf(keys []key) []string {
	list := make([]string, len(keys))
	for i, k := range keys {
		list[i] = k.name
	}
	return list
}

func sorted[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }
