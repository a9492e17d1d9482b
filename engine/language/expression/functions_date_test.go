package expression

import (
	"errors"
	"strings"
	"testing"
	"time"

	"cloudlet/engine/language/schema"
)

// calendarWorld knows a date d, a datetime t with an offset, json j, a text s and an int n.
func calendarWorld() (names, *Frame) {
	scope := names{"d": {Type: &schema.Type{Kind: schema.Date}, Slot: 0}, "t": {Type: schema.DateTimeType, Slot: 1}, "j": {Type: schema.AnyType, Slot: 2},
		"s": {Type: schema.StringType, Slot: 3}, "n": {Type: schema.IntType, Slot: 4}, "none": {Type: schema.DateTimeType.OrNull(), Slot: 5},
		"secret": {Type: schema.SecretType, Constant: "hush", IsConstant: true}}
	at := time.Date(2026, 1, 1, 0, 30, 15, 250, time.FixedZone("", 2*3600))
	return scope, &Frame{Slots: []any{"2026-01-31", at, schema.NewObject("d", "2024-02-29", "t", at, "n", 7, "s", "soon"), "Europe/Berlin", 1, nil}}
}

var calendarResults = []struct{ source, want, typ string }{
	{`datePart(t, "year")`, `2026`, `int`}, // as it is written, by its offset
	{`datePart(t, "year", "UTC")`, `2025`, `int`},
	{`[datePart(t, "quarter"), datePart(t, "month"), datePart(t, "day"), datePart(t, "yearday")]`, `[1,1,1,1]`, `[int]`},
	{`[datePart(t, "hour", "UTC"), datePart(t, "minute"), datePart(t, "second")]`, `[22,30,15]`, `[int]`},
	{`[datePart(t, "hour", "Asia/Kathmandu"), datePart(t, "minute", "Asia/Kathmandu")]`, `[4,15]`, `[int]`},
	{`map(["2026-03-01", "2026-03-02", "2026-03-07"], datePart(date(#), "weekday"))`, `[7,1,6]`, `[int]`},
	{`map(["2024-12-30", "2021-01-03"], [datePart(date(#), "weekyear"), datePart(date(#), "week")])`, `[[2025,1],[2020,53]]`, `[[int]]`},
	{`map(1..12, datePart(dateAdd(date("2026-01-15"), # - 1, "month"), "quarter"))`, `[1,1,1,2,2,2,3,3,3,4,4,4]`, `[int]`},
	{`[datePart(d, "weekday"), datePart(d, "day", "America/Los_Angeles")]`, `[6,31]`, `[int]`}, // a date is the same everywhere
	{`[datePart(j.d, "yearday"), datePart(j.t, "hour")]`, `[60,0]`, `[int]`},
	{`t | datePart("month")`, `1`, `int`},

	{`dateTrunc(t, "year")`, `"2026-01-01T00:00:00+02:00"`, `datetime`},
	{`dateTrunc(t, "year", "UTC")`, `"2025-01-01T00:00:00Z"`, `datetime`},
	{`dateTrunc(date("2026-06-17"), "quarter")`, `"2026-04-01T00:00:00Z"`, `datetime`},
	{`[dateTrunc(d, "month"), dateTrunc(d, "week"), dateTrunc(d, "day"), dateTrunc(d, "quarter")]`, `["2026-01-01","2026-01-26","2026-01-31","2026-01-01"]`, `[date]`},
	{`dateTrunc(t, "week", "UTC")`, `"2025-12-29T00:00:00Z"`, `datetime`},
	{`[dateTrunc(t, "hour"), dateTrunc(t, "minute"), dateTrunc(t, "second")]`, `["2026-01-01T00:00:00+02:00","2026-01-01T00:30:00+02:00","2026-01-01T00:30:15+02:00"]`, `[datetime]`},
	{`dateTrunc(date("2026-10-25T12:00:00Z"), "day", s)`, `"2026-10-25T00:00:00+02:00"`, `datetime`},
	{`map(["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"], dateTrunc(date(#), "hour", s))`, `["2026-10-25T02:00:00+02:00","2026-10-25T02:00:00+01:00"]`, `[datetime]`},
	{`dateTrunc(date("2026-04-24T12:00:00Z"), "day", "Africa/Cairo")`, `"2026-04-24T01:00:00+03:00"`, `datetime`},
	{`dateTrunc(date("1850-01-01T12:00:00Z"), "day", "Europe/Berlin")`, `"1849-12-31T23:06:32Z"`, `datetime`}, // before there were zones
	{`dateTrunc(j.d, "year")`, `"2024-01-01"`, `json`},
	{`dateFormat(dateTrunc(t, "day", "Europe/Berlin"), "2006-01-02 15:04")`, `"2025-12-31 00:00"`, `string`}, // and keeps the zone

	{`dateAdd(d, -3, "day")`, `"2026-01-28"`, `date`},
	{`map(-2..3, dateAdd(d, #, "month"))`, `["2025-11-30","2025-12-31","2026-01-31","2026-02-28","2026-03-31","2026-04-30"]`, `[date]`},
	{`[dateAdd(d, 1, "year"), dateAdd(d, 1, "quarter"), dateAdd(d, 2, "week"), dateAdd(j.d, 1, "year")]`, `["2027-01-31","2026-04-30","2026-02-14","2025-02-28"]`, ``},
	{`dateAdd(t, 1, "month")`, `"2026-02-01T00:30:15.00000025+02:00"`, `datetime`},
	{`dateAdd(t, 90, "second") - t == duration("90s") and dateAdd(t, 0, "month") == t`, `true`, `bool`},
	{`[dateAdd(date("2026-03-28T12:00:00Z"), 1, "day", s), dateAdd(date("2026-03-28T12:00:00Z"), 24, "hour", s)]`, `["2026-03-29T13:00:00+02:00","2026-03-29T14:00:00+02:00"]`, `[datetime]`},
	{`dateAdd(date("2026-03-28T01:30:00Z"), 1, "day", s)`, `"2026-03-29T03:00:00+02:00"`, `datetime`}, // clocks skip 02:30
	{`[dateAdd(date("0000-03-01"), -1, "day"), dateAdd(date("9999-12-30T23:59:59Z"), 1, "day")]`, `["0000-02-29T00:00:00Z","9999-12-31T23:59:59Z"]`, `[datetime]`},
	{`dateAdd(date("0000-01-01"), 119999, "month")`, `"9999-12-01T00:00:00Z"`, `datetime`},

	{`dateFormat(t, "Monday, 2 January 2006 15:04:05 -07:00")`, `"Thursday, 1 January 2026 00:30:15 +02:00"`, `string`},
	{`dateFormat(t, "02.01.2006 15:04 MST", "Europe/Berlin")`, `"31.12.2025 23:30 CET"`, `string`},
	{`dateFormat(d, "2006-01", "America/Los_Angeles") + dateFormat(j.d, " Jan 2")`, `"2026-01 Feb 29"`, `string`},
	{`keys(groupBy([t, date("2026-02-01")], dateFormat(#, "2006-01")))`, `["2026-01","2026-02"]`, `[string]`},
	{`dateFormat(t, "2006-01-02", s)`, `"2025-12-31"`, `string`},
}

