package main

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"cloudlet/actions"
	"cloudlet/engine"
)

// testCommand is `cloudlet test`.
type testCommand struct {
	Folder   string        `arg:"" optional:"" name:"app" help:"The app's folder."`
	Format   string        `enum:"text,json,junit" default:"text" help:"How results are printed: ${enum}."`
	Only     string        `name:"run" placeholder:"REGEXP" help:"Run only the tests whose name or file matches."`
	Parallel *int          `placeholder:"N" help:"How many tests run at once. The default is one for each core."`
	Timeout  time.Duration `default:"30s" help:"How long one test may take."`
	Coverage int           `placeholder:"PERCENT" help:"Fail where fewer of the steps, or of the branches, ran."`
	Watch    bool          `help:"Run again whenever a file of the app changes."`
}

// Help is what --help says besides the flags.
func (testCommand) Help() string {
	return `Tests stand in NAME.test.yaml beside the endpoints:

    # endpoints/auth/login.test.yaml
    - name: a good password gives a ticket
      given:
        users: [{name: alice, password: correct horse battery, roles: [guest]}]
      request: {get: /auth/login, query: {username: alice, password: correct horse battery}}
      expect: {status: 200, body: {ticket: "${len(value) > 100}", token_type: Bearer}}

A test says what there is (given), what is asked (request) and what is expected of the answer and
of what it left behind (expect), or steps: several requests. All that can stand there is listed by
"cloudlet keys test". Fields that are not named are not compared; ${…} alone is a condition over
value, and elsewhere a value: what was saved by the steps before, as ${first.body.id}.

Each test has databases of its own, in memory, to which the migrations were applied. The clock holds
for ${now()}, for tickets and for CURRENT_TIMESTAMP and datetime('now') in SQL.

Example:

    cloudlet test myapp --run login --format junit > results.xml
`
}

// Run runs the tests, once or at every change.
func (c *testCommand) Run(ctx context.Context, t *terminal, f *folder) error {
	dir, err := f.dir(c.Folder)
	if err != nil {
		return err
	}
	o := engine.TestOptions{Timeout: c.Timeout}
	switch {
	case c.Coverage < 0 || c.Coverage > 100:
		return usagef("--coverage is a number from 0 to 100")
	case c.Parallel != nil && *c.Parallel < 1:
		return usagef("--parallel is a number of at least 1")
	case c.Timeout <= 0:
		return usagef("--timeout is a time of at least a moment, as 30s")
	}
	if c.Parallel != nil {
		o.Parallel = *c.Parallel
	}
	if c.Only != "" {
		if o.Run, err = regexp.Compile(c.Only); err != nil {
			return usagef("--run is no regular expression: %v", err)
		}
	}
	if !c.Watch {
		return c.once(ctx, t, dir, o)
	}
	changes, err := engine.Changes(ctx, dir)
	if err != nil {
		return err
	}
	for {
		if err := c.once(ctx, t, dir, o); ctx.Err() == nil {
			t.status(err, "test")
		}
		if _, more := <-changes; !more {
			return nil
		}
		t.notef("\n-- %s\n", time.Now().Format(time.TimeOnly))
	}
}

// once runs the tests and says what came of them.
func (c *testCommand) once(ctx context.Context, t *terminal, dir string, o engine.TestOptions) error {
	began := time.Now()
	if c.Format == "text" {
		o.Report = func(r engine.TestResult) { t.printf("%s\n", testLine(r)) }
	}
	report, problems, err := engine.Test(ctx, dir, o, engine.WithActions(actions.All()))
	switch {
	case err != nil:
		return err
	case report == nil:
		return &engine.ProblemsError{Problems: problems}
	}
	took := time.Since(began)
	switch c.Format {
	case "json":
		err = printJSON(t.out, resultsOf(report, took))
	case "junit":
		err = printJUnit(t.out, report, took)
	default:
		err = c.print(t, report, took)
	}
	if err != nil {
		return err
	}
	return c.verdict(t, report)
}

// verdict is errNo where a test failed or too little ran.
func (c *testCommand) verdict(t *terminal, report *engine.TestReport) error {
	steps, branches := totals(report)
	for _, r := range report.Results {
		if r.Failed() {
			return errNo
		}
	}
	if percent(steps) < c.Coverage || percent(branches) < c.Coverage {
		t.notef("cloudlet: %d%% of the steps and %d%% of the branches ran, and --coverage asks for %d%%\n", percent(steps), percent(branches), c.Coverage)
		return errNo
	}
	return nil
}

// totals adds up the coverage of all files.
func totals(report *engine.TestReport) (steps, branches engine.Covered) {
	for _, c := range report.Coverage {
		steps.Ran, steps.All = steps.Ran+c.Steps.Ran, steps.All+c.Steps.All
		branches.Ran, branches.All = branches.Ran+c.Branches.Ran, branches.All+c.Branches.All
	}
	return steps, branches
}

// percent is rounded down: 100 means all.
func percent(c engine.Covered) int {
	if c.All == 0 {
		return 100
	}
	return 100 * c.Ran / c.All
}

func ratio(c engine.Covered) string { return fmt.Sprintf("%d/%d", c.Ran, c.All) }
