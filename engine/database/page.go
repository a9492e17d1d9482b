package database

import (
	"bytes"
	"context"
	"database/sql/driver"

	"cloudlet/engine/language/schema"
)

// Page is what Statement.Page gives of a list.
type Page struct {
	Rows []any  // each a *schema.Object; nil where they were appended
	JSON []byte // the same as a JSON array, behind what was given to append to
	More bool   // further rows follow
	// Last are the stored values of the key columns in the last row, where More.
	Last []any
}

// Reading says what of its rows Page gives, and how.
type Reading struct {
	Limit  int   // how many rows; the statement gives one more where there is one
	Keys   []int // the places of the key columns
	AsJSON bool  // append them to Into
	Into   []byte
}

// Page runs a statement that Vary made for up to r.Limit rows. It fails as Rows does;
// then r.Into has its old length and nothing else is told.
func (s *Statement) Page(ctx context.Context, tx *Tx, args []any, r Reading) (Page, error) {
	p := &pager{Reading: r, s: s}
	if err := s.run(ctx, tx, args, p.visit); err != nil {
		return Page{}, err
	}
	if r.AsJSON {
		p.JSON = append(p.JSON, ']')
	}
	return p.Page, nil
}

// pager collects a page.
type pager struct {
	Page
	Reading
	s     *Statement
	count int
	size  int
}

func (p *pager) visit(restart bool, row []driver.Value) (more bool, err error) {
	switch {
	case restart:
		p.Page, p.count, p.size = Page{}, 0, 0
		if p.AsJSON {
			p.JSON = append(p.Into, '[')
		} else {
			p.Rows = []any{}
		}
		return true, nil
	case p.count == p.Limit:
		p.More = true
		return false, nil
	}
	if p.AsJSON {
		if p.count > 0 {
			p.JSON = append(p.JSON, ',')
		}
		p.JSON, err = p.s.appendRow(p.JSON, row)
		p.size = len(p.JSON) - len(p.Into)
	} else {
		for _, v := range row {
			p.size += weight(v)
		}
		p.size += 64
		var o *schema.Object
		o, err = p.s.object(row)
		p.Rows = append(p.Rows, o)
	}
	if p.count++; p.count == p.Limit && p.Keys != nil {
		p.keep(row)
	}
	if err == nil && p.size > p.s.db.limit {
		err = ErrResultTooLarge
	}
	return true, err
}

// keep copies the key columns of a row.
func (p *pager) keep(row []driver.Value) {
	p.Last = make([]any, len(p.Keys))
	for i, at := range p.Keys {
		v := row[at]
		if b, ok := v.([]byte); ok {
			v = bytes.Clone(b)
		}
		p.Last[i] = v
	}
}
