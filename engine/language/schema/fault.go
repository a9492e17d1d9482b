package schema

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"cloudlet/engine/language/source"
)

// Fault is one mistake in a value, for whoever sent it. It never holds the value.
type Fault struct {
	Path    string // where in the value: "address.zip", "tags[1]"
	Message string // what is expected, to be read behind the path: "must be an integer"
}

// MaxFaults is how many faults of one value are collected; further ones are dropped.
const MaxFaults = 100

// maxName is how many characters of a name that came from outside are shown.
const maxName = 64

// ShortName is a name from outside as it may be shown: at most 64 characters, valid UTF-8.
func ShortName(name string) string {
	if len(name) > 4*maxName+4 {
		name = name[:4*maxName+4]
	}
	name = strings.ToValidUTF8(name, string(utf8.RuneError))
	n := 0
	for i := range name {
		if n++; n > maxName {
			return name[:i] + "…"
		}
	}
	return name
}

// NotKnown is the message for a name that is none of those known, with the nearest of them.
func NotKnown(name string, known []string) string {
	if near := source.Nearest(name, known); near != "" {
		return "is not known; did you mean " + near + "?"
	}
	return "is not known"
}

// step is one step down into a value: to a field, or to an item where name is "".
type step struct {
	name  string
	index int
	item  bool
}

// walk is the way through one value. The path is put together only for a fault,
// so that a value without one costs nothing.
type walk struct {
	base   string
	steps  []step
	faults *[]Fault
	shapes []layout // made once a walk: the objects of a list share theirs
}

// layout is the shape of the objects of a type.
type layout struct {
	of    *Type
	shape *Shape
}

func (w *walk) fault(message string) {
	if len(*w.faults) < MaxFaults {
		*w.faults = append(*w.faults, Fault{w.path(), message})
	}
}

// full reports whether further faults would be dropped.
func (w *walk) full() bool { return len(*w.faults) >= MaxFaults }

func (w *walk) field(name string) { w.steps = append(w.steps, step{name: name}) }
func (w *walk) item(i int)        { w.steps = append(w.steps, step{index: i, item: true}) }
func (w *walk) up()               { w.steps = w.steps[:len(w.steps)-1] }

func (w *walk) path() string {
	b := []byte(w.base)
	for _, s := range w.steps {
		switch {
		case s.item:
			b = append(strconv.AppendInt(append(b, '['), int64(s.index), 10), ']')
		case len(b) > 0:
			b = append(append(b, '.'), ShortName(s.name)...)
		default:
			b = append(b, ShortName(s.name)...)
		}
	}
	return string(b)
}

// shape is the shape of an object type's declared fields.
func (w *walk) shape(t *Type) *Shape {
	for _, l := range w.shapes {
		if l.of == t {
			return l.shape
		}
	}
	s := NewShape(t.FieldNames()...)
	w.shapes = append(w.shapes, layout{t, s})
	return s
}
