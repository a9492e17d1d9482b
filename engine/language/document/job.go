package document

import (
	"cloudlet/engine/language/source"
)

// Job is a chain that is done on its own: at the times of a schedule, or when a step asks for it.
type Job struct {
	File        *source.File
	Root        *Node
	Description string
	Schedule    *Text     // nil: only when it is asked for
	TimeZone    *Text     // of the schedule; nil: UTC
	Timeout     *Duration // of one attempt; nil: the engine's
	Attempts    int       // how often it is tried; 0: not said
	Arguments   []Argument
	Actions     *Node // a list of steps, or nil where the author gave none
}

// ParseJob reads a file of _jobs, as ParseEndpoint reads an endpoint.
func ParseJob(file *source.File, problems *source.Problems) *Job {
	r := reader{problems}
	root := r.root(file)
	if root == nil {
		return nil
	}
	j := &Job{File: file, Root: root}
	r.mapping(root, r.jobKeys(j), jobHint)
	if root.Get("actions") == nil && !misspelt(root, "actions") {
		problems.Addf(file.Span(0, 0), CodeMissingActions, "the file has no actions")
	}
	if j.TimeZone != nil && root.Get("schedule") == nil && !misspelt(root, "schedule") {
		problems.Addf(j.TimeZone.Span, CodeConflict, "a time zone is that of a schedule, and there is none")
	}
	return j
}

// JobKeys are the keys of a file in _jobs.
func JobKeys() []Key { return exported(silent().jobKeys(&Job{})) }

// mostAttempts is how often a job may be tried.
const mostAttempts = 50

func (r reader) jobKeys(j *Job) []key {
	into := func(target **Text) func(_, n *Node) {
		return func(_, n *Node) {
			if t, ok := r.text(n); ok {
				*target = &t
			}
		}
	}
	return []key{
		{"description", "What the job does.", text, r.into(&j.Description)},
		{"schedule", "When it is done: five fields of cron (minute, hour, day, month, weekday), as in 30 6 * * mon-fri, or @hourly, @daily, @weekly, @monthly, @yearly. Left out, when a step `job` asks for it.", text, into(&j.Schedule)},
		{"time_zone", "The time zone of the schedule, as in Europe/Berlin; UTC where nothing is said. A time that clocks leave out is when they go forward, one that comes twice is the first; with * at the hour it goes on evenly.", text, into(&j.TimeZone)},
		{"timeout", "How long an attempt may take, 5m where nothing is said, at most 24h.", Shape{Kind: DurationShape}, func(_, n *Node) {
			if d := r.duration(n); d != nil {
				if j.Timeout = d; d.Value > maxMaxAge {
					r.problems.Addf(d.Span, CodeInvalidValue, "must be at most 24h")
				}
			}
		}},
		{"attempts", "How often it is tried until it succeeds, 5 where nothing is said; the pauses grow from seconds to an hour.", Shape{Kind: CountShape}, func(_, n *Node) {
			v, err := n.Data()
			attempts, ok := v.(int)
			if err != nil || !ok || attempts < 1 || attempts > mostAttempts {
				r.problems.Addf(mark(n), CodeInvalidValue, "expected a number of attempts, 1 to %d", mostAttempts)
				return
			}
			j.Attempts = attempts
		}},
		{"arguments", "What the job is given.", arguments, func(_, n *Node) { j.Arguments = ParseArguments(n, r.problems) }},
		{"actions", "The steps, in order.", steps, r.steps(&j.Actions)},
	}
}

func jobHint(name string) string {
	switch name {
	case "get", "post", "put", "patch", "delete", "auth", "allow", "returns", "status":
		return "a job answers no request"
	}
	return ""
}
