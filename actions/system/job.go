package system

import (
	"errors"
	"fmt"
	"time"

	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
	"cloudlet/engine/tasks"
)

// Job has a job done later.
var Job = action.Define(action.Spec[jobInputs, any]{
	Name: "job", Summary: "Has a job done later: a chain of the nearest _jobs folder.", Main: "name", Writes: true,
	Doc: "The job is kept durably and done at least once: it is tried again where it fails, as often as its file says, and outlives a restart and a reload. " +
		"Inside a transaction of the main database it is done when that commits, and not when it rolls back. With `unique` no second job with the same text is kept while one waits or is being done; " +
		"the result is then the number of that one. `cloudlet jobs` shows what waits.",
	Example: "- job: {name: send_receipt, args: {order: \"${args.order}\"}, in: 10m, unique: \"receipt ${args.order}\"}\n",
	Result:  queuedType,
	Failures: []action.Outcome{
		{Status: 500, Code: "invalid_job", When: "an argument of the job is not valid"},
		{Status: 500, Code: action.OutOfRange.Code, When: "`in` is negative or over a year"},
		{Status: 503, Code: "database_busy", When: "the job cannot be kept in time"},
		{Status: 500, Code: "database_failed", When: "the job cannot be kept"},
	},
	Prepare: prepareJob, Run: runJob,
})

type jobInputs struct {
	Name   string                     `doc:"The name of the job: that of its file in _jobs, without the ending."`
	Args   action.Expr[action.Map]    `doc:"Its arguments by name." optional:"" class:"token" leak:"would rest in the queue"`
	In     action.Expr[time.Duration] `doc:"How long it waits first, at most 365d." optional:""`
	Unique action.Expr[action.Text]   `doc:"A text that only one job of the name has at a time; a value inside of it is escaped as in the key of a lock." optional:"" class:"token" leak:"would rest in the queue"`

	job *action.Job
}

var (
	queuedType  = schema.ObjectOf(schema.Field{Name: "id", Type: schema.IntType})
	queuedShape = schema.NewShape("id")
)

// longestWait is how long a job may wait first.
const longestWait = 365 * 24 * time.Hour

func prepareJob(l action.Load, in *jobInputs) action.Result {
	if t := l.Transaction(); t != "" && t != "main" {
		l.Problem(source.Problem{Span: l.At(""), Code: "other_database", Text: fmt.Sprintf("the transaction is of the database %q, and jobs are kept in main", t), Hint: "put it behind the transaction"})
	}
	if d, known := in.In.Constant(); known && in.In.Given() && (d < 0 || d > longestWait) {
		l.Problem(source.Problem{Span: l.At("in"), Code: action.OutOfRange.Code, Text: "a job waits at most 365d"})
	}
	in.Unique.Escape(escapePart)
	if in.job = l.Job(in.Name, "name"); in.job != nil {
		in.checkArguments(l)
	}
	return action.Gives(queuedType)
}

// checkArguments holds what is given against what the job declares, as far as the type tells.
func (in *jobInputs) checkArguments(l action.Load) {
	t := &schema.Type{Kind: schema.ObjectK}
	if in.Args.Given() {
		t = in.Args.Type()
	}
	if t.Kind != schema.ObjectK || t.Open {
		return
	}
	declared := &schema.Type{Kind: schema.ObjectK, Fields: in.job.Arguments}
	for _, f := range t.Fields {
		want, known := declared.Field(f.Name)
		switch {
		case !known:
			l.Problem(source.Problem{Span: l.At("args"), Code: "unknown_argument", Text: fmt.Sprintf("the job %s has no argument %q", in.Name, f.Name), Hint: source.DidYouMean(f.Name, declared.FieldNames())})
		case schema.Fits(f.Type, want.Type) == schema.Never:
			l.Problem(source.Problem{Span: l.At("args"), Code: "wrong_type", Text: fmt.Sprintf("%s of the job %s takes %s, and this is %s", f.Name, in.Name, want.Type, f.Type)})
		}
	}
	for _, want := range in.job.Arguments {
		if _, given := t.Field(want.Name); !given && !want.Optional && !want.HasDefault {
			l.Problem(source.Problem{Span: l.At("args"), Code: "missing_argument", Text: fmt.Sprintf("the job %s needs %q", in.Name, want.Name)})
		}
	}
}

func runJob(c *action.Call, in *jobInputs) (any, error) {
	args, given, err := in.Args.Optional(c)
	if err != nil {
		return nil, err
	}
	if !given {
		args = schema.NewObject()
	}
	wait, _, err := in.In.Optional(c)
	if err != nil {
		return nil, err
	}
	unique, _, err := in.Unique.Optional(c)
	if err != nil {
		return nil, err
	}
	if wait < 0 || wait > longestWait {
		return nil, &action.Failure{Status: 500, Code: action.OutOfRange.Code, Detail: "A number is out of its range.", Reason: "a job waits from nothing to 365d"}
	}
	if f := in.job.Check(args); f != nil {
		return nil, &action.Failure{Status: 500, Code: "invalid_job", Detail: "Something went wrong here. It has been logged.", Cause: errors.New(f.Detail), Reason: "an argument of the job is not valid: " + firstOf(f)}
	}
	tx, err := c.Tx("main")
	if err != nil {
		return nil, err
	}
	id, err := c.Services.Jobs.Enqueue(c.Context, tx, tasks.Task{Name: in.job.Name, Args: schema.AppendJSON(nil, args), In: wait, Unique: string(unique), Attempts: in.job.Attempts})
	if err != nil {
		return nil, err
	}
	return queuedShape.New([]any{int(id)}), nil
}

// firstOf says which argument is wrong, and not its value.
func firstOf(f *action.Failure) string {
	if len(f.Errors) == 0 {
		return f.Code
	}
	return schema.Text(f.Errors[0])
}
