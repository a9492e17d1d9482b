// Package document reads what an author wrote: YAML becomes a tree in which every
// scalar knows its exact place, and the tree becomes endpoints, modules and
// composite actions, whose steps only the catalogue understands.
package document

import (
	"slices"

	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// Kind is the shape of a node.
type Kind uint8

// The kinds.
const (
	Scalar Kind = iota
	Mapping
	Sequence
)

// String is the kind as a message names it: "a text".
func (k Kind) String() string { return [...]string{"a text", "a mapping", "a list"}[k] }

// Node is one value of a YAML file. A tree is not changed after it was read, so
// several goroutines may share it.
type Node struct {
	Kind Kind
	// Span is where the node stands; a quoted scalar's has its quotes, a block
	// scalar's begins at its indicator and ends with its last line.
	Span source.Span
	// Value is a scalar's text, unescaped and folded.
	Value string
	// Plain marks a scalar without quotes or block style: only such a one can be
	// a number, a bool or null.
	Plain   bool
	Entries []Entry // of a Mapping, in order, each key once
	Items   []*Node // of a Sequence

	style  style
	indent int // of the block around a block scalar; -1 outside all

	// refused marks what stands in for a node that is a problem already: what
	// follows from that is not said again.
	refused bool
}

// Entry is one key of a mapping. A key without a value has a Value that IsNull.
type Entry struct{ Key, Value *Node }

// style is how a scalar was written.
type style uint8

const (
	plain style = iota
	single
	double
	literal
	folded
)

// Get is the value of a mapping's key, or nil; it is nil for a nil node too.
func (n *Node) Get(key string) *Node {
	if n == nil {
		return nil
	}
	for _, e := range n.Entries {
		if e.Key.Value == key {
			return e.Value
		}
	}
	return nil
}

// IsNull reports whether the node is YAML's null: a plain ~, null or nothing.
func (n *Node) IsNull() bool {
	return n.Kind == Scalar && n.Plain && isNull(n.Value)
}

// Refused reports whether the node is a problem already, said by this package.
// Whoever reads it on says nothing of it, nor of what is missing for it.
func (n *Node) Refused() bool { return n.refused }

// Data is the node as a constant, in the values of package schema: nil, bool,
// int, float64, string, []any and *schema.Object. Plain scalars are resolved by
// the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema):
// 017 is 17, and 1_000, yes and 2026-01-02 are texts. The error is an int of more
// than 64 bits, or a float that is not finite, in words for the author.
func (n *Node) Data() (any, error) {
	switch n.Kind {
	case Mapping:
		names, values := make([]string, len(n.Entries)), make([]any, len(n.Entries))
		for i, e := range n.Entries {
			v, err := e.Value.Data()
			if err != nil {
				return nil, err
			}
			names[i], values[i] = e.Key.Value, v
		}
		return schema.NewShape(names...).New(values), nil
	case Sequence:
		list := make([]any, len(n.Items))
		for i, item := range n.Items {
			v, err := item.Data()
			if err != nil {
				return nil, err
			}
			list[i] = v
		}
		return list, nil
	}
	if !n.Plain {
		return n.Value, nil
	}
	return resolve(n.Value)
}

// Equal reports whether two trees say the same, wherever they stand and however
// their scalars are quoted: x and "x" are equal, 1 and "1" are not.
func Equal(a, b *Node) bool {
	if a == nil || b == nil {
		return a == b
	}
	if a.Kind != b.Kind || a.Value != b.Value {
		return false
	}
	if a.Plain != b.Plain && !isText(a.Value) {
		return false
	}
	return slices.EqualFunc(a.Items, b.Items, Equal) &&
		slices.EqualFunc(a.Entries, b.Entries, func(x, y Entry) bool {
			return x.Key.Value == y.Key.Value && Equal(x.Value, y.Value)
		})
}
