package schema

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

var (
	errDuration     = errors.New("must be a duration such as 1h30m")
	errDurationLong = errors.New("must be a duration of at most 290 years")
	errSize         = errors.New("must be a size such as 5MiB")
	errSizeLarge    = errors.New("must be a size of less than 8589934592GiB")
)

// maxQuantity bounds the text of a duration or a size before it is looked at.
const maxQuantity = 128

// ParseDuration reads Go's syntax (time.ParseDuration) and besides it the units d,
// which is 24h, and w, which is 7d: 1w2d3h, 1.5d, -30m. What an int64 of
// nanoseconds cannot hold is an error, never a smaller duration.
func ParseDuration(text string) (time.Duration, error) {
	if len(text) > maxQuantity {
		return 0, errDuration
	}
	rest, sign := text, ""
	if rest != "" && (rest[0] == '-' || rest[0] == '+') {
		rest, sign = rest[1:], rest[:1]
	}
	if rest == "0" {
		return 0, nil
	}
	if rest == "" {
		return 0, errDuration
	}
	var sum time.Duration
	for rest != "" {
		var part string
		part, rest = cutQuantity(rest)
		d, err := parseDurationPart(sign, part)
		if err != nil {
			return 0, err
		}
		if d > 0 && sum > math.MaxInt64-d || d < 0 && sum < math.MinInt64-d {
			return 0, errDurationLong
		}
		sum += d
	}
	return sum, nil
}

// cutQuantity takes one number with its unit off the front of a text.
func cutQuantity(text string) (part, rest string) {
	i := 0
	for i < len(text) && isNumeric(text[i]) {
		i++
	}
	for i < len(text) && !isNumeric(text[i]) {
		i++
	}
	return text[:i], text[i:]
}

func isNumeric(c byte) bool { return '0' <= c && c <= '9' || c == '.' }

// parseDurationPart reads one number with its unit. A sign inside, as in "1h-2m",
// is part of the unit here and so refused.
func parseDurationPart(sign, part string) (time.Duration, error) {
	times := time.Duration(1)
	switch {
	case strings.HasSuffix(part, "d"):
		times, part = 24, strings.TrimSuffix(part, "d")+"h"
	case strings.HasSuffix(part, "w"):
		times, part = 7*24, strings.TrimSuffix(part, "w")+"h"
	}
	if part == "" || !isNumeric(part[0]) {
		return 0, errDuration
	}
	d, err := time.ParseDuration(sign + part)
	if err != nil {
		return 0, durationError(part)
	}
	if d > math.MaxInt64/times || d < math.MinInt64/times {
		return 0, errDurationLong
	}
	return d * times, nil
}

// durationError tells a number that is too large from a text that is no duration.
func durationError(part string) error {
	unit := strings.TrimLeft(part, "0123456789.")
	amount := strings.TrimSuffix(part, unit)
	if _, err := time.ParseDuration("1" + unit); err != nil || amount == "." || strings.Count(amount, ".") > 1 {
		return errDuration
	}
	return errDurationLong
}

// ParseSize reads an integer with its unit, B, KiB, MiB or GiB, and gives bytes:
// 512B, 5MiB. There is no sign, no fraction and no space.
func ParseSize(text string) (int64, error) {
	n := countDigits(text)
	if n == 0 || len(text) > maxQuantity {
		return 0, errSize
	}
	unit := int64(0)
	switch text[n:] {
	case "B":
		unit = 1
	case "KiB":
		unit = 1 << 10
	case "MiB":
		unit = 1 << 20
	case "GiB":
		unit = 1 << 30
	default:
		return 0, errSize
	}
	count, err := strconv.ParseInt(text[:n], 10, 64)
	if err != nil || count > math.MaxInt64/unit {
		return 0, errSizeLarge
	}
	return count * unit, nil
}
