package schema

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"0": 0, "-0": 0, "1h30m": 90 * time.Minute, "1w2d3h": (9*24 + 3) * time.Hour, "1.5d": 36 * time.Hour, "-30m": -30 * time.Minute,
		"+2s": 2 * time.Second, "250ms": 250 * time.Millisecond, "3µs": 3 * time.Microsecond, "3us": 3 * time.Microsecond, "0.5w": 84 * time.Hour,
		".5h": 30 * time.Minute, "1d1d": 48 * time.Hour, "15000w": 15000 * 7 * 24 * time.Hour,
		time.Duration(math.MaxInt64).String(): math.MaxInt64, time.Duration(math.MinInt64).String(): math.MinInt64,
	} {
		if got, err := ParseDuration(text); err != nil || got != want {
			t.Errorf("ParseDuration(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "-", "5", "h", "1x", "1 h", "1h-2m", "--1h", "1..5h", ".h", "d", "1dd", "1D", "1e3s", "1h5", strings.Repeat("1h", 100)} {
		if got, err := ParseDuration(text); err != errDuration {
			t.Errorf("ParseDuration(%q) = %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"16000w", "200000d", "9223372036854775808ns", "99999999999999999999h", "15000w15000w", "-16000w", "-15000w15000w", "99999999999999999999d"} {
		if got, err := ParseDuration(text); err != errDurationLong {
			t.Errorf("ParseDuration(%q) = %v, %v", text, got, err)
		}
	}
}

func TestParseSize(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"0B": 0, "512B": 512, "1KiB": 1024, "5MiB": 5 << 20, "2GiB": 2 << 30, "007B": 7,
		"9223372036854775807B": math.MaxInt64, "8589934591GiB": 8589934591 << 30} {
		if got, err := ParseSize(text); err != nil || got != want {
			t.Errorf("ParseSize(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "5", "MiB", "-1B", "+1B", "1.5MiB", "5 MiB", "5MB", "5mib", "5M", "1TiB"} {
		if got, err := ParseSize(text); err != errSize {
			t.Errorf("ParseSize(%q) = %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"9223372036854775808B", "8589934592GiB", "99999999999999999999KiB"} {
		if got, err := ParseSize(text); err != errSizeLarge {
			t.Errorf("ParseSize(%q) = %v, %v", text, got, err)
		}
	}
}
