package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"cloudlet/engine"
)

// printJSON writes a value for programs.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// table writes rows in columns, without spaces behind the last.
func table(w io.Writer, rows [][]string) error {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	t.Flush() // a Builder takes everything
	for line := range strings.Lines(b.String()) {
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}

// tally counts problems: "2 problems, 1 warning".
func tally(list []engine.Problem) string {
	wrong, warnings := 0, 0
	for _, p := range list {
		if p.Warning {
			warnings++
		} else {
			wrong++
		}
	}
	text := "no problems"
	if wrong > 0 {
		text = count(wrong, "problem")
	}
	if warnings > 0 {
		text += ", " + count(warnings, "warning")
	}
	return text
}

// failed reports whether a problem among them is no warning.
func failed(list []engine.Problem) bool {
	for _, p := range list {
		if !p.Warning {
			return true
		}
	}
	return false
}

// count is a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
