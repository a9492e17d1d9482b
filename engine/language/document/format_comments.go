package document

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// comment is a comment of a file.
type comment struct {
	from   int
	raw    string // as it stands there
	text   string // as it is written, with a space behind #
	own    bool   // it has a line of its own
	column int    // in characters, from 0
	gap    int    // spaces ahead of it
}

// commentsOf finds the comments of a text: a # outside of scalars begins one.
func commentsOf(text []byte, tree *Node) []comment {
	var list []comment
	at := 0
	between := func(to int) {
		for at < to {
			i := bytes.IndexByte(text[at:to], '#')
			if i < 0 {
				break
			}
			at += i
			end := lineEndAt(text, at)
			list = append(list, newComment(text, at, end))
			at = end
		}
		at = max(at, to)
	}
	var walk func(n *Node)
	walk = func(n *Node) {
		switch {
		case n.Kind == Scalar:
			between(n.Span.From)
			at = max(at, n.Span.To)
		default:
			for _, e := range n.Entries {
				walk(e.Key)
				walk(e.Value)
			}
			for _, item := range n.Items {
				walk(item)
			}
		}
	}
	walk(tree)
	between(len(text))
	return list
}

func newComment(text []byte, from, end int) comment {
	raw := strings.TrimRight(string(text[from:end]), " \t")
	c := comment{from: from, raw: raw, text: raw}
	start := lineStartAt(text, from)
	ahead := text[start:from]
	c.own = len(bytes.TrimLeft(ahead, " \t")) == 0
	c.column = utf8.RuneCount(ahead)
	c.gap = len(ahead) - len(bytes.TrimRight(ahead, " \t"))
	if len(raw) > 1 && (raw[1] == '-' || raw[1] >= '0' && raw[1] <= '9' || raw[1]|0x20 >= 'a' && raw[1]|0x20 <= 'z' || raw[1] >= utf8.RuneSelf) {
		c.text = "# " + raw[1:]
	}
	return c
}

// leading writes the comments that stand ahead of a place, each on a line of its own
// at a column, and the blank line ahead of each and of the place, unless it is the
// first of its block.
func (f *formatter) leading(to, column int, first bool) {
	for f.next < len(f.comments) && f.comments[f.next].from < to {
		f.comment(column, first)
		first = false
	}
	if !first && to < len(f.text) && f.blankAhead(to) {
		f.blank()
	}
}

// comment writes the next comment on a line of its own.
func (f *formatter) comment(column int, first bool) {
	c := f.comments[f.next]
	f.next++
	if !first && f.blankAhead(c.from) {
		f.blank()
	}
	f.lines = append(f.lines, line{text: strings.Repeat(" ", column) + c.text})
	f.end = max(f.end, c.from+len(c.raw))
}

// closing writes the comments behind the last entry of a block that are indented as
// it was, since they belong to it.
func (f *formatter) closing(was, column, limit int) {
	for f.next < len(f.comments) {
		c := f.comments[f.next]
		if c.from >= limit || !c.own || c.column < was || was == 0 {
			return
		}
		f.comment(column, false)
	}
}

// trailing takes the comment that stands on the line that ends here.
func (f *formatter) trailing() {
	if f.next == len(f.comments) {
		return
	}
	c := f.comments[f.next]
	if c.own || c.from < f.end || len(bytes.Trim(f.text[f.end:c.from], " \t")) > 0 || len(f.lines) == 0 {
		return
	}
	last := &f.lines[len(f.lines)-1]
	if last.raw {
		return
	}
	last.comment, last.column, last.gap = c.text, c.column, max(1, c.gap)
	f.next++
	f.end = max(f.end, c.from+len(c.raw))
}

// blankAhead reports whether a blank line stands ahead of a place, behind what was
// written last.
func (f *formatter) blankAhead(at int) bool {
	start := lineStartAt(f.text, at)
	if start == 0 {
		return false
	}
	before := lineStartAt(f.text, start-1)
	return before >= f.end && len(bytes.TrimSpace(f.text[before:start])) == 0
}

func (f *formatter) blank() {
	if len(f.lines) > 0 {
		f.lines = append(f.lines, line{})
	}
}

// columnOf counts in characters, from 0.
func (f *formatter) columnOf(at int) int {
	at = min(at, len(f.text))
	return utf8.RuneCount(f.text[lineStartAt(f.text, at):at])
}

// open begins a line.
func (f *formatter) open(text string) { f.lines = append(f.lines, line{text: text}) }

// append goes on with the line that is open.
func (f *formatter) append(text string) { f.lines[len(f.lines)-1].text += text }

// bytes is the whole text. Comments that the author aligned stay aligned.
func (f *formatter) bytes() []byte {
	f.align()
	b := bytes.NewBuffer([]byte{})
	for _, l := range f.lines {
		text := l.text
		if !l.raw {
			text = strings.TrimRight(text, " \t")
		}
		b.WriteString(text)
		if l.comment != "" {
			b.WriteString(strings.Repeat(" ", l.gap) + l.comment)
		}
		b.WriteByte('\n')
	}
	if f.unended {
		b.Truncate(b.Len() - 1)
	}
	return b.Bytes()
}

// align gives the comments of neighbouring lines that began at one column one column.
func (f *formatter) align() {
	width := func(l line) int { return utf8.RuneCountInString(strings.TrimRight(l.text, " ")) }
	for from := 0; from < len(f.lines); {
		to := from + 1
		for to < len(f.lines) && f.lines[from].comment != "" && f.lines[to].comment != "" && f.lines[to].column == f.lines[from].column {
			to++
		}
		if to-from > 1 {
			column, gap := 0, f.lines[from].gap
			for _, l := range f.lines[from:to] {
				column, gap = max(column, width(l)), min(gap, l.gap)
			}
			for i := from; i < to; i++ {
				f.lines[i].gap = column + gap - width(f.lines[i])
			}
		}
		from = to
	}
}
