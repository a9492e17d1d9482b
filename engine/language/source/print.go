package source

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// WriteText prints problems for people: each with its line and a caret under it.
func WriteText(w io.Writer, list []Problem) error {
	var b strings.Builder
	for _, p := range list {
		b.WriteString(p.String() + "\n")
		writeExcerpt(&b, p.Span)
		for _, r := range p.Related {
			at := r.Start()
			fmt.Fprintf(&b, "  %s:%d:%d: %s\n", r.Path(), at.Line, at.Column, r.Text)
			writeExcerpt(&b, r.Span)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writeExcerpt shows the first line of a span with carets under what it covers.
// Tabs stand as they are in both lines, so that the carets stay below.
func writeExcerpt(b *strings.Builder, s Span) {
	if s.File == nil || len(s.File.Text) == 0 {
		return
	}
	start, end := s.Start(), s.End()
	line := s.File.shownLine(start.Line)
	from := min(start.Column-1, len(line))
	to := len(line)
	if end.Line == start.Line {
		to = min(end.Column-1, len(line))
	}
	const widest = 160 // a longer line is shown around the place
	if from > widest/2 && len(line) > widest {
		cut := from - widest/2
		line, from, to = line[cut:], from-cut, to-cut
	}
	if len(line) > widest {
		line = line[:widest]
		to = min(to, widest)
	}
	pad := make([]rune, from)
	for i := range pad {
		if pad[i] = ' '; line[i] == '\t' {
			pad[i] = '\t'
		}
	}
	fmt.Fprintf(b, "%4d | %s\n     | %s%s\n", start.Line, printable(line), string(pad), strings.Repeat("^", max(1, to-from)))
}

// printable keeps control characters of a hostile file off the terminal.
func printable(line []rune) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f || 0x80 <= r && r < 0xa0 {
			return '·'
		}
		return r
	}, string(line))
}

// record is a problem as `check --format json` prints it.
type record struct {
	File      string `json:"file"`
	Line      int    `json:"line"`
	Column    int    `json:"column"`
	EndLine   int    `json:"end_line"`
	EndColumn int    `json:"end_column"`
	Code      string `json:"code"`
	Message   string `json:"message"`
	Hint      string `json:"hint"`
	Severity  string `json:"severity"`
}

// WriteJSON prints problems for programs: one list of objects.
func WriteJSON(w io.Writer, list []Problem) error {
	records := make([]record, len(list))
	for i, p := range list {
		start, end := p.Start(), p.End()
		records[i] = record{p.Path(), start.Line, start.Column, end.Line, end.Column, p.Code, p.Text, p.Hint, severity(p)}
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(records)
}

// WriteGitHub prints problems as workflow commands, which GitHub shows beside the line.
// See https://docs.github.com/actions/reference/workflow-commands-for-github-actions.
func WriteGitHub(w io.Writer, list []Problem) error {
	value := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	for _, p := range list {
		start, end, text := p.Start(), p.End(), p.Text
		if p.Hint != "" {
			text += "; " + p.Hint
		}
		_, err := fmt.Fprintf(w, "::%s file=%s,line=%d,endLine=%d,col=%d,endColumn=%d,title=%s::%s\n", severity(p),
			property.Replace(p.Path()), start.Line, end.Line, start.Column, end.Column, property.Replace(p.Code), value.Replace(text))
		if err != nil {
			return err
		}
	}
	return nil
}

func severity(p Problem) string {
	if p.Warning {
		return "warning"
	}
	return "error"
}
