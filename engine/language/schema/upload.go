package schema

import (
	"fmt"
	"slices"
	"strings"
)

// Upload is a file that came with a request: what a value of the type file stands for.
type Upload struct {
	Name        string // a safe name for a file, from the client's: no path, nothing hidden
	ContentType string // by the content, without parameters: "image/png"
	Size        int64  // bytes
	Path        string // where the content lies, until the request has ended
}

// DefaultMaxSize is how large a file may be where nothing says so, in bytes.
const DefaultMaxSize = 10 << 20

// DefaultMaxFiles is how many files a list takes where nothing says so.
const DefaultMaxFiles = 10

// FileType is the type of an upload of any size and content.
var FileType = &Type{Kind: File, Fields: []Field{
	{Name: "name", Type: StringType, Description: "The name that the client gave it, made safe."},
	{Name: "size", Type: IntType, Description: "Its size in bytes."},
	{Name: "content_type", Type: StringType, Description: "What it is, by its content."},
}}

var uploadShape = NewShape("name", "size", "content_type")

// NewUpload is the value of an upload: an object with the fields of FileType. Whoever
// prints it sees no more than those.
func NewUpload(u Upload) *Object {
	// The handle stands behind the fields, where nothing that goes through an object
	// comes: so other objects, of which there are many more, need no room for one.
	values := []any{u.Name, int(u.Size), u.ContentType, &u}
	return uploadShape.New(values[:len(uploadShape.names):len(values)])
}

// UploadOf is the upload that a value stands for. A copy of its fields stands for none,
// so that nobody can make one from a name.
func UploadOf(v any) (*Upload, bool) {
	o, ok := v.(*Object)
	if !ok || o == nil || o.shape != uploadShape || cap(o.values) <= len(uploadShape.names) {
		return nil, false
	}
	u, ok := o.values[:len(uploadShape.names)+1][len(uploadShape.names)].(*Upload)
	return u, ok
}

// HoldsFile reports whether a value of the type may be, or hold, an upload.
func (t *Type) HoldsFile() bool {
	switch {
	case t == nil:
		return false
	case t.Kind == File:
		return true
	case t.Kind == List:
		return t.Elem.HoldsFile()
	}
	return slices.ContainsFunc(t.Fields, func(f Field) bool { return f.Type.HoldsFile() })
}

// MaxFileSize is how many bytes a file of the type may have.
func (t *Type) MaxFileSize() int64 {
	if t.Limits != nil && t.Limits.MaxSize != nil {
		return *t.Limits.MaxSize
	}
	return DefaultMaxSize
}

// TooLargeMessage says how large a file may be, to be read behind its name.
func TooLargeMessage(limit int64) string { return "must be at most " + SizeText(limit) }

// TakesContent reports whether files of a content type are taken: one of those listed,
// or of a whole family of them, such as image/*. Without a list any is.
func (l *Limits) TakesContent(contentType string) bool {
	return l == nil || len(l.ContentTypes) == 0 || slices.ContainsFunc(l.ContentTypes, func(want string) bool {
		family, whole := strings.CutSuffix(want, "/*")
		return want == contentType || want == "*/*" || whole && strings.HasPrefix(contentType, family+"/")
	})
}

// ContentMessage says which content types are taken.
func (l *Limits) ContentMessage(found string) string {
	return fmt.Sprintf("must be %s, and its content is %s", strings.Join(l.ContentTypes, " or "), found)
}

func (l *Limits) upload(w *walk, u *Upload) {
	if l.MaxSize != nil && u.Size > *l.MaxSize {
		w.fault(TooLargeMessage(*l.MaxSize))
	}
	if !l.TakesContent(u.ContentType) {
		w.fault(l.ContentMessage(u.ContentType))
	}
}

// SizeText writes a number of bytes for people, with the largest unit that says it exactly.
func SizeText(n int64) string {
	for _, u := range []struct {
		name string
		of   int64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if n >= u.of && n%u.of == 0 {
			return fmt.Sprintf("%d %s", n/u.of, u.name)
		}
	}
	return fmt.Sprintf("%d B", n)
}
