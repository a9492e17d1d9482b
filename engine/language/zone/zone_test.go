package zone

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestFind(t *testing.T) {
	t.Parallel()
	if !slices.IsSorted(Names()) || len(Names()) < 500 {
		t.Error("the names are not in order, or too few")
	}
	for _, name := range Names() {
		if z, err := Find(name); err != nil || z.String() != name {
			t.Errorf("%s: %v, %v", name, z, err)
		}
	}
	for _, name := range []string{"", "Local", "local", "Europe", "europe/berlin", "Europe/Berln", "Europe/Berlin ", "Europe/Berlin\n", "Europe/Berlin\x00",
		"../etc/passwd", "/etc/localtime", "Europe/../UTC", "./UTC", "posix/UTC", "tzdata.zi", "leapseconds", "Factory", strings.Repeat("A/", 1<<16)} {
		if z, err := Find(name); err == nil {
			t.Errorf("%.40q is %v", name, z)
		}
	}
}

func TestFindDoesNotAllocate(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { _, _ = Find("Europe/Berlin") }); n > 1 {
		t.Errorf("%v allocations", n)
	}
}

func TestAt(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ zone, reading, want string }{
		{"UTC", "2026-03-29T02:30:00Z", "2026-03-29T02:30:00Z"},
		{"Europe/Berlin", "2026-07-01T00:00:00Z", "2026-07-01T00:00:00+02:00"},
		{"Europe/Berlin", "2026-03-29T02:30:00Z", "2026-03-29T03:00:00+02:00"},  // skipped
		{"Europe/Berlin", "2026-10-25T02:30:00Z", "2026-10-25T02:30:00+02:00"},  // twice: the first
		{"Africa/Cairo", "2026-04-24T00:00:00Z", "2026-04-24T01:00:00+03:00"},   // a day without midnight
		{"America/Havana", "2026-11-01T00:00:00Z", "2026-11-01T00:00:00-04:00"}, // a day with two
		{"Pacific/Apia", "2011-12-30T12:00:00Z", "2011-12-31T00:00:00+14:00"},   // a day that never was
		{"Pacific/Kiritimati", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00+14:00"},
		{"Etc/GMT+12", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00-12:00"},
	} {
		reading, _ := time.Parse(time.RFC3339, test.reading)
		z, err := Find(test.zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := At(reading, z).Format(time.RFC3339); got != test.want {
			t.Errorf("%s in %s: got %s, want %s", test.reading, test.zone, got, test.want)
		}
	}
}

// FuzzAt shows a reading where clocks can, and never a time before one that shows it.
func FuzzAt(f *testing.F) {
	f.Add("Europe/Berlin", int64(1774751400))
	f.Add("Pacific/Apia", int64(1325246400))
	f.Add("Asia/Manila", int64(-4000000000))
	f.Add("../UTC", int64(1)<<40)
	f.Fuzz(func(t *testing.T, name string, seconds int64) {
		z, err := Find(name)
		if err != nil || seconds < -62167219200 || seconds > 253402300799 {
			return
		}
		at := time.Unix(seconds, 0).In(z)
		got := At(Reading(at), z)
		if got.After(at) || !Reading(got).Equal(Reading(at)) {
			t.Errorf("%s: %v became %v", name, at, got)
		}
	})
}
