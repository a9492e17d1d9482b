package engine

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"cloudlet/engine/internal/settings"
	"cloudlet/engine/language/document"
	"cloudlet/engine/language/source"
)

// Formatted is a file of an app, and how it is written canonically.
type Formatted struct {
	Path    string // relative to the app, with slashes
	Text    []byte // canonical; nil where the file cannot be parsed
	Changed bool   // whether the file says it otherwise

	was  []byte
	mode fs.FileMode
}

// Format reads the YAML files of the app in dir, its tests and cloudlet.yaml too, and
// formats each. It writes nothing: that is WriteFormatted. Problems are those of files
// that cannot be parsed. The error is what keeps the app from being read.
func Format(dir string) ([]Formatted, []Problem, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, nil, fmt.Errorf("the app's folder cannot be opened: %w", err)
	}
	defer root.Close()
	names, err := yamlFiles(root.FS())
	if err != nil {
		return nil, nil, err
	}
	var list []Formatted
	var problems source.Problems
	for _, name := range names {
		info, err := root.Lstat(filepath.FromSlash(name))
		if err != nil || !info.Mode().IsRegular() || info.Size() > largestFile {
			continue // check says what is wrong with it
		}
		text, err := root.ReadFile(filepath.FromSlash(name))
		if err != nil {
			return nil, nil, fmt.Errorf("%s cannot be read: %w", name, err)
		}
		f := Formatted{Path: name, was: text, mode: info.Mode().Perm()}
		f.Text = document.Format(source.NewFile(name, text), &problems)
		f.Changed = f.Text != nil && !bytes.Equal(text, f.Text)
		list = append(list, f)
	}
	return list, problems.All(), nil
}

// yamlFiles lists the files that Format formats, sorted.
func yamlFiles(fsys fs.FS) ([]string, error) {
	var names []string
	if _, err := fs.Stat(fsys, settings.FileName); err == nil {
		names = append(names, settings.FileName)
	}
	err := fs.WalkDir(fsys, endpointsFolder, func(name string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case path.Base(name)[0] == '.' && d.IsDir():
			return fs.SkipDir
		case path.Base(name)[0] == '.' || d.IsDir():
			return nil
		}
		if ext := path.Ext(name); ext == ".yaml" || ext == ".yml" {
			names = append(names, name)
		}
		return nil
	})
	slices.Sort(names)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", endpointsFolder, err)
	}
	return names, nil
}

// FormatOne formats one text, which problems call by a name.
func FormatOne(name string, text []byte) ([]byte, []Problem) {
	var problems source.Problems
	out := document.Format(source.NewFile(name, text), &problems)
	return out, problems.All()
}

// ErrChangedMeanwhile says that a file was changed since it was read.
var ErrChangedMeanwhile = errors.New("the file was changed meanwhile")

// WriteFormatted puts the canonical text in place of the file of the app in dir, as a
// whole: whoever reads it finds the old text or the new one. It fails with
// ErrChangedMeanwhile where the file is not what was read.
func WriteFormatted(dir string, f Formatted) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	name := filepath.FromSlash(f.Path)
	now, err := root.ReadFile(name)
	if err != nil {
		return err
	}
	if !bytes.Equal(now, f.was) {
		return fmt.Errorf("%s: %w", f.Path, ErrChangedMeanwhile)
	}
	part := filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+".part") // hidden: no watcher takes it for an endpoint
	if err := root.WriteFile(part, f.Text, f.mode); err != nil {
		return err
	}
	if err := root.Rename(part, name); err != nil {
		return errors.Join(err, root.Remove(part))
	}
	return nil
}
