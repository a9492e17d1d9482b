package database

// TermOf tells whether the placeholder at an index is a whole term of ORDER BY or GROUP BY,
// but for parentheses, COLLATE and the direction: it gives "ORDER BY", "GROUP BY" or
// "". A value that is bound there is the same for every row, be it the name or the
// number of a column, see https://www.sqlite.org/lang_select.html#orderby.
func TermOf(text string, tokens []Token, index int) string {
	code := significant(tokens)
	at := TokenAt(code, tokens[index].From)
	if at < 0 || code[at].Kind != Placeholder {
		return ""
	}
	from, to := at, at
	for from > 0 && to+1 < len(code) && is(text, code[from-1], "(") && is(text, code[to+1], ")") {
		from, to = from-1, to+1
	}
	if to+1 < len(code) && !isAny(text, code[to+1], ",", ")", ";", "asc", "desc", "collate", "nulls", "limit", "having", "order", "window", "rows", "range", "groups", "union", "except", "intersect", "returning") {
		return ""
	}
	return clauseOf(text, code[:from])
}

// clauseOf is the ORDER BY or GROUP BY that a term belongs to which stands behind some
// code, "" where it is a term of something else.
func clauseOf(text string, code []Token) string {
	if n := len(code); n == 0 || !isAny(text, code[n-1], ",", "by") {
		return ""
	}
	depth := 0
	for i := len(code) - 1; i > 0; i-- {
		switch t := code[i]; {
		case is(text, t, ")"):
			depth++
		case is(text, t, "("):
			if depth--; depth < 0 {
				return ""
			}
		case depth > 0:
		case is(text, t, "by") && is(text, code[i-1], "order"):
			return "ORDER BY"
		case is(text, t, "by") && is(text, code[i-1], "group"):
			return "GROUP BY"
		case isAny(text, t, "by", "limit", "offset", "having", "where", "from", "select", "set", "values", "returning", "on", "window"):
			return ""
		}
	}
	return ""
}
