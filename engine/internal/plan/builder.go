// Package plan turns documents into what runs: names into slots, actions into
// bound functions, files into verbs that answer requests.
package plan

import (
	"path"
	"slices"
	"sort"

	"cloudlet/engine/action"
	"cloudlet/engine/database"
	"cloudlet/engine/language/document"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
	"cloudlet/engine/template"
)

// App is all that a plan is compiled from.
type App struct {
	Actions    []*action.Action
	Endpoints  []Source
	Modules    map[string]*document.Module               // by folder under endpoints/, "" the outermost
	Composites map[string]map[string]*document.Composite // by the folder that holds _actions, then by name
	Templates  *template.Set
	Jobs       *Jobs
	Scratch    map[string]*database.Scratch // by database
	Databases  []string                     // all names in cloudlet.yaml
	// Configured are the names under keys of cloudlet.yaml that actions ask for.
	Configured map[string][]string
	Config     *schema.Object
	Secrets    *schema.Object
	// AuthDefault holds for verbs that do not say auth.
	AuthDefault *document.Auth
	Unread      Unread
}

// Unread are the files that are no YAML. That what they would have made known is
// unknown is no mistake of whoever uses it.
type Unread struct {
	Settings bool            // cloudlet.yaml
	Modules  map[string]bool // by folder
	Paths    map[string]bool // of endpoints
}

// module reports whether a module of a folder or above it is unread.
func (u Unread) module(folder string) bool {
	return slices.ContainsFunc(above(folder), func(f string) bool { return u.Modules[f] })
}

// Source is an endpoint file and where it is served.
type Source struct {
	Document  *document.Endpoint
	Folder    string // under endpoints/
	Path      string // the pattern: /films/{id}
	PathNames []string
}

// Plan is a compiled app.
type Plan struct {
	Endpoints  []*Endpoint
	Composites []Composite
	Jobs       []*Job           // by their names
	Roles      []NamedRole      // that steps name
	verbs      map[string]*Verb // by "GET /films/{id}"
	points     []Point
	link       []func(open func(string) *database.DB)
}

// Link gives the statements of the plan their databases. A plan that is only
// checked is never linked.
func (p *Plan) Link(open func(name string) *database.DB) {
	for _, l := range p.link {
		l(open)
	}
	p.link = nil
}

// builder is what is shared while one app is compiled.
type builder struct {
	problems      *source.Problems
	catalogue     map[string]*action.Action
	app           *App
	globals       *globals
	scratch       map[string]*database.Scratch
	databaseNames []string
	composites    map[string]*composite // by folder and name
	open          []*composite          // those being compiled, the outermost first
	folders       map[string][]string   // action names visible in a folder
	queries       map[*action.SQL]*query
	points        []Point
	link          []func(open func(string) *database.DB)
	linkCalls     []func(*Plan)
	byPath        map[string]int // places of the app's endpoints
	endpoints     []*Endpoint    // compiled, or being compiled; nil: not yet
	topics        topics
	roles         []NamedRole
}

// Compile compiles the app. The plan is of use only where there are no problems.
func Compile(app *App, problems *source.Problems) *Plan {
	b := &builder{problems: problems, app: app, catalogue: make(map[string]*action.Action, len(app.Actions)),
		scratch: app.Scratch, databaseNames: app.Databases, composites: map[string]*composite{},
		folders: map[string][]string{}, queries: map[*action.SQL]*query{}}
	for _, a := range app.Actions {
		b.catalogue[a.Name] = a
	}
	b.globals = &globals{config: app.Config, secrets: app.Secrets,
		configType: typeOf(app.Config), secretsType: secretsType(app.Secrets)}
	b.globals.configType.Open, b.globals.secretsType.Open = app.Unread.Settings, app.Unread.Settings
	b.endpoints, b.byPath = make([]*Endpoint, len(app.Endpoints)), make(map[string]int, len(app.Endpoints))
	for i := range app.Endpoints {
		b.byPath[app.Endpoints[i].Path] = i
	}
	b.compileComposites()
	b.checkModules()
	p := &Plan{verbs: map[string]*Verb{}, Composites: b.listComposites()}
	for i := range app.Endpoints {
		e := b.endpoint(i)
		p.Endpoints = append(p.Endpoints, e)
		for _, v := range e.Verbs {
			p.verbs[v.Method+" "+e.Path], v.plan = v, p
		}
	}
	p.Jobs = b.compileJobs()
	for _, l := range b.linkCalls {
		l(p)
	}
	b.judgeLogins(p)
	b.topics.judge(b.problems)
	for _, e := range p.Endpoints {
		e.allow = p.allowed(e)
		e.others = newCORS(e.cors, e)
	}
	p.link, p.points, p.Roles = b.link, b.points, b.roles
	return p
}

func secretsType(o *schema.Object) *schema.Type {
	t := &schema.Type{Kind: schema.ObjectK}
	for name := range o.All() {
		t.Fields = append(t.Fields, schema.Field{Name: name, Type: schema.SecretType})
	}
	return t
}

// find finds a verb by method and pattern; HEAD is GET.
func (p *Plan) find(method, pattern string) *Verb {
	if method == "HEAD" {
		method = "GET"
	}
	return p.verbs[method+" "+pattern]
}

// unknownEndpoint reports a call of an endpoint that is not there.
func (p *Plan) unknownEndpoint(problems *source.Problems, at source.Span, name string) {
	problems.Add(source.Problem{Span: at, Code: "unknown_endpoint", Text: "there is no endpoint " + clip(name), Hint: source.DidYouMean(name, p.Names())})
}

// above lists a folder and those above it, the nearest first; "" is the last.
func above(folder string) []string {
	var list []string
	for {
		list = append(list, folder)
		if folder == "" {
			return list
		}
		if folder = path.Dir(folder); folder == "." {
			folder = ""
		}
	}
}

// actionNames lists what can be called in a folder.
func (b *builder) actionNames(folder string) []string {
	if names, ok := b.folders[folder]; ok {
		return names
	}
	var names []string
	for name := range b.catalogue {
		names = append(names, name)
	}
	for _, f := range above(folder) {
		for name := range b.app.Composites[f] {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	names = slices.Compact(names)
	b.folders[folder] = names
	return names
}
