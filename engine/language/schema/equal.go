package schema

import (
	"bytes"
	"cmp"
	"math"
	"strings"
	"time"
)

// Equal reports whether two values are the same: numbers by what they count,
// whatever their kind, times by their instant, objects by their fields in any
// order, everything else by kind and content.
func Equal(a, b any) bool {
	switch x := a.(type) {
	case nil:
		return b == nil
	case bool:
		y, ok := b.(bool)
		return ok && x == y
	case []byte:
		y, ok := b.([]byte)
		return ok && bytes.Equal(x, y)
	case Raw:
		y, ok := b.(Raw)
		return ok && bytes.Equal(x, y)
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !Equal(x[i], y[i]) {
				return false
			}
		}
		return true
	case *Object:
		y, ok := b.(*Object)
		return ok && equalObjects(x, y)
	}
	c, ok := compare(a, b)
	return ok && c == 0
}

func equalObjects(x, y *Object) bool {
	if x == y {
		return true
	}
	if x.Len() != y.Len() {
		return false
	}
	for i := range x.Len() {
		name, v := x.At(i)
		if o, ok := y.Near(name, i); !ok || !Equal(v, o) {
			return false
		}
	}
	return true
}

// compare orders two values of one ordered kind, numbers whatever their kinds;
// ok is false where there is no order.
func compare(a, b any) (order int, ok bool) {
	switch x := a.(type) {
	case int:
		switch y := b.(type) {
		case int:
			return cmp.Compare(x, y), true
		case float64:
			return compareIntFloat(x, y), true
		case Decimal:
			return FromInt(x).Compare(y), true
		}
	case float64:
		switch y := b.(type) {
		case int:
			return -compareIntFloat(y, x), true
		case float64:
			return cmp.Compare(x, y), true
		case Decimal:
			return -compareDecimalFloat(y, x), true
		}
	case Decimal:
		switch y := b.(type) {
		case int:
			return x.Compare(FromInt(y)), true
		case float64:
			return compareDecimalFloat(x, y), true
		case Decimal:
			return x.Compare(y), true
		}
	case string:
		y, ok := b.(string)
		return strings.Compare(x, y), ok
	case time.Time:
		y, ok := b.(time.Time)
		return x.Compare(y), ok
	case time.Duration:
		y, ok := b.(time.Duration)
		return cmp.Compare(x, y), ok
	}
	return 0, false
}

// compareIntFloat is exact where float64(i) would round.
func compareIntFloat(i int, f float64) int {
	switch {
	case f >= 1<<63:
		return -1
	case f < -1<<63:
		return 1
	}
	whole := math.Trunc(f)
	if c := cmp.Compare(i, int(whole)); c != 0 {
		return c
	}
	return cmp.Compare(whole, f)
}

// compareDecimalFloat takes a float for the number that its shortest text says, so
// that 0.1 is 0.1 in both kinds.
func compareDecimalFloat(d Decimal, f float64) int {
	if y, err := fromFloat(f); err == nil {
		return d.Compare(y)
	}
	return cmp.Compare(d.Float(), f) // too far out or too small to be a decimal
}
