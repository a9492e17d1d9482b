package document

import (
	"fmt"
	"regexp"
	"slices"

	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// fileType is a file of the size that is taken where nothing else is said.
func fileType() *schema.Type {
	t, size := *schema.FileType, int64(schema.DefaultMaxSize)
	t.Limits = &schema.Limits{MaxSize: &size}
	return &t
}

// fewFiles bounds a list of files that says no bound itself: what a client may put on
// the disk has to be known.
func fewFiles(t *schema.Type) *schema.Type {
	if t == nil || t.Kind != schema.List || t.Elem == nil || t.Elem.Kind != schema.File || t.Limits != nil && t.Limits.MaxItems != nil {
		return t
	}
	limits, most := schema.Limits{}, schema.DefaultMaxFiles
	if t.Limits != nil {
		limits = *t.Limits
	}
	limits.MaxItems = &most
	bounded := *t
	bounded.Limits = &limits
	return &bounded
}

// fileStands reports a file where none can come: each is a part of a body of its own.
func (r reader) fileStands(f *schema.Field, n *Node, outermost bool) {
	t := f.Type
	switch {
	case !t.HoldsFile():
	case !outermost && (t.Kind == schema.File || t.Kind == schema.List):
		r.problems.Addf(mark(n), CodeWrongType, "a file is no field of an object: it is an argument of its own, or an item of one")
	case t.Kind == schema.List && t.Elem.Kind != schema.File && t.Elem.Kind != schema.ObjectK:
		r.problems.Addf(mark(n), CodeWrongType, "files come one by one or in one list, not in lists of lists")
	case f.In != schema.Anywhere && f.In != schema.InBody:
		r.problems.Addf(mark(n), CodeWrongType, "a file comes in the body, not in the %s", f.In)
	}
}

// mediaType is what content_types may list: a type in lower case, or a family of them.
var mediaType = regexp.MustCompile(`^[a-z0-9][a-z0-9!#$&^_.+-]*/([a-z0-9][a-z0-9!#$&^_.+-]*|\*)$`)

// misnamed are types that many write, and no file is of.
var misnamed = map[string]string{"image/jpg": "image/jpeg", "application/zip-compressed": "application/zip", "text/json": "application/json",
	"application/javascript": "text/javascript", "application/csv": "text/csv", "audio/mp3": "audio/mpeg", "application/xml": "text/xml"}

// fileLimits reads the limits of files. One that says nothing of its size keeps the default.
func (r reader) fileLimits(into *schema.Limits, l *long, use func(n *Node, name string, kinds ...schema.Kind) bool) {
	size := int64(schema.DefaultMaxSize)
	into.MaxSize = &size
	if use(l.maxSize, "max_size", schema.File) {
		if said := r.size(l.maxSize); said != nil && said.Value > 0 {
			size = said.Value
		} else if said != nil {
			r.problems.Addf(mark(l.maxSize), CodeInvalidValue, "a file of at most 0 bytes is none")
		}
	}
	if use(l.contentTypes, "content_types", schema.File) {
		into.ContentTypes = r.contentTypes(l.contentTypes)
	}
}

func (r reader) contentTypes(n *Node) []string {
	if n.Kind != Sequence || len(n.Items) == 0 {
		r.expected(n, "a list of content types, such as [image/png, image/jpeg]")
		return nil
	}
	var list []string
	for _, item := range n.Items {
		t, ok := r.text(item)
		switch {
		case !ok:
		case !mediaType.MatchString(t.Value):
			r.problems.Addf(item.Span, CodeInvalidValue, "expected a content type such as image/png or image/*, found %q", shorten(t.Value))
		case misnamed[t.Value] != "":
			r.problems.Add(source.Problem{Span: item.Span, Code: CodeInvalidValue, Text: fmt.Sprintf("no file is %s by its content", t.Value), Hint: fmt.Sprintf("did you mean %q?", misnamed[t.Value])})
		case slices.Contains(list, t.Value):
			r.problems.Addf(item.Span, CodeConflict, "the value stands twice in the list")
		default:
			list = append(list, t.Value)
		}
	}
	return list
}
