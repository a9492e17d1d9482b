package action

import (
	"errors"
	"io"

	"cloudlet/engine/files"
	"cloudlet/engine/language/schema"
)

// held is what has to be given up when a request has ended; the endpoints that call each
// other in it share it.
type held struct {
	batch   *files.Batch // of the files that came with the request; nil: none
	closers []io.Closer
}

func (x *Exchange) hold() *held {
	if x.held == nil {
		x.held = &held{}
	}
	return x.held
}

// Receive takes a file that comes with the request. It lies hidden among the app's files until
// the request has ended. takes may refuse it by its content type, as files.Batch.Receive says.
func (x *Exchange) Receive(name string, from io.Reader, limit int64, takes func(contentType string) error) (schema.Upload, error) {
	h := x.hold()
	if h.batch == nil {
		h.batch = x.Services.Files.Batch()
	}
	r, contentType, err := h.batch.Receive(from, limit, takes)
	if err != nil {
		return schema.Upload{}, err
	}
	return schema.Upload{Name: files.SafeName(name), ContentType: contentType, Size: r.Size(), Path: r.Path()}, nil
}

// Received is what an upload is among the app's files, nil where it came with another request.
func (x *Exchange) Received(u *schema.Upload) *files.Received {
	if x.held == nil || x.held.batch == nil {
		return nil
	}
	return x.held.batch.Find(u.Path)
}

// CloseLater has something closed when the request has ended and its answer was sent. It is
// for one goroutine.
func (x *Exchange) CloseLater(c io.Closer) { x.hold().closers = append(x.hold().closers, c) }

// Share has the exchange hold what another does, whose end it does not see.
func (x *Exchange) Share(o *Exchange) { x.held = o.hold() }

// Discard gives up what was held: the files that came with the request and were not kept are
// removed.
func (x *Exchange) Discard() error {
	h := x.held
	if h == nil {
		return nil
	}
	var errs []error
	for _, c := range h.closers {
		errs = append(errs, c.Close())
	}
	if h.batch != nil {
		errs = append(errs, h.batch.Close())
	}
	*h = held{}
	return errors.Join(errs...)
}
