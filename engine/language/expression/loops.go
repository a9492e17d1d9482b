package expression

import (
	"slices"
	"time"

	"cloudlet/engine/language/schema"
)

// test is the body as a condition.
func (l *loop) test(i int) (bool, error) {
	v, err := l.body(i)
	if err != nil {
		return false, err
	}
	return truth(v)
}

// first is the place of the first item that the body gives want for, or -1.
func (l *loop) first(want bool) (int, error) {
	for i := range l.items {
		if ok, err := l.test(i); err != nil || ok == want {
			return i, err
		}
	}
	return -1, nil
}

func (l *loop) last() (int, error) {
	for i := len(l.items) - 1; i >= 0; i-- {
		if ok, err := l.test(i); err != nil || ok {
			return i, err
		}
	}
	return -1, nil
}

func runAll(_ *Frame, l *loop) (any, error) {
	i, err := l.first(false)
	return i < 0, err
}

func runNone(_ *Frame, l *loop) (any, error) {
	i, err := l.first(true)
	return i < 0, err
}

func runAny(_ *Frame, l *loop) (any, error) {
	i, err := l.first(true)
	return i >= 0, err
}

func (l *loop) count() (int, error) {
	n := 0
	for i := range l.items {
		ok, err := l.test(i)
		if err != nil {
			return 0, err
		}
		if ok {
			n++
		}
	}
	return n, nil
}

func runOne(_ *Frame, l *loop) (any, error) {
	n, err := l.count()
	return n == 1, err
}

func runCount(_ *Frame, l *loop) (any, error) { return l.count() }

func runFilter(f *Frame, l *loop) (any, error) {
	kept := []any{}
	for i, item := range l.items {
		ok, err := l.test(i)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		if err := f.grow(2 * itemSize); err != nil {
			return nil, err
		}
		kept = append(kept, item)
	}
	return kept, nil
}

func runMap(f *Frame, l *loop) (any, error) {
	made, err := f.list(len(l.items))
	if err != nil {
		return nil, err
	}
	for i := range l.items {
		v, err := l.body(i)
		if err != nil {
			return nil, err
		}
		made = append(made, v)
	}
	return made, nil
}

// runSum adds up; the sum of nothing is the zero of the values' kind.
func runSum(f *Frame, l *loop) (any, error) {
	var sum any
	for i := range l.items {
		v, err := l.body(i)
		switch {
		case err != nil:
			return nil, err
		case v == nil:
			return nil, fail(codeNull, "a value to add up is null")
		case kindOf(v) == schema.String || kindOf(v) == schema.DateTime:
			return nil, operandf("cannot add up %s", an(kindOf(v).String()))
		case i == 0:
			if sum, err = add(f, zero(kindOf(v)), v); err != nil {
				return nil, err
			}
		default:
			if sum, err = add(f, sum, v); err != nil {
				return nil, err
			}
		}
	}
	if sum == nil {
		sum = zero(l.value.Kind)
	}
	return sum, nil
}

func zero(k schema.Kind) any {
	switch k {
	case schema.Float:
		return 0.0
	case schema.DecimalK:
		return schema.FromInt(0)
	case schema.Duration:
		return time.Duration(0)
	}
	return 0
}

func (l *loop) item(i int, err error) (any, error) {
	if i < 0 || err != nil {
		return nil, err
	}
	return l.items[i], nil
}

func atOrNull(i int, err error) (any, error) {
	if i < 0 || err != nil {
		return nil, err
	}
	return i, nil
}

func runFind(_ *Frame, l *loop) (any, error)          { return l.item(l.first(true)) }
func runFindLast(_ *Frame, l *loop) (any, error)      { return l.item(l.last()) }
func runFindIndex(_ *Frame, l *loop) (any, error)     { return atOrNull(l.first(true)) }
func runFindLastIndex(_ *Frame, l *loop) (any, error) { return atOrNull(l.last()) }

func runGroupBy(f *Frame, l *loop) (any, error) {
	b := builder{f: f}
	for i, item := range l.items {
		key, err := l.body(i)
		if err != nil {
			return nil, err
		}
		switch kindOf(key) {
		case schema.List, schema.ObjectK, schema.Bytes, schema.JSON:
			return nil, operandf("cannot group by %s", an(kindOf(key).String()))
		}
		name, err := f.text(key)
		if err == nil {
			err = f.grow(2 * itemSize)
		}
		if err != nil {
			return nil, err
		}
		if at, ok := b.index[name]; ok {
			b.values[at] = append(b.values[at].([]any), item)
		} else if err := b.set(name, []any{item}); err != nil {
			return nil, err
		}
	}
	return b.object(), nil
}

func runSortBy(f *Frame, l *loop) (any, error) {
	keys, err := runMap(f, l)
	if err != nil {
		return nil, err
	}
	return sorted(f, l.items, keys.([]any), l.more)
}

// sorted puts items in the order of their keys; equal ones stay as they were.
func sorted(f *Frame, items, keys, more []any) (any, error) {
	descending := false
	if len(more) > 0 {
		word, _ := more[0].(string)
		if descending = word == "desc"; !descending && word != "asc" {
			return nil, operandf(`the order is "asc" or "desc"`)
		}
	}
	if err := f.grow(2 * len(items) * itemSize); err != nil {
		return nil, err
	}
	places := make([]int, len(items))
	for i := range places {
		places[i] = i
		if keys[i] == nil {
			return nil, fail(codeNull, "null cannot be put in order")
		}
	}
	var wrong error
	slices.SortStableFunc(places, func(a, b int) int {
		if wrong != nil {
			return 0
		}
		if wrong = f.turn(1); wrong != nil {
			return 0
		}
		var n int
		if n, wrong = order(f, keys[a], keys[b]); descending {
			n = -n
		}
		return n
	})
	if wrong != nil {
		return nil, wrong
	}
	made := make([]any, len(items))
	for i, at := range places {
		made[i] = items[at]
	}
	return made, nil
}
