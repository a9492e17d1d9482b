package route

import (
	"fmt"
	"strings"

	"cloudlet/engine/language/source"
)

// Two patterns get in each other's way where some path matches both and neither
// is more specific: /films/{id}/x and /films/new/{y} both match /films/new/x. These
// are the rules of net/http's ServeMux (https://pkg.go.dev/net/http#hdr-Precedence),
// which panics where this file finds a problem.

// relation is how the paths of one pattern stand to those of another.
type relation uint8

const (
	disjoint relation = iota // no path matches both
	same                     // they match the same paths
	nested                   // one matches all that the other does, and more
	crossing                 // some paths match both, but each has some for itself
)

// relate compares two patterns segment by segment.
func relate(a, b *Pattern) relation {
	if !lengthsMeet(a, b) {
		return disjoint
	}
	// A pattern is wider in a segment where it takes more than the other.
	aWider := a.Rest && (!b.Rest || len(a.segments) < len(b.segments))
	bWider := b.Rest && (!a.Rest || len(b.segments) < len(a.segments))
	for i := range min(len(a.segments), len(b.segments)) {
		s, o := a.segments[i], b.segments[i]
		switch {
		case s.wild && !o.wild:
			aWider = true
		case o.wild && !s.wild:
			bWider = true
		case !s.wild && s.text != o.text:
			return disjoint
		}
	}
	switch {
	case aWider && bWider:
		return crossing
	case aWider || bWider:
		return nested
	}
	return same
}

// lengthsMeet reports whether paths of one length can match both. {name...} takes
// at least a slash, which "/" alone has.
func lengthsMeet(a, b *Pattern) bool {
	n, m := len(a.segments), len(b.segments)
	switch {
	case a.Rest && b.Rest:
		return true
	case a.Rest:
		return n < m || n == 0 && m == 0
	case b.Rest:
		return m < n || n == 0 && m == 0
	}
	return n == m
}

// example is a path that both patterns match; there must be one.
func example(a, b *Pattern) string {
	if len(a.segments) < len(b.segments) {
		a, b = b, a
	}
	var path strings.Builder
	for i, s := range a.segments {
		if s.wild && i < len(b.segments) && !b.segments[i].wild {
			s = b.segments[i]
		}
		path.WriteString("/" + s.text)
	}
	if a.Rest || len(a.segments) == 0 {
		path.WriteString("/")
	}
	return path.String()
}

// shape is the same text for patterns that match the same paths. No literal
// segment holds a brace or a slash, so that different ones have different shapes.
func shape(segments []segment, rest bool) string {
	var b strings.Builder
	for _, s := range segments {
		if s.wild {
			b.WriteString("/{}")
		} else {
			b.WriteString("/" + s.text)
		}
	}
	if rest {
		b.WriteString("/{...}")
	}
	return b.String()
}

// index finds the few among many patterns that may be in the way of another.
type index struct {
	shapes map[string]*Entry
	at     map[place][]*Entry // by what stands at a place of the path
	rest   [][]*Entry         // those that end in {name...}, by the number of segments before it
}

// place is a segment's number, and its text or "" for an argument.
type place struct {
	number int
	text   string
}

func newIndex() *index {
	return &index{shapes: map[string]*Entry{}, at: map[place][]*Entry{}}
}

// add takes an entry in, unless one that is there already is in its way, which it
// returns.
func (x *index) add(e *Entry) *Entry {
	key := shape(e.Pattern.segments, e.Pattern.Rest)
	if other := x.shapes[key]; other != nil {
		return other
	}
	if other := x.crossing(e.Pattern); other != nil {
		return other
	}
	x.shapes[key] = e
	for i, s := range e.Pattern.segments {
		if s.wild {
			s.text = ""
		}
		x.at[place{i, s.text}] = append(x.at[place{i, s.text}], e)
	}
	if e.Pattern.Rest {
		n := len(e.Pattern.segments)
		for len(x.rest) <= n {
			x.rest = append(x.rest, nil)
		}
		x.rest[n] = append(x.rest[n], e)
	}
	return nil
}

// crossing finds an entry that crosses p. Such a one has, at each literal segment
// of p, the same literal, an argument, or has begun its rest: it is enough to look
// at the place where these are fewest. A pattern without literals is crossed only
// by a shorter one with a rest, being wider than all others that it meets.
func (x *index) crossing(p *Pattern) *Entry {
	begun, best, fewest := 0, -1, 0
	for i, s := range p.segments {
		if i < len(x.rest) {
			begun += len(x.rest[i])
		}
		if s.wild {
			continue
		}
		if n := begun + len(x.at[place{i, s.text}]) + len(x.at[place{i, ""}]); best < 0 || n < fewest {
			best, fewest = i, n
		}
	}
	begins := len(p.segments) - 1
	if best >= 0 {
		begins = best
		for _, text := range []string{p.segments[best].text, ""} {
			if e := firstCrossing(p, x.at[place{best, text}]); e != nil {
				return e
			}
		}
	}
	for i := 0; i <= begins && i < len(x.rest); i++ {
		if e := firstCrossing(p, x.rest[i]); e != nil {
			return e
		}
	}
	return nil
}

func firstCrossing(p *Pattern, list []*Entry) *Entry {
	for _, e := range list {
		if relate(p, e.Pattern) == crossing {
			return e
		}
	}
	return nil
}

// conflict is the problem of an entry with one that was there before.
func conflict(e, before *Entry) source.Problem {
	a, b := e.Pattern, before.Pattern
	problem := source.Problem{Span: e.At, Code: "route_conflict",
		Related: []source.Related{{Span: before.At, Text: fmt.Sprintf("%q stands here", b.Text)}}}
	path := example(a, b)
	switch {
	case a.Text == b.Text:
		problem.Text = fmt.Sprintf("%q is served by two files", a.Text)
		if e.At.File != nil && before.At.File != nil {
			problem.Text = fmt.Sprintf("%s and %s both serve %q", before.At.Path(), e.At.Path(), a.Text)
		}
		problem.Hint = "keep one of them"
	case relate(a, b) == same:
		problem.Text = fmt.Sprintf("%q and %q match the same paths, like %s", b.Text, a.Text, path)
		problem.Hint = "keep one of them"
	default:
		problem.Text = fmt.Sprintf("%q and %q both match %s, and neither is more specific", b.Text, a.Text, path)
		problem.Hint = "give one of them a path of its own"
	}
	return problem
}
