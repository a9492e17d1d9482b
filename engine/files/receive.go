package files

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/gabriel-vasile/mimetype"
)

// Received is a file that was written and has no path among the others yet.
type Received struct {
	store *Store
	name  string // of the hidden file
	size  int64
	path  string

	mu      sync.Mutex
	settled bool                   // it outlasts a crash of the machine
	kept    map[string]fs.FileInfo // by path
}

// Path is where the content lies, for whoever reads it while the request lasts.
func (r *Received) Path() string { return r.path }

// Size is the number of bytes.
func (r *Received) Size() int64 { return r.size }

// Open opens the content to read. Close it. It fails with ErrFailed.
func (r *Received) Open() (*os.File, error) {
	root, err := r.store.open(false)
	if err != nil {
		return nil, err
	}
	f, err := root.Open(r.name)
	if err != nil {
		return nil, failed(err)
	}
	return f, nil
}

// Settle waits until the content is on the disk. Keep does that too; whoever takes a lock in
// between does it before. It fails with ErrFull or ErrFailed.
func (r *Received) Settle() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.settled {
		return nil
	}
	f, err := r.Open()
	if err != nil {
		return err
	}
	err = f.Sync()
	if e := f.Close(); err == nil {
		err = e
	}
	r.settled = err == nil
	return translated(err)
}

// Batch is what one request uploads. Close it when the request has ended: then its hidden
// files are gone, and those that were kept have a path of their own. The zero value is not ready: use Store.Batch. It is for one goroutine.
type Batch struct {
	store *Store
	list  []*Received
}

// Batch begins the uploads of a request.
func (s *Store) Batch() *Batch { return &Batch{store: s} }

// sniffed is how many bytes of a file tell what it is.
const sniffed = 3072

// Receive writes what it reads to the disk, at most limit bytes, and tells what it is by its
// content: a media type without parameters. takes, where it is not nil, is asked about that
// ahead of the first byte that is written. It fails with what takes fails with, with ErrTooLarge
// as soon as there is more, ErrFull or ErrFailed, and with what the reader fails with.
func (b *Batch) Receive(from io.Reader, limit int64, takes func(contentType string) error) (r *Received, contentType string, err error) {
	in := &reader{from: io.LimitReader(from, limit+1)}
	head := make([]byte, sniffed)
	n, _ := io.ReadFull(in, head) // that it ends early is no mistake; in knows of others
	if in.err != nil {
		return nil, "", in.err
	}
	contentType = Sniff(head[:n])
	if takes != nil {
		if err := takes(contentType); err != nil {
			return nil, "", err
		}
	}
	if r, err = b.write(io.MultiReader(bytes.NewReader(head[:n]), in), in, limit); err != nil {
		return nil, "", err
	}
	return r, contentType, nil
}

// write writes what it reads through in to a file of the batch.
func (b *Batch) write(from io.Reader, in *reader, limit int64) (r *Received, err error) {
	name, f, err := b.store.create()
	if err != nil {
		return nil, err
	}
	r = &Received{store: b.store, name: name, path: filepath.Join(b.store.dir, filepath.FromSlash(name))}
	b.list = append(b.list, r)
	r.size, err = io.Copy(f, from)
	switch {
	case in.err != nil:
		err = in.err // the client's, not the disk's
	case err == nil && r.size > limit:
		err = ErrTooLarge
	default:
		err = translated(err)
	}
	if e := translated(f.Close()); err == nil {
		err = e
	}
	return r, err
}

// reader remembers what reading failed with, to tell it from what writing fails with.
type reader struct {
	from io.Reader
	err  error
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

// Sniff tells what a file is by its begin: a media type without parameters.
func Sniff(head []byte) string {
	t, _, _ := strings.Cut(mimetype.Detect(head).String(), ";")
	return t
}

// Close removes the hidden files.
func (b *Batch) Close() error {
	var errs []error
	for _, r := range b.list {
		root, err := b.store.open(false)
		if err == nil {
			err = root.Remove(r.name)
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, translated(err))
		}
	}
	b.list = nil
	return errors.Join(errs...)
}

// Find is the upload whose content lies at a path, nil where none does.
func (b *Batch) Find(path string) *Received {
	for _, r := range b.list {
		if r.path == path {
			return r
		}
	}
	return nil
}

// SafeName is a name for a file, made of the one that a client gave: its last segment,
// without what no path here may have. It is "file" where nothing is left.
func SafeName(name string) string {
	name = path.Base(strings.ReplaceAll(strings.ToValidUTF8(name, ""), `\`, "/"))
	name = strings.Map(func(r rune) rune {
		if r == '/' || checkSegment("x"+string(r)+"x") != "" {
			return -1
		}
		return r
	}, name)
	name = strings.Trim(name, ". ")
	for len(name) > 100 { // keep the ending
		ending := path.Ext(name)
		if len(ending) > 20 {
			ending = ""
		}
		stem := name[:100-len(ending)]
		for !utf8.ValidString(stem) {
			stem = stem[:len(stem)-1]
		}
		name = strings.TrimRight(stem, ". ") + ending
	}
	if checkSegment(name) != "" {
		return "file"
	}
	return name
}
