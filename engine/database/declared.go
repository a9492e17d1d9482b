package database

import (
	"fmt"
	"strings"

	"cloudlet/engine/language/schema"
)

// declared is the column that a declared type makes, nullable (language.md,
// section 6). What is not named there follows SQLite's rules of affinity,
// https://www.sqlite.org/datatype3.html#determination_of_column_affinity, except
// that a type that says nothing gives json.
func declared(name, declaration string) Column {
	c := Column{Name: name, Type: schema.AnyType}
	base, _, _ := strings.Cut(strings.ToUpper(declaration), "(")
	switch base = strings.TrimSpace(base); {
	case base == "JSON":
		c.Encoded = true
	case base == "BOOLEAN" || base == "BOOL":
		c.Type = schema.BoolType.OrNull()
	case base == "DATE":
		c.Type = &schema.Type{Kind: schema.Date, Nullable: true}
	case base == "DATETIME" || base == "TIMESTAMP":
		c.Type = schema.DateTimeType.OrNull()
	case base == "NUMERIC" || base == "DECIMAL":
		c.Type = schema.DecimalType.OrNull()
	case strings.Contains(base, "INT"):
		c.Type = schema.IntType.OrNull()
	case strings.Contains(base, "CHAR") || strings.Contains(base, "CLOB") || strings.Contains(base, "TEXT"):
		c.Type = schema.StringType.OrNull()
	case strings.Contains(base, "BLOB"):
		c.Type = &schema.Type{Kind: schema.Bytes, Nullable: true}
	case strings.Contains(base, "REAL") || strings.Contains(base, "FLOA") || strings.Contains(base, "DOUB"):
		c.Type = schema.FloatType.OrNull()
	}
	return c
}

func (st *statementText) has(word string) bool {
	for _, t := range st.code {
		if is(st.sql, t, word) {
			return true
		}
	}
	return false
}

// doubts says what a statement's text leaves unsure about its plain columns.
// SQLite names a column's origin through subqueries, where the origin's
// declaration need not hold: mixed, where a UNION puts other values below the
// first select's; absent, where a row may be missing, in a right or full join or a
// scalar subquery. Both are true too often rather than too seldom. What a left join
// leaves unsure says leftJoined.
func (st *statementText) doubts() (mixed, absent bool) {
	var opened []int // the tokens "(" that are open
	for i, t := range st.code {
		switch {
		case is(st.sql, t, "("):
			opened = append(opened, i)
			if i+1 < len(st.code) && isAny(st.sql, st.code[i+1], "select", "with", "values") && !st.rowsAt(i) && !st.filterAt(i) {
				absent = true
			}
		case is(st.sql, t, ")") && len(opened) > 0:
			opened = opened[:len(opened)-1]
		case isAny(st.sql, t, "right", "full"):
			absent = true
		case isAny(st.sql, t, "union", "intersect", "except"):
			mixed = mixed || st.feedsRows(opened)
		}
	}
	return mixed, absent
}

// feedsRows reports whether what stands inside these parentheses may become the statement's rows.
func (st *statementText) feedsRows(opened []int) bool {
	for i := len(opened) - 1; i >= 0; i-- {
		if st.filterAt(opened[i]) {
			return false
		}
	}
	return true
}

// rowsAt reports whether the subquery that opens at a token is a source of rows.
func (st *statementText) rowsAt(open int) bool {
	return open > 0 && isAny(st.sql, st.code[open-1], "from", "join", "as", "materialized")
}

// filterAt reports whether the subquery that opens at a token only decides which rows there are.
func (st *statementText) filterAt(open int) bool {
	return open > 0 && isAny(st.sql, st.code[open-1], "in", "exists")
}

func (st *statementText) duplicate(column string) *SQLError {
	e := &SQLError{To: len(st.sql), Code: "duplicate_column", Text: fmt.Sprintf("two columns of the result are called %q", column),
		Hint: "name one of them with AS"}
	found := 0
	for _, t := range st.code {
		if strings.EqualFold(name(st.sql, t), column) {
			if found++; found == 2 {
				e.From, e.To = t.From, t.To
			}
		}
		if is(st.sql, t, "from") {
			break
		}
	}
	return e
}
