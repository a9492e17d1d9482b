// Package files keeps an app's files in one folder, which no path leads out of: neither
// one with .. in it, nor an absolute one, nor a symbolic link (os.Root).
//
// A file is there whole or not at all: it is written under another name and moved to its
// place. Uploads begin their life in the same folder, hidden, so that to keep one is to
// move it, however large it is.
package files

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"unicode"
	"unicode/utf8"

	"cloudlet/engine/failure"
)

// What the store refuses.
var (
	// ErrInvalidPath means that a path is none that a file can have here.
	ErrInvalidPath = &failure.Error{Status: 400, Code: "invalid_path", Detail: "The path of the file is not valid."}
	// ErrNotFound means that there is no such file.
	ErrNotFound = &failure.Error{Status: 404, Code: "not_found", Detail: "There is no such file."}
	// ErrExists means that there is a file already, or a folder of the name.
	ErrExists = &failure.Error{Status: 409, Code: "already_exists", Detail: "There is such a file already."}
	// ErrTooLarge means that a file is larger than was asked for.
	ErrTooLarge = &failure.Error{Status: 413, Code: "file_too_large", Detail: "The file is too large."}
	// ErrFull means that the disk, or what may be used of it, is full.
	ErrFull = &failure.Error{Status: 507, Code: "storage_full", Detail: "There is no room for the file."}
	// ErrFailed means that the disk cannot go on.
	ErrFailed = &failure.Error{Status: 500, Code: "storage_failed", Detail: "The file could not be read or written."}
)

// translated is an error of the disk as the store tells it.
func translated(err error) error {
	e := ErrFailed
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.EISDIR):
		e = ErrNotFound
	case errors.Is(err, fs.ErrExist):
		e = ErrExists
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		e = ErrFull
	case isEscape(err), errors.Is(err, syscall.ENAMETOOLONG), errors.Is(err, syscall.ELOOP):
		e = ErrInvalidPath
	}
	return e.CausedBy(err).Because("%v", err)
}

// failed is an error of the disk that is nobody's mistake.
func failed(err error) error { return ErrFailed.CausedBy(err).Because("%v", err) }

// isEscape reports whether os.Root refused a path that leads out of it: it has no error
// of its own to compare with.
func isEscape(err error) bool { return strings.HasSuffix(err.Error(), "path escapes from parent") }

const (
	longestPath = 512 // bytes
	longestName = 200 // bytes of a segment: file systems take 255
	deepest     = 16  // folders
	// hidden is the folder of what is being written.
	hidden = ".uploads"
)

// CheckPath says why a path is none of a file here, or "". A path has segments with a /
// between them; none begins with a point, and none has what some system would read as
// something else.
func CheckPath(name string) string {
	switch {
	case name == "":
		return "it is empty"
	case len(name) > longestPath:
		return "it is longer than 512 bytes"
	case !utf8.ValidString(name):
		return "it is not UTF-8"
	case strings.Count(name, "/") >= deepest:
		return "it has more than 16 segments"
	}
	for segment := range strings.SplitSeq(name, "/") {
		if reason := checkSegment(segment); reason != "" {
			return reason
		}
	}
	return ""
}

func checkSegment(s string) string {
	switch {
	case s == "":
		return "it has an empty segment"
	case s[0] == '.':
		return "a segment begins with a point"
	case len(s) > longestName:
		return "a segment is longer than 200 bytes"
	case s[len(s)-1] == '.', s[len(s)-1] == ' ', s[0] == ' ':
		return "a segment ends with a point, or begins or ends with a space"
	case strings.ContainsAny(s, `\:*?"<>|`):
		return `it has one of \ : * ? " < > |`
	case strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r)
	}):
		return "it has invisible characters"
	case isDevice(s):
		return "it has the name of a device"
	}
	return ""
}

// devices are names that Windows takes for devices, besides those with a number.
var devices = []string{"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"}

// isDevice reports whether Windows takes a segment for a device, whatever follows a point, and with
// spaces ahead of it: an app's folder may be moved there. To it the small ¹, ² and ³ are digits.
func isDevice(s string) bool {
	name, _, _ := strings.Cut(strings.ToUpper(s), ".")
	name = strings.TrimRight(name, " ")
	if slices.Contains(devices, name) {
		return true
	}
	number, com := strings.CutPrefix(name, "COM")
	if !com {
		number, com = strings.CutPrefix(name, "LPT")
	}
	return com && utf8.RuneCountInString(number) == 1 && strings.Contains("0123456789¹²³", number)
}

// Store is the folder. It is safe for use by several goroutines at once.
type Store struct {
	dir string

	mu   sync.Mutex
	root *os.Root // nil: nothing has been asked for yet, or it was closed
	desk *desk    // nil: nothing was written yet

	notes notes
}

// New is the store in a folder, which is made when the first file is written. Close it.
func New(dir string) *Store { return &Store{dir: dir} }

// Close closes the folder; the store opens it again where it is used once more.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.root == nil {
		return nil
	}
	err := errors.Join(s.desk.close(s.root), s.root.Close())
	s.root, s.desk = nil, nil
	return err
}

// open opens the folder. Whoever only reads does not make it.
func (s *Store) open(write bool) (*os.Root, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.root != nil {
		return s.root, nil
	}
	if write {
		if err := os.MkdirAll(s.dir, 0o700); err != nil {
			return nil, translated(err)
		}
	}
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		return nil, translated(err)
	}
	s.root = root
	return root, nil
}

// AsDeclared is the type of a content that was sniffed, among those that were declared for it:
// text that could be any is of the declared kind of text. It is the type itself where there is none.
func AsDeclared(contentType string, declared []string) string {
	plain := []string{"text/csv", "text/tab-separated-values", "text/markdown", "text/calendar", "text/vcard"}
	switch {
	case slices.Contains(declared, contentType):
	case contentType == "text/plain":
		for _, want := range declared {
			if slices.Contains(plain, want) {
				return want
			}
		}
	case slices.Contains(declared, "text/plain") && (slices.Contains(plain, contentType) || contentType == "application/json" || contentType == "application/x-ndjson"):
		return "text/plain"
	}
	return contentType
}

// Refuse is ErrInvalidPath with the reason where a path is none of a file here, or nil.
func Refuse(name string) error {
	reason := CheckPath(name)
	if reason == "" {
		return nil
	}
	return ErrInvalidPath.Saying("The path of the file is not valid: %s.", reason)
}

// within checks a path and opens the folder.
func (s *Store) within(name string, write bool) (*os.Root, error) {
	if err := Refuse(name); err != nil {
		return nil, err
	}
	return s.open(write)
}
