package expression

import (
	"cloudlet/engine/language/schema"
)

// join is the type of "a or b". Whatever schema.Join forgets of the parts, the class
// stays at least the highest of both.
func join(a, b *schema.Type) *schema.Type {
	t := schema.Join(a, b).WithClass(max(a.Class, b.Class))
	if most := max(a.Highest(), b.Highest()); t.Highest() < most {
		t = t.WithClass(most)
	}
	return t
}

// joinMaybe is join where the first may be missing; the result of nothing is nil,
// which a list takes as: anything.
func joinMaybe(a, b *schema.Type) *schema.Type {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return join(a, b)
}

// elem is the type of a list's items with the class that they have by being in it.
func elem(list *schema.Type) *schema.Type {
	if list.Kind == schema.List && list.Elem != nil {
		return list.Elem.WithClass(list.Class)
	}
	return schema.AnyType.WithClass(list.Class)
}

// couldBe reports whether a value of the type may be of one of these kinds. Every
// text counts as String, too, an upload as an object.
func couldBe(t *schema.Type, kinds ...schema.Kind) bool {
	k := plain(t.Kind)
	if k == schema.JSON {
		return true
	}
	for _, want := range kinds {
		if k == want || t.Kind == want {
			return true
		}
	}
	return false
}

// plain is the kind that a value of a kind has at run time.
func plain(k schema.Kind) schema.Kind {
	switch {
	case k.Textual():
		return schema.String
	case k == schema.File:
		return schema.ObjectK
	}
	return k
}

// family groups the kinds that may be compared with each other.
func family(k schema.Kind) schema.Kind {
	switch k = plain(k); k {
	case schema.Float, schema.DecimalK:
		return schema.Int
	}
	return k
}

// equatable reports whether == may be asked of two kinds at all.
func equatable(a, b schema.Kind) bool {
	switch {
	case a == schema.JSON, b == schema.JSON, a == schema.Null, b == schema.Null:
		return true
	case a == schema.Float && b == schema.DecimalK, a == schema.DecimalK && b == schema.Float:
		return false
	}
	return family(a) == family(b)
}

// ordered reports whether < may be asked of two kinds.
func ordered(a, b schema.Kind) bool {
	if a == schema.Null || b == schema.Null || !equatable(a, b) {
		return false
	}
	for _, k := range []schema.Kind{a, b} {
		switch family(k) {
		case schema.Int, schema.String, schema.DateTime, schema.Duration, schema.JSON:
		default:
			return false
		}
	}
	return true
}

// arithmetic is the kind that an operator makes of two kinds; both are plain.
func arithmetic(op string, a, b schema.Kind) (schema.Kind, bool) {
	number := family(a) == schema.Int && family(b) == schema.Int
	exact := a == schema.DecimalK || b == schema.DecimalK
	broken := exact && (a == schema.Float || b == schema.Float)
	switch op {
	case "+", "-", "*":
		if number && !broken {
			return widest(a, b), true
		}
		return calendar(op, a, b)
	case "/":
		if a == schema.Duration && b == schema.Duration {
			return schema.Float, true
		}
		return schema.Float, number && !broken
	case "%":
		return schema.Int, a == schema.Int && b == schema.Int
	}
	return schema.Float, number && !exact // ** and ^
}

func widest(a, b schema.Kind) schema.Kind {
	for _, k := range []schema.Kind{schema.DecimalK, schema.Float} {
		if a == k || b == k {
			return k
		}
	}
	return schema.Int
}

// calendar is arithmetic beyond numbers: joining texts, and reckoning with times.
func calendar(op string, a, b schema.Kind) (schema.Kind, bool) {
	type sum struct {
		op   string
		a, b schema.Kind
	}
	switch (sum{op, a, b}) {
	case sum{"+", schema.String, schema.String}:
		return schema.String, true
	case sum{"+", schema.Duration, schema.Duration}, sum{"-", schema.Duration, schema.Duration},
		sum{"-", schema.DateTime, schema.DateTime},
		sum{"*", schema.Duration, schema.Int}, sum{"*", schema.Int, schema.Duration},
		sum{"*", schema.Duration, schema.Float}, sum{"*", schema.Float, schema.Duration}:
		return schema.Duration, true
	case sum{"+", schema.DateTime, schema.Duration}, sum{"+", schema.Duration, schema.DateTime},
		sum{"-", schema.DateTime, schema.Duration}:
		return schema.DateTime, true
	}
	return 0, false
}

// arithmeticType is the type that an operator makes of two types, where json may be
// anything that fits; ok is false where nothing does.
func arithmeticType(op string, a, b *schema.Type) (t *schema.Type, ok bool) {
	for _, x := range possible(a) {
		for _, y := range possible(b) {
			k, fits := arithmetic(op, x, y)
			switch {
			case !fits:
			case t == nil:
				t = &schema.Type{Kind: k}
			case t.Kind != k:
				t = &schema.Type{Kind: schema.JSON}
			}
		}
	}
	if t == nil {
		return nil, false
	}
	return t.WithClass(max(a.Highest(), b.Highest())), true
}

func possible(t *schema.Type) []schema.Kind {
	if k := plain(t.Kind); k != schema.JSON {
		return []schema.Kind{k}
	}
	return []schema.Kind{schema.Int, schema.Float, schema.DecimalK, schema.String, schema.DateTime, schema.Duration}
}
