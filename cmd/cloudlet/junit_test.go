package main

import (
	"bytes"
	"encoding/xml"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"cloudlet/engine"
	"cloudlet/engine/language/source"
)

// junitAttributes are the elements that Jenkins and GitLab read, and what each must have.
var junitAttributes = map[string][]string{
	"testsuites": {"tests", "failures", "skipped", "time"},
	"testsuite":  {"name", "tests", "failures", "skipped"},
	"testcase":   {"classname", "name", "file", "line", "time"},
	"failure":    {"message"},
	"skipped":    {"message"},
}

// junitParents say where each may stand.
var junitParents = map[string]string{"testsuites": "", "testsuite": "testsuites", "testcase": "testsuite", "failure": "testcase", "skipped": "testcase"}

func TestJUnit(t *testing.T) {
	t.Parallel()
	file := source.NewFile("endpoints/a.test.yaml", []byte("- name: one\n"))
	at := file.Span(2, 6)
	report := &engine.TestReport{Results: []engine.TestResult{
		{File: "endpoints/a.test.yaml", Line: 1, Name: "passes <&\"'>", Took: 1500 * time.Microsecond},
		{File: "endpoints/a.test.yaml", Line: 9, Name: "fails", Mismatches: []engine.Mismatch{
			{At: at, What: "status", Expected: "200", Got: "404 ]]> \x00\x1b[31m <b>\nsecond line"},
			{At: at, What: "body.id", Expected: "1", Got: "nothing"},
		}},
		{File: "endpoints/b.test.yaml", Line: 1, Name: "waits", Skip: "not yet"},
	}}
	var b bytes.Buffer
	if err := printJUnit(&b, report, 2*time.Second); err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	counts := map[string]int{}
	d := xml.NewDecoder(bytes.NewReader(b.Bytes()))
	stack, text := []string{""}, ""
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("this is no XML: %v\n%s", err, b.String())
		}
		switch token := token.(type) {
		case xml.StartElement:
			name := token.Name.Local
			seen[name]++
			if parent, known := junitParents[name]; !known || parent != stack[len(stack)-1] {
				t.Errorf("<%s> stands in <%s>", name, stack[len(stack)-1])
			}
			junitCheck(t, token, counts)
			stack = append(stack, name)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			text += string(token)
		}
	}
	if seen["testsuites"] != 1 || seen["testsuite"] != 2 || seen["testcase"] != 3 || seen["failure"] != 1 || seen["skipped"] != 1 {
		t.Errorf("there are %v:\n%s", seen, b.String())
	}
	if counts["testsuites.tests"] != 3 || counts["testsuite.tests"] != 3 || counts["testsuites.failures"] != 1 || counts["testsuite.failures"] != 1 || counts["testsuite.skipped"] != 1 {
		t.Errorf("it counts %v", counts)
	}
	for _, want := range []string{"endpoints/a.test.yaml:1:3: status\n     - 200\n     + 404 ]]> ", "     + second line\n", "endpoints/a.test.yaml:1:3: body.id\n     - 1\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in it:\n%s", want, text)
		}
	}
}

// junitCheck checks an element's attributes, and adds up those that count.
func junitCheck(t *testing.T, e xml.StartElement, counts map[string]int) {
	t.Helper()
	values := map[string]string{}
	for _, a := range e.Attr {
		values[a.Name.Local] = a.Value
		if n, err := strconv.Atoi(a.Value); err == nil {
			counts[e.Name.Local+"."+a.Name.Local] += n
		}
	}
	for _, name := range junitAttributes[e.Name.Local] {
		if values[name] == "" {
			t.Errorf("<%s> has no %s", e.Name.Local, name)
		}
	}
	if text, timed := values["time"]; timed {
		if _, err := strconv.ParseFloat(text, 64); err != nil {
			t.Errorf("<%s> took %q", e.Name.Local, text)
		}
	}
	if len(values) != len(junitAttributes[e.Name.Local]) {
		t.Errorf("<%s> has %v", e.Name.Local, values)
	}
}
