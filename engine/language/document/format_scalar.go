package document

import (
	"strings"
)

// raw is a scalar as it stands in the file.
func (f *formatter) raw(n *Node) string { return string(f.text[n.Span.From:n.Span.To]) }

// scalar writes a scalar on the line that is open; its further lines stand two
// spaces further in than the column.
func (f *formatter) scalar(n *Node, column int) {
	raw := f.raw(n)
	switch {
	case n.style == literal || n.style == folded:
		f.blockText(n, raw, column)
	case !strings.Contains(raw, "\n"):
		f.append(raw)
	default:
		for i, part := range strings.Split(raw, "\n") {
			part = strings.Trim(part, " \t")
			switch {
			case i == 0:
				f.append(part)
			case part == "":
				f.lines = append(f.lines, line{})
			default:
				f.open(strings.Repeat(" ", column+2) + part)
			}
		}
	}
}

// blockText writes a text behind | or >: its header, then its lines moved as a whole.
func (f *formatter) blockText(n *Node, raw string, column int) {
	header, body, _ := strings.Cut(raw, "\n")
	header = strings.TrimRight(header, " \t")
	indicator := 0
	if digits := strings.TrimLeft(header, "|>+-"); digits != "" && '1' <= digits[0] && digits[0] <= '9' {
		indicator = int(digits[0] - '0')
	}
	f.append(header)
	if i := strings.IndexByte(header, '#'); i >= 0 { // the header's own comment
		last := &f.lines[len(f.lines)-1]
		last.text = strings.TrimRight(strings.TrimSuffix(last.text, header)+header, " ")
	}
	if body == "" {
		return
	}
	f.unended = n.Span.To == len(f.text) && !strings.HasSuffix(body, "\n")
	body = strings.TrimSuffix(body, "\n")
	lines := strings.Split(body, "\n")
	was, now := contentIndent(lines), column+2
	if indicator > 0 {
		was, now = max(n.indent, 0)+indicator, max(column, 0)+indicator
	}
	for _, text := range lines {
		if len(text) <= was || was == 0 && strings.TrimLeft(text, " ") == "" {
			if strings.TrimLeft(text, " ") == "" {
				f.lines = append(f.lines, line{})
				continue
			}
		}
		f.lines = append(f.lines, line{text: strings.Repeat(" ", now) + text[min(was, len(text)):], raw: true})
	}
}

// contentIndent is how far the first line is indented that holds something.
func contentIndent(lines []string) int {
	for _, text := range lines {
		if rest := strings.TrimLeft(text, " "); rest != "" {
			return len(text) - len(rest)
		}
	}
	return 0
}

// flow writes a collection in brackets. On one line it is set anew, on several each
// line keeps what it holds and is indented by the brackets around it.
func (f *formatter) flow(n *Node, column int) {
	raw := f.raw(n)
	if !strings.Contains(raw, "\n") {
		var b strings.Builder
		if f.inline(n, &b) {
			f.append(b.String())
		} else {
			f.append(raw)
		}
		return
	}
	depths := f.depths(n)
	at := n.Span.From
	for i, part := range strings.Split(raw, "\n") {
		text := strings.Trim(part, " \t")
		switch {
		case i == 0:
			f.append(text)
		case text == "":
			f.lines = append(f.lines, line{})
		default:
			depth := depths[at+len(part)-len(strings.TrimLeft(part, " \t"))]
			f.open(strings.Repeat(" ", column+2*depth) + text)
		}
		at += len(part) + 1
	}
	for f.next < len(f.comments) && f.comments[f.next].from < n.Span.To {
		f.next++ // they stand in the lines
	}
}

// depths is how many brackets are open at each place of a flow collection; a
// closing one counts as closed.
func (f *formatter) depths(n *Node) map[int]int {
	inScalar := map[int]int{} // where each scalar begins: its end
	var walk func(n *Node)
	walk = func(n *Node) {
		if n.Kind == Scalar && n.Span.To > n.Span.From {
			inScalar[n.Span.From] = n.Span.To
		}
		for _, e := range n.Entries {
			walk(e.Key)
			walk(e.Value)
		}
		for _, item := range n.Items {
			walk(item)
		}
	}
	walk(n)
	depths, depth := map[int]int{}, 0
	for at := n.Span.From; at < n.Span.To; at++ {
		if end, ok := inScalar[at]; ok {
			for ; at < end-1; at++ {
				depths[at] = depth
			}
		} else if f.text[at] == '#' && f.commented(at) {
			for end := lineEndAt(f.text, at); at < end-1; at++ {
				depths[at] = depth
			}
		} else if c := f.text[at]; c == '}' || c == ']' {
			depth--
		} else if c == '{' || c == '[' {
			depths[at] = depth
			depth++
			continue
		}
		depths[at] = depth
	}
	return depths
}

// inline writes a flow collection of one line. It reports whether it can: a key
// without a value is left as it is.
func (f *formatter) inline(n *Node, b *strings.Builder) bool {
	switch {
	case n.Kind == Scalar:
		b.WriteString(f.raw(n))
		return n.Span.To > n.Span.From
	case n.Kind == Sequence:
		b.WriteByte('[')
		for i, item := range n.Items {
			if i > 0 {
				b.WriteString(", ")
			}
			if !f.inline(item, b) {
				return false
			}
		}
		b.WriteByte(']')
		return true
	}
	braces := f.isFlow(n)
	if braces {
		b.WriteByte('{')
	}
	for i, e := range n.Entries {
		if i > 0 {
			b.WriteString(", ")
		}
		if !f.inline(e.Key, b) {
			return false
		}
		b.WriteString(": ")
		if !f.inline(e.Value, b) {
			return false
		}
	}
	if braces {
		b.WriteByte('}')
	}
	return true
}
