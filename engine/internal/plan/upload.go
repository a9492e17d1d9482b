package plan

import (
	"context"
	"crypto/sha256"
	"io"
	"maps"
	"net/http"

	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"
)

// digest tells the files of two requests apart, by their content.
func (x *exchange) digest() (string, error) {
	hash := sha256.New()
	args, _ := x.call.Slots[action.ArgsSlot].(*schema.Object)
	for _, v := range args.All() {
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		for _, item := range list {
			if err := x.digestFile(hash, item); err != nil {
				return "", err
			}
		}
	}
	return string(hash.Sum(nil)), nil
}

func (x *exchange) digestFile(into io.Writer, v any) error {
	u, ok := schema.UploadOf(v)
	if !ok {
		return nil
	}
	f, err := x.Received(u).Open() // what is among the arguments came with the request
	if err != nil {
		return err
	}
	defer f.Close()
	inner := sha256.New() // of each its own, so that nothing can move from one to the next
	if _, err := io.Copy(inner, f); err != nil {
		return err
	}
	_, err = into.Write(inner.Sum(nil))
	return err
}

// opened takes the files that a call without a network names; nil where it can name none.
func (x *exchange) opened(open func(string) (string, io.ReadCloser, error)) func(text string, limit int64) (schema.Upload, error) {
	if open == nil {
		return nil
	}
	return func(text string, limit int64) (schema.Upload, error) {
		name, content, err := open(text)
		if err != nil {
			return schema.Upload{}, err
		}
		defer content.Close()
		return x.Receive(name, content, limit, nil)
	}
}

// sent is the answer of a step that writes it itself, where there is no network.
func (x *exchange) sent(ctx context.Context, in Invocation) Outcome {
	r, err := http.NewRequestWithContext(ctx, in.Method, "/", http.NoBody)
	if err != nil {
		return failed(x, action.FailureOf(err))
	}
	header := http.Header{}
	maps.Copy(header, x.Answer.Header)
	w := &sink{header: header, body: in.Body, status: http.StatusOK}
	x.Answer.Send(w, r)
	return Outcome{Status: w.status, Header: header}
}

// sink is a ResponseWriter without a connection.
type sink struct {
	header http.Header
	body   io.Writer
	status int
}

// Header implements http.ResponseWriter.
func (w *sink) Header() http.Header { return w.header }

// WriteHeader implements http.ResponseWriter.
func (w *sink) WriteHeader(status int) { w.status = status }

// Write implements http.ResponseWriter.
func (w *sink) Write(p []byte) (int, error) { return w.body.Write(p) }
