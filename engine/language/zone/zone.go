// Package zone finds time zones by their names. The names are a closed list, so that one
// which a request brings never becomes the path of a file, and means the same on all systems.
package zone

import (
	_ "embed"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // time zones wherever the app runs
)

// list has the names of the database that time/tzdata brings, in the order of their bytes.
//
//go:embed names.txt
var list string

var names = sync.OnceValue(func() []string { return strings.Fields(list) })

// found keeps the zones that were asked for: at most as many as there are names.
var found sync.Map

// ErrUnknown says that a name is none of the database. It is a clause for who wrote it.
var ErrUnknown = errors.New("a time zone has a name of the IANA database, as in Europe/Berlin")

// Find gives the time zone of a name of the IANA time zone database, or ErrUnknown. The names
// are exact in their letters; the zone of the machine has none.
func Find(name string) (*time.Location, error) {
	if z, ok := found.Load(name); ok {
		return z.(*time.Location), nil
	}
	if _, ok := slices.BinarySearch(names(), name); !ok {
		return nil, ErrUnknown
	}
	z, err := time.LoadLocation(name)
	if err != nil {
		return nil, ErrUnknown
	}
	kept, _ := found.LoadOrStore(strings.Clone(name), z)
	return kept.(*time.Location), nil
}

// Names lists the names of the IANA time zone database in the order of their bytes.
func Names() []string { return slices.Clone(names()) }

// At is the first time at which clocks in a zone show what a reading says: a time in UTC that
// stands for a date and a time of day. One that they skip, since they go forward, is when they do.
func At(reading time.Time, zone *time.Location) time.Time {
	// No clock is more than a day off; from there on, from one change of the clocks to the next.
	t := reading.Add(-48 * time.Hour).In(zone)
	for {
		_, offset := t.Zone()
		at := reading.Add(-time.Duration(offset) * time.Second)
		start, end := t.ZoneBounds()
		switch {
		case !start.IsZero() && at.Before(start):
			return start.In(zone)
		case end.IsZero() || at.Before(end):
			return at.In(zone)
		}
		t = end.In(zone)
	}
}

// Reading is what a clock shows at a time in the time's own zone, as a time in UTC.
func Reading(t time.Time) time.Time {
	_, offset := t.Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}
