package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"cloudlet/engine/identity"
	"cloudlet/engine/language/document"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// Limits that hold where nothing else is said (language.md, section 2).
const (
	DefaultTimeout   = 30 * time.Second
	DefaultBodyLimit = 1 << 20
)

// settings are what the modules above an endpoint, its file and its verb say
// together: the nearest wins, but for `allow`, `before` and `after`, where all hold.
type settings struct {
	auth      *document.Auth
	allow     []*document.Node // the outermost first
	tags      []string
	timeout   time.Duration
	bodyLimit int64
	rateLimit *document.Rate
	cache     *document.Lifetime
	cors      *document.CORS
	database  string
	before    []*document.Node // the outermost first
	after     []*document.Node // the nearest first: what opened last closes first
	onError   *document.Node   // the nearest
}

// settings gathers what holds in a folder for a file with own settings.
func (b *builder) settings(folder string, own document.Settings) settings {
	s := settings{timeout: DefaultTimeout, bodyLimit: DefaultBodyLimit, database: "main", auth: b.app.AuthDefault}
	folders := above(folder)
	for i := len(folders) - 1; i >= 0; i-- {
		if m := b.app.Modules[folders[i]]; m != nil {
			s.override(m.Settings)
		}
	}
	s.override(own)
	return s
}

// override lets a nearer place's settings win.
func (s *settings) override(o document.Settings) {
	if o.Auth != nil {
		s.auth = o.Auth
	}
	if o.Allow != nil {
		s.allow = append(s.allow[:len(s.allow):len(s.allow)], o.Allow)
	}
	if o.Tags != nil {
		s.tags = o.Tags
	}
	if o.Timeout != nil {
		s.timeout = o.Timeout.Value
	}
	if o.BodyLimit != nil {
		s.bodyLimit = o.BodyLimit.Value
	}
	if o.RateLimit != nil {
		s.rateLimit = o.RateLimit
	}
	if o.Cache != nil {
		s.cache = o.Cache
	}
	if o.CORS != nil {
		s.cors = o.CORS
	}
	if o.Database != nil {
		s.database = o.Database.Value
	}
	if o.Before != nil {
		s.before = append(s.before[:len(s.before):len(s.before)], o.Before)
	}
	if o.After != nil {
		s.after = append([]*document.Node{o.After}, s.after...)
	}
	if o.OnError != nil {
		s.onError = o.OnError
	}
}

// checkSettings reports what is wrong in a place's own settings, so that it is
// said once and not for each endpoint below.
func (b *builder) checkSettings(o document.Settings) {
	if o.Database != nil && !b.hasDatabase(o.Database.Value) {
		b.unknownDatabase(o.Database.Span, o.Database.Value)
	}
	if o.Auth != nil {
		b.checkRoles(o.Auth)
	}
}

// checkRoles reports roles that nobody can have, and those that say nothing more.
// Which roles there are is known only where the app runs.
func (b *builder) checkRoles(a *document.Auth) {
	for i, role := range a.Roles {
		switch first := slices.Index(a.Roles, role); {
		case identity.CheckRoleName(role) != nil:
			p := source.Problem{Span: a.RoleSpans[i], Code: "invalid_name",
				Text: fmt.Sprintf("no role can be called %q: a lower case letter, then up to 63 lower case letters, digits, _ or -", clip(role))}
			if lower := strings.ToLower(role); identity.CheckRoleName(lower) == nil {
				p.Hint = fmt.Sprintf("did you mean %q?", lower)
			}
			b.problems.Add(p)
		case first < i:
			b.problems.Add(source.Problem{Span: a.RoleSpans[i], Code: "duplicate_role", Text: fmt.Sprintf("the role %q is in the list already", role),
				Related: []source.Related{{Span: a.RoleSpans[first], Text: "here"}}})
		}
	}
}

func (b *builder) unknownDatabase(at source.Span, name string) {
	b.problems.Add(source.Problem{Span: at, Code: "unknown_database",
		Text: fmt.Sprintf("there is no database %q in cloudlet.yaml", clip(name)), Hint: source.DidYouMean(name, b.databaseNames)})
}

// hasDatabase reports whether cloudlet.yaml names a database, as far as it can be read.
func (b *builder) hasDatabase(name string) bool {
	return b.app.Unread.Settings || slices.Contains(b.databaseNames, name)
}

// DatabaseOf is the database that a folder's files use where they name none.
func (a *App) DatabaseOf(folder string) string {
	name := "main"
	folders := above(folder)
	for i := len(folders) - 1; i >= 0; i-- {
		if m := a.Modules[folders[i]]; m != nil && m.Settings.Database != nil {
			name = m.Settings.Database.Value
		}
	}
	return name
}

// checkModules reports what is wrong in modules. The steps of one that has no
// endpoint below it are compiled here; those of the others are with each endpoint.
func (b *builder) checkModules() {
	used := map[string]bool{}
	for i := range b.app.Endpoints {
		for _, f := range above(b.app.Endpoints[i].Folder) {
			used[f] = true
		}
	}
	for _, folder := range sortedKeys(b.app.Modules) {
		m := b.app.Modules[folder]
		b.checkSettings(m.Settings)
		if used[folder] {
			continue
		}
		sc := newScope(newFrame(), &ambient{args: &schema.Type{Kind: schema.ObjectK, Open: true}, user: userType.OrNull(),
			globals: b.globals, folder: folder, database: b.app.DatabaseOf(folder)})
		if m.Settings.Allow != nil {
			b.typed(sc, m.Settings.Allow, schema.BoolType, input{name: "allow", anyClass: true})
		}
		b.chain(sc, m.Settings.Before)
		b.chain(sc, m.Settings.After)
		in := sc.inner()
		in.handler = true
		b.chain(in, m.Settings.OnError)
	}
}
