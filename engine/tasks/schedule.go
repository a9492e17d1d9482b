package tasks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"cloudlet/engine/database"
	"cloudlet/engine/language/zone"

	"github.com/adhocore/gronx"
)

// Schedule says when a job is done: a cron expression of five fields (minute, hour, day of the
// month, month, day of the week), or @yearly, @monthly, @weekly, @daily or @hourly, in a time zone.
// With a * at the hour it goes on evenly when clocks change. Otherwise a time that a day does not
// have, since clocks go forward, is when they do, and one that it has twice comes once, the first time.
type Schedule struct {
	cron string
	zone *time.Location
}

var shorthands = []string{"@yearly", "@monthly", "@weekly", "@daily", "@hourly"}

// NewSchedule reads a schedule; place is a name of the IANA time zone database, "" is UTC. The errors
// are clauses for its author.
func NewSchedule(cron, place string) (Schedule, error) {
	s := Schedule{cron: strings.Join(strings.Fields(cron), " "), zone: time.UTC}
	switch {
	case slices.Contains(shorthands, s.cron):
	case strings.Count(s.cron, " ") == 4:
		if err := checkFields(strings.Fields(s.cron)); err != nil {
			return s, err
		}
	default:
		return s, errors.New("a schedule has five fields, as in 30 6 * * mon-fri (minute, hour, day, month, weekday), or is one of " + strings.Join(shorthands, ", "))
	}
	if place != "" {
		var err error
		if s.zone, err = zone.Find(place); err != nil {
			return s, err
		}
	}
	if s.Next(time.Now()).IsZero() {
		return s, errors.New("no day fits the schedule")
	}
	return s, nil
}

// fields are the fields of a schedule in their order, with what they take.
var fields = [5][2]string{{"minute", "0 to 59"}, {"hour", "0 to 23"}, {"day of the month", "1 to 31"}, {"month", "1 to 12, or jan to dec"}, {"weekday", "0 to 7, sunday is 0 and 7, or sun to sat"}}

// checkFields says which field of five is wrong, each tried with nothing but stars beside it.
func checkFields(list []string) error {
	for i, field := range list {
		alone := []string{"*", "*", "*", "*", "*"}
		alone[i] = field
		if !gronx.IsValid(strings.Join(alone, " ")) {
			return fmt.Errorf("%q is no %s of a schedule: it is %s; or *, */5, 1-5, 1,3", field, fields[i][0], fields[i][1])
		}
	}
	return nil
}

// Next is the first time of the schedule behind t; zero where there is none.
func (s Schedule) Next(t time.Time) time.Time {
	t = t.In(s.zone)
	next := s.tick(zone.Reading(t).Add(time.Nanosecond))
	if again, until := repeats(t); again && !s.evenly() {
		next = s.tick(until)
	}
	// From one change of the clocks to the next: in between they show what they do in UTC.
	for !next.IsZero() {
		_, offset := t.Zone()
		at := next.Add(-time.Duration(offset) * time.Second)
		_, end := t.ZoneBounds()
		if end.IsZero() || at.Before(end) {
			return at.In(s.zone)
		}
		t = end.In(s.zone)
		switch after := zone.Reading(t); {
		case s.evenly():
			next = s.tick(after)
		case next.Before(after): // at a time that is left out
			return t
		}
	}
	return time.Time{}
}

// tick is the first time of the schedule from t on, by clocks that nobody changes; zero where there is none.
func (s Schedule) tick(t time.Time) time.Time {
	next, err := gronx.NextTickAfter(s.cron, t.Add(-time.Nanosecond), false)
	if err != nil {
		return time.Time{}
	}
	return next
}

// evenly reports whether the schedule goes by the hour, and not by what clocks show.
func (s Schedule) evenly() bool {
	return s.cron == "@hourly" || !strings.HasPrefix(s.cron, "@") && strings.Fields(s.cron)[1] == "*"
}

// repeats reports whether clocks show at t what they have shown before, since they were put back, and
// what they showed when they were.
func repeats(t time.Time) (bool, time.Time) {
	start, _ := t.ZoneBounds()
	if start.IsZero() {
		return false, start
	}
	_, offset := start.Add(-1).Zone()
	until := start.UTC().Add(time.Duration(offset) * time.Second)
	return zone.Reading(t).Before(until), until
}

// String is what the schedule was read from.
func (s Schedule) String() string { return s.cron + " " + s.zone.String() }

// Planned is a job with a schedule.
type Planned struct {
	Task
	Schedule
}

