package document

import "bytes"

// flowMistake looks for what must be quoted inside the first flow collections at
// or behind a byte: an expression, or a type with a question mark. It reads tokens
// only as far as it must, and only of a text that is no YAML anyway.
func flowMistake(text []byte, from, to int) (at span, expression, found bool) {
	f := flowReader{text: text, at: from}
	for f.at < to {
		if at, expression, found = f.next(); found {
			return at, expression, true
		}
	}
	return span{}, false, false
}

type flowReader struct {
	text  []byte
	at    int
	depth int
	word  bool // inside a line, behind a token: a quote or bracket begins nothing here
}

func (f *flowReader) next() (at span, expression, found bool) {
	c := f.text[f.at]
	blankNext := f.at+1 >= len(f.text) || isSpace(f.text[f.at+1])
	switch {
	case c == '\n':
		f.word = f.word && f.depth > 0
	case isSpace(c):
	case c == '#' && (f.at == 0 || isSpace(f.text[f.at-1])):
		f.at = lineEndAt(f.text, f.at)
		return
	case f.depth > 0 && (c == ',' || c == '[' || c == '{'), c == ':' && (blankNext || f.depth > 0), !f.word && (c == '-' || c == '?') && blankNext:
		if f.word = false; c == '[' || c == '{' {
			f.depth++
		}
	case f.depth > 0 && (c == ']' || c == '}'):
		f.depth--
		f.word = true
		if f.depth == 0 && f.at+1 < len(f.text) && f.text[f.at+1] == '?' {
			return span{lineOpen(f.text, f.at), f.at + 2}, false, true
		}
	case f.word && f.depth == 0:
	case !f.word && (c == '[' || c == '{'):
		f.depth++
	case !f.word && (c == '"' || c == '\''):
		f.word = true
		f.at = quoteEnd(f.text, f.at)
		return
	case f.depth > 0 && c == '$':
		if at, ok := expressionAt(f.text, f.at); ok {
			return at, true, true
		}
		f.word = true
	case f.depth > 0 && f.word && c == '?':
		return span{wordStart(f.text, f.at), f.at + 1}, false, true
	default:
		f.word = true
	}
	f.at++
	return
}

// quoteEnd is the place behind a quoted text.
func quoteEnd(text []byte, at int) int {
	quote := text[at]
	for at++; at < len(text); at++ {
		switch {
		case text[at] == '\\' && quote == '"':
			at++
		case text[at] == quote && quote == '\'' && at+1 < len(text) && text[at+1] == quote:
			at++
		case text[at] == quote:
			return at + 1
		}
	}
	return len(text)
}

// lineOpen is the bracket on the line of a closing one that it most likely closes.
func lineOpen(text []byte, at int) int {
	start := lineStartAt(text, at)
	if i := bytes.IndexAny(text[start:at], "[{"); i >= 0 {
		return start + i
	}
	return at
}

// wordStart is where the word begins that a byte stands in.
func wordStart(text []byte, at int) int {
	for at > 0 && !isSpace(text[at-1]) && !bytes.ContainsRune([]byte(",[]{}:"), rune(text[at-1])) {
		at--
	}
	return at
}
