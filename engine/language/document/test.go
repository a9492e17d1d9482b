package document

import (
	"fmt"
	"slices"
	"strings"

	"cloudlet/engine/language/source"
)

// Test is one test of a NAME.test.yaml: what there is, what is asked, and what is
// expected of the answer. Values stay nodes, since they may hold ${…}.
type Test struct {
	At    source.Span // of its name
	Name  string
	Skip  string // the reason not to run it; "" runs it
	Given Given
	Steps []*TestStep // one, unless the test says steps
}

// Given is what there is when a test begins.
type Given struct {
	Users []GivenUser
	Rows  *Node // a mapping of tables to lists of rows
	Files *Node // a mapping of paths to texts
	Clock *Node
	HTTP  *Node // a mapping of "GET https://…" to answers
}

// TestStep is one request and what is expected of its answer.
type TestStep struct {
	At      source.Span // of the request, or of the step
	Clock   *Node
	Request *TestRequest
	Expect  *TestExpect // nil: nothing is said
	Save    *Node
}

// TestRequest is a request. What an author left out is nil.
type TestRequest struct {
	Method string // "GET"
	Key    source.Span
	Path   *Node

	Query, Headers, Cookies, Body, Form, Files, Text, As *Node
	Sign                                                 *TestSign // nil: it is not signed
}

// TestExpect is what is expected. What an author left out is nil.
type TestExpect struct {
	At                    source.Span
	Status, Headers, Body *Node
	SQL                   []ExpectedRows
	Log                   []*Node
	Mail                  []*ExpectedMail
	MailKey               *Node // nil: nothing is said of mails
	Events                []*ExpectedEvent
	EventsKey             *Node // nil: nothing is said of events
	Sent                  []ExpectedSent
}

// ExpectedRows are the rows that a query must give.
type ExpectedRows struct{ Query, Rows, Database *Node }

// IsTest reports whether the file of a path under endpoints/ holds tests.
func IsTest(path string) bool {
	return strings.HasSuffix(path, ".test.yaml") || strings.HasSuffix(path, ".test.yml")
}

// ParseTests reads a test file. The list is as much of it as can be used.
func ParseTests(file *source.File, problems *source.Problems) []*Test {
	r := reader{problems}
	root := Parse(file, problems)
	if root == nil || root.Kind == Mapping && len(root.Entries) == 0 {
		return nil
	}
	if root.Kind != Sequence {
		r.expected(root, "a list of tests, each behind a -")
		return nil
	}
	var tests []*Test
	for _, n := range root.Items {
		t := r.test(n)
		if t == nil {
			continue
		}
		if i := slices.IndexFunc(tests, func(o *Test) bool { return o.Name == t.Name && t.Name != "" }); i >= 0 {
			problems.Add(source.Problem{Span: t.At, Code: CodeDuplicateKey, Text: fmt.Sprintf("there is a test of the name %q already", shorten(t.Name)),
				Related: []source.Related{{Span: tests[i].At, Text: "here"}}})
		}
		tests = append(tests, t)
	}
	return tests
}

func (r reader) test(n *Node) *Test {
	if n.Kind != Mapping {
		r.expected(n, "a test: name, request and expect")
		return nil
	}
	t := &Test{At: mark(n)}
	single := &TestStep{}
	var steps *Node
	r.mapping(n, r.testKeys(t, single, &steps), testHint)
	if n.Get("name") == nil && !misspelt(n, "name") {
		r.problems.Addf(mark(n), CodeMissingKey, "a test needs a name")
	}
	switch {
	case steps != nil && (single.Request != nil || single.Expect != nil):
		r.problems.Addf(mark(n), CodeConflict, "a test has either steps or one request, not both")
	case steps != nil:
		t.Steps = r.testSteps(steps)
	case single.Request != nil:
		single.At = single.Request.Key
		t.Steps = []*TestStep{single}
	case n.Get("request") == nil && !misspelt(n, "request", "steps"):
		r.problems.Addf(t.At, CodeMissingKey, "a test needs a request, or steps")
	}
	return t
}

