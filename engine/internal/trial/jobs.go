package trial

import (
	"context"
	"fmt"
	"sync"

	"cloudlet/engine/action"
	"cloudlet/engine/database"
	"cloudlet/engine/internal/plan"
	"cloudlet/engine/language/document"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/tasks"
)

// Tasks keep the jobs of a test, once the transaction has committed that each was asked for in.
// None is done by itself: a step of the test does what it wants to see done.
type Tasks struct {
	mu   sync.Mutex
	last int64
	list []*schema.Object
}

var taskType = schema.ObjectOf(
	schema.Field{Name: "name", Type: schema.StringType},
	schema.Field{Name: "args", Type: openObject},
	schema.Field{Name: "in", Type: schema.StringType.OrNull()},
	schema.Field{Name: "unique", Type: schema.StringType.OrNull()},
)

var taskShape = schema.NewShape(taskType.FieldNames()...)

var _ action.Jobs = (*Tasks)(nil)

// Enqueue implements action.Jobs.
func (k *Tasks) Enqueue(_ context.Context, tx *database.Tx, t tasks.Task) (int64, error) {
	var wait any
	if t.In > 0 {
		wait = schema.Text(t.In)
	}
	o := taskShape.New([]any{t.Name, decoded(string(t.Args)), wait, orNull(t.Unique)})
	k.mu.Lock()
	k.last++
	id := k.last
	k.mu.Unlock()
	keep := func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.list = append(k.list, o)
	}
	if tx == nil {
		keep()
	} else {
		tx.AfterCommit(keep)
	}
	return id, nil
}

// take gives the jobs since it was called last.
func (k *Tasks) take() []*schema.Object {
	k.mu.Lock()
	defer k.mu.Unlock()
	list := k.list
	k.list = nil
	return list
}

// job compiles a request that does a job.
func (s *scene) job(d *document.TestRequest, into *request) {
	name := d.Path.Value
	if into.job = name; s.env.Plan.FindJob(name) == nil {
		s.suggest(d.Path.Span, "unknown_job", fmt.Sprintf("there is no job %q; one is named with its folder", name), name, s.env.Plan.JobNames())
	}
	for _, n := range []*document.Node{d.Query, d.Headers, d.Cookies, d.Form, d.Files, d.Text, d.As} {
		if n != nil {
			s.problems.Addf(n.Span, "conflicting_keys", "a job is given its arguments as body, and nothing else")
		}
	}
}

// do does the job of a request.
func (q *request) do(ctx context.Context, w *World, m *matching) (answer, error) {
	var args *schema.Object
	if q.body != nil {
		v, err := run(q.body, m.frame)
		if err != nil {
			return answer{}, err
		}
		if args, _ = v.(*schema.Object); args == nil {
			return answer{}, fmt.Errorf("the arguments of a job are a map")
		}
	}
	// The test may have been compiled with the plan of another world.
	result, f := w.Plan.FindJob(q.job).Do(ctx, w.Doing, args)
	a := answer{headers: schema.NewObject()}
	switch {
	case f != nil:
		a.status, a.body = f.Status, decoded(string(schema.AppendJSON(nil, plan.Problem(f, ""))))
	case result == action.NoResult:
		a.status = 204
	default:
		a.status, a.body = 200, decoded(string(schema.AppendJSON(nil, result)))
	}
	return a, nil
}
