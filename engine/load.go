package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"cloudlet/engine/captcha"
	"cloudlet/engine/database"
	"cloudlet/engine/idempotency"
	"cloudlet/engine/identity"
	"cloudlet/engine/internal/plan"
	"cloudlet/engine/internal/reference"
	"cloudlet/engine/internal/route"
	"cloudlet/engine/internal/settings"
	"cloudlet/engine/internal/trial"
	"cloudlet/engine/jobs"
	"cloudlet/engine/language/document"
	"cloudlet/engine/language/source"
	"cloudlet/engine/tasks"
	"cloudlet/engine/template"
	"cloudlet/engine/webhook"
)

// endpointsFolder is where an app's files stand.
const endpointsFolder = "endpoints"

// app is an app's folder, read and compiled, but not running.
type app struct {
	settings   *settings.Settings
	plan       *plan.Plan
	patterns   []*route.Pattern // of the plan's endpoints
	handlers   []*plan.Handler  // of the plan's endpoints, without services
	table      *route.Table
	migrations map[string][]database.Set
	tests      []*trial.Test // where the loader reads them
	about      reference.Options
	newest     int64 // when the youngest pending migration was changed, Unix nanoseconds; 0: none is pending
	problems   source.Problems
}

// loader reads an app, again and again; what did not change is not parsed again.
type loader struct {
	dir   string
	o     *options
	cache map[string]*cached
	// fallback answers what no endpoint does; nil where nothing is served.
	fallback http.Handler
	// tests says that test files are read too; a server has no use for them.
	tests bool
	// empty takes the databases for empty ones, whatever there is.
	empty     bool
	testFiles []*source.File // of the load under way
}

// cached is a document that was parsed from a text.
type cached struct {
	text     []byte
	document any
	problems source.Problems
	used     bool
}

func newLoader(dir string, o *options) *loader {
	return &loader{dir: dir, o: o, cache: map[string]*cached{}}
}

// load reads and compiles the app as its files are now. The error is what keeps
// the app from being read at all; what is wrong in it are problems.
func (l *loader) load(ctx context.Context) (*app, error) {
	root, err := os.OpenRoot(l.dir)
	if err != nil {
		return nil, fmt.Errorf("the app's folder cannot be opened: %w", err)
	}
	defer root.Close()
	a := &app{migrations: map[string][]database.Set{}}
	fsys := root.FS()
	a.settings, err = l.settings(fsys, a)
	if err != nil {
		return nil, err
	}
	input := &plan.App{Actions: l.o.actions, Modules: map[string]*document.Module{}, Composites: map[string]map[string]*document.Composite{},
		Templates: &template.Set{}, Jobs: &plan.Jobs{},
		Databases: a.settings.DatabaseNames(), Configured: configured(a.settings), Config: a.settings.Config, Secrets: a.settings.Secrets,
		AuthDefault: &document.Auth{Public: a.settings.Auth.Default != "user", User: a.settings.Auth.Default == "user"},
		Unread:      plan.Unread{Settings: a.settings.Unread, Modules: map[string]bool{}, Paths: map[string]bool{}}}
	migrations, err := l.walk(fsys, a, input)
	if err != nil {
		return nil, err
	}
	l.migrations(fsys, a, input, migrations)
	input.Scratch, err = l.scratch(ctx, a)
	defer closeScratch(input.Scratch)
	if err != nil {
		return nil, err
	}
	a.plan = plan.Compile(input, &a.problems)
	description := ""
	if m := input.Modules[""]; m != nil {
		description = m.Description
	}
	a.about = aboutApp(l.dir, description)
	l.route(a)
	l.compileTests(a, input)
	return a, nil
}

// settings reads cloudlet.yaml.
func (l *loader) settings(fsys fs.FS, a *app) (*settings.Settings, error) {
	text, err := fs.ReadFile(fsys, settings.FileName)
	var file *source.File
	switch {
	case err == nil:
		file = source.NewFile(settings.FileName, text)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s cannot be read: %w", settings.FileName, err)
	}
	warnOtherSettings(fsys, a)
	return settings.Read(file, l.dir, l.o.env, &a.problems), nil
}