func TestCalendar(t *testing.T) {
	t.Parallel()
	for _, test := range calendarResults {
		scope, frame := calendarWorld()
		p, faults := Compile(test.source, scope)
		if faults != nil {
			t.Errorf("%s: %v", test.source, faults)
			continue
		}
		v, err := p.Run(frame)
		if got := string(schema.AppendJSON(nil, v)); err != nil || got != test.want || test.typ != "" && p.Type.String() != test.typ {
			t.Errorf("%s\ngot  %s (%s), %v\nwant %s (%s)", test.source, got, p.Type, err, test.want, test.typ)
		}
	}
}

// calendarFailures have arguments that are known only when they run.
var calendarFailures = []struct{ source, code, at string }{
	{`datePart(none, "day")`, codeNull, `none`},
	{`datePart(t, "day", j.none)`, codeNull, `j.none`},
	{`datePart(j.n, "day")`, codeOperand, `j.n`},
	{`datePart(j.s, "day")`, codeOperand, ``},
	{`datePart(j.d, "hour")`, codeOperand, ``},
	{`dateTrunc(j.d, "minute")`, codeOperand, ``},
	{`dateAdd(j.d, 1, "second")`, codeOperand, ``},
	{`datePart(t, s)`, codeOperand, ``},
	{`dateTrunc(t, s)`, codeOperand, ``},
	{`dateTrunc(t, "day", s + "/../../UTC")`, codeOperand, ``},
	{`dateFormat(t, "2006", secret)`, codeOperand, ``},
	{`date("2026", "2006", s + "x")`, codeOperand, ``},
	{`date("2026", repeat(s, 50))`, codeOperand, ``},
	{`dateFormat(t, repeat(s, 50))`, codeOperand, ``},
	{`dateAdd(t, 9223372036854775807, "second")`, codeArithmetic, ``},
	{`dateAdd(t, -9223372036854775807 - n, "year")`, codeArithmetic, ``},
	{`dateAdd(t, 9000, "year")`, codeArithmetic, ``},
	{`dateAdd(t, 120000, "year")`, codeArithmetic, ``},
	{`dateAdd(t, 4000000, "week")`, codeArithmetic, ``},
	{`dateAdd(t, -400000000000, "hour")`, codeArithmetic, ``},
	{`dateTrunc(date("0000-01-01"), "week")`, codeArithmetic, ``},
	{`dateTrunc(date("9999-12-31T23:59:59Z"), "year", "Pacific/Kiritimati")`, codeArithmetic, ``},
	{`map(1..900, map(1..600, dateFormat(t, "2006-01-02")))`, codeExpensive, ``},
	{`let l = repeat("January ", 12); map(1..60000, dateFormat(t, l))`, codeExpensive, ``},
}

