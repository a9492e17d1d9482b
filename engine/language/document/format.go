package document

import (
	"bytes"
	"slices"
	"strings"

	"cloudlet/engine/language/source"
)

// CodeCannotFormat is the problem of a file whose canonical text would not say the same.
const CodeCannotFormat = "cannot_format"

// Format is the canonical text of a file: two spaces a level, lists indented below
// their key, one space behind - and :, no spaces at the ends of lines, at most one
// blank line in a row. Comments, the order of keys, quotes, flow collections and the
// lines of texts stay as the author wrote them. It is nil where the file cannot be
// parsed; what is wrong is added to problems. Formatting what was formatted changes
// nothing.
//
// It walks the tree and writes each key and scalar as it stands in the file; what lies
// between them there is only indentation, indicators and comments.
func Format(file *source.File, problems *source.Problems) []byte {
	before := problems.Count()
	tree := Parse(file, problems)
	if tree == nil || problems.Count() > before {
		return nil
	}
	text := bytes.TrimPrefix(bytes.ReplaceAll(file.Text, []byte("\r\n"), []byte("\n")), []byte(byteOrderMark))
	for range 3 { // odd keys take a second time to settle
		out := format(file.Path, text)
		if bytes.Equal(out, text) {
			return out
		}
		if text = out; out == nil {
			break
		}
	}
	problems.Addf(file.Span(0, 0), CodeCannotFormat, "the file cannot be formatted without changing what it says")
	return nil
}

// format formats a text once. It is nil where the result would not say the same.
func format(path string, text []byte) []byte {
	var problems source.Problems
	tree := Parse(source.NewFile(path, text), &problems)
	if tree == nil || problems.Count() > 0 {
		return nil
	}
	f := &formatter{text: text, comments: commentsOf(text, tree)}
	f.document(tree)
	if out := f.bytes(); sameAs(path, out, tree, f.comments) {
		return out
	}
	return nil
}

// sameAs reports whether a text says what a tree does, with the same comments.
func sameAs(path string, text []byte, tree *Node, comments []comment) bool {
	var problems source.Problems
	again := Parse(source.NewFile(path, text), &problems)
	if again == nil || problems.Count() > 0 || !Equal(tree, again) {
		return false
	}
	return slices.EqualFunc(comments, commentsOf(text, again), func(a, b comment) bool { return a.text == b.text })
}

// formatter writes a file line by line.
type formatter struct {
	text     []byte
	comments []comment
	next     int // the first comment that was not written
	lines    []line
	end      int // where what was written last ends in the text
	// unended says that the file ends inside a text that would be longer by a line
	// break, were there one.
	unended bool
}

// line is one line of the result.
type line struct {
	text    string
	comment string // behind the text; "" without
	column  int    // of the comment, in the file
	gap     int    // spaces ahead of it there
	raw     bool   // of a text of several lines: nothing of it may be cut off
}

func (f *formatter) document(tree *Node) {
	if tree.Kind == Scalar || f.isFlow(tree) {
		f.leading(tree.Span.From, 0, true)
		f.lines = append(f.lines, line{})
		f.value(tree, 0, len(f.text))
	} else if len(tree.Entries)+len(tree.Items) > 0 {
		f.block(tree, 0, len(f.text), true)
	}
	f.leading(len(f.text), 0, len(f.lines) == 0)
}

// isFlow reports whether a collection is written in brackets.
func (f *formatter) isFlow(n *Node) bool {
	if n.Kind == Scalar {
		return false
	}
	at := n.Span.From
	return at < len(f.text) && (f.text[at] == '{' || f.text[at] == '[')
}

// block writes a mapping or list, each entry on a line of its own at a column. Limit
// is where what follows it begins. At its begin there is no blank line, where first
// says so.
func (f *formatter) block(n *Node, column, limit int, first bool) {
	was := f.columnOf(n.Span.From)
	if n.Kind == Sequence {
		for i, item := range n.Items {
			to := limit
			if i+1 < len(n.Items) {
				to = f.dash(n.Items[i+1])
			}
			f.leading(f.dash(item), column, first && i == 0)
			f.open(strings.Repeat(" ", column) + "-")
			f.end = max(f.end, f.dash(item)+1)
			f.item(item, column, to)
		}
	} else {
		for i, e := range n.Entries {
			to := limit
			if i+1 < len(n.Entries) {
				to = f.keyAt(n.Entries[i+1].Key)
			}
			f.leading(f.keyAt(e.Key), column, first && i == 0)
			f.open(strings.Repeat(" ", column))
			f.entry(e, column, to)
		}
	}
	f.closing(was, column, limit)
}

