package query

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"

	"cloudlet/engine/database"
)

// LongestCursor is how many bytes the values of a cursor may take.
const LongestCursor = 4 << 10

// ErrCursor means that a text is no cursor, or one of another list.
var ErrCursor = errors.New("the cursor is not one of this list")

// ErrCursorTooLong means that the texts that a list is sorted by are too long for a cursor.
var ErrCursorTooLong = errors.New("the values that the list is sorted by are too long for a cursor")

// Mark is what a cursor has to know of its list besides the place: a digest of whatever
// has to be the same for the next page.
type Mark [16]byte

// MarkOf is the mark of a list: its statement without a page, and what else it depends on.
func (l *List) MarkOf(further ...[]byte) Mark {
	h := sha256.New()
	h.Write([]byte(l.SQL("")))
	for _, f := range further {
		h.Write([]byte{0})
		h.Write(f)
	}
	var m Mark
	copy(m[:], h.Sum(nil))
	return m
}

// leftOut stands in a place for a value that is too long for a cursor.
type leftOut struct{}

// shortest is how many bytes a text has that is not left out of a cursor.
const shortest = 256

// Brief is a place without the long values that are no part of the key: the row still has them. So
// nobody who writes a long text keeps others from going on behind it. It is the place itself
// where that leaves out nothing, or the key alone does not tell the row.
func (l *List) Brief(values []any) []any {
	brief := slices.Clone(values)
	for i, o := range l.Order {
		text, isText := values[i].(string)
		blob, isBytes := values[i].([]byte)
		if !l.tells(o.Column) && (isText && len(text) > shortest || isBytes && len(blob) > shortest) {
			brief[i] = leftOut{}
		}
	}
	return brief
}

// tells reports whether a column is part of what tells one row from all others.
func (l *List) tells(column string) bool {
	return column == l.Table.RowID || slices.ContainsFunc(l.Table.Key, func(k string) bool { return strings.EqualFold(k, column) })
}

// Incomplete reports whether values were left out of a place.
func Incomplete(values []any) bool {
	return slices.ContainsFunc(values, func(v any) bool { _, is := v.(leftOut); return is })
}

// At is the condition that a row is the one of a brief place, with its parameters.
func (l *List) At(values []any) (string, []any) {
	a := &after{text: text{table: l.Table}}
	for i, o := range l.Order {
		if _, is := values[i].(leftOut); is {
			continue
		}
		if len(a.args) > 0 {
			a.WriteString(" AND ")
		}
		a.compare(o, "IS", values[i])
	}
	return a.String(), a.args
}

// Encode makes the text to be sealed of a place in a list: the stored values of its
// order's columns in the last row of a page, which are int64, float64, string, []byte or nil, or
// what Brief made of them.
func (m Mark) Encode(values []any) ([]byte, error) {
	out := append(make([]byte, 0, 64), m[:]...)
	for _, v := range values {
		switch v := v.(type) {
		case nil:
			out = append(out, 'n')
		case leftOut:
			out = append(out, 'l')
		case int64:
			out = binary.AppendVarint(append(out, 'i'), v)
		case float64:
			out = binary.BigEndian.AppendUint64(append(out, 'f'), math.Float64bits(v))
		case string:
			out = append(binary.AppendUvarint(append(out, 't'), uint64(len(v))), v...)
		case []byte:
			out = append(binary.AppendUvarint(append(out, 'b'), uint64(len(v))), v...)
		default:
			return nil, ErrCursor
		}
		if len(out) > LongestCursor {
			return nil, ErrCursorTooLong
		}
	}
	return out, nil
}

// Decode gives back the n values of a place. It fails with ErrCursor where the text is of
// another list.
func (m Mark) Decode(text []byte, n int) ([]any, error) {
	rest, ours := bytes.CutPrefix(text, m[:])
	if !ours {
		return nil, ErrCursor
	}
	values := make([]any, n)
	for i := range values {
		var ok bool
		if values[i], rest, ok = decode(rest); !ok {
			return nil, ErrCursor
		}
	}
	if len(rest) > 0 {
		return nil, ErrCursor
	}
	return values, nil
}

func decode(text []byte) (v any, rest []byte, ok bool) {
	if len(text) == 0 {
		return nil, nil, false
	}
	kind, text := text[0], text[1:]
	switch kind {
	case 'n':
		return nil, text, true
	case 'l':
		return leftOut{}, text, true
	case 'i':
		n, size := binary.Varint(text)
		return n, text[max(size, 0):], size > 0
	case 'f':
		if len(text) < 8 {
			return nil, nil, false
		}
		return math.Float64frombits(binary.BigEndian.Uint64(text)), text[8:], true
	case 't', 'b':
		n, size := binary.Uvarint(text)
		if size <= 0 || n > uint64(len(text)-size) {
			return nil, nil, false
		}
		part, rest := text[size:size+int(n)], text[size+int(n):]
		if kind == 't' {
			return string(part), rest, true
		}
		return bytes.Clone(part), rest, true
	}
	return nil, nil, false
}

// After is the condition that a row comes behind a place in an order, with its
// parameters: behind in the first column, or the same there and behind in the next.
func After(t *database.Table, order []Order, values []any) (string, []any) {
	a := &after{text: text{table: t}}
	a.from(order, values)
	return a.String(), a.args
}

type after struct {
	text
	args []any
}

func (a *after) from(order []Order, values []any) {
	o, v := order[0], values[0]
	if len(order) == 1 {
		a.behind(o, v)
		return
	}
	a.WriteByte('(')
	if v != nil && (!o.Nullable || !o.Descending) {
		// It follows from the rest, but an index can only begin at this.
		a.compare(o, direction(o)+"=", v)
		a.WriteString(" AND ")
	}
	a.WriteByte('(')
	a.behind(o, v)
	a.WriteString(" OR (")
	if v == nil {
		a.column(o.Column)
		a.WriteString(" IS NULL")
	} else {
		a.compare(o, "=", v)
	}
	a.WriteString(" AND ")
	a.from(order[1:], values[1:])
	a.WriteString(")))")
}

// behind writes that a column comes behind a value.
func (a *after) behind(o Order, v any) {
	switch {
	case v == nil && o.Descending: // NULL is the last
		a.WriteString("0")
	case v == nil:
		a.column(o.Column)
		a.WriteString(" IS NOT NULL")
	case o.Descending && o.Nullable:
		a.WriteByte('(')
		a.compare(o, "<", v)
		a.WriteString(" OR ")
		a.column(o.Column)
		a.WriteString(" IS NULL)")
	default:
		a.compare(o, direction(o), v)
	}
}

func direction(o Order) string {
	if o.Descending {
		return "<"
	}
	return ">"
}

func (a *after) compare(o Order, operator string, v any) {
	a.column(o.Column)
	a.WriteString(" " + operator + " ?")
	a.args = append(a.args, v)
}
