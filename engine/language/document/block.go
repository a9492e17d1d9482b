package document

import "bytes"

// gap is a line break in the raw text, "\r\n" being one.
type gap struct{ from, to int }

// block follows a | or > scalar: its header, how far its content is indented,
// then line by line. indent is that of the block around it, -1 for none.
func (s *scan) block(folded bool, indent int) bool {
	chomp, column := s.header(indent)
	s.start, s.end = s.at, s.at
	breaks, column := s.emptyLines(column, indent)
	var last []gap // the break behind the last line, if it has one
	blankBefore := false
	for s.at < len(s.text) && s.columnAt(s.at) == column {
		blankNow := isBlank(s.text[s.at])
		if folded && !blankBefore && !blankNow && len(last) > 0 {
			if len(breaks) == 0 && !s.put(" ", last[0].from, s.at) {
				return false
			}
		} else if !s.putBreaks(last) {
			return false
		}
		if !s.putBreaks(breaks) {
			return false
		}
		blankBefore = blankNow
		if !s.take(s.lineEnd() - s.at) {
			return false
		}
		last = s.lineBreak()
		breaks, _ = s.emptyLines(column, indent)
	}
	if chomp != '-' && !s.putBreaks(last) {
		return false
	}
	return chomp != '+' || s.putBreaks(breaks)
}

// header reads the indicators and the rest of the first line. The column is 0
// where the content's own first line tells it.
func (s *scan) header(indent int) (chomp byte, column int) {
	for s.at++; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == '+' || c == '-':
			chomp = c
		case '1' <= c && c <= '9':
			column = max(indent, 0) + int(c-'0')
		default:
			s.at = s.lineEnd()
			s.lineBreak()
			return chomp, column
		}
	}
	return chomp, column
}

// emptyLines skips indentation and empty lines, and finds the column of the
// content where it is not known yet.
func (s *scan) emptyLines(column, indent int) ([]gap, int) {
	var breaks []gap
	widest := 0
	for {
		width := 0
		for s.at < len(s.text) && s.text[s.at] == ' ' && (column == 0 || width < column) {
			s.at++
			width++
		}
		widest = max(widest, width)
		found := s.lineBreak()
		if found == nil {
			break
		}
		breaks = append(breaks, found...)
	}
	if column == 0 {
		column = max(widest, indent+1, 1)
	}
	return breaks, column
}

func (s *scan) putBreaks(list []gap) bool {
	for _, g := range list {
		if !s.put("\n", g.from, g.to) {
			return false
		}
	}
	return true
}

// lineBreak takes the break that stands here, if one does.
func (s *scan) lineBreak() []gap {
	from := s.at
	if s.at < len(s.text) && s.text[s.at] == '\r' {
		s.at++
	}
	if s.at < len(s.text) && s.text[s.at] == '\n' {
		s.at++
		return []gap{{from, s.at}}
	}
	s.at = from
	return nil
}

// lineEnd is where the line's text ends, ahead of its break.
func (s *scan) lineEnd() int {
	end := len(s.text)
	if i := bytes.IndexByte(s.text[s.at:], '\n'); i >= 0 {
		end = s.at + i
		if end > s.at && s.text[end-1] == '\r' {
			end--
		}
	}
	return end
}

// columnAt counts from 0; only spaces stand ahead of a place that is asked for.
func (s *scan) columnAt(at int) int { return at - 1 - bytes.LastIndexByte(s.text[:at], '\n') }
