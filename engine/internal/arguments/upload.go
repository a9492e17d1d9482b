package arguments

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"

	"cloudlet/engine/files"
	"cloudlet/engine/language/schema"
)

// Receive takes the content of a file that comes with a request, of at most limit bytes, and
// says where it is. name is what the client calls it. It fails with what takes fails with, which
// it asks about the content type as soon as the first bytes tell that.
type Receive func(name string, from io.Reader, limit int64, takes func(contentType string) error) (schema.Upload, error)

// FileTooLarge is the code of a Failure: a file is larger than its argument says.
const FileTooLarge = "file_too_large" // 413

// TakesFiles reports whether an argument is a file, or a list of some.
func (s *Set) TakesFiles() bool { return s.files }

// meter counts what is read of a body, and ends it where there is more than may be. What belongs
// to files does not count: allowance is added for as long as one is read.
type meter struct {
	from    io.Reader
	read    int64
	allowed int64
	err     error // what reading failed with, but for the end
}

// errOver is the end of a body that is too large.
var errOver = errors.New("the body is too large")

// Read implements io.Reader.
func (m *meter) Read(p []byte) (int, error) {
	if m.read > m.allowed {
		m.err = errOver
		return 0, errOver
	}
	n, err := m.from.Read(p)
	if m.read += int64(n); err != nil && err != io.EOF {
		m.err = err
	}
	return n, err
}

// upload reads a multipart body as it comes: files go to the disk, nothing is held in
// memory but the other arguments. limit bounds all that is no file.
func (rd *reading) upload(r *http.Request, limit int64, receive Receive) *Failure {
	_, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || parameters["boundary"] == "" {
		return invalidBody("The content type multipart/form-data has no boundary")
	}
	// What stands between the parts is read ahead of them, a buffer full at most.
	m := &meter{from: r.Body, allowed: limit + 16<<10}
	reader := multipart.NewReader(m, parameters["boundary"])
	for n := 0; ; n++ {
		part, err := reader.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			return rd.ended(m, limit, "The body is not valid multipart/form-data")
		}
		if n == maxParts {
			return invalidBody("The body has more than %d parts", maxParts)
		}
		var f *Failure
		if i := rd.set.shape.Index(part.FormName()); i >= 0 && rd.takesFile(i) {
			f = rd.file(i, part, m, limit, receive)
		} else {
			f = rd.part(part)
		}
		if f != nil && m.err != nil {
			return rd.ended(m, limit, f.Detail)
		}
		if f != nil {
			return f
		}
	}
	rd.checkFiles()
	return nil
}

// ended is why a body is not read to its end. Where a file was refused, and its rest is more than
// is read over, that is what is wrong.
func (rd *reading) ended(m *meter, limit int64, otherwise string) *Failure {
	if rd.refused && errors.Is(m.err, errOver) {
		return failure(rd.errors, len(rd.set.arguments))
	}
	return m.failure(limit, otherwise)
}

// failure is why a body cannot be read on.
func (m *meter) failure(limit int64, otherwise string) *Failure {
	var stopped *http.MaxBytesError
	switch {
	case errors.Is(m.err, errOver), errors.As(m.err, &stopped):
		return tooLarge(limit)
	case errors.Is(m.err, os.ErrDeadlineExceeded):
		return &Failure{Status: http.StatusRequestTimeout, Code: BodyTimeout, Detail: "The body took too long to arrive."}
	}
	return &Failure{Status: http.StatusBadRequest, Code: InvalidBody, Detail: otherwise}
}

// fileOf is the type of the files that an argument takes, nil for another argument.
func (a *argument) fileOf() *schema.Type {
	switch t := a.accepts; {
	case t.Kind == schema.File:
		return t
	case t.Kind == schema.List && t.Elem != nil && t.Elem.Kind == schema.File:
		return t.Elem
	}
	return nil
}

func (rd *reading) takesFile(i int) bool {
	a := &rd.set.arguments[i]
	return a.in == schema.InBody && a.fileOf() != nil
}

