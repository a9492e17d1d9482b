package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"
)

// tracer prints each step when it has run. A step that runs others comes after them.
type tracer struct{ w io.Writer }

// longestTraced bounds how much of a value a trace shows, in bytes.
const longestTraced = 400

func (t *tracer) step(s action.Traced) {
	var b strings.Builder
	indent := strings.Repeat("  ", s.Depth)
	at := s.At.Start()
	fmt.Fprintf(&b, "%s%s:%d  %s", indent, s.At.Path(), at.Line, s.Action)
	if s.Skipped {
		b.WriteString("  skipped\n")
	} else {
		fmt.Fprintf(&b, "  %s\n", s.Took.Round(time.Microsecond))
	}
	for _, in := range s.Inputs {
		fmt.Fprintf(&b, "%s    %s: %s\n", indent, in.Name, traced(in.Value))
	}
	switch {
	case s.Failure != nil:
		fmt.Fprintf(&b, "%s    failed: %d %s: %s\n", indent, s.Failure.Status, s.Failure.Code, s.Failure.Detail)
	case s.Result != nil:
		fmt.Fprintf(&b, "%s    = %s\n", indent, traced(s.Result))
	}
	io.WriteString(t.w, b.String())
}

// traced is a value as JSON, cut short where it is long.
func traced(v any) string {
	text := string(schema.AppendJSON(nil, v))
	if len(text) > longestTraced {
		return strings.ToValidUTF8(text[:longestTraced], "") + "…"
	}
	return text
}
