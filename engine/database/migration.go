package database

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"cloudlet/engine/language/source"
)

// Set is one _migrations folder with a history of its own.
type Set struct {
	// Folder is the key of the history. For an app's module it is its path under
	// endpoints/, "." for endpoints/ itself; sets of the engine's own begin with
	// "-/" ("-/identity"), as its URLs do, and go first.
	Folder     string
	Migrations []Migration
	// Partial says that the folder has files which are no migrations by mistake.
	Partial bool
}

// Embedded is a set that is part of the program: the files in "migrations". folder
// begins with "-/". It panics where they are no migrations.
func Embedded(folder string, files fs.FS) Set {
	list, problems := ReadMigrations(files, "migrations")
	if len(problems) > 0 {
		panic(fmt.Sprintf("%s: %v", folder, problems))
	}
	return Set{Folder: folder, Migrations: list}
}

// Migration is one file of SQL statements that run once, together.
type Migration struct {
	Version int64  // the digits of its name
	Name    string // the file's name: "0001_films.sql"
	File    *source.File
}

// migrationSize is the most that a migration's file may hold, in bytes.
const migrationSize = 16 << 20

// ReadMigrations reads the folder dir of fsys, which is rooted at the app, so that
// problems name paths as its author knows them. A folder that is not there has no
// migrations. They come in the order of their numbers.
func ReadMigrations(fsys fs.FS, dir string) ([]Migration, []source.Problem) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return nil, []source.Problem{unreadable(dir)}
	}
	pattern := regexp.MustCompile(`^([0-9]+)(_[^/]*)?\.sql$`)
	var list []Migration
	var problems source.Problems
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue // an editor's or the system's
		}
		file := path.Join(dir, e.Name())
		words := pattern.FindStringSubmatch(e.Name())
		var version int64
		if words != nil {
			version, err = strconv.ParseInt(words[1], 10, 64)
		}
		if words == nil || err != nil || e.IsDir() {
			problems.Add(source.Problem{Span: source.NewFile(file, nil).Span(0, 0), Code: "migration_name",
				Text: fmt.Sprintf("%q is no name of a migration; expected digits, optionally _name, then .sql", e.Name()), Hint: "for example 0001_films.sql"})
			continue
		}
		text, err := read(fsys, file)
		if err != nil {
			problems.Add(unreadable(file))
			continue
		}
		list = append(list, Migration{version, e.Name(), source.NewFile(file, text)})
	}
	slices.SortStableFunc(list, func(a, b Migration) int { return cmp.Compare(a.Version, b.Version) })
	for i := 1; i < len(list); i++ {
		if a, b := list[i-1], list[i]; a.Version == b.Version {
			problems.Add(source.Problem{Span: b.File.Span(0, 0), Code: "duplicate_migration",
				Text:    fmt.Sprintf("the migrations %s and %s have the same number %d", a.Name, b.Name, b.Version),
				Related: []source.Related{{Span: a.File.Span(0, 0), Text: "the other one"}}})
		}
	}
	return list, problems.All()
}

func unreadable(file string) source.Problem {
	return source.Problem{Span: source.NewFile(file, nil).Span(0, 0), Code: "unreadable_file", Text: "cannot be read; expected a file of at most 16 MiB"}
}

func read(fsys fs.FS, file string) ([]byte, error) {
	info, err := fs.Stat(fsys, file)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > migrationSize {
		return nil, fs.ErrInvalid
	}
	return fs.ReadFile(fsys, file)
}

func (m Migration) checksum() string {
	sum := sha256.Sum256(m.File.Text)
	return hex.EncodeToString(sum[:])
}

// pending is a migration that has still to be applied.
type pending struct {
	folder string
	Migration
}

// record is one applied migration, as the history holds it.
type record struct {
	folder         string
	version        int64
	name, checksum string
}

// compare finds what is pending, in the order in which it is to be applied, and
// what does not fit the history.
func compare(sets []Set, applied []record) ([]pending, []source.Problem) {
	var problems source.Problems
	var list []pending
	sets = slices.Clone(sets)
	slices.SortStableFunc(sets, compareSets)
	history := map[string][]record{}
	for _, r := range applied {
		history[r.folder] = append(history[r.folder], r)
	}
	for _, set := range sets {
		list = append(list, set.compare(history[set.Folder], &problems)...)
		delete(history, set.Folder)
	}
	for folder, records := range history {
		// A module that was removed whole leaves its tables; that is no mistake.
		problems.Add(source.Problem{Code: "migrations_gone", Warning: true,
			Text: fmt.Sprintf("%d migrations of the folder %q were applied, but the folder is gone; its tables are still there", len(records), folder)})
	}
	return list, problems.All()
}

// compareSets puts the engine's own first, then the outermost folder, then by path.
func compareSets(a, b Set) int {
	depth := func(s Set) int {
		switch {
		case s.Folder == "" || strings.HasPrefix(s.Folder, "-/"):
			return -1
		case s.Folder == ".":
			return 0
		}
		return 1 + strings.Count(s.Folder, "/")
	}
	return cmp.Or(cmp.Compare(depth(a), depth(b)), strings.Compare(a.Folder, b.Folder))
}

// compare is the package's compare for one folder.
func (s Set) compare(applied []record, problems *source.Problems) []pending {
	known := map[int64]record{}
	var newest record
	for _, r := range applied {
		known[r.version] = r
		if newest.name == "" || r.version > newest.version {
			newest = r
		}
	}
	var list []pending
	for _, m := range s.Migrations {
		r, ok := known[m.Version]
		delete(known, m.Version)
		switch {
		case ok && r.checksum != m.checksum():
			problems.Add(source.Problem{Span: m.File.Span(0, 0), Code: "migration_changed",
				Text: fmt.Sprintf("the migration %s was changed after it was applied", m.Name), Hint: "put the text back and write a new migration"})
		case ok:
		case newest.name != "" && m.Version < newest.version:
			problems.Add(source.Problem{Span: m.File.Span(0, 0), Code: "migration_late",
				Text: fmt.Sprintf("the migration %s comes too late: %s was applied already", m.Name, newest.name),
				Hint: fmt.Sprintf("give it a number above %d", newest.version)})
		default:
			list = append(list, pending{s.Folder, m})
		}
	}
	for _, r := range applied {
		if _, gone := known[r.version]; gone {
			problems.Add(source.Problem{Code: "migration_gone",
				Text: fmt.Sprintf("the migration %s of the folder %q was applied, but the file is gone", r.name, s.Folder), Hint: "put it back"})
		}
	}
	return list
}
