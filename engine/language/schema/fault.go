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

// step is one step down into a value: to a field, or to the item at an index.
type step struct {
	name  string
	index int // -1 for a field
}

// walk is the way through one value. The path is put together only for a fault.
// Everything in here is of fixed size, so that a walk stays on the stack: a value
// without a fault costs nothing.
type walk struct {
	root   string
	steps  [MaxDepth + 1]step
	depth  int // may go beyond len(steps); such a path ends in …
	faults *[]Fault
	shapes *layouts // nil where nothing is decoded

	decimals bool // integers that only a decimal holds may be some
}

// layouts are the shapes made in one walk: the objects of a list share theirs.
type layouts []layout

type layout struct {
	of    *Type
	shape *Shape
}

func (w *walk) fault(message string) {
	if len(*w.faults) < MaxFaults {
		*w.faults = append(*w.faults, Fault{w.path(), message})
	}
}

// refuse is fault with the message of an error, which is made only where it is kept.
func (w *walk) refuse(err error) {
	if !w.full() {
		w.fault(err.Error())
	}
}

// full reports whether further faults would be dropped.
func (w *walk) full() bool { return len(*w.faults) >= MaxFaults }

func (w *walk) field(name string) { w.down(step{name, -1}) }
func (w *walk) item(i int)        { w.down(step{"", i}) }
func (w *walk) up()               { w.depth-- }

func (w *walk) down(s step) {
	if w.depth < len(w.steps) {
		w.steps[w.depth] = s
	}
	w.depth++
}

func (w *walk) path() string {
	b := []byte(w.root)
	for i := range min(w.depth, len(w.steps)) {
		switch s := &w.steps[i]; {
		case s.index >= 0:
			b = append(strconv.AppendInt(append(b, '['), int64(s.index), 10), ']')
		case len(b) > 0:
			b = append(append(b, '.'), ShortName(s.name)...)
		default:
			b = append(b, ShortName(s.name)...)
		}
	}
	if w.depth > len(w.steps) {
		b = append(b, "…"...)
	}
	return string(b)
}

// shape is the shape of an object type's declared fields.
func (l *layouts) shape(t *Type) *Shape {
	for _, made := range *l {
		if made.of == t {
			return made.shape
		}
	}
	s := NewShape(t.FieldNames()...)
	*l = append(*l, layout{t, s})
	return s
}