// walk reads every file under endpoints/ and lists the _migrations folders.
func (l *loader) walk(fsys fs.FS, a *app, input *plan.App) ([]string, error) {
	for _, c := range l.cache {
		c.used = false
	}
	l.testFiles = nil
	var migrations []string
	err := fs.WalkDir(fsys, endpointsFolder, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			if name == endpointsFolder && errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			a.problems.Addf(source.NewFile(name, nil).Span(0, 0), "unreadable", "this cannot be read: %v", errors.Unwrap(err))
			return nil
		}
		base := path.Base(name)
		if d.IsDir() {
			switch {
			case base == "_migrations":
				migrations = append(migrations, name)
				return fs.SkipDir
			case path.Base(path.Dir(name)) == template.FolderName:
				a.problems.Addf(source.NewFile(name, nil).Span(0, 0), "misplaced", "templates stand in %s itself, not in a folder below it", template.FolderName)
				return fs.SkipDir
			case path.Base(path.Dir(name)) == "_actions":
				a.problems.Addf(source.NewFile(name, nil).Span(0, 0), "misplaced", "composite actions stand in _actions itself, not in a folder below it")
				return fs.SkipDir
			case path.Base(path.Dir(name)) == "_jobs":
				a.problems.Addf(source.NewFile(name, nil).Span(0, 0), "misplaced", "jobs stand in _jobs itself, not in a folder below it")
				return fs.SkipDir
			case base[0] == '.', base[0] == '_' && base != "_actions" && base != "_jobs" && base != template.FolderName:
				warnUnread(a, name, base, "_actions", "_jobs", "_migrations", template.FolderName)
				return fs.SkipDir
			}
			return nil
		}
		return l.file(fsys, a, input, name)
	})
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", endpointsFolder, err)
	}
	for name, c := range l.cache {
		if !c.used {
			delete(l.cache, name)
		}
	}
	return migrations, nil
}

// largestFile is the most that is read of one file; document.Parse refuses less.
const largestFile = 2 << 20

// file reads one file under endpoints/.
func (l *loader) file(fsys fs.FS, a *app, input *plan.App, name string) error {
	base := path.Base(name)
	extension := path.Ext(base)
	isTemplate := path.Base(path.Dir(name)) == template.FolderName
	if base[0] == '.' || extension != ".yaml" && extension != ".yml" && !isTemplate || isTemplate && !template.IsFile(base) {
		return nil
	}
	folder := strings.TrimPrefix(strings.TrimPrefix(path.Dir(name), endpointsFolder), "/")
	stem := strings.TrimSuffix(base, extension)
	if info, err := fs.Stat(fsys, name); err != nil || info.Size() > largestFile || !info.Mode().IsRegular() {
		a.problems.Addf(source.NewFile(name, nil).Span(0, 0), "unreadable", "this file cannot be read, or is too large")
		return nil
	}
	text, err := fs.ReadFile(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // deleted meanwhile: the watcher will tell
	} else if err != nil {
		a.problems.Addf(source.NewFile(name, nil).Span(0, 0), "unreadable", "this file cannot be read")
		return nil
	}
	switch {
	case isTemplate:
		l.template(a, input.Templates, name, text)
	case path.Base(folder) == "_jobs":
		l.job(a, input, name, text, strings.TrimPrefix(path.Dir("/"+folder), "/"), stem)
	case path.Base(folder) == "_actions":
		l.composite(a, input, name, text, strings.TrimPrefix(path.Dir("/"+folder), "/"), stem)
	case stem == "_module":
		if m, _ := l.parse(a, name, text, func(f *source.File, p *source.Problems) any { return document.ParseModule(f, p) }).(*document.Module); m != nil {
			input.Modules[folder] = m
			input.Unread.Modules[folder] = m.Before == nil && m.Root.Get("before") != nil
		} else {
			input.Unread.Modules[folder] = true
		}
	case document.IsTest(base):
		if l.tests {
			l.testFiles = append(l.testFiles, source.NewFile(name, text))
		}
	case base[0] == '_':
		warnUnread(a, name, stem, "_module")
	default:
		l.endpoint(a, input, name, text, folder)
	}
	return nil
}

func (l *loader) composite(a *app, input *plan.App, name string, text []byte, folder, stem string) {
	c, _ := l.parse(a, name, text, func(f *source.File, p *source.Problems) any { return document.ParseComposite(f, p) }).(*document.Composite)
	if c == nil {
		c = &document.Composite{File: source.NewFile(name, text)} // its name is known all the same
	}
	if input.Composites[folder] == nil {
		input.Composites[folder] = map[string]*document.Composite{}
	}
	if other := input.Composites[folder][stem]; other != nil {
		a.problems.Add(source.Problem{Span: c.File.Span(0, 0), Code: "duplicate_action", Text: fmt.Sprintf("the action %q is defined twice", stem),
			Related: []source.Related{{Span: other.File.Span(0, 0), Text: "here too"}}})
		return
	}
	input.Composites[folder][stem] = c
}

func (l *loader) job(a *app, input *plan.App, name string, text []byte, folder, stem string) {
	d, _ := l.parse(a, name, text, func(f *source.File, p *source.Problems) any { return document.ParseJob(f, p) }).(*document.Job)
	if d == nil {
		d = &document.Job{File: source.NewFile(name, text)} // its name is known all the same
	}
	input.Jobs.Add(folder, stem, d, &a.problems)
}

func (l *loader) endpoint(a *app, input *plan.App, name string, text []byte, folder string) {
	file := source.NewFile(name, nil)
	pattern, isRoute, problem := route.FromPath(strings.TrimPrefix(name, endpointsFolder+"/"), file.Span(0, 0))
	if problem != nil {
		a.problems.Add(*problem)
	}
	d, _ := l.parse(a, name, text, func(f *source.File, p *source.Problems) any { return document.ParseEndpoint(f, p) }).(*document.Endpoint)
	if d == nil && pattern != nil {
		input.Unread.Paths[pattern.Text] = true
	}
	if d == nil || !isRoute || pattern == nil {
		return
	}
	input.Endpoints = append(input.Endpoints, plan.Source{Document: d, Folder: folder, Path: pattern.Text, PathNames: pattern.Names})
	a.patterns = append(a.patterns, pattern)
}

