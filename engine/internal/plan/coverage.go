package plan

import (
	"cloudlet/engine/action"
	"cloudlet/engine/language/source"
)

// PointKind says what of a chain a point counts.
type PointKind uint8

// The kinds of points.
const (
	Step   PointKind = iota // how often a step began
	Branch                  // how often a list of steps was gone through that not every run reaches
)

// Point is one place of an app whose runs are counted: each step, and each way that
// a chain can take. A place that is compiled several times, as the steps of a
// module are for each endpoint below it, has a point for each.
type Point struct {
	At   source.Span
	Kind PointKind
	Text string // the action; or the branch: "then", "else", "case full", "catch", "on_error", "skipped"
}

// Points are the places that Exchange.Cover counts, in its order.
func (p *Plan) Points() []Point { return p.points }

// point notes a place and gives its number.
func (b *builder) point(at source.Span, kind PointKind, text string) int {
	b.points = append(b.points, Point{at, kind, text})
	return len(b.points) - 1
}

// none is the number of a chain that is no branch.
const none = -1

// count counts a run of a point.
func count(c *action.Call, point int) {
	if c.Cover != nil && point != none {
		c.Cover[point].Add(1)
	}
}
