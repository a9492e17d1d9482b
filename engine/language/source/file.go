// Package source knows where things stand in an author's files and says what is
// wrong there: files, spans of their text, and problems with a line and a caret.
package source

import (
	"bytes"
	"sort"
	"unicode/utf8"
)

// File is one text that an author wrote, with its path relative to the app.
type File struct {
	Path  string
	Text  []byte
	lines []int // the byte offset at which each line begins
	// secrets are pieces of the text, from and to, that problems do not show.
	secrets [][2]int
}

// Hide keeps a piece of the text out of what problems show of it. It is for whoever
// reads the file, before anything of it is shown.
func (f *File) Hide(from, to int) { f.secrets = append(f.secrets, [2]int{from, to}) }

// shownLine is a line as problems show it: a character in the place of each that is hidden.
func (f *File) shownLine(n int) []rune {
	line, at := f.Line(n), f.lines[n-1]
	shown := make([]rune, 0, len(line))
	for i := 0; i < len(line); {
		r, size := utf8.DecodeRune(line[i:])
		for _, s := range f.secrets {
			if s[0] <= at+i && at+i < s[1] {
				r = '•'
			}
		}
		shown, i = append(shown, r), i+size
	}
	return shown
}

// NewFile indexes the lines of a text. The text must not be changed afterwards.
func NewFile(path string, text []byte) *File {
	f := &File{Path: path, Text: text, lines: []int{0}}
	for i := 0; ; {
		n := bytes.IndexByte(text[i:], '\n')
		if n < 0 {
			return f
		}
		i += n + 1
		f.lines = append(f.lines, i)
	}
}

// Position is a place as people name it: both start at 1, and columns count
// characters, not bytes.
type Position struct{ Line, Column int }

// Before reports whether p stands ahead of o.
func (p Position) Before(o Position) bool {
	return p.Line < o.Line || p.Line == o.Line && p.Column < o.Column
}

// Position translates a byte offset. Offsets outside the text give its nearest end.
func (f *File) Position(offset int) Position {
	offset = max(0, min(offset, len(f.Text)))
	line := sort.SearchInts(f.lines, offset+1) - 1
	return Position{line + 1, utf8.RuneCount(f.Text[f.lines[line]:offset]) + 1}
}

// Offset translates a position into a byte offset, never past the end of its line.
func (f *File) Offset(p Position) int {
	if p.Line < 1 {
		return 0
	}
	if p.Line > len(f.lines) {
		return len(f.Text)
	}
	offset, line := f.lines[p.Line-1], f.Line(p.Line)
	for n := 1; n < p.Column && len(line) > 0; n++ {
		_, size := utf8.DecodeRune(line)
		offset, line = offset+size, line[size:]
	}
	return offset
}

// Lines is the number of lines; a text that ends in a line break has an empty last one.
func (f *File) Lines() int { return len(f.lines) }

// Line is the text of a line (from 1) without its line break, or nil where there is none.
func (f *File) Line(n int) []byte {
	if n < 1 || n > len(f.lines) {
		return nil
	}
	end := len(f.Text)
	if n < len(f.lines) {
		end = f.lines[n] - 1
	}
	return bytes.TrimSuffix(f.Text[f.lines[n-1]:end], []byte("\r"))
}

// Span is a piece of a file, from one byte offset up to but not including another.
type Span struct {
	File     *File
	From, To int
}

// Span is the piece of f between two byte offsets.
func (f *File) Span(from, to int) Span { return Span{f, from, max(from, to)} }

// Start is the position of the span's first character; the zero Position where no file is known.
func (s Span) Start() Position {
	if s.File == nil {
		return Position{}
	}
	return s.File.Position(s.From)
}

// End is the position just behind the span's last character.
func (s Span) End() Position {
	if s.File == nil {
		return Position{}
	}
	return s.File.Position(s.To)
}

// Path is the file's path, or "" where no file is known.
func (s Span) Path() string {
	if s.File == nil {
		return ""
	}
	return s.File.Path
}