// dash is the place of the - ahead of an item.
func (f *formatter) dash(item *Node) int {
	for at := item.Span.From - 1; at >= f.end; at-- {
		if f.text[at] == '-' && !f.commented(at) {
			return at
		}
	}
	return item.Span.From
}

// keyAt is where a key begins, or the ? ahead of it.
func (f *formatter) keyAt(key *Node) int {
	for at := key.Span.From - 1; at >= f.end; at-- {
		if f.text[at] == '?' && !f.commented(at) {
			return at
		}
	}
	return key.Span.From
}

// commented reports whether a place is inside a comment.
func (f *formatter) commented(at int) bool {
	i, found := slices.BinarySearchFunc(f.comments, at, func(c comment, at int) int {
		switch {
		case c.from+len(c.raw) <= at:
			return -1
		case c.from > at:
			return 1
		}
		return 0
	})
	return found && i >= 0
}

// item writes what stands behind a dash: a mapping or list begins on its line.
func (f *formatter) item(n *Node, column, limit int) {
	if n.Kind == Scalar || f.isFlow(n) {
		f.behind(n, column, limit)
		return
	}
	f.append(" ")
	was := f.columnOf(n.Span.From)
	f.compact(n, column+2, limit)
	f.closing(was, column+2, limit)
}

// compact writes a collection whose first entry goes on the line that is open.
func (f *formatter) compact(n *Node, column, limit int) {
	if n.Kind == Sequence {
		first := *n
		first.Items = n.Items[:1]
		to := limit
		if len(n.Items) > 1 {
			to = f.dash(n.Items[1])
		}
		f.append("-")
		f.end = max(f.end, f.dash(n.Items[0])+1)
		f.item(n.Items[0], column, to)
		if rest := *n; len(n.Items) > 1 {
			rest.Items = n.Items[1:]
			f.block(&rest, column, limit, false)
		}
		return
	}
	to := limit
	if len(n.Entries) > 1 {
		to = f.keyAt(n.Entries[1].Key)
	}
	f.entry(n.Entries[0], column, to)
	if rest := *n; len(n.Entries) > 1 {
		rest.Entries = n.Entries[1:]
		f.block(&rest, column, limit, false)
	}
}

// longestKey is the longest text that YAML takes for a key on the line of its value.
const longestKey = 1000

// entry writes a key with its value.
func (f *formatter) entry(e Entry, column, limit int) {
	raw := f.raw(e.Key)
	if strings.Contains(raw, "\n") || len(raw) > longestKey || e.Key.style == literal || e.Key.style == folded {
		f.append("? ")
		f.scalar(e.Key, column)
		f.trailing()
		f.open(strings.Repeat(" ", column) + ":")
	} else {
		f.append(raw + ":")
		f.end = e.Key.Span.To
	}
	f.colon()
	if n := e.Value; n.Kind != Scalar && !f.isFlow(n) {
		f.trailing()
		f.block(n, column+2, limit, true)
		return
	}
	f.behind(e.Value, column, limit)
}

// colon goes past the colon behind a key.
func (f *formatter) colon() {
	at := skipSpace(f.text, f.end)
	if at < len(f.text) && f.text[at] == ':' {
		f.end = at + 1
	}
}

// behind writes a scalar or flow collection behind a key or dash.
func (f *formatter) behind(n *Node, column, limit int) {
	if n.Kind == Scalar && n.Plain && n.Value == "" && n.Span.From == n.Span.To {
		f.trailing()
		return
	}
	// A comment between the key and its value goes ahead of what follows.
	f.append(" ")
	f.value(n, column, limit)
}

func (f *formatter) value(n *Node, column, limit int) {
	if n.Kind == Scalar {
		f.scalar(n, column)
	} else {
		f.flow(n, column)
	}
	f.end = max(f.end, n.Span.To)
	f.trailing()
}
