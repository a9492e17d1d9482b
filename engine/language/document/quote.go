package document

import (
	"bytes"
	"strings"

	"cloudlet/engine/language/source"
)

// span is a piece of a text by its byte offsets.
type span struct{ from, to int }

// cause says what YAML makes of an expression that should have been quoted.
type cause uint8

const (
	inFlow      cause = iota // {a: ${x}}: its braces are YAML's
	withColon                // ${a ? b : c}: a key and a value
	withComment              // ${a # b}: a comment
)

// alone reports whether a span is all of its value, and not a part of a text.
func alone(text []byte, at span) bool {
	before := bytes.TrimRight(text[:at.from], " \t")
	after := bytes.TrimLeft(text[at.to:], " \t\r")
	return (len(before) == 0 || strings.IndexByte(":,[{-\n", before[len(before)-1]) >= 0) &&
		(len(after) == 0 || strings.IndexByte(",]}#\n", after[0]) >= 0)
}

// unquoted is the problem of an expression that YAML tears apart.
func unquoted(file *source.File, at span, why cause) source.Problem {
	p := source.Problem{Span: file.Span(at.from, at.to), Code: CodeUnquoted}
	text := string(file.Text[at.from:at.to])
	switch why {
	case inFlow:
		p.Text = "an expression inside {…} or […] must be quoted"
	case withColon:
		p.Text = `an expression with ": " in it must be quoted, for YAML takes what is ahead of the colon for a key`
	case withComment:
		p.Text = `an expression with " #" in it must be quoted, for YAML takes the rest of the line for a comment`
	}
	switch {
	case strings.ContainsAny(text, "\n\r") || len(text) > 80 || closing(text, 2) < 0 || !alone(file.Text, at):
		p.Hint = "put the whole text in quotes"
	case !strings.ContainsAny(text, `"\`):
		p.Hint = `write "` + text + `"`
	default:
		p.Hint = "write '" + strings.ReplaceAll(text, "'", "''") + "'"
	}
	return p
}

// unclosed is where the first ${ begins that the text does not close, or -1. $${
// is a literal ${.
func unclosed(text string) int {
	for i := 0; ; {
		n := strings.Index(text[i:], "${")
		if n < 0 {
			return -1
		}
		i += n
		if i > 0 && text[i-1] == '$' {
			i += 2
			continue
		}
		end := closing(text, i+2)
		if end < 0 {
			return i
		}
		i = end
	}
}

// closing is the place behind the } that closes the expression whose text begins
// at i, or -1: the first outside strings, comments and brackets.
func closing(text string, i int) int {
	depth := 0
	for i < len(text) {
		rest := text[i:]
		switch c := text[i]; {
		case c == '\'' || c == '"' || c == '`':
			end := stringEnd(text, i)
			if end < 0 {
				return -1
			}
			i = end
			continue
		case strings.HasPrefix(rest, "/*"):
			n := strings.Index(rest[2:], "*/")
			if n < 0 {
				return -1
			}
			i += n + 4
			continue
		case strings.HasPrefix(rest, "//"):
			n := strings.IndexByte(rest, '\n')
			if n < 0 {
				return -1
			}
			i += n
		case c == '(' || c == '[' || c == '{':
			depth++
		case c == '}' && depth == 0:
			return i + 1
		case c == ')' || c == ']' || c == '}':
			depth = max(0, depth-1)
		}
		i++
	}
	return -1
}

func stringEnd(text string, i int) int {
	quote := text[i]
	for i++; i < len(text); i++ {
		switch text[i] {
		case quote:
			return i + 1
		case '\\':
			if quote != '`' {
				i++
			}
		}
	}
	return -1
}

// expressionAt is the expression that begins at a byte, up to the line's end where
// it is not closed before.
func expressionAt(text []byte, at int) (span, bool) {
	if !bytes.HasPrefix(text[at:], []byte("${")) {
		return span{}, false
	}
	line := string(text[at:lineEndAt(text, at)])
	if end := closing(line, 2); end >= 0 {
		return span{at, at + end}, true
	}
	return span{at, at + len(line)}, true
}
