package expression

import (
	"unicode/utf8"

	"cloudlet/engine/language/schema"
)

var listFunctions = []function{
	{"len", "How many characters, items, fields or bytes the value has.",
		[]parameter{{"value", []schema.Kind{schema.String, schema.List, schema.ObjectK, schema.Bytes}, once}}, lenType, runLen, parts},
	{"first", "The first item, or null.",
		[]parameter{{"list", lists, once}}, itemType, runFirst, parts},
	{"last", "The last item, or null.",
		[]parameter{{"list", lists, once}}, itemType, runLast, parts},
	{"get", "The item, the character or the field, or null where there is none.",
		[]parameter{{"value", []schema.Kind{schema.List, schema.ObjectK, schema.String}, once}, {"key", []schema.Kind{schema.Int, schema.String}, once}}, gotType, runGet, parts},
	{"take", "The first count items.",
		[]parameter{{"list", lists, once}, {"count", whole, once}}, sameList, runTake, parts},
	{"keys", "The names of the fields, in order.",
		[]parameter{{"object", object, once}}, keysType, runKeys, parts},
	{"values", "The values of the fields, in order.",
		[]parameter{{"object", object, once}}, gives(schema.ListOf(nil)), runValues, 0},
	{"toPairs", "The fields as a list of [name, value].",
		[]parameter{{"object", object, once}}, gives(schema.ListOf(schema.ListOf(nil))), runToPairs, 0},
	{"fromPairs", "The object of a list of [name, value].",
		[]parameter{{"list", lists, once}}, gives(&schema.Type{Kind: schema.ObjectK, Open: true}), runFromPairs, 0},
	{"reverse", "The items from the last to the first.",
		[]parameter{{"list", lists, once}}, sameList, runReverse, parts},
	{"uniq", "The items without those that came before.",
		[]parameter{{"list", lists, once}}, pickedList, runUniq, parts},
	{"concat", "The items of all the lists.",
		[]parameter{{"list", lists, many}}, concatType, runConcat, parts},
	{"flatten", "The items, and those of the lists among them.",
		[]parameter{{"list", lists, once}}, gives(schema.ListOf(nil)), runFlatten, 0},
	{"sort", `The items in order, "asc" or "desc".`,
		[]parameter{{"list", lists, once}, {"order", text, maybe}}, pickedList, runSort, parts},
}

// classOf is the highest class of what stands beside the first argument.
func classOf(args []*schema.Type) schema.Class {
	class := schema.Public
	for _, t := range args {
		class = max(class, t.Highest())
	}
	return class
}

// The length of a text tells about it; that of a list says nothing of its items.
func lenType(args []*schema.Type) *schema.Type { return schema.IntType.WithClass(args[0].Class) }

func itemType(args []*schema.Type) *schema.Type { return elem(args[0]).OrNull() }

func gotType(args []*schema.Type) *schema.Type {
	class := classOf(args[1:])
	switch plain(args[0].Kind) {
	case schema.List:
		return elem(args[0]).OrNull().WithClass(class)
	case schema.String:
		return schema.StringType.OrNull().WithClass(max(class, args[0].Class))
	}
	return schema.AnyType.WithClass(max(class, args[0].Highest()))
}

// sameList is a list of the same items, whatever they are.
func sameList(args []*schema.Type) *schema.Type {
	t := schema.ListOf(nil)
	if args[0].Kind == schema.List {
		t.Elem = args[0].Elem
	}
	return t.WithClass(max(args[0].Class, classOf(args[1:])))
}

// pickedList is a list whose items or order tell about the items.
func pickedList(args []*schema.Type) *schema.Type {
	return sameList(args).WithClass(classOf(args))
}

func keysType(args []*schema.Type) *schema.Type {
	return schema.ListOf(schema.StringType.WithClass(args[0].Class)).WithClass(args[0].Class)
}

func concatType(args []*schema.Type) *schema.Type {
	var item *schema.Type
	class := schema.Public
	for _, a := range args {
		class = max(class, a.Class)
		item = joinMaybe(item, elem(a))
	}
	return schema.ListOf(item).WithClass(class)
}

func runLen(_ *Frame, a []any) (any, error) {
	switch v := a[0].(type) {
	case string:
		return utf8.RuneCountInString(v), nil
	case []any:
		return len(v), nil
	case []byte:
		return len(v), nil
	}
	return a[0].(*schema.Object).Len(), nil
}

func runFirst(_ *Frame, a []any) (any, error) {
	if list := a[0].([]any); len(list) > 0 {
		return list[0], nil
	}
	return nil, nil
}

