package system

import (
	"fmt"

	"cloudlet/engine/action"
	"cloudlet/engine/language/source"
)

const (
	maxLimit  = 1000
	maxOffset = 1_000_000_000
)

var outOfRange = action.Outcome{Status: 400, Code: "out_of_range", When: "limit or offset is out of its range"}

// within is a number that has to be in a range.
func within(c *action.Call, e *action.Expr[int], name string, least, most int) (int, error) {
	n, err := e.Value(c)
	if err == nil && (n < least || n > most) {
		err = action.Fail(outOfRange.Status, outOfRange.Code, fmt.Sprintf("%s is from %d to %d.", name, least, most))
	}
	return n, err
}

// checkRange reports a number in the file that is out of its range.
func checkRange(l action.Load, e *action.Expr[int], name string, least, most int) {
	if n, known := e.Constant(); known && (n < least || n > most) {
		l.Problem(source.Problem{Span: l.At(name), Code: outOfRange.Code, Text: fmt.Sprintf("%s is from %d to %d", name, least, most)})
	}
}
