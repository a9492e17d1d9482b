package expression

import (
	"fmt"
	"math"
	"math/bits"
	"time"

	"cloudlet/engine/language/schema"
)

// operate is an arithmetic operator on two values that are not null.
type operate func(f *Frame, a, b any) (any, error)

// operation finds what runs for an arithmetic operator.
func operation(op string) operate {
	switch op {
	case "+":
		return add
	case "-":
		return subtract
	case "*":
		return multiply
	case "/":
		return divide
	case "%":
		return remainder
	}
	return power
}

func overflow() error { return fail(codeArithmetic, "the result is too large for an int") }

func byZero() error { return fail(codeArithmetic, "division by zero") }

// finite keeps infinities and NaN out of the values.
func finite(x float64) (any, error) {
	if math.IsInf(x, 0) || math.IsNaN(x) {
		return nil, fail(codeArithmetic, "the result is not a finite number")
	}
	return x, nil
}

// mismatch words that an operator does not take two operands.
func mismatch(op, a, b string) string {
	switch op {
	case "+":
		return fmt.Sprintf("cannot add %s and %s", a, b)
	case "-":
		return fmt.Sprintf("cannot subtract %s from %s", b, a)
	case "*":
		return fmt.Sprintf("cannot multiply %s by %s", a, b)
	case "/":
		return fmt.Sprintf("cannot divide %s by %s", a, b)
	case "%":
		return fmt.Sprintf("cannot take the remainder of %s by %s", a, b)
	case "**", "^":
		return fmt.Sprintf("cannot raise %s to the power of %s", a, b)
	}
	return fmt.Sprintf("cannot compare %s with %s", a, b)
}

func unfit(op string, a, b any) error {
	return fail(codeOperand, mismatch(op, kindOf(a).String(), kindOf(b).String()))
}

// floats are both numbers as floats; ok is false where one is no int or float.
func floats(a, b any) (x, y float64, ok bool) {
	x, okX := float(a)
	y, okY := float(b)
	return x, y, okX && okY
}