func runLast(_ *Frame, a []any) (any, error) {
	if list := a[0].([]any); len(list) > 0 {
		return list[len(list)-1], nil
	}
	return nil, nil
}

func runGet(f *Frame, a []any) (any, error) {
	v, err := fetch(f, a[0], a[1])
	if e, ok := err.(*Error); ok && e.Code == codeIndex {
		return nil, nil
	}
	return v, err
}

func runTake(_ *Frame, a []any) (any, error) {
	list, n := a[0].([]any), a[1].(int)
	if n < 0 {
		return nil, operandf("the count of take is negative")
	}
	n = min(n, len(list))
	return list[:n:n], nil
}

func runKeys(f *Frame, a []any) (any, error) {
	return fieldsOf(f, a[0].(*schema.Object), func(name string, _ any) any { return name })
}

func runValues(f *Frame, a []any) (any, error) {
	return fieldsOf(f, a[0].(*schema.Object), func(_ string, v any) any { return v })
}

func runToPairs(f *Frame, a []any) (any, error) {
	o := a[0].(*schema.Object)
	if err := f.grow(4 * itemSize * o.Len()); err != nil {
		return nil, err
	}
	return fieldsOf(f, o, func(name string, v any) any { return []any{name, v} })
}

func fieldsOf(f *Frame, o *schema.Object, item func(name string, v any) any) (any, error) {
	if err := f.turn(o.Len()); err != nil {
		return nil, err
	}
	made, err := f.list(o.Len())
	if err != nil {
		return nil, err
	}
	for name, v := range o.All() {
		made = append(made, item(name, v))
	}
	return made, nil
}

func runFromPairs(f *Frame, a []any) (any, error) {
	b := builder{f: f}
	for _, item := range a[0].([]any) {
		pair, _ := item.([]any)
		if len(pair) != 2 {
			return nil, operandf("fromPairs needs a list of [name, value]")
		}
		name, ok := pair[0].(string)
		if !ok {
			return nil, operandf("the name of a field must be a string, not %s", an(kindOf(pair[0]).String()))
		}
		if err := b.set(name, pair[1]); err != nil {
			return nil, err
		}
	}
	return b.object(), nil
}

func runReverse(f *Frame, a []any) (any, error) {
	list := a[0].([]any)
	if err := f.turn(len(list)); err != nil {
		return nil, err
	}
	made, err := f.list(len(list))
	if err != nil {
		return nil, err
	}
	for i := len(list) - 1; i >= 0; i-- {
		made = append(made, list[i])
	}
	return made, nil
}

// runUniq finds ints and texts by hashing; every other item is compared with all
// that were kept, as == does, at a turn each.
func runUniq(f *Frame, a []any) (any, error) {
	list := a[0].([]any)
	kind := kindOf(first(list))
	hashed := kind == schema.Int || kind == schema.String
	for _, item := range list {
		hashed = hashed && kindOf(item) == kind
	}
	if err := f.turn(len(list)); err != nil {
		return nil, err
	}
	made, seen := []any{}, map[any]bool{}
	for _, item := range list {
		known := false
		if hashed {
			known = seen[item]
			seen[item] = true
		} else {
			var err error
			if known, err = contains(f, item, made); err != nil {
				return nil, err
			}
		}
		if known {
			continue
		}
		if err := f.grow(3 * itemSize); err != nil {
			return nil, err
		}
		made = append(made, item)
	}
	return made, nil
}

func first(list []any) any {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

func runConcat(f *Frame, a []any) (any, error) {
	n := 0
	for _, list := range a {
		n += len(list.([]any))
	}
	if err := f.turn(n); err != nil {
		return nil, err
	}
	made, err := f.list(n)
	if err != nil {
		return nil, err
	}
	for _, list := range a {
		made = append(made, list.([]any)...)
	}
	return made, nil
}

func runFlatten(f *Frame, a []any) (any, error) {
	made := []any{}
	if err := flatten(f, a[0].([]any), &made); err != nil {
		return nil, err
	}
	return made, nil
}

func flatten(f *Frame, list []any, into *[]any) error {
	for _, item := range list {
		if err := f.turn(1); err != nil {
			return err
		}
		if inner, ok := item.([]any); ok {
			if err := flatten(f, inner, into); err != nil {
				return err
			}
			continue
		}
		if err := f.grow(2 * itemSize); err != nil {
			return err
		}
		*into = append(*into, item)
	}
	return nil
}

func runSort(f *Frame, a []any) (any, error) {
	list := a[0].([]any)
	return sorted(f, list, list, a[1:])
}
