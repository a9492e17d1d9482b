package document

import (
	"slices"

	"cloudlet/engine/language/source"
)

// Place is where the bytes [from,to) of a scalar's Value stand in the file. It is
// exact for every style: escapes, ” and folded line breaks are followed. What
// one character of the Value was written with is taken whole: the two of "\n". An
// empty range is the empty span where it stands. Where the text cannot be
// followed, and for mappings and sequences, it is the node's span.
func (n *Node) Place(from, to int) source.Span {
	if n.Kind != Scalar || n.Span.File == nil || from < 0 || to < from || to > len(n.Value) {
		return n.Span
	}
	pieces := []piece{}
	s := scan{text: n.Span.File.Text, at: n.Span.From, want: n.Value, pieces: &pieces}
	if !s.scalar(n.style, n.indent) {
		return n.Span
	}
	start := s.end
	if len(pieces) == 0 {
		start = s.start
	} else if i := pieceOf(pieces, from); i < len(pieces) {
		start = pieces[i].rawAt(from)
	}
	if from == to {
		return n.Span.File.Span(start, start)
	}
	p := pieces[pieceOf(pieces, to-1)]
	if p.exact() {
		return n.Span.File.Span(start, p.rawAt(to-1)+1)
	}
	return n.Span.File.Span(start, p.rawEnd)
}

// piece is a part of a scalar's value and what it was written with.
type piece struct{ from, end, raw, rawEnd int }

// exact pieces stand in the file byte by byte as they are.
func (p piece) exact() bool { return p.end-p.from == p.rawEnd-p.raw }

func (p piece) rawAt(at int) int {
	if p.exact() {
		return p.raw + at - p.from
	}
	return p.raw
}

// pieceOf is the place of the piece that holds a byte of the value.
func pieceOf(pieces []piece, at int) int {
	i, _ := slices.BinarySearchFunc(pieces, at, func(p piece, at int) int {
		switch {
		case p.end <= at:
			return -1
		case p.from > at:
			return 1
		}
		return 0
	})
	return i
}
