package plan

import (
	"context"
	"fmt"
	"log/slog"
	"path"
	"regexp"
	"slices"
	"sync/atomic"
	"time"

	"cloudlet/engine/action"
	"cloudlet/engine/internal/arguments"
	"cloudlet/engine/language/document"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
	"cloudlet/engine/language/zone"
	"cloudlet/engine/tasks"
)

// Jobs are an app's files of _jobs.
type Jobs struct {
	list []*jobSource
}

// jobSource is one file. Its name is that by which the queue knows it: with its folder.
type jobSource struct {
	folder, stem, name string
	document           *document.Job
	fields             []schema.Field
}

var jobName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,63}$`)

// Add takes a file of a folder's _jobs, by its name without the ending.
func (j *Jobs) Add(folder, stem string, d *document.Job, problems *source.Problems) {
	s := &jobSource{folder, stem, path.Join(folder, stem), d, fieldsOf(d.Arguments)}
	if other := j.at(folder, stem); other != nil {
		problems.Add(source.Problem{Span: d.File.Span(0, 0), Code: "duplicate_job", Text: fmt.Sprintf("the job %q is defined twice", stem),
			Related: []source.Related{{Span: other.document.File.Span(0, 0), Text: "here too"}}})
		return
	}
	if !jobName.MatchString(stem) {
		problems.Addf(d.File.Span(0, 0), "invalid_name", "no job can be called %q: letters, digits, _ and -, 64 at most", clip(stem))
	}
	j.list = append(j.list, s)
}

func (j *Jobs) at(folder, stem string) *jobSource {
	i := slices.IndexFunc(j.list, func(s *jobSource) bool { return s.folder == folder && s.stem == stem })
	if i < 0 {
		return nil
	}
	return j.list[i]
}

// find is the job of a name that the nearest _jobs has, nil where none does, and what names there are.
func (j *Jobs) find(folder, stem string) (found *jobSource, names []string) {
	for _, f := range above(folder) {
		if s := j.at(f, stem); s != nil && found == nil {
			found = s
		}
		for _, s := range j.list {
			if s.folder == f {
				names = append(names, s.stem)
			}
		}
	}
	return found, names
}

// Limits of jobs where their files say nothing.
const (
	defaultJobTimeout  = 5 * time.Minute
	defaultJobAttempts = 5
)

// Job is a compiled job.
type Job struct {
	Name        string // with its folder: newsletter/send_due
	Description string
	File        *source.File
	Attempts    int
	Arguments   []schema.Field
	Schedule    *tasks.Schedule // nil: none
	chains      *Verb           // what a request would run; nobody can ask for it
}

func (b *builder) compileJobs() []*Job {
	if b.app.Jobs == nil {
		return nil
	}
	slices.SortFunc(b.app.Jobs.list, func(a, c *jobSource) int {
		if a.name < c.name {
			return -1
		}
		return 1
	})
	jobs := make([]*Job, len(b.app.Jobs.list))
	for i, s := range b.app.Jobs.list {
		jobs[i] = b.job(s)
	}
	return jobs
}

func (b *builder) job(s *jobSource) *Job {
	d := s.document
	j := &Job{Name: s.name, Description: d.Description, File: d.File, Attempts: d.Attempts, Arguments: s.fields}
	if j.Attempts == 0 {
		j.Attempts = defaultJobAttempts
	}
	v := &Verb{At: d.File.Span(0, 0), Path: s.name, name: "job " + s.name, Timeout: defaultJobTimeout, Arguments: s.fields, set: arguments.Compile(s.fields, "", false), before: &chain{point: none}}
	if d.Timeout != nil {
		v.Timeout = d.Timeout.Value
	}
	f := newFrame()
	sc := newScope(f, &ambient{args: argumentsType(s.fields), user: schema.NullType, globals: b.globals, folder: s.folder,
		database: b.app.DatabaseOf(s.folder), around: surroundings{job: true}})
	v.actions, v.Result = b.chain(sc, d.Actions)
	v.slots, v.readsUser, v.request = f.slots, f.readsUser, f.readsRequest
	v.fails = sc.fails
	j.chains = v
	for _, a := range d.Arguments {
		switch {
		case a.Type.Highest() >= schema.Secret:
			b.problems.Addf(a.Span, "secret_flow", "%s is a secret, and would rest in the queue", a.Name)
		case a.Type.HoldsFile():
			b.problems.Add(source.Problem{Span: a.Span, Code: "wrong_type", Text: "a file is gone when its request has ended", Hint: "keep it with file.save, and give the job its path"})
		case d.Schedule != nil && !a.Optional && !a.HasDefault:
			b.problems.Add(source.Problem{Span: a.Span, Code: "missing_value", Text: fmt.Sprintf("who keeps the schedule has no value for %q", a.Name), Hint: "give it a default"})
		}
	}
	if d.Schedule != nil {
		j.Schedule = b.schedule(d)
	}
	return j
}

func (b *builder) schedule(d *document.Job) *tasks.Schedule {
	place := ""
	if d.TimeZone != nil {
		if _, err := zone.Find(d.TimeZone.Value); err != nil {
			b.problems.Add(source.Problem{Span: d.TimeZone.Span, Code: "invalid_schedule", Text: err.Error(), Hint: source.DidYouMean(d.TimeZone.Value, zone.Names())})
		} else {
			place = d.TimeZone.Value
		}
	}
	s, err := tasks.NewSchedule(d.Schedule.Value, place)
	if err != nil {
		b.problems.Addf(d.Schedule.Span, "invalid_schedule", "%v", err)
	}
	return &s
}

// Job implements action.Load.
func (bd *binder) Job(name, in string) *action.Job {
	folder := bd.scope.ambient.folder
	s, names := bd.app.Jobs.find(folder, name)
	if s == nil {
		bd.Problem(source.Problem{Span: bd.At(in), Code: "unknown_job", Text: fmt.Sprintf("there is no job %q in _jobs of this folder or above", clip(name)), Hint: source.DidYouMean(name, names)})
		return nil
	}
	attempts := s.document.Attempts
	if attempts == 0 {
		attempts = defaultJobAttempts
	}
	set := arguments.Compile(s.fields, "", false)
	return &action.Job{Name: s.name, Arguments: s.fields, Attempts: attempts, Check: func(o *schema.Object) *action.Failure {
		if f := set.FromObject(o, make([]any, set.Shape().Len())); f != nil {
			return argumentsFailure(f)
		}
		return nil
	}}
}

// FindJob finds a job by its name with its folder; nil where there is none.
func (p *Plan) FindJob(name string) *Job {
	i := slices.IndexFunc(p.Jobs, func(j *Job) bool { return j.Name == name })
	if i < 0 {
		return nil
	}
	return p.Jobs[i]
}

// JobNames lists the names of all jobs.
func (p *Plan) JobNames() []string {
	names := make([]string, len(p.Jobs))
	for i, j := range p.Jobs {
		names[i] = j.Name
	}
	return names
}

// Doing is what a job is done with.
type Doing struct {
	Services *action.Services
	Log      *slog.Logger
	Cover    []atomic.Uint32
	Trace    func(action.Traced)
}

// Do does the job with arguments by name, nil for none. The failure is nil where it succeeded.
func (j *Job) Do(ctx context.Context, d Doing, args *schema.Object) (result any, f *action.Failure) {
	x, v := &exchange{}, j.chains
	x.Services, x.Log, x.Cover, x.Trace = d.Services, d.Log, d.Cover, d.Trace
	x.SetCaller(nil)
	x.begin(v, ctx)
	defer x.context.Close()
	defer x.discard()
	values := x.room(v)
	if args == nil {
		args = schema.NewObject()
	}
	if f := v.set.FromObject(args, values); f != nil {
		return nil, j.failed(x, argumentsFailure(f))
	}
	return j.run(x, values)
}

// DoTexts is Do with arguments as a command line gives them.
func (j *Job) DoTexts(ctx context.Context, d Doing, args [][2]string) (result any, f *action.Failure) {
	v := j.chains
	values := make([]any, v.set.Shape().Len())
	if f := v.set.FromTexts(args, nil, nil, values); f != nil {
		return nil, argumentsFailure(f)
	}
	return j.Do(ctx, d, v.set.Shape().New(values))
}

func (j *Job) run(x *exchange, values []any) (any, *action.Failure) {
	v := j.chains
	result, err := v.execute(&x.call, v.set.Shape().New(values))
	_, body, has, f := v.conclude(x, result, err)
	if f != nil {
		return nil, j.failed(x, f)
	}
	if !has {
		return action.NoResult, nil
	}
	return body, nil
}

// failed logs why a job failed, with its name.
func (j *Job) failed(x *exchange, f *action.Failure) *action.Failure {
	if x.Log != nil {
		x.Log = x.Log.With("job", j.Name)
	}
	LogFailure(&x.Exchange, f)
	return f
}