func (r reader) testKeys(t *Test, single *TestStep, several **Node) []key {
	return append([]key{
		{"name", "What the test shows, in a sentence.", text, func(_, v *Node) {
			if text, ok := r.text(v); ok {
				t.Name, t.At = text.Value, text.Span
			}
		}},
		{"skip", "Why the test is not run.", text, r.into(&t.Skip)},
		{"given", "What there is when the test begins.", Shape{Kind: MappingShape, Keys: func() []Key { return exported(r.givenKeys(&Given{})) }},
			func(_, v *Node) { r.given(v, &t.Given) }},
		{"steps", "Several requests, one after the other, in place of one.", Shape{Kind: ItemsShape, Keys: func() []Key { return exported(r.stepKeys(&TestStep{}, true)) }},
			func(_, v *Node) { *several = v }},
	}, r.stepKeys(single, false)...)
}

func (r reader) testSteps(n *Node) []*TestStep {
	if n.Kind != Sequence || len(n.Items) == 0 {
		r.expected(n, "a list of steps, each with request and expect")
		return nil
	}
	var list []*TestStep
	for _, item := range n.Items {
		if item.Kind != Mapping {
			r.expected(item, "a step: request and expect")
			continue
		}
		s := &TestStep{At: mark(item)}
		r.mapping(item, r.stepKeys(s, true), testHint)
		if s.Request == nil {
			if item.Get("request") == nil && !misspelt(item, "request") {
				r.problems.Addf(mark(item), CodeMissingKey, "a step needs a request")
			}
			continue
		}
		s.At = s.Request.Key
		list = append(list, s)
	}
	return list
}

// stepKeys are the keys of a step; a test of one request has them itself, but for
// the clock, which it says under given.
func (r reader) stepKeys(s *TestStep, clock bool) []key {
	keys := []key{
		{"request", "The request: a method with its path, and what goes with it.", Shape{Kind: MappingShape, Keys: func() []Key { return exported(r.requestKeys(&TestRequest{})) }},
			func(_, n *Node) { s.Request = r.testRequest(n) }},
		{"expect", "What is expected of the answer, and of what it left behind.", Shape{Kind: MappingShape, Keys: func() []Key { return exported(r.expectKeys(&TestExpect{})) }},
			func(key, n *Node) { s.Expect = r.testExpect(key, n) }},
		{"save", "A name for the answer, which later steps read: ${name.status}, ${name.headers}, ${name.body}.", text,
			func(_, n *Node) { s.Save = r.scalar(n, "a name") }},
	}
	if clock {
		keys = append(keys, key{"clock", "The time from here on.", text, func(_, n *Node) { s.Clock = r.scalar(n, "a time, such as 2026-01-02T03:04:05Z") }})
	}
	return keys
}

// scalar is the node where it is a single value.
func (r reader) scalar(n *Node, what string) *Node {
	if n.Kind != Scalar || n.IsNull() {
		r.expected(n, what)
		return nil
	}
	return n
}

// keyed is the node where it is a mapping.
func (r reader) keyed(n *Node, what string) *Node {
	if n.Kind != Mapping {
		r.expected(n, what)
		return nil
	}
	return n
}

func (r reader) given(n *Node, g *Given) {
	if r.keyed(n, "what is given: users, rows, files, clock or http") == nil {
		return
	}
	r.mapping(n, r.givenKeys(g), nil)
}

func (r reader) givenKeys(g *Given) []key {
	return []key{
		{"users", "Users that there are.", Shape{Kind: ItemsShape, Keys: func() []Key { return exported(r.userKeys(&GivenUser{})) }}, func(_, v *Node) { g.Users = r.givenUsers(v) }},
		{"rows", "Rows by table: {films: [{id: 1, title: Alien}]}. A table of another database is DATABASE.TABLE.", Shape{Kind: MapShape},
			func(_, v *Node) { g.Rows = r.keyed(v, "lists of rows by table") }},
		{"files", "Texts of files by their path in data/files.", Shape{Kind: MapShape}, func(_, v *Node) { g.Files = r.keyed(v, "texts by path") }},
		{"clock", "The time, which stands still.", text, func(_, v *Node) { g.Clock = r.scalar(v, "a time, such as 2026-01-02T03:04:05Z") }},
		{"http", "What others answer, by method and URL: {GET https://…: {status, headers, body}}.", Shape{Kind: MapShape},
			func(_, v *Node) { g.HTTP = r.keyed(v, "answers by method and URL") }},
	}
}

