package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"cloudlet/engine"
)

// testResults is what `test --format json` prints.
type testResults struct {
	Tests    []testResult      `json:"tests"`
	Coverage []engine.Coverage `json:"coverage"`
	Failed   int               `json:"failed"`
	Skipped  int               `json:"skipped"`
	Seconds  float64           `json:"seconds"`
}

type testResult struct {
	File       string     `json:"file"`
	Line       int        `json:"line"`
	Name       string     `json:"name"`
	Status     string     `json:"status"` // passed, failed or skipped
	Skip       string     `json:"skip,omitempty"`
	Seconds    float64    `json:"seconds"`
	Mismatches []mismatch `json:"mismatches,omitempty"`
}

type mismatch struct {
	File     string `json:"file"`
	Line     int    `json:"line"`
	Column   int    `json:"column"`
	What     string `json:"what"`
	Expected string `json:"expected"`
	Got      string `json:"got"`
}

// resultsOf are the results for programs.
func resultsOf(report *engine.TestReport, took time.Duration) testResults {
	all := testResults{Tests: []testResult{}, Coverage: report.Coverage, Seconds: took.Seconds()}
	for _, r := range report.Results {
		one := testResult{File: r.File, Line: r.Line, Name: r.Name, Status: "passed", Skip: r.Skip, Seconds: r.Took.Seconds()}
		switch {
		case r.Skip != "":
			one.Status = "skipped"
			all.Skipped++
		case r.Failed():
			one.Status = "failed"
			all.Failed++
		}
		for _, m := range r.Mismatches {
			at := m.At.Start()
			one.Mismatches = append(one.Mismatches, mismatch{m.At.Path(), at.Line, at.Column, m.What, m.Expected, m.Got})
		}
		all.Tests = append(all.Tests, one)
	}
	return all
}

// The elements of JUnit's XML, as Jenkins and GitLab read it: a suite for each file.
// See https://github.com/testmoapp/junitxml.
type (
	junitSuites struct {
		XMLName  xml.Name      `xml:"testsuites"`
		Tests    int           `xml:"tests,attr"`
		Failures int           `xml:"failures,attr"`
		Skipped  int           `xml:"skipped,attr"`
		Time     string        `xml:"time,attr"`
		Suites   []*junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		File    string        `xml:"file,attr"`
		Line    int           `xml:"line,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitFailure `xml:"failure"`
		Skipped *junitSkipped `xml:"skipped"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
	junitSkipped struct {
		Message string `xml:"message,attr"`
	}
)

// printJUnit prints the results as JUnit's XML.
func printJUnit(w io.Writer, report *engine.TestReport, took time.Duration) error {
	all := junitSuites{Time: seconds(took)}
	suites := map[string]*junitSuite{}
	for _, r := range report.Results {
		s := suites[r.File]
		if s == nil {
			s = &junitSuite{Name: r.File}
			suites[r.File], all.Suites = s, append(all.Suites, s)
		}
		c := junitCase{Class: r.File, Name: r.Name, File: r.File, Line: r.Line, Time: seconds(r.Took)}
		s.Tests, all.Tests = s.Tests+1, all.Tests+1
		switch {
		case r.Skip != "":
			c.Skipped = &junitSkipped{r.Skip}
			s.Skipped, all.Skipped = s.Skipped+1, all.Skipped+1
		case r.Failed():
			c.Failure = failureOf(r.Mismatches)
			s.Failures, all.Failures = s.Failures+1, all.Failures+1
		}
		s.Cases = append(s.Cases, c)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func failureOf(list []engine.Mismatch) *junitFailure {
	var b strings.Builder
	for _, m := range list {
		at := m.At.Start()
		fmt.Fprintf(&b, "%s:%d:%d: %s\n%s%s", m.At.Path(), at.Line, at.Column, m.What, marked("- ", m.Expected), marked("+ ", m.Got))
	}
	return &junitFailure{list[0].What + " is not as expected", b.String()}
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.6f", d.Seconds()) }
