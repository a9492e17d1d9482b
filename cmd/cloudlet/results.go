package main

import (
	"fmt"
	"strings"
	"time"

	"cloudlet/engine"
)

// testLine is a test on one line.
func testLine(r engine.TestResult) string {
	place := fmt.Sprintf("%s:%d  %s", r.File, r.Line, r.Name)
	switch {
	case r.Skip != "":
		return "skip  " + place + ": " + r.Skip
	case r.Failed():
		return "FAIL  " + place
	}
	return fmt.Sprintf("ok    %s  (%s)", place, rounded(r.Took))
}

func rounded(d time.Duration) time.Duration {
	if d < time.Millisecond {
		return d.Round(10 * time.Microsecond)
	}
	return d.Round(100 * time.Microsecond)
}

// print prints what failed, then what never ran, then the sums.
func (c *testCommand) print(t *terminal, report *engine.TestReport, took time.Duration) error {
	if len(report.Results) == 0 {
		nothing := "there are no tests: they stand in NAME.test.yaml beside the endpoints"
		if c.Only != "" {
			nothing = "no test matches --run"
		}
		t.notef("%s\n", nothing)
		return nil
	}
	failed, skipped := 0, 0
	for _, r := range report.Results {
		if r.Skip != "" {
			skipped++
		}
		if r.Failed() {
			failed++
			t.printf("\n%s\n", testLine(r))
			for _, m := range r.Mismatches {
				if err := printMismatch(t, m); err != nil {
					return err
				}
			}
		}
	}
	if err := printCoverage(t, report.Coverage); err != nil {
		return err
	}
	steps, branches := totals(report)
	text := fmt.Sprintf("%s, %d failed", count(len(report.Results), "test"), failed)
	if skipped > 0 {
		text += fmt.Sprintf(", %d skipped", skipped)
	}
	t.printf("\n%s; %s steps and %s branches ran (%s)\n", text, ratio(steps), ratio(branches), rounded(took))
	return nil
}

// printMismatch prints a difference below the line that expects otherwise.
func printMismatch(t *terminal, m engine.Mismatch) error {
	p := engine.Problem{Span: m.At, Text: m.What + " is not as expected"}
	if err := engine.PrintProblems(t.out, engine.FormatText, []engine.Problem{p}); err != nil {
		return err
	}
	t.printf("%s%s", marked("- ", m.Expected), marked("+ ", m.Got))
	return nil
}

// marked writes every line of a text behind a mark.
func marked(mark, text string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(text, "\n") {
		b.WriteString("     " + mark + line + "\n")
	}
	return b.String()
}

// printCoverage prints a line for each file, and what of it never ran.
func printCoverage(t *terminal, list []engine.Coverage) error {
	rows := [][]string{{"FILE", "STEPS", "BRANCHES", "NEVER RAN"}}
	for _, c := range list {
		missed := make([]string, len(c.Missed))
		for i, m := range c.Missed {
			missed[i] = fmt.Sprintf("%d %s", m.Line, m.Text)
		}
		const most = 6
		if len(missed) > most {
			missed = append(missed[:most], fmt.Sprintf("and %d more", len(c.Missed)-most))
		}
		rows = append(rows, []string{c.File, ratio(c.Steps), ratio(c.Branches), strings.Join(missed, ", ")})
	}
	t.printf("\n")
	return table(t.out, rows)
}