// file takes a part for an argument that is a file.
func (rd *reading) file(i int, part *multipart.Part, m *meter, limit int64, receive Receive) *Failure {
	a := &rd.set.arguments[i]
	if part.FileName() == "" {
		return rd.noFile(i, part)
	}
	if !rd.hasRoom(i) {
		rd.refused = true
		return nil
	}
	size := a.fileOf().MaxFileSize()
	m.allowed += size
	in := &io.LimitedReader{R: part, N: size + 1}
	u, err := receive(part.FileName(), in, size, a.takes)
	refused := (*unwanted)(nil)
	switch {
	case m.err != nil:
		return m.failure(limit, "The body is not valid multipart/form-data")
	case errors.As(err, &refused):
		m.allowed -= in.N - 1 // its rest is read over, and counts as what is no file
		rd.refuse(i, refused.Error())
		return nil
	case in.N == 0:
		return &Failure{Status: http.StatusRequestEntityTooLarge, Code: FileTooLarge, Detail: "A file is too large.",
			Errors: []Error{{Argument: a.Name, In: schema.InBody.String(), Message: schema.TooLargeMessage(size)}}}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return invalidBody("The body is not valid multipart/form-data")
	case err != nil:
		return &Failure{Status: http.StatusInternalServerError, Code: "storage_failed", Detail: "The file could not be stored.", Cause: err}
	}
	m.allowed += u.Size - size
	rd.take(i, u)
	return nil
}

// unwanted is why a file is not taken, to be read behind its name.
type unwanted struct{ message string }

// Error is the message.
func (u *unwanted) Error() string { return u.message }

// takes fails with unwanted where the argument takes no files of a content type.
func (a *argument) takes(contentType string) error {
	limits := a.fileOf().Limits
	if limits == nil {
		return nil
	}
	if contentType = files.AsDeclared(contentType, limits.ContentTypes); !limits.TakesContent(contentType) {
		return &unwanted{limits.ContentMessage(contentType)}
	}
	return nil
}

// refuse notes why a file is not taken; the others of its argument are not either.
func (rd *reading) refuse(i int, message string) {
	a := &rd.set.arguments[i]
	name := a.Name
	if a.list {
		n := 0
		if *rd.state(i) == given {
			list, _ := rd.values[i].([]any)
			n = len(list)
		}
		name = fmt.Sprintf("%s[%d]", name, n)
	}
	rd.broken(i, name, a.in, message)
	rd.refused = true
}

// hasRoom reports whether an argument takes another file, and notes why not.
func (rd *reading) hasRoom(i int) bool {
	a := &rd.set.arguments[i]
	list, _ := rd.values[i].([]any)
	switch most := a.accepts.Limits; {
	case *rd.state(i) == wrong:
		return false
	case *rd.state(i) != given:
		return true
	case !a.list:
		rd.broken(i, a.Name, a.in, "is given more than once")
		return false
	case most != nil && most.MaxItems != nil && len(list) >= *most.MaxItems:
		rd.broken(i, a.Name, a.in, fmt.Sprintf("must have at most %d items", *most.MaxItems))
		return false
	}
	return true
}

// take gives an argument a file.
func (rd *reading) take(i int, u schema.Upload) {
	a := &rd.set.arguments[i]
	if limits := a.fileOf().Limits; limits != nil {
		u.ContentType = files.AsDeclared(u.ContentType, limits.ContentTypes)
	}
	var list []any
	if *rd.state(i) == given {
		list, _ = rd.values[i].([]any)
	}
	*rd.state(i) = given
	if rd.values[i] = any(schema.NewUpload(u)); a.list {
		rd.values[i] = append(list, rd.values[i])
	}
}

// named takes a file that a text names.
func (rd *reading) named(i int, text string, file func(string, int64) (schema.Upload, error)) {
	a := &rd.set.arguments[i]
	if !rd.hasRoom(i) {
		return
	}
	size := a.fileOf().MaxFileSize()
	u, err := file(text, size)
	switch {
	case errors.Is(err, files.ErrTooLarge):
		rd.broken(i, a.Name, a.in, schema.TooLargeMessage(size))
	case err != nil:
		rd.broken(i, a.Name, a.in, err.Error())
	default:
		rd.take(i, u)
	}
}

// noFile takes a part without a name of a file: browsers send an empty one where no file
// was chosen.
func (rd *reading) noFile(i int, part *multipart.Part) *Failure {
	n, err := io.Copy(io.Discard, part)
	if err != nil {
		return invalidBody("The body is not valid multipart/form-data")
	}
	if n > 0 && *rd.state(i) != wrong {
		rd.broken(i, rd.set.arguments[i].Name, schema.InBody, "must be a file")
	}
	return nil
}

// checkFiles holds the files against the limits of their arguments.
func (rd *reading) checkFiles() {
	for i := range rd.set.arguments {
		if a := &rd.set.arguments[i]; rd.takesFile(i) && *rd.state(i) == given {
			rd.values[i] = a.accepts.Check(rd.values[i], a.Name, &rd.faults)
			rd.collect(i)
		}
	}
}
