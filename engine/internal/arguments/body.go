package arguments

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"cloudlet/engine/language/schema"
)

const (
	maxParts  = 1000      // of a multipart body
	maxPooled = 256 << 10 // bytes; a larger buffer is not kept for the next request
)

// body reads the body whole and takes the arguments from it.
func (rd *reading) body(r *http.Request, limit int64, receive Receive) *Failure {
	if r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	if rd.set.files && receive != nil && strings.HasPrefix(strings.ToLower(r.Header.Get("Content-Type")), "multipart/form-data") && identity(r.Header) {
		return rd.upload(r, limit, receive)
	}
	buffer := rd.set.buffers.Get().(*bytes.Buffer)
	defer func() {
		if buffer.Cap() <= maxPooled {
			buffer.Reset()
			rd.set.buffers.Put(buffer)
		}
	}()
	if f := readBody(r, limit, buffer); f != nil || buffer.Len() == 0 {
		return f
	}
	return rd.content(r.Header, buffer)
}

// RawBody reads a body as it is, of any content type.
func RawBody(r *http.Request, limit int64) ([]byte, *Failure) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	var buffer bytes.Buffer
	f := readBody(r, limit, &buffer)
	return buffer.Bytes(), f
}

// readBody reads a body of so many bytes at most.
func readBody(r *http.Request, limit int64, buffer *bytes.Buffer) *Failure {
	if r.ContentLength > limit {
		return tooLarge(limit)
	}
	_, err := buffer.ReadFrom(io.LimitReader(r.Body, min(max(limit, 0), math.MaxInt64-1)+1))
	var stopped *http.MaxBytesError
	switch {
	case int64(buffer.Len()) > limit || errors.As(err, &stopped):
		return tooLarge(limit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &Failure{Status: http.StatusRequestTimeout, Code: BodyTimeout, Detail: "The body took too long to arrive."}
	case err != nil:
		return invalidBody("The body could not be read to its end")
	}
	return nil
}

func tooLarge(limit int64) *Failure {
	return &Failure{Status: http.StatusRequestEntityTooLarge, Code: BodyTooLarge, Detail: fmt.Sprintf("The body has more than %d bytes.", max(limit, 0))}
}

func unsupported(format string, args ...any) *Failure {
	return &Failure{Status: http.StatusUnsupportedMediaType, Code: UnsupportedMediaType, Detail: fmt.Sprintf(format, args...) + "."}
}

// identity reports whether a body is sent as it is.
func identity(header http.Header) bool {
	coding := header.Get("Content-Encoding")
	return coding == "" || strings.EqualFold(coding, "identity")
}

// content takes the arguments from a body that is not empty, by its type.
func (rd *reading) content(header http.Header, buffer *bytes.Buffer) *Failure {
	if !identity(header) {
		return unsupported("The content encoding %s is not supported", schema.ShortName(header.Get("Content-Encoding")))
	}
	const wanted = "application/json, application/x-www-form-urlencoded or multipart/form-data"
	text := header.Get("Content-Type")
	if text == "application/json" { // nearly always, and parsing it would make a map
		return rd.json(buffer)
	}
	if text == "" {
		return unsupported("The body has no content type; expected " + wanted)
	}
	media, parameters, err := mime.ParseMediaType(text)
	if err != nil {
		return unsupported("The content type cannot be read; expected " + wanted)
	}
	if charset, ok := parameters["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return unsupported("The charset %s is not supported; expected utf-8", schema.ShortName(charset))
	}
	switch {
	case media == "application/json" || strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json"):
		return rd.json(buffer)
	case media == "application/x-www-form-urlencoded":
		rd.pairs(buffer.String(), schema.InBody)
		return nil
	case media == "multipart/form-data":
		return rd.parts(buffer.Bytes(), parameters["boundary"])
	}
	return unsupported("The content type %s is not supported; expected %s", schema.ShortName(media), wanted)
}

// decoders are reused; none keeps what it read once it is reset.
var decoders = sync.Pool{New: func() any { return new(jsontext.Decoder) }}

// json takes the arguments from a JSON object.
func (rd *reading) json(buffer *bytes.Buffer) *Failure {
	d := decoders.Get().(*jsontext.Decoder)
	defer decoders.Put(d)
	d.Reset(buffer)
	if k := d.PeekKind(); k != jsontext.KindBeginObject {
		err := schema.Skip(d)
		if err == nil {
			err = schema.End(d)
		}
		if err != nil {
			return notJSON(err, d)
		}
		return invalidBody("The body must be a JSON object")
	}
	if err := rd.object(d); err != nil {
		return notJSON(err, d)
	}
	return nil
}

func notJSON(err error, d *jsontext.Decoder) *Failure {
	return invalidBody("The body %s", schema.Syntax(err, d.InputOffset()))
}

func (rd *reading) object(d *jsontext.Decoder) error {
	if err := schema.Begin(d); err != nil {
		return err
	}
	for d.PeekKind() != jsontext.KindEndObject {
		i, name, err := schema.ReadName(d, rd.set.shape)
		switch {
		case err != nil:
			return err
		case i < 0:
			rd.unknown(name, schema.InBody)
			err = schema.Skip(d)
		case rd.set.arguments[i].in != schema.InBody:
			rd.misplaced(i, schema.InBody)
			err = schema.Skip(d)
		default:
			*rd.state(i) = given
			rd.values[i], err = rd.set.arguments[i].accepts.Decode(d, name, &rd.faults)
			rd.collect(i)
		}
		if err != nil {
			return err
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	return schema.End(d)
}

// parts takes the arguments from multipart/form-data (RFC 7578).
func (rd *reading) parts(data []byte, boundary string) *Failure {
	if boundary == "" {
		return invalidBody("The content type multipart/form-data has no boundary")
	}
	reader := multipart.NewReader(bytes.NewReader(data), boundary)
	for n := 0; ; n++ {
		part, err := reader.NextPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return invalidBody("The body is not valid multipart/form-data")
		}
		if n == maxParts {
			return invalidBody("The body has more than %d parts", maxParts)
		}
		if f := rd.part(part); f != nil {
			return f
		}
	}
}

func (rd *reading) part(part *multipart.Part) *Failure {
	name := part.FormName()
	if name == "" {
		return invalidBody("A part of the body has no name")
	}
	text, err := io.ReadAll(part)
	if err != nil {
		return invalidBody("The body is not valid multipart/form-data")
	}
	i := rd.set.shape.Index(name)
	switch {
	case i < 0:
		rd.unknown(name, schema.InBody)
	case rd.set.arguments[i].in != schema.InBody:
		rd.misplaced(i, schema.InBody)
	case part.FileName() != "":
		if *rd.state(i) != wrong {
			rd.broken(i, name, schema.InBody, "must not be a file")
		}
	default:
		rd.text(i, string(text))
	}
	return nil
}
