package action

import (
	"fmt"

	"cloudlet/engine/language/source"
)

// Range is what a whole number may be.
type Range struct {
	Name        string // of the input
	Least, Most int
}

// The ranges of actions that list something.
var (
	Limit  = Range{"limit", 1, 1000}
	Offset = Range{"offset", 0, 1_000_000_000}
)

// OutOfRange is what a step fails with whose number is not in its Range.
var OutOfRange = Outcome{Status: 400, Code: "out_of_range", When: "a number is out of its range"}

// Check reports a number in the file that is not in the range.
func (r Range) Check(l Load, e *Expr[int]) {
	if n, known := e.Constant(); known && (n < r.Least || n > r.Most) {
		l.Problem(source.Problem{Span: l.At(r.Name), Code: OutOfRange.Code, Text: fmt.Sprintf("%s is from %d to %d", r.Name, r.Least, r.Most)})
	}
}

// Value evaluates the input; a number that is not in the range fails as OutOfRange.
func (r Range) Value(c *Call, e *Expr[int]) (int, error) {
	n, err := e.Value(c)
	if err == nil && (n < r.Least || n > r.Most) {
		err = Fail(OutOfRange.Status, OutOfRange.Code, fmt.Sprintf("%s is from %d to %d.", r.Name, r.Least, r.Most))
	}
	return n, err
}
