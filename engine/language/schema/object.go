package schema

import "iter"

// Shape is the ordered names of an object's fields, shared by all objects that
// were made alike: the rows of a query, the arguments of a chain.
type Shape struct {
	names []string
	index map[string]int // nil for few names: a scan is faster
}

// few names are found faster by looking at each than by hashing.
const few = 8

// NewShape makes a shape. The names must be distinct and not changed afterwards.
func NewShape(names ...string) *Shape {
	s := &Shape{names: names}
	if len(names) > few {
		s.index = make(map[string]int, len(names))
		for i, n := range names {
			s.index[n] = i
		}
	}
	return s
}

// Len is the number of names.
func (s *Shape) Len() int { return len(s.names) }

// Name is the name at a place.
func (s *Shape) Name(i int) string { return s.names[i] }

// Names are all names in order; the caller must not change them.
func (s *Shape) Names() []string { return s.names }

// Index is the place of a name, or -1.
func (s *Shape) Index(name string) int {
	if s.index != nil {
		if i, ok := s.index[name]; ok {
			return i
		}
		return -1
	}
	for i, n := range s.names {
		if n == name {
			return i
		}
	}
	return -1
}

// Object is a value with named fields in order. It is never changed once made.
type Object struct {
	shape  *Shape
	values []any
}

// New makes an object of the shape; it keeps values, one for each name.
func (s *Shape) New(values []any) *Object {
	if len(values) != len(s.names) {
		panic("schema: an object needs a value for each name of its shape")
	}
	return &Object{s, values}
}

// Init is New in place, for an object that lives in another struct.
func (o *Object) Init(s *Shape, values []any) { o.shape, o.values = s, values }

// NewObject makes an object from names and values in turn: NewObject("id", 1, "title", "Alien").
func NewObject(namesAndValues ...any) *Object {
	n := len(namesAndValues) / 2
	names, values := make([]string, n), make([]any, n)
	for i := range n {
		names[i], values[i] = namesAndValues[2*i].(string), namesAndValues[2*i+1]
	}
	return NewShape(names...).New(values)
}

// Shape is the object's shape.
func (o *Object) Shape() *Shape { return o.shape }

// Len is the number of fields.
func (o *Object) Len() int { return len(o.values) }

// At is the field at a place.
func (o *Object) At(i int) (string, any) { return o.shape.names[i], o.values[i] }

// Value is the value at a place.
func (o *Object) Value(i int) any { return o.values[i] }

// Lookup finds a field by its name.
func (o *Object) Lookup(name string) (any, bool) {
	if i := o.shape.Index(name); i >= 0 {
		return o.values[i], true
	}
	return nil, false
}

// Near is Lookup that first tries the place where the field stood last time.
func (o *Object) Near(name string, hint int) (any, bool) {
	if hint < len(o.values) && o.shape.names[hint] == name {
		return o.values[hint], true
	}
	return o.Lookup(name)
}

// All ranges over the fields in order.
func (o *Object) All() iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		for i, v := range o.values {
			if !yield(o.shape.names[i], v) {
				return
			}
		}
	}
}

// Raw is JSON text that was encoded already, such as rows written straight from
// the database. It appears only as a whole result, never inside another value.
type Raw []byte
