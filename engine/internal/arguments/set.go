// Package arguments turns what a request brings into the values of a chain's
// arguments, by a decoder that is compiled once and reports every mistake at once.
package arguments

import (
	"bytes"
	"net/http"
	"net/textproto"
	"sync"

	"cloudlet/engine/language/schema"
)

// Set is the compiled decoder of a chain's arguments. It is safe for use by
// several goroutines at once.
type Set struct {
	arguments []argument
	shape     *schema.Shape
	names     []string
	ignore    bool // what is not declared is no error
	body      bool // the body is read: the method has one, or an argument asks for it
	path      bool // whether any argument is in the path, in a header, in a cookie
	header    bool
	cookie    bool
	files     bool
	buffers   sync.Pool // of *bytes.Buffer
}

// argument is one declared argument with what is known before a request.
type argument struct {
	schema.Field
	accepts *schema.Type // the type, or null where null is the same as absence
	in      schema.Place
	header  string // the canonical name of its header
	list    bool
}

// Compile prepares the decoder for a method. Fields without a place of their own
// come from the query for GET, HEAD and DELETE, from the body for POST, PUT and
// PATCH; for any other method, such as "" for a composite action, they have no
// place and come only through FromObject and FromTexts. With ignoreUnknown, names
// that are not declared are passed over; otherwise they are errors. The names of
// the fields must be distinct.
func Compile(fields []schema.Field, method string, ignoreUnknown bool) *Set {
	s := &Set{ignore: ignoreUnknown, arguments: make([]argument, len(fields)), names: make([]string, len(fields))}
	s.buffers.New = func() any { return new(bytes.Buffer) }
	anywhere := schema.Anywhere
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodDelete:
		anywhere = schema.InQuery
	case http.MethodPost, http.MethodPut, http.MethodPatch:
		anywhere, s.body = schema.InBody, true
	}
	for i, f := range fields {
		a := argument{Field: f, accepts: f.Type, in: f.In}
		if a.accepts == nil {
			a.accepts = schema.AnyType
		}
		a.list = a.accepts.Kind == schema.List
		if f.Optional && !f.HasDefault {
			a.accepts = a.accepts.OrNull()
		}
		if a.in == schema.Anywhere {
			a.in = anywhere
		}
		switch a.in {
		case schema.InPath:
			s.path = true
		case schema.InHeader:
			s.header, a.header = true, textproto.CanonicalMIMEHeaderKey(f.Name)
		case schema.InCookie:
			s.cookie = true
		case schema.InBody:
			s.body = true
			s.files = s.files || a.fileOf() != nil
		}
		s.arguments[i], s.names[i] = a, f.Name
	}
	s.shape = schema.NewShape(s.names...)
	return s
}

// WithoutBody is the decoder that leaves the body to somebody else: no argument may come from there.
func (s *Set) WithoutBody() *Set {
	without := &Set{arguments: s.arguments, shape: s.shape, names: s.names, ignore: s.ignore, path: s.path, header: s.header, cookie: s.cookie}
	without.buffers.New = s.buffers.New
	return without
}

// Shape is the names of the arguments in the order of their declaration.
func (s *Set) Shape() *schema.Shape { return s.shape }

// TakesBody reports whether Decode reads the body.
func (s *Set) TakesBody() bool { return s.body }

// IgnoresUnknown reports whether names that are not declared are passed over.
func (s *Set) IgnoresUnknown() bool { return s.ignore }

// Decode reads the arguments of a request into values, which has a place for each
// name of Shape. path gives the text of a path argument by its name; it is not
// asked for others and may be nil where there are none. limit is how many bytes
// the body may have. After a failure the values mean nothing. No value shares
// memory with anything but the request's own strings.
//
// receive takes the files of a multipart body. Where it is nil, or no argument is a file, there
// are none, and limit bounds the whole body; else it bounds all but the files.
func (s *Set) Decode(r *http.Request, path func(name string) string, limit int64, receive Receive, values []any) *Failure {
	rd := s.reading(values)
	if s.path && path != nil {
		rd.paths(path)
	}
	rd.pairs(r.URL.RawQuery, schema.InQuery)
	if s.header {
		rd.headers(r)
	}
	if s.cookie {
		for _, c := range r.Cookies() {
			if i := s.shape.Index(c.Name); i >= 0 && s.arguments[i].in == schema.InCookie {
				rd.text(i, c.Value)
			}
		}
	}
	if s.body {
		if f := rd.body(r, limit, receive); f != nil {
			return f
		}
	}
	return rd.finish()
}

// FromObject is Decode for arguments that are values already: the same checks, for
// composite actions and calls from within.
func (s *Set) FromObject(o *schema.Object, values []any) *Failure {
	rd := s.reading(values)
	for i := range o.Len() {
		name, v := o.At(i)
		place := s.shape.Index(name)
		if place < 0 {
			rd.unknown(name, schema.Anywhere)
			continue
		}
		*rd.state(place) = given
		values[place] = s.arguments[place].accepts.Check(v, name, &rd.faults)
		rd.collect(place)
	}
	return rd.finish()
}

// FromTexts is Decode for names with texts, such as the key=value of a command
// line: texts are read as those of a query, a name that stands twice makes a list.
// Where path is not nil, path arguments come from it alone. file takes the file that a text
// names, of at most limit bytes; where it is nil no argument can be a file.
func (s *Set) FromTexts(pairs [][2]string, path func(name string) string, file func(text string, limit int64) (schema.Upload, error), values []any) *Failure {
	rd := s.reading(values)
	if s.path && path != nil {
		rd.paths(path)
	}
	for _, p := range pairs {
		i := s.shape.Index(p[0])
		switch {
		case i < 0:
			rd.unknown(p[0], schema.Anywhere)
		case path != nil && s.arguments[i].in == schema.InPath:
			rd.misplaced(i, schema.Anywhere)
		case file != nil && rd.takesFile(i):
			rd.named(i, p[1], file)
		default:
			rd.text(i, p[1])
		}
	}
	if file != nil && s.files {
		rd.checkFiles()
	}
	return rd.finish()
}
