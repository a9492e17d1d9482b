package files

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"sync"
	"time"

	"cloudlet/engine/database"
)

// A disk and a database do not commit together. What a transaction does to files is therefore
// written down twice: a note on the desk says what is meant, before any of it is done, and a row
// of the transaction says that the note counts. At the commit the change is made and the note
// goes. Where the process is killed in between, its desk is left with the note, and the next
// start does what a committed one says, and takes back what another has done (settle.go).

// note is a change that a transaction makes.
type note struct {
	Database string   `json:"database"` // whose transaction it is
	Do       deed     `json:"do"`
	Path     string   `json:"path"`
	Content  string   `json:"content,omitempty"` // the hidden file
	Was      identity `json:"was"`               // what had the path before

	name string // of its own file, below hidden
}

type deed string

const (
	add     deed = "add"     // the content got the path ahead of the commit, so that nobody else gets it
	replace deed = "replace" // the content gets the path at the commit
	remove  deed = "remove"  // the file loses the path at the commit
)

// identity tells a file from another that has its path later. The zero value is that of none.
type identity struct {
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
}

func identityOf(root *os.Root, name string) identity {
	info, err := root.Lstat(name)
	if err != nil {
		return identity{}
	}
	return identity{info.Size(), info.ModTime().UTC()}
}

// noteEnding is the ending of a note. Its name counts, so that notes are in their order.
const noteEnding = ".note"

// notes are what a process has to remember of its own.
type notes struct {
	mu      sync.Mutex
	count   uint64
	settled map[string][]string // by database the notes whose rows nobody needs any more
}

const (
	// The table is made with the first row: any database may have a transaction that changes files.
	notesTable = "CREATE TABLE IF NOT EXISTS cloudlet_file_notes (note TEXT PRIMARY KEY) WITHOUT ROWID"
	noteRow    = "INSERT INTO cloudlet_file_notes (note) VALUES (?)"
	noteGone   = "DELETE FROM cloudlet_file_notes WHERE note = ?"
)

// KeepIn is Keep as a part of a transaction: a new file has its path at once, and loses it where
// the transaction is rolled back or never comes to its end; with overwrite the file gets its path
// when it commits. failed is told what could not be done by then. r is to stay until the
// transaction has ended.
func (s *Store) KeepIn(ctx context.Context, tx *database.Tx, r *Received, name string, overwrite bool, failed func(error)) (size int64, err error) {
	root, err := s.within(name, true)
	if err == nil {
		err = r.Settle()
	}
	if err == nil && overwrite {
		err = s.replaceIn(ctx, tx, root, r, name, failed)
	} else if err == nil {
		err = s.addIn(ctx, tx, root, r, name, failed)
	}
	return r.size, err
}

func (s *Store) addIn(ctx context.Context, tx *database.Tx, root *os.Root, r *Received, name string, failed func(error)) error {
	if err := s.promise(ctx, tx, root, &note{Do: add, Path: name, Content: r.name}); err != nil {
		return err
	}
	made, err := s.place(root, name, func() error { return link(root, r.name, name) })
	if err != nil {
		return err
	}
	persist(root, path.Dir(name), made)
	r.keeps(root, name)
	tx.OnRollback(func() {
		if err := s.TakeBack(r, name); err != nil && !errors.Is(err, ErrNotFound) {
			failed(err)
		}
	})
	return nil
}

func (s *Store) replaceIn(ctx context.Context, tx *database.Tx, root *os.Root, r *Received, name string, failed func(error)) error {
	// What can be found out ahead of the commit fails here.
	if err := makeFolder(root, path.Dir(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return misplaced(err)
	}
	if info, err := root.Lstat(name); err == nil && info.IsDir() {
		return ErrExists
	}
	content, err := s.hiddenName(root)
	if err != nil {
		return err
	}
	if err := link(root, r.name, content); err != nil {
		return misplaced(err)
	}
	drop := func() { _ = root.Remove(content) } // what stays is swept at the next start
	if err := s.promise(ctx, tx, root, &note{Do: replace, Path: name, Content: content, Was: identityOf(root, name)}); err != nil {
		drop()
		return err
	}
	tx.OnRollback(drop)
	made := true
	tx.OnCommit(func() { // before another transaction replaces it
		if made, err = s.place(root, name, func() error { return root.Rename(content, name) }); err != nil {
			drop()
			failed(err)
		}
	})
	tx.AfterCommit(func() { persist(root, path.Dir(name), made) })
	return nil
}

// DeleteIn is Delete as a part of a transaction: the file goes when that commits. failed is told
// why it could not; that there is none is no failure.
func (s *Store) DeleteIn(ctx context.Context, tx *database.Tx, name string, failed func(error)) error {
	root, err := s.within(name, false)
	if errors.Is(err, ErrNotFound) {
		return nil // there is no file at all
	}
	if err == nil {
		err = s.promise(ctx, tx, root, &note{Do: remove, Path: name, Was: identityOf(root, name)})
	}
	if err != nil {
		return err
	}
	tx.OnCommit(func() {
		if err := s.Delete(name); err != nil && !errors.Is(err, ErrNotFound) {
			failed(err)
		}
	})
	return nil
}

// promise writes a note down, on the desk and in the transaction. It goes once the transaction
// has ended, behind what is done or taken back then.
func (s *Store) promise(ctx context.Context, tx *database.Tx, root *os.Root, n *note) error {
	n.Database = tx.Database()
	text, err := json.Marshal(n)
	if err != nil {
		return translated(err)
	}
	if n.name, err = s.noteName(root); err != nil {
		return err
	}
	tx.OnRollback(func() { _ = root.Remove(path.Join(hidden, n.name)) })
	tx.AfterCommit(func() { s.settled(root, n) })
	if err := translated(root.WriteFile(path.Join(hidden, n.name), text, 0o600)); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, notesTable); err != nil {
		return err
	}
	old := s.notes.take(n.Database)
	tx.OnRollback(func() { s.notes.give(n.Database, old...) })
	for _, o := range old {
		if _, err := tx.Exec(ctx, noteGone, o); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, noteRow, n.name)
	return err
}

// settled takes a note away whose change was made. Its row goes with a later transaction.
func (s *Store) settled(root *os.Root, n *note) {
	if root.Remove(path.Join(hidden, n.name)) == nil {
		s.notes.give(n.Database, n.name)
	}
}

// noteName is the name of a new note below hidden.
func (s *Store) noteName(root *os.Root) (string, error) {
	other, err := s.hiddenName(root)
	if err != nil {
		return "", err
	}
	s.notes.mu.Lock()
	defer s.notes.mu.Unlock()
	s.notes.count++
	return path.Join(path.Base(path.Dir(other)), fmt.Sprintf("%016x", s.notes.count)+noteEnding), nil
}

// take gives some of the notes whose rows can go.
func (n *notes) take(db string) []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	list := n.settled[db]
	if len(list) == 0 {
		return nil
	}
	some := list[max(0, len(list)-16):]
	n.settled[db] = list[: len(list)-len(some) : len(list)-len(some)]
	return some
}

func (n *notes) give(db string, names ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.settled == nil {
		n.settled = map[string][]string{}
	}
	n.settled[db] = append(n.settled[db], names...)
}
