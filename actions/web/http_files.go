package web

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"net/textproto"
	"os"
	"strings"

	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
	"cloudlet/engine/outgoing"
)

// files checks that what is sent as files are some.
func (p httpCheck) files() {
	in := p.in
	if !in.Files.Given() {
		return
	}
	if in.Method == "GET" || in.Method == "HEAD" {
		p.problem("files", "conflict", "say method: POST, or what it is", "a request with the method %s has no body", in.Method)
	}
	for _, other := range []struct {
		name  string
		given bool
	}{{"json", in.JSON.Given()}, {"body", in.Body.Given()}} {
		if other.given {
			p.problem("files", "conflict", "further values of a request with files stand in form", "a request has one body, and this one has %s and files", other.name)
		}
	}
	for _, f := range in.Files.Type().Fields {
		if f.Type != nil && f.Type.Kind != schema.JSON && !f.Type.HoldsFile() {
			p.Problem(source.Problem{Span: p.At("files"), Code: "wrong_type", Text: "files." + f.Name + " takes a file or a list of files, and this is " + f.Type.String()})
		}
	}
}

// fillFiles makes a body of multipart/form-data (RFC 7578): the values of form, then the
// files, which are read when they are sent.
func (in *httpInputs) fillFiles(c *action.Call, r *outgoing.Request) error {
	form, _, err := in.Form.Optional(c)
	if err != nil {
		return err
	}
	files, _, err := in.Files.Optional(c)
	if err != nil {
		return err
	}
	p := &parts{}
	w := multipart.NewWriter(&p.text)
	if form != nil {
		each(form, func(name, value string) {
			err = errors.Join(err, w.WriteField(name, value))
		})
	}
	if files != nil {
		for name, v := range files.All() {
			err = errors.Join(err, p.files(w, name, v))
		}
	}
	if err = errors.Join(err, w.Close()); err != nil {
		return err
	}
	p.flush()
	r.Header.Set("Content-Type", w.FormDataContentType())
	r.Body = &outgoing.Body{Size: p.size, Open: func() (io.ReadCloser, error) { return &assembled{rest: p.list}, nil }}
	return nil
}

// parts are the pieces of a body: texts, and files by their paths.
type parts struct {
	text bytes.Buffer // that is not in the list yet
	list []part
	size int64
}

type part struct {
	text []byte
	path string
}

func (p *parts) flush() {
	if p.text.Len() > 0 {
		p.list = append(p.list, part{text: bytes.Clone(p.text.Bytes())})
		p.size += int64(p.text.Len())
		p.text.Reset()
	}
}

// files adds the file, or each of a list, under a name; null is none.
func (p *parts) files(w *multipart.Writer, name string, v any) error {
	if list, isList := v.([]any); isList {
		var errs []error
		for _, item := range list {
			errs = append(errs, p.files(w, name, item))
		}
		return errors.Join(errs...)
	}
	if v == nil {
		return nil
	}
	u, ok := schema.UploadOf(v)
	if !ok {
		return &action.Failure{Status: 500, Code: "unexpected_type", Detail: "A value has an unexpected type.", Reason: "what is to be sent as a file is none"}
	}
	h := textproto.MIMEHeader{}
	h.Set("Content-Disposition", multipart.FileContentDisposition(name, u.Name))
	h.Set("Content-Type", strings.Map(printable, u.ContentType))
	if _, err := w.CreatePart(h); err != nil {
		return err
	}
	p.flush()
	p.list, p.size = append(p.list, part{path: u.Path}), p.size+u.Size
	return nil
}

func printable(r rune) rune {
	if r < ' ' || r >= 0x7f {
		return -1
	}
	return r
}

// assembled reads parts one after the other, with one file open at a time.
type assembled struct {
	rest []part
	now  io.Reader
	file *os.File
}

var _ io.ReadCloser = (*assembled)(nil)

// Read implements io.Reader.
func (a *assembled) Read(b []byte) (int, error) {
	for {
		if a.now != nil {
			n, err := a.now.Read(b)
			if n > 0 || err != io.EOF {
				return n, err
			}
			if err := a.Close(); err != nil {
				return 0, err
			}
		}
		if len(a.rest) == 0 {
			return 0, io.EOF
		}
		next := a.rest[0]
		if a.rest = a.rest[1:]; next.path == "" {
			a.now = bytes.NewReader(next.text)
			continue
		}
		f, err := os.Open(next.path)
		if err != nil {
			return 0, err
		}
		a.now, a.file = f, f
	}
}

// Close implements io.Closer.
func (a *assembled) Close() (err error) {
	if a.file != nil {
		err = a.file.Close()
	}
	a.now, a.file = nil, nil
	return err
}
