package engine

import (
	"cmp"
	"slices"

	"cloudlet/engine/internal/plan"
)

// Coverage is how much of a file its tests ran.
type Coverage struct {
	File     string   `json:"file"` // relative to the app
	Steps    Covered  `json:"steps"`
	Branches Covered  `json:"branches"`
	Missed   []Missed `json:"missed"` // in the order of the file
}

// Covered counts places, and those that ran.
type Covered struct {
	Ran int `json:"ran"`
	All int `json:"all"`
}

// Missed is a place that never ran.
type Missed struct {
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Branch bool   `json:"branch"`
	Text   string `json:"text"` // the step's action, or the branch: "then", "else", "case full", "on_error", "skipped"
}

// placeKey names a place of the app: a step of a module has a point for each
// endpoint below it.
type placeKey struct {
	file     string
	from, to int
	kind     plan.PointKind
	text     string
}

// coverageOf adds up what ran on some stages of one app.
func coverageOf(stages []*stage) []Coverage {
	if len(stages) == 0 {
		return nil
	}
	counts := map[placeKey]uint32{}
	points := map[placeKey]plan.Point{}
	for _, s := range stages {
		for i, p := range s.app.plan.Points() {
			key := placeKey{p.At.Path(), p.At.From, p.At.To, p.Kind, p.Text}
			counts[key] += s.cover[i].Load()
			points[key] = p
		}
	}
	keys := make([]placeKey, 0, len(points))
	for key := range points {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b placeKey) int {
		return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.from, b.from), cmp.Compare(a.kind, b.kind), cmp.Compare(a.text, b.text))
	})
	var list []Coverage
	for _, key := range keys {
		if len(list) == 0 || list[len(list)-1].File != key.file {
			list = append(list, Coverage{File: key.file, Missed: []Missed{}})
		}
		list[len(list)-1].add(points[key], counts[key])
	}
	return list
}

func (c *Coverage) add(p plan.Point, count uint32) {
	of := &c.Steps
	if p.Kind == plan.Branch {
		of = &c.Branches
	}
	of.All++
	if count > 0 {
		of.Ran++
		return
	}
	at := p.At.Start()
	c.Missed = append(c.Missed, Missed{at.Line, at.Column, p.Kind == plan.Branch, p.Text})
}
