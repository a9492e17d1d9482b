package engine

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"runtime"
	"sync"
	"time"

	"cloudlet/engine/internal/trial"
)

// TestOptions say which endpoint tests run, and how.
type TestOptions struct {
	// Run, where it is not nil, leaves out the tests of which neither the name nor the
	// file matches.
	Run *regexp.Regexp
	// Parallel is how many tests run at once; as many as there are cores where it is 0.
	Parallel int
	// Timeout is how long one test may take; 30 seconds where it is 0.
	Timeout time.Duration
	// Report, where it is not nil, is told of each test as soon as it and all before it
	// have ended, from one goroutine at a time.
	Report func(TestResult)
}

// Mismatch is one difference between what a test expects and what came.
type Mismatch = trial.Mismatch

// TestResult is what came of one test.
type TestResult struct {
	File string // relative to the app
	Line int
	Name string
	Skip string // why it was not run; "" where it was
	// Mismatches are what was expected and did not come; none where the test passed.
	Mismatches []Mismatch
	Took       time.Duration
}

// Failed reports whether the test ran and did not pass.
func (r *TestResult) Failed() bool { return len(r.Mismatches) > 0 }

// TestReport is what came of all tests that ran.
type TestReport struct {
	Results  []TestResult // by file and line
	Coverage []Coverage   // by file
}

// defaultTestTimeout is how long one test may take.
const defaultTestTimeout = 30 * time.Second

// Test runs the endpoint tests of the app in dir, each on fresh databases in memory
// that hold what the migrations make. Nothing under data/ is read or changed, and
// nothing is sent to others. Problems are all that is wrong with the app and its
// tests: where one is no warning, nothing ran. The error is what keeps the app from
// being read, or the context's.
func Test(ctx context.Context, dir string, t TestOptions, list ...Option) (*TestReport, []Problem, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, nil, err
	}
	o := newOptions(list)
	first, err := newTestLoader(dir, o).load(ctx)
	if err != nil {
		return nil, nil, err
	}
	problems := first.problems.All()
	if wrong(problems) > 0 {
		return nil, problems, nil
	}
	r := &testRun{options: t, app: first}
	r.choose()
	stages, err := r.stages(ctx, dir, o)
	defer func() {
		for _, s := range stages {
			s.close()
		}
	}()
	if err != nil {
		return nil, problems, err
	}
	r.all(ctx, stages)
	return &TestReport{r.results, coverageOf(stages)}, problems, ctx.Err()
}

// testRun is one run of an app's tests.
type testRun struct {
	options TestOptions
	app     *app
	tests   []*trial.Test
	results []TestResult

	mu       sync.Mutex
	next     int    // the first test that nobody took
	ended    []bool // by test
	reported int    // how many were reported
}

// choose lists the tests that are to run.
func (r *testRun) choose() {
	for _, t := range r.app.tests {
		if run := r.options.Run; run != nil && !run.MatchString(t.Name) && !run.MatchString(t.At.Path()) {
			continue
		}
		r.tests = append(r.tests, t)
		r.results = append(r.results, TestResult{File: t.At.Path(), Line: t.At.Start().Line, Name: t.Name, Skip: t.Skip})
	}
	r.ended = make([]bool, len(r.tests))
}

// stages makes a stage for each test that runs at once. Each but the first compiles
// the app anew, since a plan is bound to its databases.
func (r *testRun) stages(ctx context.Context, dir string, o *options) ([]*stage, error) {
	n := r.options.Parallel
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	n = max(1, min(n, len(r.tests)))
	var stages []*stage
	for i := range n {
		a := r.app
		if i > 0 {
			var err error
			if a, err = newTestLoader(dir, o).load(ctx); err != nil {
				return stages, err
			}
			if len(a.plan.Points()) != len(r.app.plan.Points()) || a.problems.Count() > 0 {
				return stages, fmt.Errorf("the app's files were changed meanwhile")
			}
		}
		s, err := newStage(ctx, a, o)
		if err != nil {
			return stages, err
		}
		stages = append(stages, s)
	}
	return stages, nil
}

// all runs every test, each on the next stage that is free.
func (r *testRun) all(ctx context.Context, stages []*stage) {
	var wg sync.WaitGroup
	for _, s := range stages {
		wg.Go(func() {
			for i := r.take(); i >= 0; i = r.take() {
				r.one(ctx, s, i)
				if ctx.Err() != nil {
					return // what came of the test says nothing about the app
				}
				r.end(i)
			}
		})
	}
	wg.Wait()
}

// take is the place of the next test, -1 after the last.
func (r *testRun) take() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.next == len(r.tests) {
		return -1
	}
	r.next++
	return r.next - 1
}

func (r *testRun) one(ctx context.Context, s *stage, i int) {
	t, result := r.tests[i], &r.results[i]
	if t.Skip != "" {
		return
	}
	timeout := r.options.Timeout
	if timeout <= 0 {
		timeout = defaultTestTimeout
	}
	began := time.Now()
	within, stop := context.WithTimeout(ctx, timeout)
	defer stop()
	err := s.fresh(within)
	if err == nil {
		result.Mismatches = t.Run(within, &s.world)
		err = within.Err()
	}
	if err != nil {
		result.Mismatches = append(result.Mismatches, Mismatch{At: t.At, What: "the test", Expected: "an end", Got: err.Error()})
	}
	result.Took = time.Since(began)
}

// end reports the tests that have ended, in order.
func (r *testRun) end(i int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended[i] = true
	for r.reported < len(r.ended) && r.ended[r.reported] {
		if r.options.Report != nil {
			r.options.Report(r.results[r.reported])
		}
		r.reported++
	}
}
