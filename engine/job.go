package engine

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"cloudlet/engine/action"
	"cloudlet/engine/internal/plan"
	"cloudlet/engine/jobs"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
	"cloudlet/engine/tasks"
)

// planned are the jobs with a schedule.
func planned(p *plan.Plan) []tasks.Planned {
	var list []tasks.Planned
	for _, j := range p.Jobs {
		if j.Schedule != nil {
			list = append(list, tasks.Planned{Task: tasks.Task{Name: j.Name, Args: []byte("{}"), Attempts: j.Attempts}, Schedule: *j.Schedule})
		}
	}
	return list
}

// errStopping says that the engine is being closed: the job is done after the next start.
var errStopping = &jobs.Failure{Reason: "the server is shutting down"}

// runJob does a job of the queue in the generation that runs now, which lasts until it is done.
func (e *Engine) runJob(ctx context.Context, t tasks.Task, attempt int) error {
	g := e.enter()
	if g == nil {
		return errStopping
	}
	defer g.leave()
	j := g.plan.FindJob(t.Name)
	if j == nil {
		return &jobs.Failure{Reason: "the app has no job of this name any more"}
	}
	args, err := schema.DecodeAny(t.Args)
	o, ok := args.(*schema.Object)
	if err != nil || !ok {
		return &jobs.Failure{Reason: "its arguments cannot be read", Permanent: true}
	}
	_, f := j.Do(ctx, plan.Doing{Services: g.services, Log: e.o.log.With(slog.String("job", t.Name), slog.Int("attempt", attempt))}, o)
	return jobFailure(ctx, f)
}

// jobFailure is a failure as the queue keeps it, without anything of the job's values.
func jobFailure(ctx context.Context, f *action.Failure) error {
	if f == nil {
		return nil
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return context.Canceled // given back to the queue
	}
	return &jobs.Failure{Reason: "it failed with " + f.Code, Permanent: f.Code == "invalid_arguments" && f.Status == http.StatusBadRequest}
}

// RunJob does a job now, whether or not it waits in the queue. Of the request Path is the job's
// name with its folder, and Args and Trace are as for Call. It fails as Call does: failures are results.
func (e *Engine) RunJob(ctx context.Context, c CallRequest) (*CallResult, error) {
	g := e.enter()
	if g == nil {
		return nil, ErrClosed
	}
	defer g.leave()
	j := g.plan.FindJob(c.Path)
	if j == nil {
		detail := "There is no job " + c.Path + "."
		if hint := source.DidYouMean(c.Path, g.plan.JobNames()); hint != "" {
			detail += " D" + hint[1:]
		}
		return problemResult(action.Fail(http.StatusNotFound, "unknown_job", detail)), nil
	}
	result, f := j.DoTexts(ctx, plan.Doing{Services: g.services, Log: e.o.log, Trace: oneByOne(c.Trace)}, c.Args)
	switch {
	case f != nil:
		return problemResult(f), nil
	case result == action.NoResult:
		return &CallResult{Status: http.StatusNoContent}, nil
	}
	return &CallResult{Status: http.StatusOK, Body: schema.AppendJSON(nil, result)}, nil
}

func problemResult(f *action.Failure) *CallResult {
	return &CallResult{Status: f.Status, Body: schema.AppendJSON(nil, plan.Problem(f, (&action.Exchange{}).TraceID()))}
}
