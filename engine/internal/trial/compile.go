package trial

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"cloudlet/engine/database"
	"cloudlet/engine/internal/plan"
	"cloudlet/engine/language/document"
	"cloudlet/engine/language/expression"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// Env is what test files are checked against. The scratch schemas are only needed
// while they are.
type Env struct {
	Plan      *plan.Plan
	Scratch   map[string]*database.Scratch // by database
	Databases []string                     // all names
	Config    *schema.Object
	// MinPasswordLength is how many characters a given user's password needs; 12 where it is 0.
	MinPasswordLength int
}

// Test is one compiled test.
type Test struct {
	Name string
	At   source.Span // of its name
	Skip string      // the reason not to run it; "" runs it

	given given
	steps []*step
	slots int // that a frame needs
}

// step is one request and what is expected of its answer.
type step struct {
	at      source.Span
	clock   time.Time // zero: it stays as it is
	request request
	expect  expect
	save    int // the slot of its answer; -1 without
}

// compiler compiles the tests of one file.
type compiler struct {
	env      *Env
	problems *source.Problems
}

// scene is what the values of one test know.
type scene struct {
	*compiler
	names *plan.Outside
	users []string
}

// Compile checks the tests of a file and makes them ready to run. The result is of
// use only where there are no new problems.
func Compile(file *source.File, env *Env, problems *source.Problems) []*Test {
	c := &compiler{env, problems}
	var tests []*Test
	for _, d := range document.ParseTests(file, problems) {
		tests = append(tests, c.test(d))
	}
	return tests
}

func (c *compiler) test(d *document.Test) *Test {
	t := &Test{Name: d.Name, At: d.At, Skip: d.Skip}
	s := &scene{compiler: c, names: plan.NewOutside(c.problems, c.env.Config)}
	t.given = s.given(&d.Given)
	for _, u := range d.Given.Users {
		s.users = append(s.users, u.Name.Value)
	}
	for _, ds := range d.Steps {
		t.steps = append(t.steps, s.step(ds))
	}
	t.slots = s.names.Slots()
	return t
}

func (s *scene) step(d *document.TestStep) *step {
	st := &step{at: d.At, save: -1}
	if d.Clock != nil {
		st.clock = s.time(d.Clock)
	}
	e := d.Expect
	if e == nil {
		e = &document.TestExpect{At: d.At}
	}
	status := s.status(e)
	verb := s.request(d.Request, &st.request, status)
	body := s.expect(e, &st.expect, verb, status)
	if d.Save != nil && s.names.Identifier(d.Save) {
		st.save = s.names.Declare(d.Save.Value, schema.ObjectOf(
			schema.Field{Name: "status", Type: schema.IntType},
			schema.Field{Name: "headers", Type: &schema.Type{Kind: schema.ObjectK, Open: true, Fold: true}},
			schema.Field{Name: "body", Type: body},
		))
	}
	return st
}

// time reads a time that the clock is set to.
func (c *scene) time(n *document.Node) time.Time {
	v, ok := c.names.Constant(n, schema.DateTimeType, "clock")
	if !ok {
		return time.Time{}
	}
	t, _ := v.(time.Time)
	return t
}

// suggest reports an unknown name with the nearest known one.
func (c *compiler) suggest(at source.Span, code, text, name string, known []string) {
	c.problems.Add(source.Problem{Span: at, Code: code, Text: text, Hint: source.DidYouMean(name, known)})
}

// user reports a name that no user of the test has.
func (s *scene) user(n *document.Node) string {
	v, ok := s.names.Constant(n, schema.StringType, "as")
	if !ok {
		return ""
	}
	name := v.(string)
	if !slices.ContainsFunc(s.users, func(u string) bool { return strings.EqualFold(u, name) }) {
		p := source.Problem{Span: n.Span, Code: "unknown_user", Text: fmt.Sprintf("the test is not given a user %q", name), Hint: source.DidYouMean(name, s.users)}
		if p.Hint == "" {
			p.Hint = "say it under given.users"
		}
		s.problems.Add(p)
	}
	return name
}

// run evaluates a program in a frame; nil gives nothing.
func run(p *expression.Program, f *expression.Frame) (any, error) {
	if p == nil {
		return nil, nil
	}
	return p.Run(f)
}
