package files

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"cloudlet/engine/database"
)

// Sweep removes what killed processes left behind, and brings what their transactions did to files
// to its end: what was committed is done, anything else taken back. Databases are given by their
// names; what belongs to another stays as it is, for a later start. A store without a folder
// stays without.
func (s *Store) Sweep(ctx context.Context, databases map[string]*database.DB) error {
	root, err := s.open(false)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	errs := []error{sweep(root, s.dir, func(d *desk) error { return s.settleAll(ctx, root, d, databases) })}
	for _, db := range databases {
		errs = append(errs, forget(ctx, root, db))
	}
	return errors.Join(errs...)
}

// settleAll settles the notes on a dead process's desk, in their order.
func (s *Store) settleAll(ctx context.Context, root *os.Root, d *desk, databases map[string]*database.DB) error {
	list, err := fs.ReadDir(root.FS(), path.Join(hidden, d.name)) // by name
	if err != nil {
		return nil // it has nothing
	}
	mine := map[string]bool{} // the paths that its last transaction has changed
	for _, e := range list {
		if !strings.HasSuffix(e.Name(), noteEnding) {
			continue
		}
		n := &note{name: path.Join(d.name, e.Name())}
		text, err := root.ReadFile(path.Join(hidden, n.name))
		if err == nil && json.Unmarshal(text, n) != nil {
			continue // the process was killed before it was whole, and nothing done for it
		}
		if err == nil {
			err = s.settle(ctx, root, n, databases[n.Database], mine)
		}
		if err == nil {
			err = root.Remove(path.Join(hidden, n.name))
		}
		if err != nil {
			return fmt.Errorf("the file %q, which a transaction changed: %w", n.Path, err)
		}
	}
	return nil
}

// settle does what a note says that was committed, and takes back what another has done. A file
// that somebody has replaced since then is left alone.
func (s *Store) settle(ctx context.Context, root *os.Root, n *note, db *database.DB, mine map[string]bool) error {
	if err := Refuse(n.Path); err != nil {
		return err
	}
	committed, err := n.committed(ctx, db)
	if err != nil {
		return err
	}
	is := identityOf(root, n.Path)
	same := is == n.Was || mine[n.Path]
	switch {
	case !committed && n.Do == add:
		content, err := root.Lstat(n.Content)
		if err != nil {
			return nil // never there
		}
		if info, err := root.Lstat(n.Path); err == nil && os.SameFile(content, info) {
			return s.Delete(n.Path)
		}
	case !committed:
	case n.Do == replace:
		_, err := root.Lstat(n.Content)
		mine[n.Path] = same || err != nil // else it was done
		if err == nil && (same || is == identity{}) {
			made, err := s.place(root, n.Path, func() error { return root.Rename(n.Content, n.Path) })
			if err != nil {
				return err
			}
			persist(root, path.Dir(n.Path), made)
		}
	case n.Do == remove && same && is != identity{}:
		mine[n.Path] = true
		return s.Delete(n.Path)
	}
	return nil
}

// committed reports whether the transaction of a note was.
func (n *note) committed(ctx context.Context, db *database.DB) (bool, error) {
	if db == nil {
		return false, fmt.Errorf("there is no database %q any more", n.Database)
	}
	there, err := hasNotes(ctx, db)
	if err != nil || !there {
		return false, err
	}
	row, err := db.QueryRow(ctx, "SELECT 1 FROM cloudlet_file_notes WHERE note = ?", n.name)
	return row != nil, err
}

// hasNotes reports whether a transaction of the database has ever changed a file.
func hasNotes(ctx context.Context, db *database.DB) (bool, error) {
	row, err := db.QueryRow(ctx, "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'cloudlet_file_notes'")
	return row != nil, err
}

// forget removes the rows of notes whose desks are gone. A process has its desk before it has a row.
func forget(ctx context.Context, root *os.Root, db *database.DB) error {
	there, err := hasNotes(ctx, db)
	if err != nil || !there {
		return err
	}
	rows, err := db.Query(ctx, "SELECT note FROM cloudlet_file_notes LIMIT 10000")
	if err != nil {
		return err
	}
	for _, row := range rows {
		var name string
		if err := row.Scan(&name); err != nil {
			return err
		}
		if _, err := root.Lstat(path.Join(hidden, path.Dir(name))); !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if _, err := db.Exec(ctx, noteGone, name); err != nil {
			return err
		}
	}
	return nil
}
