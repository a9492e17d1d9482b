package control

import (
	"fmt"
	"sync"
	"time"

	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// Parallel runs named chains at once.
var Parallel = action.Define(action.Spec[parallelInputs, any]{
	Name: "parallel", Summary: "Runs named branches at once; the result is an object of their results.", Main: "branches", Beside: true,
	Gives: "an object with what each branch gives",
	Doc:   "What is bound outside, the branches can only read. Where one fails, the others are cancelled and the first failure is that of the step.",
	Example: "- parallel:\n    films:\n      - sql.value: SELECT count(*) FROM films\n    people:\n      - sql.value: SELECT count(*) FROM people\n" +
		"  as: counts\n",
	Prepare: prepareParallel, Run: runParallel,
})

type parallelInputs struct {
	Branches action.Chains `doc:"Lists of steps by the name of their result."`

	shape *schema.Shape
}

func prepareParallel(l action.Load, in *parallelInputs) action.Result {
	refuseInTransaction(l, "")
	if len(in.Branches.List) > mostParallel {
		l.Problem(source.Problem{Span: l.At("branches"), Code: "out_of_range", Text: fmt.Sprintf("there are at most %d branches", mostParallel)})
	}
	in.shape = schema.NewShape(in.Branches.Names...)
	t := &schema.Type{Kind: schema.ObjectK}
	for i, ch := range in.Branches.List {
		r := l.Compile(ch, action.Within{Parallel: true})
		result := r.Type
		switch {
		case result == nil:
			result = schema.NullType
		case r.Has != action.Always:
			result = result.OrNull()
		}
		t.Fields = append(t.Fields, schema.Field{Name: in.Branches.Names[i], Type: result})
	}
	return action.Gives(t)
}

func runParallel(c *action.Call, in *parallelInputs) (any, error) {
	results := make([]any, len(in.Branches.List))
	err := atOnce(c, len(results), len(results), func(c *action.Call, i int) error {
		v, err := in.Branches.List[i].Run(c)
		if v != action.NoResult {
			results[i] = v
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return in.shape.New(results), nil
}

// atOnce runs do for 0 to n-1, at most width of them at a time, each in a copy of
// the call. The first failure cancels the others; it returns when all have ended.
func atOnce(c *action.Call, n, width int, do func(c *action.Call, i int) error) error {
	deadline, ok := c.Context.Deadline()
	if !ok {
		deadline = time.Now().Add(time.Hour)
	}
	c.Caller() // known before branches ask for it at once
	ctx := action.NewContext(c.Context, deadline)
	defer ctx.Close()
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		first error
		next  int
	)
	take := func() (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		if first != nil || next >= n || c.Context.Err() != nil {
			return 0, false
		}
		next++
		return next - 1, true
	}
	for range min(width, n) {
		wg.Go(func() {
			branch := c.Fork(ctx)
			for i, ok := take(); ok; i, ok = take() {
				if err := guarded(branch, i, do); err != nil {
					mu.Lock()
					if first == nil {
						first = err
						ctx.Close()
					}
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	if first == nil && next < n {
		return c.Context.Err()
	}
	return first
}

// guarded turns a panic of a branch into its failure: nothing else would catch it.
func guarded(c *action.Call, i int, do func(c *action.Call, i int) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = action.Panicked(p)
		}
	}()
	return do(c, i)
}
