package query

import (
	"fmt"
	"unicode"

	"cloudlet/engine/database"
)

// mostOverlaps is how many beginnings of a pattern may fit at one place of a text. SQLite looks at
// a text anew from each of its characters, as far as the pattern fits: of a thousand a and a b, in
// a text of a alone, that is a thousand times its length, for each row.
const mostOverlaps = 16

// CheckPattern says why a pattern of like takes too long to look for, to be read behind its name,
// or "".
func CheckPattern(pattern string) string {
	if len(pattern) > database.LongestPattern {
		return fmt.Sprintf("must have at most %d bytes", database.LongestPattern)
	}
	for i, piece := range pieces(pattern) {
		if i > 0 && overlaps(piece) > mostOverlaps { // the first stands at one place
			return fmt.Sprintf("must not repeat itself more than %d times behind a %%", mostOverlaps)
		}
	}
	return ""
}

// anyOne is the wildcard _ of a piece.
const anyOne = -1

// pieces are what stands between the wildcards % of a pattern, in lower case as SQLite compares it.
func pieces(pattern string) [][]rune {
	list := [][]rune{nil}
	escaped := false
	for _, r := range pattern {
		last := len(list) - 1
		switch {
		case escaped || r != '%' && r != '_' && r != '\\':
			if escaped = false; r <= unicode.MaxASCII {
				r = unicode.ToLower(r)
			}
			list[last] = append(list[last], r)
		case r == '\\':
			escaped = true
		case r == '%':
			list = append(list, nil)
		case last == 0 || len(list[last]) > 0: // behind a % it only passes over a character
			list[last] = append(list[last], anyOne)
		}
	}
	return list
}

// overlaps is how many beginnings of a piece may be fitting at once, besides the first.
func overlaps(piece []rune) int {
	begin := make([]int, len(piece)+1) // how many more of them fit at a place than at the one before
	for at := 1; at < len(piece); at++ {
		n := 0
		for at+n < len(piece) && (piece[n] == piece[at+n] || piece[n] == anyOne || piece[at+n] == anyOne) {
			n++
		}
		begin[at]++
		begin[at+n]--
	}
	most, now := 0, 0
	for _, more := range begin {
		now += more
		most = max(most, now)
	}
	return most
}
