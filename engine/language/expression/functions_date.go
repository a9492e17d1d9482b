package expression

import (
	"slices"
	"strings"
	"time"

	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/zone"
)

var dates = []schema.Kind{schema.DateTime, schema.Date}

// The names are those of SQL's databases. A datetime is read as it is written, by its own
// offset, unless a zone is given; a date is the same date in every zone.
var dateFunctions = []function{
	{"datePart", "A part of a datetime or date as clocks in the time zone show it, by default as it is written: year, quarter, month, day, yearday, weekday (ISO 8601: 1 is Monday), week and weekyear (ISO 8601), hour, minute or second.",
		[]parameter{{"time", dates, once}, {"part", text, once}, {"zone", text, maybe}}, gives(schema.IntType), runDatePart, worded},
	{"dateTrunc", "The beginning of the year, quarter, month, week (Monday), day, hour, minute or second that a datetime or date is in, by the clocks of the time zone.",
		[]parameter{{"time", dates, once}, {"unit", text, once}, {"zone", text, maybe}}, sameTime, runDateTrunc, worded},
	{"dateAdd", "The datetime or date so many years, quarters, months, weeks, days, hours, minutes or seconds later, by the calendar of the time zone; a month that is too short gives its last day.",
		[]parameter{{"time", dates, once}, {"count", whole, once}, {"unit", text, once}, {"zone", text, maybe}}, sameTime, runDateAdd, worded},
	{"dateFormat", "The datetime or date in the time zone as text, by a layout of Go's time package, which writes 2 January 2006 15:04:05 as it should look.",
		[]parameter{{"time", dates, once}, {"layout", text, once}, {"zone", text, maybe}}, gives(schema.StringType), runDateFormat, worded},
}

// sameTime is a date of a date, and a datetime of a datetime.
func sameTime(args []*schema.Type) *schema.Type {
	switch args[0].Kind {
	case schema.Date, schema.DateTime:
		return &schema.Type{Kind: args[0].Kind}
	}
	return schema.AnyType
}

// datePart is what datePart can give; clock is set for what a date has not.
type datePart struct {
	name  string
	clock bool
	of    func(t time.Time) int
}

var dateParts = []datePart{
	{"year", false, time.Time.Year},
	{"quarter", false, func(t time.Time) int { return (int(t.Month()) + 2) / 3 }},
	{"month", false, func(t time.Time) int { return int(t.Month()) }},
	{"week", false, func(t time.Time) int { _, week := t.ISOWeek(); return week }},
	{"weekyear", false, func(t time.Time) int { year, _ := t.ISOWeek(); return year }},
	{"day", false, time.Time.Day},
	{"yearday", false, time.Time.YearDay},
	{"weekday", false, weekday},
	{"hour", true, time.Time.Hour},
	{"minute", true, time.Time.Minute},
	{"second", true, time.Time.Second},
}

// dateUnit is what dateTrunc and dateAdd count by: one of months, days and seconds.
type dateUnit struct {
	name                  string
	months, days, seconds int
}

var dateUnits = []dateUnit{
	{"year", 12, 0, 0}, {"quarter", 3, 0, 0}, {"month", 1, 0, 0}, {"week", 0, 7, 0}, {"day", 0, 1, 0},
	{"hour", 0, 0, 3600}, {"minute", 0, 0, 60}, {"second", 0, 0, 1},
}

// weekday is that of ISO 8601: Monday is 1, Sunday 7.
func weekday(t time.Time) int { return (int(t.Weekday())+6)%7 + 1 }

func findPart(name string) (datePart, error) {
	if i := slices.IndexFunc(dateParts, func(p datePart) bool { return p.name == name }); i >= 0 {
		return dateParts[i], nil
	}
	return datePart{}, operandf("the part is not one of %s", strings.Join(partNames(), ", "))
}

func findUnit(name string) (dateUnit, error) {
	if i := slices.IndexFunc(dateUnits, func(u dateUnit) bool { return u.name == name }); i >= 0 {
		return dateUnits[i], nil
	}
	return dateUnit{}, operandf("the unit is not one of %s", strings.Join(unitNames(), ", "))
}

