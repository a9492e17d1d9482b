package database

import "strings"

// leftJoined are the tables, in lower case, that stand behind LEFT JOIN: their rows
// may be absent, those of the others may not. sure is false where the text does not
// tell it, as behind a parenthesis or beside WITH, whose names may hide tables.
func (st *statementText) leftJoined(tables map[string]*table) (names map[string]bool, sure bool) {
	names = map[string]bool{}
	for i := 0; i < len(st.code); i++ {
		if !is(st.sql, st.code[i], "left") {
			continue
		}
		if i+1 < len(st.code) && is(st.sql, st.code[i+1], "outer") {
			i++
		}
		if i += 2; i >= len(st.code) || !is(st.sql, st.code[i-1], "join") {
			return nil, false
		}
		if i+2 < len(st.code) && is(st.sql, st.code[i+1], ".") {
			i += 2 // behind the schema
		}
		joined := strings.ToLower(name(st.sql, st.code[i]))
		if tables[joined] == nil || st.has("with") {
			return nil, false
		}
		names[joined] = true
	}
	return names, true
}
