package trial

import (
	"bytes"
	"encoding/base64"
	"mime/multipart"
	"strings"

	"cloudlet/engine/language/document"
	"cloudlet/engine/language/expression"
)

// upload is a file that a request brings.
type upload struct {
	argument, name string
	content        []byte
}

// uploads reads the files of a request.
func (s *scene) uploads(n *document.Node) []upload {
	if n == nil {
		return nil
	}
	var list []upload
	for _, e := range n.Entries {
		items := []*document.Node{e.Value}
		if e.Value.Kind == document.Sequence {
			items = e.Value.Items
		}
		for _, item := range items {
			if u, ok := s.upload(item); ok {
				u.argument = e.Key.Value
				list = append(list, u)
			}
		}
	}
	return list
}

func (s *scene) upload(n *document.Node) (upload, bool) {
	u := upload{name: "file"}
	if n.Kind == document.Scalar {
		u.content = []byte(n.Value)
		return u, true
	}
	known := 0
	if name := n.Get("name"); name != nil && name.Kind == document.Scalar {
		u.name, known = name.Value, known+1
	}
	text, encoded := n.Get("text"), n.Get("base64")
	switch {
	case text != nil && text.Kind == document.Scalar && encoded == nil:
		u.content, known = []byte(text.Value), known+1
	case encoded != nil && encoded.Kind == document.Scalar && text == nil:
		content, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(encoded.Value), ""))
		if err != nil {
			s.problems.Addf(encoded.Span, "wrong_type", "this is not base64")
			return u, false
		}
		u.content, known = content, known+1
	default:
		known = -1
	}
	if n.Kind != document.Mapping || known != len(n.Entries) {
		s.problems.Addf(n.Span, "wrong_type", "a file is its text, {name, text} or {name, base64}")
		return u, false
	}
	return u, true
}

// multipart is the body of a form with files.
func (q *request) multipart(f *expression.Frame) ([]byte, string, error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	err := each(q.form, f, func(name, value string) { _ = w.WriteField(name, value) }) // a buffer takes whatever it is given
	if err != nil {
		return nil, "", err
	}
	for _, u := range q.files {
		part, err := w.CreateFormFile(u.argument, u.name)
		if err == nil {
			_, err = part.Write(u.content)
		}
		if err != nil {
			return nil, "", err
		}
	}
	err = w.Close()
	return b.Bytes(), w.FormDataContentType(), err
}
