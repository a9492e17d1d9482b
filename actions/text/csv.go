package text

import (
	"fmt"
	"unicode/utf8"

	"cloudlet/engine/action"
	"cloudlet/engine/language/source"
)

// The bounds of a table.
const (
	mostRows    = 1_000_000
	mostColumns = 1000
	mostCells   = 4_000_000
	// patience is how many rows are worked on before the time is looked at.
	patience = 1000
)

var invalidSeparator = "a separator is one character, as , ; | or a tab, and none of a quotation mark, a letter, a digit and a line break"

// checkSeparator reads the character between cells.
func checkSeparator(l action.Load, text string) rune {
	r, size := utf8.DecodeRuneInString(text)
	if size != len(text) || r == utf8.RuneError || r == '"' || r < ' ' && r != '\t' || r == 0x7f || r == '\ufeff' ||
		'0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
		l.Problem(source.Problem{Span: l.At("separator"), Code: "invalid_value", Text: invalidSeparator})
	}
	return r
}

func tooManyRows() error {
	return large(fmt.Sprintf("The table has more than %d rows, %d columns or %d cells.", mostRows, mostColumns, mostCells))
}
