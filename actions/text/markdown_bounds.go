package text

import (
	"fmt"
	"strings"
)

// What a text may open and hold. A parser of Markdown takes time that grows with the square
// of the marks of a paragraph, stack for what is nested, and cannot be stopped: with these
// bounds a text of 256 KiB takes about a third of a second at the worst, see BenchmarkMarkdown.
const (
	mostNested     = 64     // containers that a line opens, brackets that are open in a paragraph
	mostIndented   = 200    // blanks and tabs before the marker of a list
	mostMarks      = 1000   // characters of emphasis in a paragraph
	mostBrackets   = 500    // [ and < in a paragraph
	mostTableCells = 20_000 // cells of all tables: short rows are filled up
	mostDefined    = 2000   // definitions of links
)

// excessive says what of a text is more than anybody means who wants to be read, or "".
func excessive(text string) string {
	var b block
	for line := range strings.Lines(text) {
		if why := b.line(line); why != "" {
			return why
		}
	}
	return ""
}

// block counts what the present block has, and what the whole text has.
type block struct {
	open, marks, brackets int // of a paragraph, or an item of a list
	columns               int // of a table
	cells, defined        int // of the whole text
}

func (b *block) line(line string) string {
	if strings.TrimSpace(line) == "" {
		b.columns = 0
	}
	if interrupts(line) {
		b.open, b.marks, b.brackets = 0, 0, 0
	}
	indented := len(line) - len(strings.TrimLeft(line, " \t"))
	markers, rest := containers(line)
	if markers > mostNested || markers > 0 && indented > mostIndented {
		return fmt.Sprintf("Quotes or lists are nested over %d deep.", mostNested)
	}
	if strings.HasPrefix(rest, "[") && strings.Contains(rest, "]:") {
		b.defined++
	}
	if strings.Trim(rest, "|:- \t\r\n") == "" && strings.Contains(rest, "-") {
		b.columns = max(b.columns, 1+strings.Count(rest, "|"))
	}
	b.cells += b.columns
	for i := range len(rest) {
		switch rest[i] {
		case '[':
			b.brackets++
			b.open++
		case ']':
			b.open = max(0, b.open-1)
		case '<':
			b.brackets++
		case '*', '_', '~':
			b.marks++
		}
	}
	switch {
	case b.open > mostNested:
		return fmt.Sprintf("Brackets are nested over %d deep.", mostNested)
	case b.brackets > mostBrackets:
		return fmt.Sprintf("A paragraph has over %d links.", mostBrackets)
	case b.marks > mostMarks:
		return fmt.Sprintf("A paragraph has over %d marks of emphasis.", mostMarks)
	case b.cells > mostTableCells:
		return fmt.Sprintf("The tables have over %d cells.", mostTableCells)
	case b.defined > mostDefined:
		return fmt.Sprintf("Over %d links are defined.", mostDefined)
	}
	return ""
}

// interrupts reports whether a paragraph ends before a line, whatever is around it: it
// is empty, a heading or the first line of an item with content. What is indented may
// belong to the paragraph still, and so may a number that is not 1.
func interrupts(line string) bool {
	rest := strings.TrimLeft(line, " ")
	if strings.TrimSpace(rest) == "" {
		return true
	}
	if len(line)-len(rest) > 3 {
		return false
	}
	mark, text, _ := strings.Cut(rest, " ")
	switch mark {
	case "-", "*", "+", "#", "##", "###", "####", "#####", "######":
		return strings.TrimSpace(text) != ""
	}
	return false
}

// containers counts the quotes and lists that a line begins with, and gives what follows.
func containers(line string) (n int, rest string) {
	for {
		line = strings.TrimLeft(line, " \t")
		rest := strings.TrimLeft(line, "0123456789")
		numbered := len(rest) < len(line)
		switch {
		case rest == "":
			return n, line
		case !numbered && rest[0] == '>':
		case numbered && (rest[0] == '.' || rest[0] == ')'), !numbered && (rest[0] == '-' || rest[0] == '*' || rest[0] == '+'):
			if len(rest) > 1 && rest[1] != ' ' && rest[1] != '\t' && rest[1] != '\n' && rest[1] != '\r' {
				return n, line
			}
		default:
			return n, line
		}
		n, line = n+1, rest[1:]
	}
}