func TestCalendarFailures(t *testing.T) {
	t.Parallel()
	for _, test := range calendarFailures {
		scope, frame := calendarWorld()
		p, faults := Compile(test.source, scope)
		if faults != nil {
			t.Errorf("%s: %v", test.source, faults)
			continue
		}
		v, err := p.Run(frame)
		var e *Error
		if !errors.As(err, &e) || e.Code != test.code || test.at != "" && test.source[e.From:e.To] != test.at || strings.Contains(e.Text, "hush") {
			t.Errorf("%s: got %v, %v", test.source, v, err)
		}
	}
}

const layoutHint = `write 2 January 2006 15:04:05 as it should look, as in "2006-01-02" or "02.01.2006 15:04"`

var calendarMistakes = []struct{ source, at, text, hint string }{
	{`datePart(t, "mounth")`, `"mounth"`, `unknown part "mounth"`, `did you mean "month"?`},
	{`dateTrunc(t, "fortnight")`, `"fortnight"`, `unknown unit "fortnight"`, `it is one of year, quarter, month, week, day, hour, minute, second`},
	{`dateTrunc(t, "weekday")`, `"weekday"`, `unknown unit "weekday"`, ``},
	{`dateAdd(d, 1, "days")`, `"days"`, `unknown unit "days"`, `did you mean "day"?`},
	{`dateAdd(d, 1, "hour")`, `"hour"`, `a date has no hour`, ``},
	{`datePart(d, "minute")`, `"minute"`, `a date has no minute`, ``},
	{`datePart(s, "day")`, `s`, `datePart needs a datetime or date as its time, not a string`, `use date(…)`},
	{`dateTrunc(n, "day")`, `n`, `dateTrunc needs a datetime or date as its time, not an int`, `dateTrunc(time: datetime or date, unit: string, zone?: string) json`},
	{`dateFormat(t, "2006", "Europe/Berln")`, `"Europe/Berln"`, `unknown time zone "Europe/Berln"`, `did you mean "Europe/Berlin"?`},
	{`dateFormat(t, "2006", "europe/berlin")`, `"europe/berlin"`, `unknown time zone "europe/berlin"`, `did you mean "Europe/Berlin"?`},
	{`dateFormat(t, "2006", "Local")`, `"Local"`, `unknown time zone "Local"`, ``},
	{`dateFormat(t, "2006", "../../etc/passwd")`, `"../../etc/passwd"`, `unknown time zone "../../etc/passwd"`, `a time zone has a name of the IANA database, as in Europe/Berlin`},
	{`dateFormat(t, "YYYY-MM-DD")`, `"YYYY-MM-DD"`, `"YYYY" is no part of a layout`, layoutHint},
	{`dateFormat(t, "2006-MM-02")`, `"2006-MM-02"`, `"MM" is no part of a layout`, layoutHint},
	{`dateFormat(t, "%d.%m.%Y")`, `"%d.%m.%Y"`, `"%d" is no part of a layout`, layoutHint},
	{`dateFormat(t, "today")`, `"today"`, `the layout shows nothing of a time`, layoutHint},
	{`date(s, "yyyy", "UTC")`, `"yyyy"`, `"yyyy" is no part of a layout`, layoutHint},
	{`weekday(t)`, `weekday`, `unknown function "weekday"`, `did you mean "datePart"?`},
}

