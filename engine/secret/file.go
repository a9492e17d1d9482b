package secret

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
	"unicode/utf8"
)

// The file of the secrets has one a line, the one that signs first:
//
//	KID SECRET
//	KID SECRET 2026-11-23T22:05:00Z
//
// The time is when the last ticket that was signed with it has expired.

const largestSecretFile = 64 << 10 // bytes

// readSecrets reads the file. It refuses one that anybody but its owner can read.
func readSecrets(file string) ([]key, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, unusable("The secret's file cannot be read: %v.", err)
	}
	defer f.Close()
	info, err := f.Stat() // of what was opened, not of what may stand there by now
	switch {
	case err != nil:
		return nil, unusable("The secret's file cannot be read: %v.", err)
	case !info.Mode().IsRegular():
		return nil, unusable("%s holds the secret and is no plain file.", file)
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return nil, unusable("%s can be read by others (mode %04o), so the secret may be known: "+
			"run chmod 600 on it, then rotate the secret; or remove it to end all tickets.", file, info.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(f, largestSecretFile+1))
	if err != nil {
		return nil, unusable("The secret's file cannot be read: %v.", err)
	}
	keys, err := parseSecrets(string(text))
	if err != nil {
		return nil, unusable("%s is damaged: %v.", file, err)
	}
	return keys, nil
}

// parseSecrets never puts what it read into an error.
func parseSecrets(text string) ([]key, error) {
	if len(text) > largestSecretFile {
		return nil, fmt.Errorf("it is larger than %d bytes", largestSecretFile)
	}
	var keys []key
	for i, line := range strings.Split(strings.TrimRight(text, "\r\n"), "\n") {
		fields := strings.Fields(line)
		if len(fields) < 2 || len(fields) > 3 || len(fields) == 2 != (i == 0) {
			return nil, fmt.Errorf("line %d is not a kid, a secret and, from the second line on, a time", i+1)
		}
		k := newKey(fields[1])
		if k.id != fields[0] || utf8.RuneCountInString(k.text) < minimumSecret {
			return nil, fmt.Errorf("in line %d the kid is not that of the secret, or the secret is too short", i+1)
		}
		if len(fields) == 3 {
			until, err := time.Parse(time.RFC3339, fields[2])
			if err != nil || until.IsZero() {
				return nil, fmt.Errorf("in line %d the time is not as in RFC 3339", i+1)
			}
			k.until = until
		}
		keys = append(keys, k)
	}
	return keys, nil
}

func formatSecrets(keys []key) string {
	var b strings.Builder
	for _, k := range keys {
		b.WriteString(k.id + " " + k.text)
		if !k.until.IsZero() {
			b.WriteString(" " + k.until.UTC().Format(time.RFC3339))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// createSecrets makes the file, whole or not at all. Where another process was
// faster its file stays.
func createSecrets(file string, keys []key) error {
	dir := filepath.Dir(file)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return unusable("The secret's folder cannot be made: %v.", err)
	}
	f, err := os.CreateTemp(dir, ".secret-*") // mode 0600
	if err != nil {
		return unusable("The secret's file cannot be made: %v.", err)
	}
	defer os.Remove(f.Name())
	if err := writeSecrets(f, keys); err != nil {
		return err
	}
	// Unlike a rename, a link never replaces what stands there.
	err = os.Link(f.Name(), file)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		if _, missing := os.Stat(file); os.IsNotExist(missing) { // a file system without links
			err = os.Rename(f.Name(), file)
		}
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return unusable("The secret's file cannot be made: %v.", err)
	}
	return syncFolder(dir)
}

// replaceSecrets puts what change makes of the file in its place, at once. The new file
// is the lock too: two that rotate together would lose one of the new secrets.
func replaceSecrets(file string, change func([]key) []key) error {
	f, err := os.OpenFile(file+".new", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return unusable("%s.new exists: the secret is being rotated elsewhere, or a rotation was cut off; in that case remove it.", file)
	}
	if err != nil {
		return unusable("The secret's file cannot be replaced: %v.", err)
	}
	old, err := readSecrets(file)
	if err == nil {
		err = writeSecrets(f, change(old))
	} else {
		f.Close()
	}
	if err == nil {
		if renamed := os.Rename(f.Name(), file); renamed != nil {
			err = unusable("The secret's file cannot be replaced: %v.", renamed)
		}
	}
	if err != nil {
		os.Remove(f.Name()) // only here: once renamed, the name may be another's
		return err
	}
	return syncFolder(filepath.Dir(file))
}

// writeSecrets writes, waits until it lasts, and closes.
func writeSecrets(f *os.File, keys []key) error {
	_, err := f.WriteString(formatSecrets(keys))
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return unusable("The secret's file cannot be written: %v.", err)
	}
	return nil
}

// syncFolder makes a new name in a folder last.
func syncFolder(dir string) error {
	if runtime.GOOS == "windows" { // its folders cannot be synced
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return unusable("The secret's folder cannot be read: %v.", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return unusable("The secret's folder cannot be written: %v.", err)
	}
	return nil
}