// moment is the datetime or date of the first argument in the zone at a place of the
// arguments. A date is the midnight of UTC that it begins with there.
func moment(f *Frame, a []any, place int) (t time.Time, isDate bool, err error) {
	if err := f.turn(1); err != nil {
		return t, false, err
	}
	var in *time.Location
	if len(a) > place {
		if in, err = zone.Find(a[place].(string)); err != nil {
			return t, false, operandf("the time zone is not known")
		}
	}
	switch v := a[0].(type) {
	case time.Time:
		if in != nil {
			v = v.In(in)
		}
		return v, false, nil
	case string:
		if len(v) == len(time.DateOnly) {
			if t, err = time.Parse(time.DateOnly, v); err == nil {
				return t, true, nil
			}
		}
	}
	return t, false, operandf("the text is no date as YYYY-MM-DD; others are read with date(…)")
}

// written is a result as the kind that the argument had.
func written(t time.Time, isDate bool) (any, error) {
	v, err := calendarTime(t)
	if err != nil || !isDate {
		return v, err
	}
	return t.Format(time.DateOnly), nil
}

func runDatePart(f *Frame, a []any) (any, error) {
	t, isDate, err := moment(f, a, 2)
	if err != nil {
		return nil, err
	}
	p, err := findPart(a[1].(string))
	switch {
	case err != nil:
		return nil, err
	case p.clock && isDate:
		return nil, operandf("a date has no time of day")
	}
	return p.of(t), nil
}

func runDateTrunc(f *Frame, a []any) (any, error) {
	t, isDate, err := moment(f, a, 2)
	if err != nil {
		return nil, err
	}
	u, err := findUnit(a[1].(string))
	switch {
	case err != nil:
		return nil, err
	case u.seconds > 0 && isDate:
		return nil, operandf("a date has no time of day")
	case u.seconds > 0: // not by what clocks show: an hour that they show twice is two
		within := (t.Minute()*60 + t.Second()) % u.seconds
		return written(t.Add(-time.Duration(within)*time.Second-time.Duration(t.Nanosecond())), false)
	}
	year, month, day := t.Date()
	switch u.days {
	case 7:
		day -= weekday(t) - 1
	case 0:
		month, day = time.Month((int(month)-1)/u.months*u.months+1), 1
	}
	return written(zone.At(time.Date(year, month, day, 0, 0, 0, 0, time.UTC), t.Location()), isDate)
}

// farthest is how many seconds, days or months may be added: more than the 10,000 years have.
func (u dateUnit) farthest() int {
	switch {
	case u.months > 0:
		return 120_000
	case u.days > 0:
		return 4_000_000
	}
	return 400_000_000_000
}

func runDateAdd(f *Frame, a []any) (any, error) {
	t, isDate, err := moment(f, a, 3)
	if err != nil {
		return nil, err
	}
	u, err := findUnit(a[2].(string))
	n := a[1].(int)
	switch {
	case err != nil:
		return nil, err
	case u.seconds > 0 && isDate:
		return nil, operandf("a date has no time of day")
	case n < -u.farthest() || n > u.farthest():
		return nil, fail(codeArithmetic, "the result is not between the years 0 and 9999")
	case n == 0:
		return written(t, isDate)
	case u.seconds > 0:
		return written(time.Unix(t.Unix()+int64(n*u.seconds), int64(t.Nanosecond())).In(t.Location()), false)
	}
	v, err := calendarTime(later(zone.Reading(t), n, u))
	if err != nil {
		return nil, err
	}
	return written(zone.At(v.(time.Time), t.Location()), isDate)
}

// later is what clocks and calendars show months or days after a reading of them. A day
// that a month has not is its last.
func later(reading time.Time, n int, u dateUnit) time.Time {
	if u.months == 0 {
		return reading.AddDate(0, 0, n*u.days)
	}
	year, month, day := reading.Date()
	first := time.Date(year, month+time.Month(n*u.months), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(day, last)-1).Add(reading.Sub(reading.Truncate(24 * time.Hour)))
}

// A name is at most a few times as long as what stands for it in the layout.
func runDateFormat(f *Frame, a []any) (any, error) {
	t, _, err := moment(f, a, 2)
	if err != nil {
		return nil, err
	}
	layout := a[1].(string)
	if len(layout) > longestLayout {
		return nil, operandf("the layout is longer than %d bytes", longestLayout)
	}
	if err := f.grow(4*len(layout) + 16); err != nil {
		return nil, err
	}
	return t.Format(layout), nil
}
