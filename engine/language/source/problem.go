package source

import (
	"fmt"
	"slices"
	"strings"
)

// Problem is one mistake of an author, said in the author's words.
type Problem struct {
	Span
	// Code is stable and snake_case, for programs: "unknown_name".
	Code string
	// Text is the sentence, lower case, without a full stop.
	Text string
	// Hint, where there is one, says what to do: `did you mean "args.username"?`.
	Hint string
	// Warning marks what is worth saying but stops nothing.
	Warning bool
	// Related are other places that belong to it: the other of two duplicates.
	Related []Related
}

// Related is a place that a problem points to besides its own.
type Related struct {
	Span
	Text string
}

// String is the problem on one line, as a compiler prints it.
func (p Problem) String() string {
	var b strings.Builder
	if path := p.Path(); path != "" {
		at := p.Start()
		fmt.Fprintf(&b, "%s:%d:%d: ", path, at.Line, at.Column)
	}
	if p.Warning {
		b.WriteString("warning: ")
	}
	b.WriteString(p.Text)
	if p.Hint != "" {
		b.WriteString("; " + p.Hint)
	}
	return b.String()
}

// Problems collects what is wrong. The zero value is ready; it is not safe for
// use by several goroutines at once.
type Problems struct {
	list  []Problem
	wrong int // how many are no warnings
}

// Add notes a problem.
func (ps *Problems) Add(p Problem) {
	ps.list = append(ps.list, p)
	if !p.Warning {
		ps.wrong++
	}
}

// Addf notes a problem from its place, code and text.
func (ps *Problems) Addf(at Span, code, format string, args ...any) {
	ps.Add(Problem{Span: at, Code: code, Text: fmt.Sprintf(format, args...)})
}

// Merge takes over the problems of another collection.
func (ps *Problems) Merge(o *Problems) {
	ps.list = append(ps.list, o.list...)
	ps.wrong += o.wrong
}

// Count is the number of problems that are no warnings.
func (ps *Problems) Count() int { return ps.wrong }

// All is the sorted list: by file, place and text, each problem once.
func (ps *Problems) All() []Problem {
	list := slices.Clone(ps.list)
	slices.SortStableFunc(list, compareProblems)
	return slices.CompactFunc(list, func(a, b Problem) bool { return compareProblems(a, b) == 0 })
}

func compareProblems(a, b Problem) int {
	if c := strings.Compare(a.Path(), b.Path()); c != 0 {
		return c
	}
	if a.From != b.From {
		return a.From - b.From
	}
	if c := strings.Compare(a.Text, b.Text); c != 0 {
		return c
	}
	return strings.Compare(a.Code, b.Code)
}
