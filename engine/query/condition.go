package query

import (
	"slices"
	"strings"
	"time"

	"cloudlet/engine/database"
	"cloudlet/engine/language/schema"
)

// Operator is how a column is held against a value.
type Operator string

// The operators. Equal is what a value alone means.
const (
	Equal        Operator = ""
	Greater      Operator = "gt"
	GreaterEqual Operator = "gte"
	Less         Operator = "lt"
	LessEqual    Operator = "lte"
	NotEqual     Operator = "ne"
	In           Operator = "in"
	Like         Operator = "like"
	// Contains is Like with a text that has no wildcards, anywhere in the column.
	Contains Operator = "contains"
	Null     Operator = "null"
)

// Operators are the names that a map of operators may have.
func Operators() []string {
	return []string{string(Greater), string(GreaterEqual), string(Less), string(LessEqual), string(NotEqual), string(In), string(Like), string(Contains), string(Null)}
}

// Condition holds one column against one value. It has one parameter.
type Condition struct {
	Column   *database.TableColumn
	Operator Operator
	// Present says that the value is never null, so that Equal can be =.
	Present bool
}

// Misfit says why the operator makes no sense for the column, or "".
func (c Condition) Misfit() string {
	kind := c.Column.Type.Kind
	switch {
	case c.Operator == Null:
	case !c.Column.Order:
		return "is JSON, and can only be held against null"
	case c.Matches() && kind != schema.String && kind != schema.JSON:
		return "is no text, and has no " + string(c.Operator)
	case c.Operator == In && kind == schema.Bytes:
		return "is binary, and has no in"
	}
	return ""
}

// Wants is the type of the value.
func (c Condition) Wants() *schema.Type {
	t := c.Column.Type
	switch c.Operator {
	case Equal, NotEqual:
		return t.OrNull()
	case In:
		if t.Kind == schema.JSON {
			return schema.ListOf(schema.AnyType)
		}
		return schema.ListOf(t.NotNull())
	case Like, Contains:
		return schema.StringType
	case Null:
		return schema.BoolType
	}
	if t.Kind == schema.JSON {
		return t
	}
	return t.NotNull()
}

// sql is how each operator is written between the column and its parameter.
var sql = map[Operator]string{
	Equal: " IS ?", NotEqual: " IS NOT ?", Greater: " > ?", GreaterEqual: " >= ?", Less: " < ?", LessEqual: " <= ?",
	In: " IN (SELECT value FROM json_each(?))", Like: ` LIKE ? ESCAPE '\'`, Contains: ` LIKE ? ESCAPE '\'`,
}

// Matches reports whether the value is a pattern, or becomes one: Refused may refuse it.
func (c Condition) Matches() bool { return c.Operator == Like || c.Operator == Contains }

// unescaped are what a pattern reads as something else, each as a text.
var unescaped = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// Refused says why a value that fits the column would take too long to look for, to be read
// behind its name, or "".
func (c Condition) Refused(v any) string {
	if s, ok := c.Argument(v).(string); ok && c.Matches() {
		return CheckPattern(s)
	}
	return ""
}

func (t *text) condition(c Condition) {
	switch {
	case c.Operator == Null:
		t.WriteByte('(')
		t.column(c.Column.Name)
		t.WriteString(" IS NULL) = ?")
	case c.Operator == Equal && c.Present:
		t.column(c.Column.Name)
		t.WriteString(" = ?")
	default:
		t.column(c.Column.Name)
		t.WriteString(sql[c.Operator])
	}
}

// Where writes conditions that all have to hold, behind WHERE; "" without any.
func Where(t *database.Table, list []Condition) string {
	w := &text{table: t}
	for i, c := range list {
		if i == 0 {
			w.WriteString(" WHERE ")
		} else {
			w.WriteString(" AND ")
		}
		w.condition(c)
	}
	return w.String()
}

// Argument is a value of the type that the condition wants, as its parameter.
func (c Condition) Argument(v any) any {
	if text, ok := v.(string); ok && c.Operator == Contains {
		return "%" + unescaped.Replace(text) + "%"
	}
	list, ok := v.([]any)
	if c.Operator != In || !ok {
		return v
	}
	// In the JSON of a list a time has to stand as it does in the database.
	if slices.ContainsFunc(list, func(v any) bool { _, is := v.(time.Time); return is }) {
		list = slices.Clone(list)
		for i, v := range list {
			if at, is := v.(time.Time); is {
				list[i] = at.UTC().Format(time.RFC3339Nano)
			}
		}
	}
	return list
}

// Stored is a value as the column keeps it: a JSON column its text.
func Stored(c *database.TableColumn, v any) any {
	if c.Encoded && v != nil {
		return schema.Raw(schema.AppendJSON(nil, v))
	}
	return v
}

// Known reports whether the name is that of an operator.
func (o Operator) Known() bool { return o == Null || o != Equal && sql[o] != "" }