func TestCalendarFaults(t *testing.T) {
	t.Parallel()
	for _, test := range calendarMistakes {
		scope, _ := calendarWorld()
		_, faults := Compile(test.source, scope)
		if len(faults) != 1 {
			t.Errorf("%s: got %v", test.source, faults)
			continue
		}
		if f := faults[0]; test.source[f.From:f.To] != test.at || f.Text != test.text || test.hint != "" && f.Hint != test.hint {
			t.Errorf("got %q at %q, hint %q\nwant %q at %q, hint %q", f.Text, test.source[f.From:f.To], f.Hint, test.text, test.at, test.hint)
		}
	}
}

// FuzzCalendar gives the functions all that a request could.
func FuzzCalendar(f *testing.F) {
	f.Add("2026-01-31", "month", "2006-01-02", "Europe/Berlin", int64(0), 1)
	f.Add("9999-12-31", "week", "January MST -07:00:00 .000", "Asia/Manila", int64(253402300799), -400_000_000_000)
	f.Add("0000-01-01", "second", "Z07", "../UTC", int64(-62167219200), 120_000)
	scope, frame := calendarWorld()
	var programs []*Program
	for _, source := range []string{`datePart(j, s, z)`, `datePart(t, s, z)`, `dateTrunc(j, s, z)`, `dateTrunc(t, s, z)`, `dateAdd(j, n, s, z)`, `dateAdd(t, n, s, z)`, `dateFormat(j, l, z)`, `dateFormat(t, l, z)`} {
		scope["z"], scope["l"] = Variable{Type: schema.StringType, Slot: 6}, Variable{Type: schema.StringType, Slot: 7}
		p, faults := Compile(source, scope)
		if faults != nil {
			f.Fatal(source, faults)
		}
		programs = append(programs, p)
	}
	f.Fuzz(func(t *testing.T, day, word, layout, place string, seconds int64, n int) {
		if seconds < -62167219200 || seconds > 253402300799 {
			return
		}
		at := time.Unix(seconds, 0).UTC()
		frame := &Frame{Slots: append(frame.Slots[:0:0], day, at, day, word, n, nil, place, layout)}
		for _, p := range programs {
			v, err := p.Run(frame)
			switch v := v.(type) {
			case time.Time:
				text := v.Format(time.RFC3339Nano)
				if again, err := time.Parse(time.RFC3339Nano, text); err != nil || !again.Equal(v) {
					t.Fatalf("%s gave %s", p, text)
				}
				if strings.HasPrefix(p.String(), "dateTrunc") && v.After(at) {
					t.Fatalf("%s of %v gave %v", p, at, v)
				}
			case string:
				if len(v) > 4*longestLayout+16 {
					t.Fatalf("%s gave %d bytes", p, len(v))
				}
			case nil:
				var e *Error
				if !errors.As(err, &e) {
					t.Fatalf("%s: %v", p, err)
				}
			}
		}
	})
}
