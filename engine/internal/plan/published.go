package plan

import (
	"strings"

	"cloudlet/engine/action"
	"cloudlet/engine/language/source"
)

// topics are those that an app's steps publish to and its streams read. In each,
// action.Hole stands for what is computed.
type topics struct {
	published []string
	unsure    bool // some step publishes to a topic of which nothing is known
	read      []readTopic
}

type readTopic struct {
	name string
	at   source.Span
}

// Publishes implements action.Load.
func (bd *binder) Publishes(topic string) {
	bd.topics.unsure = bd.topics.unsure || topic == ""
	bd.topics.published = append(bd.topics.published, topic)
}

// judge warns of streams of topics that nothing publishes to, where something nearly
// does: others may be meant for steps that are still to be written.
func (t *topics) judge(problems *source.Problems) {
	if t.unsure || problems.Count() > 0 {
		return
	}
	for _, r := range t.read {
		meant, under := "", ""
		var near []string
		for _, p := range t.published {
			if mayEqual(r.name, p) {
				near, under = nil, ""
				break
			}
			if len(p) > len(r.name) && strings.HasPrefix(p, r.name+"/") {
				under = p
			}
			near = append(near, strings.ReplaceAll(p, action.Hole, "*"))
		}
		switch meant = source.Nearest(strings.ReplaceAll(r.name, action.Hole, "*"), near); {
		case under != "":
			problems.Add(unread(r, "a topic is read as a whole, and not what is published below it, as "+shown(under)))
		case meant != "":
			problems.Add(unread(r, "did you mean "+shown(strings.ReplaceAll(meant, "*", action.Hole))+"?"))
		}
	}
}

func unread(r readTopic, hint string) source.Problem {
	return source.Problem{Span: r.at, Code: "never_published", Warning: true, Text: "nothing publishes to " + shown(r.name), Hint: hint}
}

// shown is a topic as an author writes it.
func shown(topic string) string { return strings.ReplaceAll(topic, action.Hole, "${…}") }

// mayEqual reports whether two topics can be the same. What is computed inside a text is
// escaped, so it reaches over no slash.
func mayEqual(a, b string) bool {
	as, bs := strings.Split(a, "/"), strings.Split(b, "/")
	if len(as) != len(bs) {
		return false
	}
	for i := range as {
		if !mayEqualSegment(as[i], bs[i]) {
			return false
		}
	}
	return true
}

// mayEqualSegment compares what is written ahead of the first hole and behind the last.
func mayEqualSegment(a, b string) bool {
	aFrom, aTo, aHoles := ends(a)
	bFrom, bTo, bHoles := ends(b)
	switch {
	case !aHoles && !bHoles:
		return a == b
	case !aHoles:
		return len(a) >= len(bFrom)+len(bTo) && strings.HasPrefix(a, bFrom) && strings.HasSuffix(a, bTo)
	case !bHoles:
		return mayEqualSegment(b, a)
	}
	return (strings.HasPrefix(aFrom, bFrom) || strings.HasPrefix(bFrom, aFrom)) && (strings.HasSuffix(aTo, bTo) || strings.HasSuffix(bTo, aTo))
}

func ends(segment string) (from, to string, holes bool) {
	first, last := strings.Index(segment, action.Hole), strings.LastIndex(segment, action.Hole)
	if first < 0 {
		return segment, segment, false
	}
	return segment[:first], segment[last+len(action.Hole):], true
}