func float(v any) (float64, bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// decimals are both numbers as decimals; ok is false where one is no int or decimal.
func decimals(a, b any) (x, y schema.Decimal, ok bool) {
	x, okX := exact(a)
	y, okY := exact(b)
	return x, y, okX && okY
}

func exact(v any) (schema.Decimal, bool) {
	switch v := v.(type) {
	case int:
		return schema.FromInt(v), true
	case schema.Decimal:
		return v, true
	}
	return schema.Decimal{}, false
}

func decimal(d schema.Decimal, err error) (any, error) {
	if err != nil {
		return nil, fail(codeArithmetic, "the result has too many digits for a decimal")
	}
	return d, nil
}

func addInt(a, b int) (int, bool) {
	c := a + b
	return c, (c > a) == (b > 0)
}

func subtractInt(a, b int) (int, bool) {
	c := a - b
	return c, (c < a) == (b > 0)
}

func multiplyInt(a, b int) (int, bool) {
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	if (a < 0) != (b < 0) {
		return -int(lo), hi == 0 && lo <= 1<<63
	}
	return int(lo), hi == 0 && lo <= math.MaxInt
}

func magnitude(n int) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

// checked is the result of integer arithmetic, where it did not overflow.
func checked(n int, ok bool) (any, error) {
	if !ok {
		return nil, overflow()
	}
	return n, nil
}

func checkedDuration(n int, ok bool) (any, error) {
	if !ok {
		return nil, fail(codeArithmetic, "the result is too long for a duration")
	}
	return time.Duration(n), nil
}

// calendarTime keeps to the years that RFC 3339 can write, and to its offsets in whole
// minutes, which the local times before there were zones have not.
func calendarTime(t time.Time) (any, error) {
	if _, offset := t.Zone(); offset%60 != 0 {
		t = t.UTC()
	}
	if y := t.Year(); y < 0 || y > 9999 {
		return nil, fail(codeArithmetic, "the result is not between the years 0 and 9999")
	}
	return t, nil
}

func add(f *Frame, a, b any) (any, error) {
	switch x := a.(type) {
	case int:
		if y, ok := b.(int); ok {
			return checked(addInt(x, y))
		}
	case string:
		if y, ok := b.(string); ok {
			if err := f.grow(len(x) + len(y)); err != nil {
				return nil, err
			}
			return x + y, nil
		}
	case time.Duration:
		switch y := b.(type) {
		case time.Duration:
			return checkedDuration(addInt(int(x), int(y)))
		case time.Time:
			return calendarTime(y.Add(x))
		}
	case time.Time:
		if y, ok := b.(time.Duration); ok {
			return calendarTime(x.Add(y))
		}
	}
	if x, y, ok := floats(a, b); ok {
		return finite(x + y)
	}
	if x, y, ok := decimals(a, b); ok {
		return decimal(x.Add(y))
	}
	return nil, unfit("+", a, b)
}

func subtract(_ *Frame, a, b any) (any, error) {
	switch x := a.(type) {
	case int:
		if y, ok := b.(int); ok {
			return checked(subtractInt(x, y))
		}
	case time.Duration:
		if y, ok := b.(time.Duration); ok {
			return checkedDuration(subtractInt(int(x), int(y)))
		}
	case time.Time:
		switch y := b.(type) {
		case time.Duration:
			if y == math.MinInt64 {
				return nil, fail(codeArithmetic, "the duration is too long")
			}
			return calendarTime(x.Add(-y))
		case time.Time:
			d := x.Sub(y)
			return checkedDuration(int(d), d != math.MaxInt64 && d != math.MinInt64)
		}
	}
	if x, y, ok := floats(a, b); ok {
		return finite(x - y)
	}
	if x, y, ok := decimals(a, b); ok {
		return decimal(x.Sub(y))
	}
	return nil, unfit("-", a, b)
}

func multiply(_ *Frame, a, b any) (any, error) {
	if _, ok := b.(time.Duration); ok {
		a, b = b, a
	}
	switch x := a.(type) {
	case int:
		if y, ok := b.(int); ok {
			return checked(multiplyInt(x, y))
		}
	case time.Duration:
		switch y := b.(type) {
		case int:
			return checkedDuration(multiplyInt(int(x), y))
		case float64:
			n := float64(x) * y
			return checkedDuration(int(n), math.Abs(n) < 1<<63)
		}
	}
	if x, y, ok := floats(a, b); ok {
		return finite(x * y)
	}
	if x, y, ok := decimals(a, b); ok {
		return decimal(x.Mul(y))
	}
	return nil, unfit("*", a, b)
}

// divide always gives a float, of decimals and durations too.
func divide(_ *Frame, a, b any) (any, error) {
	x, y, ok := floats(a, b)
	if !ok {
		if d, isDuration := a.(time.Duration); isDuration {
			var by time.Duration
			by, ok = b.(time.Duration)
			x, y = float64(d), float64(by)
		} else {
			var n, by schema.Decimal
			n, by, ok = decimals(a, b)
			x, y = n.Float(), by.Float()
		}
	}
	switch {
	case !ok:
		return nil, unfit("/", a, b)
	case y == 0:
		return nil, byZero()
	}
	return finite(x / y)
}

func remainder(_ *Frame, a, b any) (any, error) {
	x, okX := a.(int)
	y, okY := b.(int)
	switch {
	case !okX || !okY:
		return nil, unfit("%", a, b)
	case y == 0:
		return nil, byZero()
	}
	return x % y, nil
}

func power(_ *Frame, a, b any) (any, error) {
	x, y, ok := floats(a, b)
	if !ok {
		return nil, unfit("**", a, b)
	}
	return finite(math.Pow(x, y))
}

// negate is unary minus.
func negate(v any) (any, error) {
	switch v := v.(type) {
	case int:
		return checked(subtractInt(0, v))
	case float64:
		return -v, nil
	case schema.Decimal:
		return v.Neg(), nil
	case time.Duration:
		return checkedDuration(subtractInt(0, int(v)))
	}
	return nil, operandf("cannot negate %s", an(kindOf(v).String()))
}
