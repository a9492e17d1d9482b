package data

import (
	"context"
	"io"
	"time"

	"cloudlet/engine/action"
	"cloudlet/engine/database"
	"cloudlet/engine/query"
)

const (
	// batch is how many rows of a long page are read at once: each batch begins behind the
	// last, as a page does, so that a client who reads slowly holds no connection of the
	// database, and no page is in memory as a whole.
	batch = 200
	// batchTime is how long the reading of one may take.
	batchTime = 30 * time.Second
)

// stream answers with a long page batch by batch. The first is read here, so that what
// fails then, or a page that turns out to be short, is an ordinary answer.
func (p *page) stream(c *action.Call, s *database.Statement, args []any) (any, error) {
	r := database.Reading{Limit: batch, Keys: p.list.Keys, AsJSON: true, Into: append(c.Out[:0], `{"items":`...)}
	got, err := s.Page(c.Context, nil, append(args, batch+1, p.offset), r)
	if err != nil {
		return nil, err
	}
	if !got.More {
		return p.answer(c, &got, true)
	}
	total, err := p.counted(c)
	if err != nil {
		return nil, err
	}
	left := p.limit - batch
	return action.Pieces(func(w io.Writer) error { return p.batches(c, w, got, left, total) }), nil
}

// batches writes what was read, then what follows it.
func (p *page) batches(c *action.Call, w io.Writer, got database.Page, left int, total any) error {
	out := got.JSON[:len(got.JSON)-1] // without its ]
	for {
		if _, err := w.Write(out); err != nil {
			return err
		}
		if !got.More || left == 0 {
			break
		}
		last := got.Last
		var err error
		if got, err = p.batch(c, last, min(left, batch), out[:0]); err != nil {
			return err
		}
		left -= min(left, batch)
		if out = got.JSON[:len(got.JSON)-1]; len(out) > 1 {
			out[0] = ',' // in place of its [
		} else {
			out = out[:0] // the rest is gone meanwhile
		}
	}
	end, err := p.end(c, append(out[:0], ']'), &got, total)
	if err != nil {
		return err
	}
	_, err = w.Write(end)
	return err
}

// batch reads the rows behind a place. The chain's own time is not its: that ended when
// the answer began.
func (p *page) batch(c *action.Call, last []any, size int, into []byte) (database.Page, error) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), batchTime)
	defer cancel()
	after, args := query.After(p.list.Table, p.list.Order, last)
	args = append(append(p.args[:len(p.args):len(p.args)], args...), size+1, 0)
	return p.gives.Vary(p.list.SQL(after), p.list.Further).Page(ctx, nil, args, database.Reading{Limit: size, Keys: p.list.Keys, AsJSON: true, Into: into})
}