// testMethods are the keys of a request that say its method and path.
var testMethods = []string{"get", "post", "put", "patch", "delete", "head", "options"}

func (r reader) testRequest(n *Node) *TestRequest {
	if r.keyed(n, "a request, as in {get: /films}") == nil {
		return nil
	}
	q := &TestRequest{}
	r.mapping(n, r.requestKeys(q), nil)
	bodies := 0
	for _, b := range []*Node{q.Body, q.Form, q.Text} {
		if b != nil {
			bodies++
		}
	}
	if bodies > 1 {
		r.problems.Addf(mark(n), CodeConflict, "a request has one of body, form and text")
	}
	if q.Path == nil {
		if n.Get("job") == nil && !slices.ContainsFunc(testMethods, func(m string) bool { return n.Get(m) != nil }) && !misspelt(n, append([]string{"job"}, testMethods...)...) {
			r.problems.Addf(mark(n), CodeMissingKey, "a request needs a method and its path, as in get: /films")
		}
		return nil
	}
	return q
}

func (r reader) requestKeys(q *TestRequest) []key {
	keys := []key{
		{"query", "Values of the query by name; a list repeats the name.", Shape{Kind: MapShape}, func(_, v *Node) { q.Query = r.keyed(v, "values by name") }},
		{"headers", "Values of headers by name.", Shape{Kind: MapShape}, func(_, v *Node) { q.Headers = r.keyed(v, "values by header") }},
		{"cookies", "Values of cookies by name.", Shape{Kind: MapShape}, func(_, v *Node) { q.Cookies = r.keyed(v, "values by cookie") }},
		{"body", "The body, sent as JSON.", Shape{Kind: AnyShape}, func(_, v *Node) { q.Body = v }},
		{"form", "The body, sent as a form.", Shape{Kind: MapShape}, func(_, v *Node) { q.Form = r.keyed(v, "values by name") }},
		{"files", "Files by the argument that takes them, sent with form as multipart/form-data: a text, or {name, text} or {name, base64}; a list of them for a list.",
			Shape{Kind: MapShape}, func(_, v *Node) { q.Files = r.keyed(v, "files by argument") }},
		{"text", "The body, sent as it is; headers say its Content-Type.", text, func(_, v *Node) { q.Text = r.scalar(v, "a text") }},
		{"sign", "Signs the body as a webhook of a scheme: {scheme, secret, id, at}.", Shape{Kind: MappingShape, Keys: func() []Key { return exported(r.signKeys(&TestSign{})) }},
			func(_, v *Node) { q.Sign = r.testSign(v) }},
		{"as", "The given user whose ticket is sent.", text, func(_, v *Node) { q.As = r.scalar(v, "a user's name") }},
	}
	keys = append(keys, key{"job", "Does a job now, in place of a request: its name with its folder, as in newsletter/send_due. Its arguments are the body; the answer has 200 with its result, or the problem that it failed with.", text,
		func(key, v *Node) { r.testJob(q, key, v) }})
	for _, name := range testMethods {
		keys = append(keys, key{name, "Sends " + strings.ToUpper(name) + " to a path; a value in it is written ${…}. ${…} alone is a path with its query, or the address of a link in a mail.", text,
			func(key, v *Node) { r.testPath(q, key, v) }})
	}
	return keys
}

// TestJob is the method of a request that does a job.
const TestJob = "JOB"

func (r reader) testJob(q *TestRequest, key, n *Node) {
	if n = r.scalar(n, "the name of a job"); n == nil {
		return
	}
	if q.Path != nil {
		r.problems.Addf(key.Span, CodeConflict, "a request has one method, and this one has %s too", strings.ToLower(q.Method))
		return
	}
	q.Method, q.Key, q.Path = TestJob, key.Span, n
}

func (r reader) testPath(q *TestRequest, key, n *Node) {
	if q.Path != nil {
		r.problems.Addf(key.Span, CodeConflict, "a request has one method, and this one has %s too", strings.ToLower(q.Method))
		return
	}
	if n = r.scalar(n, "a path, such as /films"); n == nil {
		return
	}
	if !isPath(n.Value) {
		r.problems.Addf(n.Span, CodeInvalidValue, "a path begins with /")
		return
	}
	q.Method, q.Key, q.Path = strings.ToUpper(key.Value), key.Span, n
}

