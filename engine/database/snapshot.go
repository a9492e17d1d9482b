package database

import (
	"context"
	"errors"
	"fmt"
)

// serializer is what the driver's connection can do with a database in memory.
type serializer interface {
	Serialize() ([]byte, error)
	Deserialize([]byte) error
}

// Snapshot is a copy of all that a database in memory holds, to go back to with
// Restore. It fails for a database in a file.
func (db *DB) Snapshot(ctx context.Context) ([]byte, error) {
	var image []byte
	err := db.whole(ctx, func(s serializer) (err error) {
		image, err = s.Serialize()
		return err
	})
	return image, err
}

// Restore makes a database in memory hold what it did when the snapshot was taken.
// Statements that were prepared stay good.
func (db *DB) Restore(ctx context.Context, image []byte) error {
	return db.whole(ctx, func(s serializer) error { return s.Deserialize(image) })
}

func (db *DB) whole(ctx context.Context, f func(serializer) error) error {
	if db.file != "" {
		return fmt.Errorf("the database %q is in a file", db.name)
	}
	if err := db.writer.acquire(ctx); err != nil {
		return err
	}
	defer db.writer.release()
	s, ok := db.writer.connection.driver.(serializer)
	if !ok {
		return errors.New("the database driver makes no copies of a database in memory")
	}
	if err := f(s); err != nil {
		return fmt.Errorf("copy the database %q: %w", db.name, err)
	}
	return nil
}