// parse parses a text, or takes what was parsed from the same text before.
func (l *loader) parse(a *app, name string, text []byte, parse func(*source.File, *source.Problems) any) any {
	c := l.cache[name]
	if c == nil || !bytes.Equal(c.text, text) {
		c = &cached{text: text}
		c.document = parse(source.NewFile(name, text), &c.problems)
		l.cache[name] = c
	}
	c.used = true
	a.problems.Merge(&c.problems)
	return c.document
}

// compileTests checks the test files, as far as there is an app to check them against.
func (l *loader) compileTests(a *app, input *plan.App) {
	sound := a.problems.Count() == 0
	env := &trial.Env{Plan: a.plan, Scratch: input.Scratch, Databases: input.Databases, Config: input.Config, MinPasswordLength: a.settings.Auth.Password.MinLength}
	for _, f := range l.testFiles {
		if !sound {
			document.ParseTests(f, &a.problems)
			continue
		}
		a.tests = append(a.tests, trial.Compile(f, env, &a.problems)...)
	}
}

// ownMigrations make the engine's own tables, in the main database.
func ownMigrations() []database.Set {
	return append(identity.Migrations(), jobs.Migrations(), captcha.Migrations(), webhook.Migrations(), idempotency.Migrations(), tasks.Migrations())
}

// migrations reads the _migrations folders, each for the database of its folder.
func (l *loader) migrations(fsys fs.FS, a *app, input *plan.App, folders []string) {
	a.migrations["main"] = ownMigrations()
	for _, folder := range folders {
		list, problems := database.ReadMigrations(fsys, folder)
		for _, p := range problems {
			a.problems.Add(p)
		}
		under := strings.TrimPrefix(strings.TrimPrefix(path.Dir(folder), endpointsFolder), "/")
		db := input.DatabaseOf(under)
		if under == "" {
			under = "."
		}
		a.migrations[db] = append(a.migrations[db], database.Set{Folder: under, Migrations: list, Partial: len(problems) > 0})
	}
}

// databaseFile is the file of a database, "" in memory.
func (l *loader) databaseFile(url string) string {
	if l.empty {
		return ""
	}
	file := strings.TrimPrefix(url, "sqlite:")
	if file == ":memory:" {
		return ""
	}
	if !filepath.IsAbs(file) {
		file = filepath.Join(l.dir, file)
	}
	return file
}

// scratch makes the schema that each database will have, to check statements
// against. Nothing is created or changed for it.
func (l *loader) scratch(ctx context.Context, a *app) (map[string]*database.Scratch, error) {
	all := map[string]*database.Scratch{}
	for _, name := range a.settings.DatabaseNames() {
		if a.settings.Databases[name] == "" {
			continue
		}
		file := l.databaseFile(a.settings.Databases[name])
		s, problems, err := database.NewScratch(ctx, file, a.migrations[name])
		if err != nil {
			return all, fmt.Errorf("the database %s cannot be read: %w", name, err)
		}
		for _, p := range problems {
			a.problems.Add(p)
		}
		all[name] = s
		for _, m := range s.Pending() {
			if info, err := os.Stat(filepath.Join(l.dir, filepath.FromSlash(m.File.Path))); err == nil {
				a.newest = max(a.newest, info.ModTime().UnixNano())
			}
		}
	}
	return all, nil
}

func closeScratch(all map[string]*database.Scratch) {
	for _, s := range all {
		s.Close()
	}
}

// route makes the table of routes and reports files that would answer for the same
// address. The handlers get their services when the app is swapped in.
func (l *loader) route(a *app) {
	entries := make([]route.Entry, len(a.plan.Endpoints))
	for i, e := range a.plan.Endpoints {
		h := &plan.Handler{Endpoint: e, Pattern: a.patterns[i], Log: l.o.log}
		a.handlers = append(a.handlers, h)
		entries[i] = route.Entry{Pattern: a.patterns[i], At: e.File.Span(0, 0), Handler: h}
	}
	table, problems := route.Build(entries, l.fallback)
	a.table = table
	for _, p := range problems {
		a.problems.Add(p)
	}
}

// routes lists the app's verbs, sorted by path.
func (a *app) routes() []Route {
	var list []Route
	for _, e := range a.plan.Endpoints {
		for _, v := range e.Verbs {
			list = append(list, routeOf(e, v))
		}
	}
	order := []string{"GET", "POST", "PUT", "PATCH", "DELETE"}
	sort.SliceStable(list, func(i, j int) bool {
		if list[i].Path != list[j].Path {
			return list[i].Path < list[j].Path
		}
		return slices.Index(order, list[i].Method) < slices.Index(order, list[j].Method)
	})
	return list
}
