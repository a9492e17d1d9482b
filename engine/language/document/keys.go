package document

import (
	"fmt"
	"slices"
	"strings"

	"cloudlet/engine/language/source"
)

// reader turns nodes into typed documents and collects what is wrong with them.
type reader struct{ problems *source.Problems }

// key is one key that a mapping may have: what it means, what its value looks like,
// and what reads it.
type key struct {
	name  string
	doc   string
	shape Shape
	read  func(name, value *Node)
}

// mapping reads the entries of a mapping that must have no other keys. elsewhere,
// which may be nil, says where a key belongs that is wrong here.
func (r reader) mapping(n *Node, keys []key, elsewhere func(name string) string) {
	for _, e := range n.Entries {
		name := e.Key.Value
		i := slices.IndexFunc(keys, func(k key) bool { return k.name == name })
		switch {
		case e.Value.refused:
		case i >= 0:
			keys[i].read(e.Key, e.Value)
		default:
			var known []string
			for _, k := range keys {
				known = append(known, k.name)
			}
			p := source.Problem{Span: e.Key.Span, Code: CodeUnknownKey, Text: fmt.Sprintf("unknown key %q", shorten(name))}
			if elsewhere != nil {
				p.Hint = elsewhere(name)
			}
			if p.Hint == "" {
				p.Hint = source.Meant(name, known)
			}
			r.problems.Add(p)
		}
	}
}

// expected notes that a node has another shape than it should.
func (r reader) expected(n *Node, what string) {
	if n.refused {
		return
	}
	found := n.Kind.String()
	if n.IsNull() {
		found = "nothing"
	}
	r.problems.Addf(mark(n), CodeWrongType, "expected %s, found %s", what, found)
}

// mark is the part of a node that a problem points to: all of a text, only the
// begin of what spans many lines.
func mark(n *Node) source.Span {
	if n.Kind == Scalar {
		return n.Span
	}
	end := lineEndAt(n.Span.File.Text[:n.Span.To], n.Span.From)
	return n.Span.File.Span(n.Span.From, end)
}

// text reads a text; numbers and bools count as what they are written with.
func (r reader) text(n *Node) (Text, bool) {
	if n.Kind != Scalar || n.IsNull() {
		r.expected(n, "a text")
		return Text{}, false
	}
	return Text{n.Value, n.Span}, true
}

func (r reader) into(target *string) func(name, value *Node) {
	return func(_, n *Node) {
		if t, ok := r.text(n); ok {
			*target = t.Value
		}
	}
}

func (r reader) flag(target *bool) func(name, value *Node) {
	return func(_, n *Node) {
		v, err := n.Data()
		b, ok := v.(bool)
		if err != nil || !ok {
			r.problems.Addf(mark(n), CodeWrongType, "expected true or false")
			return
		}
		*target = b
	}
}

// steps reads a list of mappings and keeps it as it is. It is nil where it cannot
// be a chain at all; a step that is no mapping is a problem of its own.
func (r reader) steps(target **Node) func(name, value *Node) {
	return func(_, n *Node) {
		if n.Kind == Mapping && !n.refused {
			r.problems.Add(source.Problem{Span: mark(n), Code: CodeWrongType, Text: "expected a list of steps, found a mapping", Hint: `write each step behind a "- "`})
			return
		}
		if n.Kind != Sequence {
			r.expected(n, "a list of steps")
			return
		}
		*target = n
		for _, item := range n.Items {
			if item.Kind == Mapping || item.refused {
				continue
			}
			p := source.Problem{Span: mark(item), Code: CodeWrongType, Text: "expected a step, found " + item.Kind.String()}
			if item.IsNull() {
				p.Text = "expected a step, found nothing"
			} else if item.Kind == Scalar && item.Plain && !strings.ContainsAny(item.Value, " \n") && len(item.Value) < 40 {
				p.Hint = fmt.Sprintf("an action without input is written %q", item.Value+":")
			}
			r.problems.Add(p)
			item.refused = true
		}
	}
}

// words reads a list of texts that are not empty.
func (r reader) words(n *Node, what string) (list []string, spans []source.Span, ok bool) {
	if n.Kind != Sequence {
		r.expected(n, what)
		return nil, nil, false
	}
	ok = true
	for _, item := range n.Items {
		if item.Kind != Scalar || item.Value == "" || item.IsNull() {
			r.expected(item, "a name")
			ok = false
			continue
		}
		list, spans = append(list, item.Value), append(spans, item.Span)
	}
	return list, spans, ok
}
