package expression

import (
	"cmp"
	"strings"
	"time"

	"cloudlet/engine/language/schema"
)

// order compares two values as < does: numbers, texts, datetimes and durations.
func order(f *Frame, a, b any) (int, error) {
	if a == nil || b == nil {
		return 0, fail(codeNull, "null cannot be put in order")
	}
	switch x := a.(type) {
	case int:
		if y, ok := b.(int); ok {
			return cmp.Compare(x, y), nil
		}
	case string:
		if y, ok := b.(string); ok {
			if err := f.scan(min(len(x), len(y))); err != nil {
				return 0, err
			}
			return strings.Compare(x, y), nil
		}
	case time.Time:
		if y, ok := b.(time.Time); ok {
			return x.Compare(y), nil
		}
	case time.Duration:
		if y, ok := b.(time.Duration); ok {
			return cmp.Compare(x, y), nil
		}
	}
	if x, y, ok := floats(a, b); ok {
		switch { // exact where a float64 would round the int
		case schema.Equal(a, b):
			return 0, nil
		case x == y:
			return compareNear(a, b), nil
		}
		return cmp.Compare(x, y), nil
	}
	if x, y, ok := decimals(a, b); ok {
		return x.Compare(y), nil
	}
	return 0, unfit("<", a, b)
}

// compareNear orders an int and a float that are the same only as floats.
func compareNear(a, b any) int {
	if n, ok := a.(int); ok {
		y, _ := b.(float64)
		if y >= 1<<63 {
			return -1
		}
		return cmp.Compare(n, int(y))
	}
	return -compareNear(b, a)
}

// equal is ==, with turns for what takes long to look through.
func equal(f *Frame, a, b any) (bool, error) {
	switch x := a.(type) {
	case nil:
		return b == nil, nil
	case int:
		if y, ok := b.(int); ok {
			return x == y, nil
		}
	case bool:
		y, ok := b.(bool)
		return ok && x == y, nil
	case string:
		y, ok := b.(string)
		if !ok || len(x) != len(y) {
			return false, nil
		}
		if err := f.scan(len(x)); err != nil {
			return false, err
		}
		return x == y, nil
	case []any, *schema.Object, []byte:
		if kindOf(a) != kindOf(b) {
			return false, nil
		}
		if err := f.survey(a); err != nil {
			return false, err
		}
	}
	return schema.Equal(a, b), nil
}

// survey counts a turn for each part of a value.
func (f *Frame) survey(v any) error {
	switch v := v.(type) {
	case string:
		return f.turn(1 + len(v)/bytesTurn)
	case []byte:
		return f.turn(1 + len(v)/bytesTurn)
	case []any:
		for _, item := range v {
			if err := f.survey(item); err != nil {
				return err
			}
		}
	case *schema.Object:
		for _, value := range v.All() {
			if err := f.survey(value); err != nil {
				return err
			}
		}
	}
	return f.turn(1)
}

// contains is in: an item of a list, or the name of a field. Nothing is in null.
func contains(f *Frame, what, within any) (bool, error) {
	switch within := within.(type) {
	case nil:
		return false, nil
	case []any:
		if err := f.turn(len(within)); err != nil {
			return false, err
		}
		for _, item := range within {
			if same, err := equal(f, item, what); same || err != nil {
				return same, err
			}
		}
		return false, nil
	case *schema.Object:
		name, ok := what.(string)
		if !ok && what != nil {
			return false, operandf("the name of a field is a string, not %s", an(kindOf(what).String()))
		}
		if _, found := within.Lookup(name); found && ok {
			return true, nil
		}
		return false, nil
	}
	return false, operandf(`"in" needs a list or an object, not %s`, an(kindOf(within).String()))
}
