package files

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"cloudlet/engine/failure"
)

// batch is how many names of a folder are read at once.
const batch = 256

// List lists what is in a folder, "" for the outermost, by name, behind a name and at most limit
// entries. There is no mistake in a folder that is not there: it is empty. What could have no path
// here, such as a link out of the store, is left out. A folder is read as far as it goes each time,
// but no more of it is held than the answer needs.
func (s *Store) List(ctx context.Context, folder, after string, limit int) ([]Entry, error) {
	var root *os.Root
	var err error
	if folder == "" {
		folder = "."
		root, err = s.open(false)
	} else {
		root, err = s.within(folder, false)
	}
	var found []Entry
	for err == nil && len(found) < limit {
		var p page
		if p, err = read(ctx, root, folder, after, limit-len(found)); err != nil || len(p.names) == 0 {
			break
		}
		after = p.names[len(p.names)-1]
		for _, name := range p.names {
			if e, ok := stat(root, folder, name); ok {
				found = append(found, e)
			}
		}
		if !p.more {
			break // else what went away meanwhile is made up for
		}
	}
	if err != nil && ctx.Err() == nil {
		if e := (*failure.Error)(nil); !errors.As(err, &e) {
			err = translated(err)
		}
	}
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	return found, err
}

// page is the first names of a folder behind another.
type page struct {
	names []string
	more  bool
}

// read reads a folder to its end, and keeps the names that come first. The system gives them in
// an order of its own.
func read(ctx context.Context, root *os.Root, folder, after string, limit int) (p page, err error) {
	f, err := root.Open(folder)
	if err != nil {
		return p, err
	}
	defer f.Close()
	for {
		list, err := f.ReadDir(batch)
		for _, d := range list {
			if name := d.Name(); name > after && checkSegment(name) == "" && lists(root, folder, d) {
				p.names = append(p.names, name)
			}
		}
		if len(p.names) >= limit+batch {
			p.cut(limit)
		}
		if err == io.EOF {
			slices.Sort(p.names)
			p.cut(limit)
			return p, nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return p, err
		}
	}
}

// cut leaves the first names.
func (p *page) cut(limit int) {
	if slices.Sort(p.names); len(p.names) > limit {
		clear(p.names[limit:])
		p.names, p.more = p.names[:limit], true
	}
}

// lists reports whether something is a file or a folder. Only of a link that has to be looked up.
func lists(root *os.Root, folder string, d fs.DirEntry) bool {
	if d.Type().IsRegular() || d.IsDir() {
		return true
	}
	if d.Type()&fs.ModeSymlink == 0 {
		return false
	}
	_, ok := stat(root, folder, d.Name())
	return ok
}

func stat(root *os.Root, folder, name string) (Entry, bool) {
	name = strings.TrimPrefix(path.Join(folder, name), "./")
	info, err := root.Stat(name)
	if err != nil || !info.IsDir() && !info.Mode().IsRegular() {
		return Entry{}, false
	}
	return entry(name, info), true
}