func (r reader) testExpect(key, n *Node) *TestExpect {
	if r.keyed(n, "what is expected, as in {status: 200}") == nil {
		return nil
	}
	e := &TestExpect{At: key.Span}
	r.mapping(n, r.expectKeys(e), nil)
	return e
}

func (r reader) expectKeys(e *TestExpect) []key {
	return append(r.sentKeys(e), []key{
		{"status", "The status; left out, any success.", Shape{Kind: StatusShape}, func(_, v *Node) { e.Status = r.scalar(v, "a status, such as 200") }},
		{"headers", "Values of headers by name; null is one that is not there.", Shape{Kind: PatternShape}, func(_, v *Node) { e.Headers = r.keyed(v, "values by header") }},
		{"body", "The body: fields that are named are compared. ${…} alone is a condition over value.", Shape{Kind: PatternShape}, func(_, v *Node) { e.Body = v }},
		{"sql", "Rows that queries give afterwards.", Shape{Kind: ItemsShape, Keys: func() []Key { return exported(r.rowsKeys(&ExpectedRows{})) }}, func(_, v *Node) {
			for _, item := range r.list(v, "a list of queries, each {query, rows}") {
				if q := r.expectedRows(item); q != nil {
					e.SQL = append(e.SQL, *q)
				}
			}
		}},
		{"log", "Lines of the log in their order, others may stand between: a message, or {message, level, fields}.", Shape{Kind: ListShape},
			func(_, v *Node) { e.Log = r.list(v, "a list of lines") }},
		{"mail", "Mails that the step sent, all of them and in their order; [] is none. Fields that are named are compared.",
			Shape{Kind: ItemsShape, Keys: func() []Key { return exported(r.mailKeys(&ExpectedMail{})) }},
			func(key, v *Node) { e.Mail, e.MailKey = r.expectedMails(v), key }},
		{"events", "Events that the step published, all of them and in their order; [] is none. Fields that are named are compared.",
			Shape{Kind: ItemsShape, Keys: func() []Key { return exported(r.eventKeys(&ExpectedEvent{})) }},
			func(key, v *Node) { e.Events, e.EventsKey = r.expectedEvents(v), key }},
	}...)
}

// list are the items of a list.
func (r reader) list(n *Node, what string) []*Node {
	if n.Kind != Sequence {
		r.expected(n, what)
		return nil
	}
	return slices.DeleteFunc(slices.Clone(n.Items), func(i *Node) bool { return i.refused })
}

func (r reader) expectedRows(n *Node) *ExpectedRows {
	if r.keyed(n, "a query and its rows") == nil {
		return nil
	}
	q := &ExpectedRows{}
	r.mapping(n, r.rowsKeys(q), nil)
	for _, name := range []string{"query", "rows"} {
		if n.Get(name) == nil && !misspelt(n, name) {
			r.problems.Addf(mark(n), CodeMissingKey, "an expectation of SQL needs %q", name)
		}
	}
	if q.Query == nil || q.Rows == nil {
		return nil
	}
	return q
}

func (r reader) rowsKeys(q *ExpectedRows) []key {
	return []key{
		{"query", "A statement that reads.", text, func(_, v *Node) { q.Query = r.scalar(v, "a statement that reads") }},
		{"rows", "Its rows, compared as a body is.", Shape{Kind: PatternShape}, func(_, v *Node) { q.Rows = v }},
		{"database", "The database, by its name in cloudlet.yaml.", text, func(_, v *Node) { q.Database = r.scalar(v, "a database's name") }},
	}
}

// testHint says where a key belongs that stands in a test.
func testHint(name string) string {
	switch {
	case slices.Contains(testMethods, name), slices.Contains([]string{"query", "headers", "cookies", "form", "as"}, name):
		return "it belongs into request"
	case slices.Contains([]string{"status", "sql", "log", "mail", "events", "webhooks", "jobs"}, name):
		return "it belongs into expect"
	case slices.Contains([]string{"users", "rows", "files", "http", "clock"}, name):
		return "it belongs into given"
	}
	return ""
}
