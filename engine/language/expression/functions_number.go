package expression

import (
	"math"
	"slices"

	"cloudlet/engine/language/schema"
)

var (
	intOrFloat    = []schema.Kind{schema.Int, schema.Float}
	numberOrList  = []schema.Kind{schema.Int, schema.Float, schema.DecimalK, schema.List}
	orderedOrList = []schema.Kind{schema.Int, schema.Float, schema.DecimalK, schema.String, schema.DateTime, schema.Duration, schema.List}
)

var numberFunctions = []function{
	{"abs", "The number without its sign.",
		[]parameter{{"number", append(slices.Clip(number), schema.Duration), once}}, sameKind, runAbs, 0},
	{"ceil", "The least whole number that is not less, as a float.",
		[]parameter{{"number", intOrFloat, once}}, gives(schema.FloatType), rounded(math.Ceil), 0},
	{"floor", "The greatest whole number that is not greater, as a float.",
		[]parameter{{"number", intOrFloat, once}}, gives(schema.FloatType), rounded(math.Floor), 0},
	{"round", "The nearest whole number, halves away from zero, as a float.",
		[]parameter{{"number", intOrFloat, once}}, gives(schema.FloatType), rounded(math.Round), 0},
	{"toFixed", "The number as text with so many digits behind the point, 0 to 20; halves are rounded away from zero.",
		[]parameter{{"number", number, once}, {"digits", whole, once}}, gives(schema.StringType), runFixed, 0},
	{"max", "The greatest of the values and of what the lists among them hold; null of nothing.",
		[]parameter{{"value", orderedOrList, many}}, extreme, runMax, 0},
	{"min", "The least of the values and of what the lists among them hold; null of nothing.",
		[]parameter{{"value", orderedOrList, many}}, extreme, runMin, 0},
	{"mean", "The mean of the numbers and of what the lists among them hold; 0 of nothing.",
		[]parameter{{"number", numberOrList, many}}, gives(schema.FloatType), runMean, 0},
	{"median", "The median of the numbers and of what the lists among them hold; 0 of nothing.",
		[]parameter{{"number", numberOrList, many}}, gives(schema.FloatType), runMedian, 0},
}

var bitFunctions = []function{
	{"bitand", "The bits that both ints have.", twoInts, gives(schema.IntType), bits2(func(x, y int) int { return x & y }), 0},
	{"bitor", "The bits that one of the ints has.", twoInts, gives(schema.IntType), bits2(func(x, y int) int { return x | y }), 0},
	{"bitxor", "The bits that only one of the ints has.", twoInts, gives(schema.IntType), bits2(func(x, y int) int { return x ^ y }), 0},
	{"bitnand", "The bits of the first int that the second has not.", twoInts, gives(schema.IntType), bits2(func(x, y int) int { return x &^ y }), 0},
	{"bitshl", "The bits of the first int moved left.", twoInts, gives(schema.IntType), shift(func(x int, y uint) int { return x << y }), 0},
	{"bitshr", "The bits of the first int moved right, with its sign.", twoInts, gives(schema.IntType), shift(func(x int, y uint) int { return x >> y }), 0},
	{"bitushr", "The bits of the first int moved right, zeros from the left.", twoInts, gives(schema.IntType), shift(func(x int, y uint) int { return int(uint(x) >> y) }), 0},
	{"bitnot", "The bits that the int has not.", []parameter{{"a", whole, once}}, gives(schema.IntType), func(_ *Frame, a []any) (any, error) { return ^a[0].(int), nil }, 0},
}

var twoInts = []parameter{{"a", whole, once}, {"b", whole, once}}

func bits2(op func(x, y int) int) func(*Frame, []any) (any, error) {
	return func(_ *Frame, a []any) (any, error) { return op(a[0].(int), a[1].(int)), nil }
}

func shift(op func(x int, y uint) int) func(*Frame, []any) (any, error) {
	return func(_ *Frame, a []any) (any, error) {
		by := a[1].(int)
		if by < 0 {
			return nil, operandf("the shift is negative")
		}
		return op(a[0].(int), uint(by)), nil
	}
}

// sameKind is the result of a function that keeps the kind of its argument.
func sameKind(args []*schema.Type) *schema.Type { return bare(args[0]) }

// extreme is the type that all values share; it is null where every list is empty.
func extreme(args []*schema.Type) *schema.Type {
	var t *schema.Type
	null := true
	for _, a := range args {
		if a.Kind == schema.List {
			a = elem(a)
		} else if a.Kind != schema.JSON {
			null = false
		}
		if a.Kind == schema.List { // lists may be nested
			a = schema.AnyType
		}
		t = joinMaybe(t, a)
	}
	t = bare(t)
	t.Nullable = null
	return t
}

func runAbs(_ *Frame, a []any) (any, error) {
	if n, err := order(nil, a[0], zero(kindOf(a[0]))); n >= 0 || err != nil {
		return a[0], err
	}
	return negate(a[0])
}

func rounded(round func(float64) float64) func(*Frame, []any) (any, error) {
	return func(_ *Frame, a []any) (any, error) {
		x, _ := float(a[0])
		return round(x), nil
	}
}

// mostPlaces is how many digits toFixed writes behind the point.
const mostPlaces = 20

func runFixed(f *Frame, a []any) (any, error) {
	places := a[1].(int)
	if places < 0 || places > mostPlaces {
		return nil, operandf("the digits are not 0 to %d", mostPlaces)
	}
	v, err := runDecimal(f, a[:1])
	if err != nil {
		return nil, err
	}
	text := v.(schema.Decimal).Fixed(places)
	return text, f.grow(len(text))
}

// each calls visit for every value and everything that the lists among them hold.
func each(f *Frame, values []any, visit func(v any) error) error {
	for _, v := range values {
		if err := f.turn(1); err != nil {
			return err
		}
		var err error
		switch v := v.(type) {
		case nil:
			err = fail(codeNull, "a value is null")
		case []any:
			err = each(f, v, visit)
		default:
			err = visit(v)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func runMax(f *Frame, a []any) (any, error) { return outermost(f, a, 1) }
func runMin(f *Frame, a []any) (any, error) { return outermost(f, a, -1) }

func outermost(f *Frame, values []any, sign int) (any, error) {
	var most any
	err := each(f, values, func(v any) error {
		if most == nil {
			most = v
			_, err := order(f, v, v)
			return err
		}
		n, err := order(f, v, most)
		if n*sign > 0 {
			most = v
		}
		return err
	})
	return most, err
}

func numbers(f *Frame, a []any) ([]float64, error) {
	var list []float64
	err := each(f, a, func(v any) error {
		x, ok := float(v)
		if d, isDecimal := v.(schema.Decimal); isDecimal {
			x, ok = d.Float(), true
		}
		if !ok {
			return operandf("%s is no number", an(kindOf(v).String()))
		}
		list = append(list, x)
		return f.grow(8)
	})
	return list, err
}

func runMean(f *Frame, a []any) (any, error) {
	list, err := numbers(f, a)
	if err != nil || len(list) == 0 {
		return 0.0, err
	}
	sum := 0.0
	for _, x := range list {
		sum += x
	}
	return finite(sum / float64(len(list)))
}

func runMedian(f *Frame, a []any) (any, error) {
	list, err := numbers(f, a)
	if err != nil || len(list) == 0 {
		return 0.0, err
	}
	slices.Sort(list)
	n := len(list)
	if n%2 == 1 {
		return list[n/2], nil
	}
	return finite((list[n/2-1] + list[n/2]) / 2)
}
