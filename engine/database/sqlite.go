package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"modernc.org/sqlite"
)

// locate finds the file that a URL names, "" for a database in memory.
func locate(c Config) (string, error) {
	rest, ok := strings.CutPrefix(c.URL, "sqlite:")
	switch {
	case !ok:
		scheme, _, _ := strings.Cut(c.URL, ":")
		return "", fmt.Errorf("the URL of database %q begins with %q; expected sqlite:FILE", c.Name, scheme)
	case rest == ":memory:":
		return "", nil
	case rest == "" || strings.ContainsRune(rest, 0):
		return "", fmt.Errorf("the URL of database %q names no file; expected sqlite::memory: or sqlite:data/cloudlet.db", c.Name)
	case filepath.IsAbs(rest):
		return filepath.Clean(rest), nil
	case !filepath.IsLocal(rest):
		return "", fmt.Errorf("the file %q of database %q is outside the app; a relative path may not leave it", rest, c.Name)
	}
	return filepath.Abs(filepath.Join(c.Dir, rest))
}

// makeFile makes a database's folder and file before SQLite would, with rights
// for the owner alone. The files beside it (-wal, -shm) get the same from SQLite.
// A file that is there is not touched: to open and close it would give up the locks
// that SQLite holds on it for this process (fcntl(2)), and the next process to leave
// the database would take its log away, with what was committed to it since.
func makeFile(file string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return fmt.Errorf("make the database's folder: %w", err)
	}
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("make the database's file: %w", err)
	}
	return f.Close()
}

// uri names a file to SQLite. Only these characters mean something in its URIs,
// see https://www.sqlite.org/uri.html.
func uri(file string, query url.Values) string {
	file = strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(filepath.ToSlash(file))
	return "file:" + file + "?" + query.Encode()
}

// roles of a connection decide what it may do.
type role uint8

const (
	writing role = iota
	reading
)

// dial opens one connection. file "" is a new database in memory, for this connection alone.
func dial(ctx context.Context, file string, r role) (*connection, error) {
	query := connectionOptions("trusted_schema(0)")
	if file == "" {
		return open(ctx, "file::memory:?"+query.Encode())
	}
	query.Set("_journal_mode", "WAL")
	query.Set("_synchronous", "NORMAL")
	if r == reading {
		query.Set("_query_only", "1")
	}
	return open(ctx, uri(file, query))
}

// connectionOptions are what every connection is opened with.
func connectionOptions(trust string) url.Values {
	return url.Values{
		"_busy_timeout": {"5000"},
		"_foreign_keys": {"1"},
		"_dqs":          {"0"}, // "titel" is a misspelt column, never a text
		"_error_rc":     {"1"},
		"_defensive":    {"1"},
		"_pragma":       {"cache_size(-16000)", "temp_store(MEMORY)", trust},
	}
}

// dialSchema opens an existing file only to look at it: nothing is made or
// changed beside it. A file without a write-ahead log is read as it is
// (immutable), since even a reader would make the log's index.
func dialSchema(ctx context.Context, file string) (*connection, error) {
	query := url.Values{"mode": {"ro"}, "_busy_timeout": {"5000"}, "_query_only": {"1"}}
	if log, err := os.Stat(file + "-wal"); err != nil || log.Size() == 0 {
		query.Set("immutable", "1")
	}
	return open(ctx, uri(file, query))
}

func open(ctx context.Context, dsn string) (*connection, error) {
	connector, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	conn, err := connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	c, err := newConnection(conn)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return c, nil
}

// handle is SQLite's own pointer to the connection, which the driver keeps to
// itself. It is needed to interrupt without a goroutine a statement, to ask
// whether a transaction is still there, and for the place of a syntax error.
// A driver without the field is another driver than this was written for.
func handle(conn driver.Conn) (uintptr, error) {
	v := reflect.ValueOf(conn)
	if v.Kind() == reflect.Pointer && v.Elem().Kind() == reflect.Struct {
		if f := v.Elem().FieldByName("db"); f.IsValid() && f.Kind() == reflect.Uintptr && f.Uint() != 0 {
			return uintptr(f.Uint()), nil
		}
	}
	return 0, errors.New("the database driver is not the version that this program was written for")
}
