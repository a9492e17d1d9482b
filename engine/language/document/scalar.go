package document

import (
	"bytes"

	"gopkg.in/yaml.v3"
)

// scalar builds a scalar whose text begins at a byte, behind a tag or an anchor.
func (b *builder) scalar(y *yaml.Node, at, indent int) *Node {
	n := &Node{Kind: Scalar, Value: y.Value, Span: b.file.Span(at, at), indent: indent}
	switch {
	case y.Style&yaml.DoubleQuotedStyle != 0:
		n.style = double
	case y.Style&yaml.SingleQuotedStyle != 0:
		n.style = single
	case y.Style&yaml.LiteralStyle != 0:
		n.style = literal
	case y.Style&yaml.FoldedStyle != 0:
		n.style = folded
	default:
		n.Plain = true
	}
	s := scan{text: b.text, at: at, want: y.Value}
	if s.scalar(n.style, indent) {
		n.Span.To = s.end
	} else {
		n.Span.To = b.tokenEnd(at)
	}
	if n.Plain {
		b.checkComment(n)
	}
	return n
}

// checkComment finds the expression that YAML cut off: `${a # b}` is `${a` and a comment.
func (b *builder) checkComment(n *Node) {
	from := unclosed(n.Value)
	if from < 0 {
		return
	}
	rest := b.text[n.Span.To:lineEndAt(b.text, n.Span.To)]
	if blanks := bytes.TrimLeft(rest, " \t"); len(blanks) < len(rest) && bytes.HasPrefix(blanks, []byte("#")) {
		n.refused = true
		b.problems.Add(unquoted(b.file, span{n.Place(from, from).From, n.Span.To + len(rest)}, withComment))
	}
}

// properties refuses tags and anchors, and finds where the node itself begins.
func (b *builder) properties(y *yaml.Node, at int) int {
	for at < len(b.text) {
		if c := b.text[at]; c != '!' && (c != '&' || y.Anchor == "") {
			return at
		}
		end := b.propertyEnd(at)
		switch b.text[at] {
		case '&':
			b.problems.Addf(b.file.Span(at, end), CodeAnchor, "an anchor is not allowed; a text that begins with & must be quoted")
		case '!':
			b.problems.Addf(b.file.Span(at, end), CodeTag, "a tag is not allowed; a text that begins with ! must be quoted")
		}
		if y.Kind == yaml.ScalarNode && y.Value == "" {
			return end
		}
		at = skipSpace(b.text, end)
	}
	return at
}

// tokenEnd is where the word ends that begins at a byte.
func (b *builder) tokenEnd(at int) int {
	end := at
	for end < len(b.text) && !isSpace(b.text[end]) && !bytes.ContainsRune([]byte(",[]{}"), rune(b.text[end])) {
		end++
	}
	if end == at && at < len(b.text) && !isSpace(b.text[at]) {
		end++
	}
	return end
}

// propertyEnd is where a tag or anchor ends that begins at a byte: as the library
// has it, a tag's commas and square brackets are a part of it, in flow collections
// too, and an anchor's name has letters, digits, _ and -.
func (b *builder) propertyEnd(at int) int {
	anchor, end := b.text[at] == '&', at+1
	for end < len(b.text) && !isSpace(b.text[end]) && b.text[end] != '{' && b.text[end] != '}' {
		if c := b.text[end]; anchor && c != '_' && c != '-' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			break
		}
		end++
	}
	return end
}

// flowEnd is the place behind the bracket that closes a flow collection, whose
// last part ends at a byte.
func (b *builder) flowEnd(at int, bracket byte) int {
	for i := at; i < len(b.text); {
		i = skipSpace(b.text, i)
		if i == len(b.text) || b.text[i] != ',' && b.text[i] != bracket && b.text[i] != ':' { // a key may have no value
			break
		}
		i++
		if b.text[i-1] == bracket {
			return i
		}
	}
	return at
}

// skipSpace is the next place that is neither blank nor comment.
func skipSpace(text []byte, at int) int {
	for at < len(text) {
		switch {
		case isSpace(text[at]):
			at++
		case text[at] == '#' && at > 0 && isSpace(text[at-1]):
			at = lineEndAt(text, at)
		default:
			return at
		}
	}
	return at
}

// lineEndAt is where the line ends that holds a byte.
func lineEndAt(text []byte, at int) int {
	if i := bytes.IndexByte(text[at:], '\n'); i >= 0 {
		if i > 0 && text[at+i-1] == '\r' {
			i--
		}
		return at + i
	}
	return len(text)
}

// lineStartAt is where the line begins that holds a byte.
func lineStartAt(text []byte, at int) int { return bytes.LastIndexByte(text[:at], '\n') + 1 }