// clock enqueues the jobs with a schedule at their times. One that the app missed, since it was
// not running, is done once when it runs again.
type clock struct {
	service *Service
	db      *database.DB
	log     *slog.Logger

	mu      sync.Mutex
	planned []Planned
	changed chan struct{}
	stop    context.CancelFunc // nil: it does not run
	stopped chan struct{}
}

func newClock(s *Service, db *database.DB) *clock {
	return &clock{service: s, db: db, changed: make(chan struct{}, 1)}
}

// Plan says which jobs have a schedule from now on. What has a new schedule is done when that
// says so the next time.
func (s *Service) Plan(list []Planned) {
	s.clock.mu.Lock()
	s.clock.planned = list
	s.clock.mu.Unlock()
	select {
	case s.clock.changed <- struct{}{}:
	default: // it is about to look anyway
	}
}

// Start begins to keep the schedules. Close it.
func (s *Service) Start(log *slog.Logger) {
	ctx, stop := context.WithCancel(context.Background())
	s.clock.log, s.clock.stop, s.clock.stopped = log, stop, make(chan struct{})
	go s.clock.run(ctx)
}

// Close ends the keeping of the schedules. Jobs can be enqueued still.
func (s *Service) Close() error {
	if s.clock.stop != nil {
		s.clock.stop()
		<-s.clock.stopped
		s.clock.stop = nil
	}
	return nil
}

const (
	// longestSleep bounds how long a clock that was set forward, or a machine that slept, goes unseen.
	longestSleep = time.Minute
	// afterFailure is how long it rests where the database could not be had.
	afterFailure = 5 * time.Second
)

func (c *clock) run(ctx context.Context) {
	defer close(c.stopped)
	failure := ""
	for {
		pause, err := c.tick(ctx, time.Now())
		text := ""
		if err != nil && ctx.Err() == nil {
			if text, pause = err.Error(), afterFailure; text != failure { // said once
				c.log.Error("schedules cannot be kept", "reason", err)
			}
		}
		failure = text
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-c.changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// tick enqueues what is due at a time, and tells how long nothing will be.
func (c *clock) tick(ctx context.Context, now time.Time) (pause time.Duration, err error) {
	c.mu.Lock()
	list := c.planned
	c.mu.Unlock()
	pause = longestSleep
	known, err := c.known(ctx)
	if err != nil {
		return 0, err
	}
	for name := range known {
		if !slices.ContainsFunc(list, func(p Planned) bool { return p.Name == name }) {
			if _, err := c.db.Exec(ctx, "DELETE FROM cloudlet_schedules WHERE name = ?", name); err != nil {
				return 0, err
			}
		}
	}
	if len(list) == 0 {
		pause = time.Hour
	}
	for _, p := range list {
		k, is := known[p.Name]
		if !is || k.spec != p.Schedule.String() || k.due <= now.Unix() || k.due > p.Next(now).Unix() { // the last: the clock was set back
			if k.due, err = c.move(ctx, p, now); err != nil {
				return 0, err
			}
		}
		pause = min(pause, max(time.Unix(k.due, 0).Sub(now), 0))
	}
	return pause, nil
}

type due struct {
	spec string
	due  int64
}

func (c *clock) known(ctx context.Context) (map[string]due, error) {
	rows, err := c.db.Query(ctx, "SELECT name, spec, due FROM cloudlet_schedules")
	if err != nil {
		return nil, err
	}
	known := map[string]due{}
	for _, r := range rows {
		var name string
		var d due
		if err := r.Scan(&name, &d.spec, &d.due); err != nil {
			return nil, err
		}
		known[name] = d
	}
	return known, nil
}

// move enqueues the job if it is due and moves its schedule on, both or neither. Another process
// may have done so meanwhile.
func (c *clock) move(ctx context.Context, p Planned, now time.Time) (next int64, err error) {
	err = c.db.Write(ctx, func(tx *database.Tx) error {
		row, err := tx.QueryRow(ctx, "SELECT spec, due FROM cloudlet_schedules WHERE name = ?", p.Name)
		if err != nil {
			return err
		}
		var d due
		if row != nil {
			if err := row.Scan(&d.spec, &d.due); err != nil {
				return err
			}
		}
		next = p.Next(now).Unix()
		switch same := d.spec == p.Schedule.String(); {
		case same && d.due > now.Unix() && d.due <= next:
			next = d.due // somebody else has moved it
			return nil
		case same && d.due <= now.Unix():
			t := p.Task
			t.scheduled = true // one that is not done yet is not done twice
			if _, err := c.service.Enqueue(ctx, tx, t); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, "INSERT INTO cloudlet_schedules (name, spec, due) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET spec = excluded.spec, due = excluded.due",
			p.Name, p.Schedule.String(), next)
		return err
	})
	return next, err
}
