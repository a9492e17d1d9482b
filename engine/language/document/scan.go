package document

import "bytes"

// scan reads a scalar a second time. The yaml library tells where a scalar begins
// and what its text is, but neither where it ends nor how its characters were
// written; scan follows the raw text by the library's own rules and compares
// what it finds with the known text, so that a difference is noticed, never shown.
type scan struct {
	text   []byte
	at     int      // the next raw byte
	want   string   // the scalar's value
	got    int      // how much of it was found
	start  int      // where the content begins, behind a quote or a block's header
	end    int      // just behind the raw text that was taken
	pieces *[]piece // nil: only the end is asked for
}

// scalar follows a scalar and reports whether it is the expected one. Then end is
// where the node ends.
func (s *scan) scalar(st style, indent int) bool {
	s.start, s.end = s.at, s.at
	ok := false
	switch st {
	case plain:
		ok = s.plain()
	case single:
		ok = s.quoted('\'')
	case double:
		ok = s.quoted('"')
	case literal, folded:
		ok = s.block(st == folded, indent)
	}
	return ok && s.got == len(s.want)
}

// take says that the next size raw bytes are the value's next.
func (s *scan) take(size int) bool {
	if len(s.want)-s.got < size || len(s.text)-s.at < size || s.want[s.got:s.got+size] != string(s.text[s.at:s.at+size]) {
		return false
	}
	s.note(s.got+size, s.at, s.at+size)
	s.at += size
	return true
}

// put says that the value goes on with text, written as the raw bytes [from,to).
func (s *scan) put(text string, from, to int) bool {
	if len(s.want)-s.got < len(text) || s.want[s.got:s.got+len(text)] != text {
		return false
	}
	s.note(s.got+len(text), from, to)
	return true
}

func (s *scan) note(end, raw, rawEnd int) {
	from := s.got
	s.got, s.end = end, rawEnd
	if s.pieces == nil || from == end {
		return
	}
	next := piece{from, end, raw, rawEnd}
	if list := *s.pieces; len(list) > 0 && next.exact() {
		if last := &list[len(list)-1]; last.exact() && last.rawEnd == raw {
			last.end, last.rawEnd = end, rawEnd
			return
		}
	}
	*s.pieces = append(*s.pieces, next)
}

func (s *scan) plain() bool {
	// A text on one line stands as it is; one with a fold never does, for a fold
	// shortens or changes what it replaces.
	if s.take(len(s.want)) {
		return true
	}
	for s.got < len(s.want) && s.at < len(s.text) {
		if ok := s.space(false); !ok {
			return false
		}
		size := 0
		for s.at+size < len(s.text) && s.got+size < len(s.want) && !isSpace(s.text[s.at+size]) {
			size++
		}
		if size == 0 || !s.take(size) {
			return false
		}
	}
	return true
}

// quoted follows '…' or "…".
func (s *scan) quoted(quote byte) bool {
	s.at++
	s.start, s.end = s.at, s.at
	for s.at < len(s.text) {
		c := s.text[s.at]
		ok := true
		switch {
		case isSpace(c):
			ok = s.space(false)
		case c == quote && quote == '\'' && s.at+1 < len(s.text) && s.text[s.at+1] == '\'':
			ok = s.put("'", s.at, s.at+2)
			s.at += 2
		case c == quote:
			s.at++
			s.end = s.at
			return true
		case c == '\\' && quote == '"':
			ok = s.escape()
		default:
			size := 1
			for s.at+size < len(s.text) && !isSpace(s.text[s.at+size]) && s.text[s.at+size] != quote && s.text[s.at+size] != '\\' {
				size++
			}
			ok = s.take(size)
		}
		if !ok {
			return false
		}
	}
	return false
}

// space follows blanks and line breaks between two words: blanks alone stand as
// they are, one break is a space, more are one fewer. Behind an escaped break
// blanks are nothing and every break counts.
func (s *scan) space(escaped bool) bool {
	from, breaks := s.at, []int{}
	i := s.at
	for ; i < len(s.text) && isSpace(s.text[i]); i++ {
		if s.text[i] == '\n' {
			breaks = append(breaks, i+1)
		}
	}
	switch {
	case !escaped && len(breaks) == 0:
		return s.take(i - s.at)
	case !escaped && len(breaks) == 1:
		s.at = i
		return s.put(" ", from, i)
	case !escaped:
		breaks = breaks[1:]
	}
	s.at = i
	for n, end := range breaks {
		if n == len(breaks)-1 {
			end = i
		}
		if !s.put("\n", from, end) {
			return false
		}
		from = end
	}
	return true
}

// escapes are those of YAML's double quotes that stand for one character.
const (
	escapeNames  = "0abt\tnvfre \"'/\\N_LP"
	escapeValues = "\x00\a\b\t\t\n\v\f\r\x1b \"'/\\\u0085\u00a0\u2028\u2029"
)

func (s *scan) escape() bool {
	from := s.at
	if from+1 >= len(s.text) {
		return false
	}
	c := s.text[from+1]
	s.at += 2
	width := 0
	switch c {
	case '\r':
		s.at++
		return s.space(true)
	case '\n':
		return s.space(true)
	case 'x':
		width = 2
	case 'u':
		width = 4
	case 'U':
		width = 8
	}
	if width > 0 {
		value := rune(0)
		for _, d := range s.text[s.at:min(s.at+width, len(s.text))] {
			value = value<<4 | rune(hexDigit(d))
		}
		s.at = min(s.at+width, len(s.text))
		return s.put(string(value), from, s.at)
	}
	values := []rune(escapeValues)
	i := bytes.IndexByte([]byte(escapeNames), c)
	return i >= 0 && s.put(string(values[i]), from, s.at)
}

func hexDigit(c byte) byte {
	switch {
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return c - '0'
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func isBlank(c byte) bool { return c == ' ' || c == '\t' }
