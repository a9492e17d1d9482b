package main

import (
	"context"
	"strconv"
	"strings"
	"time"

	"cloudlet/actions"
	"cloudlet/engine"
)

// jobsCommands are `cloudlet jobs …`.
type jobsCommands struct {
	List   jobsListCommand   `cmd:"" help:"List the jobs that are not done, and the schedules."`
	Run    jobsRunCommand    `cmd:"" help:"Do a job now."`
	Retry  jobsRetryCommand  `cmd:"" help:"Do jobs again at once."`
	Cancel jobsCancelCommand `cmd:"" help:"Forget jobs."`
}

type jobsListCommand struct {
	Format string `enum:"text,json" default:"text" help:"How jobs are printed: ${enum}."`
}

// Help is what --help says besides the flags.
func (jobsListCommand) Help() string {
	return `Jobs wait here until they are done. One that fails is tried again, as often as its file says; then it is dead, and stays for 30 days. Its arguments are not shown. Behind the jobs stand the schedules that the served app keeps, and when each is due next.

Example:

    cloudlet jobs list --format json
`
}

// listedJob is a job for programs.
type listedJob struct {
	ID         int64     `json:"id"`
	Name       string    `json:"name"`
	State      string    `json:"state"`
	Attempts   int       `json:"attempts"`
	EnqueuedAt time.Time `json:"enqueued_at"`
	Next       time.Time `json:"next"`
	Reason     string    `json:"reason,omitempty"`
}

// listedSchedule is a schedule for programs.
type listedSchedule struct {
	Name     string    `json:"name"`
	Schedule string    `json:"schedule"`
	Next     time.Time `json:"next"`
}

// Run prints the jobs.
func (c *jobsListCommand) Run(ctx context.Context, t *terminal, f *folder) error {
	return withAccounts(ctx, f, func(a *engine.Accounts) error {
		waiting, err := a.Jobs.List(ctx)
		if err != nil {
			return err
		}
		schedules, err := a.Jobs.Schedules(ctx)
		if err != nil {
			return err
		}
		page := struct {
			Jobs      []listedJob      `json:"jobs"`
			Schedules []listedSchedule `json:"schedules"`
		}{[]listedJob{}, []listedSchedule{}}
		rows := [][]string{{"ID", "SINCE", "STATE", "ATTEMPTS", "JOB", "NEXT", "REASON"}}
		for _, j := range waiting {
			page.Jobs = append(page.Jobs, listedJob(j))
			rows = append(rows, []string{strconv.FormatInt(j.ID, 10), j.EnqueuedAt.UTC().Format(time.DateTime), j.State, strconv.Itoa(j.Attempts), j.Name, j.Next.UTC().Format(time.DateTime), j.Reason})
		}
		times := [][]string{{"JOB", "NEXT", "SCHEDULE"}}
		for _, s := range schedules {
			page.Schedules = append(page.Schedules, listedSchedule{s.Name, s.Schedule, s.Due})
			times = append(times, []string{s.Name, s.Due.Format(time.DateTime), s.Schedule})
		}
		if c.Format == "json" {
			return printJSON(t.out, page)
		}
		if err := table(t.out, rows); err != nil || len(schedules) == 0 {
			return err
		}
		t.printf("\n")
		return table(t.out, times)
	})
}

type jobsRunCommand struct {
	Name      string   `arg:"" help:"The job with its folder, as newsletter/send_due."`
	Arguments []string `arg:"" optional:"" name:"key=value" help:"The arguments, written as in a query. A repeated name makes a list."`
	Trace     bool     `help:"Show each step with its input, result and time."`
	Format    string   `enum:"text,json" default:"text" help:"text: the result alone; json: status and body."`
}

// Help is what --help says besides the flags.
func (jobsRunCommand) Help() string {
	return `Does the job in this process, on the app's real database, also while the app is served. The result alone goes to the standard output. A job that fails exits with 1; it is not tried again.

Example:

    cloudlet jobs run newsletter/send_due --trace
`
}

// Run does the job and prints its result.
func (c *jobsRunCommand) Run(ctx context.Context, t *terminal, f *folder) (err error) {
	request := engine.CallRequest{Path: c.Name}
	for _, a := range c.Arguments {
		name, value, ok := strings.Cut(a, "=")
		if !ok || name == "" {
			return usagef("an argument is written name=value, and not %q", a)
		}
		request.Args = append(request.Args, [2]string{name, value})
	}
	dir, err := f.dir("")
	if err != nil {
		return err
	}
	e, err := engine.Open(dir, engine.WithActions(actions.All()), engine.WithLog(newLog(t.err, "text", "info")))
	if err != nil {
		return err
	}
	defer func() {
		if closed := e.Close(); err == nil {
			err = closed
		}
	}()
	if c.Trace {
		request.Trace = (&tracer{w: t.err}).step
	}
	result, err := e.RunJob(ctx, request)
	if err != nil {
		return err
	}
	err = (&callCommand{Trace: c.Trace, Format: c.Format}).print(t, result)
	if settled := settle(ctx, e); err == nil {
		err = settled
	}
	return err
}

type jobsRetryCommand struct {
	IDs []int64 `arg:"" optional:"" name:"id" help:"The jobs, as list shows them."`
	All bool    `help:"All that wait or are dead."`
}

// Help is what --help says besides the flags.
func (jobsRetryCommand) Help() string {
	return `The jobs get all their attempts again. They are done where the app is served.

Example:

    cloudlet jobs retry 7 9
    cloudlet jobs retry --all
`
}

// Run has the jobs done again.
func (c *jobsRetryCommand) Run(ctx context.Context, t *terminal, f *folder) error {
	return appJobs.each(ctx, t, f, c.IDs, c.All, "will be tried again", func(a *engine.Accounts, id int64) error { return a.Jobs.Retry(ctx, id) })
}

type jobsCancelCommand struct {
	IDs []int64 `arg:"" optional:"" name:"id" help:"The jobs, as list shows them."`
	All bool    `help:"All: those that wait, are being done or are dead."`
}

// Help is what --help says besides the flags.
func (jobsCancelCommand) Help() string {
	return `One that is being done right now is ended within a second: what it has committed stays. A job with a schedule comes again at its next time: take the schedule out of its file.

Example:

    cloudlet jobs cancel 7 9
`
}

// Run forgets the jobs.
func (c *jobsCancelCommand) Run(ctx context.Context, t *terminal, f *folder) error {
	return appJobs.each(ctx, t, f, c.IDs, c.All, "gone", func(a *engine.Accounts, id int64) error { return a.Jobs.Cancel(ctx, id) })
}

// appJobs are the jobs that wait.
var appJobs = waiting{"job", func(ctx context.Context, a *engine.Accounts) (ids []int64, err error) {
	list, err := a.Jobs.List(ctx)
	for _, j := range list {
		ids = append(ids, j.ID)
	}
	return ids, err
}}
