package action

import "cloudlet/engine/language/source"

// Tree is an input that is written out in the file: the names in it are known when the
// file is loaded, the values are evaluated for each request. Prepare looks at the names
// and has each value compiled by Load.Typed, once it knows what has to stand there.
type Tree struct {
	root *Branch
}

// Branch is one value of a Tree: a map, a list, or anything else.
type Branch struct {
	Name     string      // in the map that it is in
	Key      source.Span // of the name; of the value where it has none
	Value    source.Span
	Shape    Shape
	Branches []*Branch // of a map or list
}

// Shape is what a Branch is.
type Shape uint8

// The shapes.
const (
	Leaf     Shape = iota // a constant
	Computed              // a value with ${…}
	Nothing               // null
	Mapping               // names and values
	Sequence              // a list of values
)

// Grow gives the input what the author wrote; the compiler calls it.
func (t *Tree) Grow(root *Branch) { t.root = root }

// Given reports whether the author wrote the input.
func (t *Tree) Given() bool { return t.root != nil }

// Root is what the author wrote, nil where that is nothing.
func (t *Tree) Root() *Branch { return t.root }

// Direct is for the inputs of an action that can write its result as JSON straight into
// the answer: a field of this type, embedded, is no input.
type Direct struct{ direct bool }

// WriteDirect says that nobody but the answer reads the result; the compiler calls it.
func (d *Direct) WriteDirect() { d.direct = true }

// AsJSON reports whether the result may be JSON that goes out as it is: nothing
// else reads it, and the call answers a request.
func (d *Direct) AsJSON(c *Call) bool { return d.direct && c.Exchange.Encodes }
