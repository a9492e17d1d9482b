package database

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"modernc.org/sqlite"
)

const (
	// backupsKept is how many copies of one database stay.
	backupsKept = 10
	// backupStamp sorts as text and is a file name everywhere; always UTC.
	backupStamp = "20060102T150405.000Z"
)

// backup copies the database as it is to backup/NAME-TIMESTAMP.db beside it, for
// the owner alone, and removes all but the newest ten. It takes SQLite's own way
// of copying, since the file alone lacks what is still in the log.
func (db *DB) backup(c *connection, now time.Time) error {
	dir := filepath.Join(filepath.Dir(db.file), "backup")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the folder for backups: %w", err)
	}
	target := filepath.Join(dir, db.name+"-"+now.UTC().Format(backupStamp)+".db")
	part := target + ".part" // a copy under its own name is whole
	f, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("make a backup: %w", err)
	}
	defer f.Close()
	if err := c.copyTo(part); err != nil {
		return fmt.Errorf("make a backup: %w", err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("make a backup: %w", err)
	}
	if err := os.Rename(part, target); err != nil {
		return fmt.Errorf("make a backup: %w", err)
	}
	return db.prune(dir)
}

// copyTo writes the whole database to a file.
func (c *connection) copyTo(file string) error {
	d, ok := c.driver.(interface {
		NewBackup(string) (*sqlite.Backup, error)
	})
	if !ok {
		return fmt.Errorf("the database driver makes no backups")
	}
	b, err := d.NewBackup(uri(file, nil))
	if err != nil {
		return err
	}
	_, err = b.Step(-1)
	if finished := b.Finish(); err == nil {
		err = finished
	}
	return err
}

func (db *DB) prune(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("list backups: %w", err)
	}
	var copies []string
	for _, e := range entries {
		stamp, ok := strings.CutPrefix(e.Name(), db.name+"-")
		if stamp, end := strings.CutSuffix(stamp, ".db"); ok && end {
			if _, err := time.Parse(backupStamp, stamp); err == nil {
				copies = append(copies, e.Name())
			}
		}
	}
	slices.Sort(copies)
	for len(copies) > backupsKept {
		if err := os.Remove(filepath.Join(dir, copies[0])); err != nil {
			return fmt.Errorf("remove an old backup: %w", err)
		}
		copies = copies[1:]
	}
	return nil
}
