package expression

import (
	"fmt"
	"strings"
)

// Fault is a mistake of the author at the bytes [From,To) of the text or source
// that was split or compiled. Code is stable and snake_case; Text is a sentence in
// lower case; Hint, where there is one, says what to do.
type Fault struct {
	From, To         int
	Code, Text, Hint string
}

// Part is one piece of a text: literal text, or the source of a ${…}.
type Part struct {
	Literal    string // with $${ already made ${
	Source     string // what stands between ${ and }
	Expression bool   // whether it is a Source
	Offset     int    // the byte offset of Source, or of the piece, in the text
}

// Split cuts a text into literal pieces and ${…} sources, in order. The brace that
// closes is the first outside strings, comments and brackets; $${ is a literal ${.
// Its time is linear in the text.
func Split(text string) ([]Part, *Fault) {
	var parts []Part
	var literal strings.Builder
	start := 0
	flush := func(next int) {
		if literal.Len() > 0 {
			parts = append(parts, Part{Literal: literal.String(), Offset: start})
			literal.Reset()
		}
		start = next
	}
	for i := 0; i < len(text); {
		switch {
		case strings.HasPrefix(text[i:], "$${"):
			literal.WriteString("${")
			i += 3
		case strings.HasPrefix(text[i:], "${"):
			end, fault := closing(text, i)
			if fault != nil {
				return nil, fault
			}
			flush(end + 1)
			parts = append(parts, Part{Source: text[i+2 : end], Expression: true, Offset: i + 2})
			i = end + 1
		default:
			literal.WriteByte(text[i])
			i++
		}
	}
	flush(len(text))
	return parts, nil
}

// closing finds the brace that closes the ${ at a place.
func closing(text string, open int) (int, *Fault) {
	var brackets []int
	for i := open + 2; i < len(text); {
		switch c := text[i]; c {
		case '\'', '"', '`':
			end := stringEnd(text, i)
			if end < 0 {
				return 0, &Fault{i, lineEnd(text, i), "unclosed_string", "the string is not closed", fmt.Sprintf("add a %c", c)}
			}
			i = end
			continue
		case '/':
			if end := commentEnd(text, i); end > i {
				i = end
				continue
			}
		case '(', '[', '{':
			brackets = append(brackets, i)
		case ')', ']', '}':
			if len(brackets) == 0 {
				if c == '}' {
					return i, nil
				}
				break // the parser says what is wrong with it
			}
			last := brackets[len(brackets)-1]
			if want := closer(text[last]); want != c {
				return 0, &Fault{last, last + 1, "unclosed_bracket", fmt.Sprintf("%q is not closed", text[last:last+1]), fmt.Sprintf("add a %q", string(want))}
			}
			brackets = brackets[:len(brackets)-1]
		}
		i++
	}
	if len(brackets) > 0 {
		last := brackets[len(brackets)-1]
		return 0, &Fault{last, last + 1, "unclosed_bracket", fmt.Sprintf("%q is not closed", text[last:last+1]), fmt.Sprintf("add a %q", string(closer(text[last])))}
	}
	return 0, &Fault{open, lineEnd(text, open), "unclosed_expression", `"${" is not closed`, `add a "}"; a literal "${" is written "$${"`}
}

func closer(open byte) byte {
	switch open {
	case '(':
		return ')'
	case '[':
		return ']'
	}
	return '}'
}

// stringEnd is the offset behind the string that begins at a place, or -1. A quoted
// string ends on its line, as in the expression language; one in backticks need not.
func stringEnd(text string, from int) int {
	quote := text[from]
	for i := from + 1; i < len(text); i++ {
		switch {
		case text[i] == quote:
			return i + 1
		case quote == '`':
		case text[i] == '\\':
			i++
		case text[i] == '\n':
			return -1
		}
	}
	return -1
}

// commentEnd is the offset behind the comment that begins at a place, or the place
// itself where none begins.
func commentEnd(text string, from int) int {
	switch {
	case strings.HasPrefix(text[from:], "//"):
		return lineEnd(text, from)
	case strings.HasPrefix(text[from:], "/*"):
		if n := strings.Index(text[from+2:], "*/"); n >= 0 {
			return from + 2 + n + 2
		}
		return len(text)
	}
	return from
}

func lineEnd(text string, from int) int {
	if n := strings.IndexByte(text[from:], '\n'); n >= 0 {
		return from + n
	}
	return len(text)
}
