package expression

import (
	"crypto/rand"
	"math"
	"strconv"
	"strings"
	"time"

	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/zone"
	"github.com/google/uuid"
)

var valueFunctions = []function{
	{"type", "The kind of the value in a word: int, float, decimal, bool, string, datetime, duration, bytes, list or object.",
		[]parameter{{"value", nil, once}}, gives(schema.StringType), runType, 0},
	{"string", "The value as text; null is empty.",
		[]parameter{{"value", nil, once}}, gives(schema.StringType), runString, nulls},
	{"int", "The number without what stands behind the point, or the int that the text says.",
		[]parameter{{"value", numberOrText, once}}, gives(schema.IntType), runInt, 0},
	{"float", "The number as float, or the float that the text says.",
		[]parameter{{"value", numberOrText, once}}, gives(schema.FloatType), runFloat, 0},
	{"decimal", "The number as decimal, or the decimal that the text says.",
		[]parameter{{"value", numberOrText, once}}, gives(schema.DecimalType), runDecimal, 0},
	{"now", "The time now, in UTC.",
		nil, gives(schema.DateTimeType), runNow, impure},
	{"duration", "The duration that the text says, as 1h30m, 7d or 2w.",
		[]parameter{{"text", text, once}}, gives(schema.DurationType), runDuration, 0},
	{"date", "The datetime that the text says: a date, a time, both, or by a layout of Go's time package in a time zone, as Europe/Paris.",
		[]parameter{{"text", text, once}, {"layout", text, maybe}, {"zone", text, maybe}}, gives(schema.DateTimeType), runDate, worded},
	{"uuid", "A new UUID of version 7 (RFC 9562).",
		nil, gives(schema.UUIDType), runUUID, impure},
	{"random", "A token of length characters A-Z, a-z and 0-9 from the system's random source; length is 1 to 1024.",
		[]parameter{{"length", whole, once}}, gives(schema.TokenType), runRandom, impure},
}

var numberOrText = []schema.Kind{schema.Int, schema.Float, schema.DecimalK, schema.String}

func runType(_ *Frame, a []any) (any, error) { return kindOf(a[0]).String(), nil }

func runString(f *Frame, a []any) (any, error) { return f.text(a[0]) }

// longestNumber is how long a text may be that is read as a number.
const longestNumber = 400

func runInt(_ *Frame, a []any) (any, error) {
	switch v := a[0].(type) {
	case float64:
		return truncated(v)
	case schema.Decimal:
		if n, err := strconv.Atoi(strings.SplitN(v.String(), ".", 2)[0]); err == nil {
			return n, nil
		}
		return nil, overflow()
	case string:
		n, err := strconv.Atoi(v)
		if err != nil || len(v) > longestNumber {
			return nil, operandf("the text is no int")
		}
		return n, nil
	}
	return a[0], nil
}

func truncated(x float64) (any, error) {
	if x >= 1<<63 || x < -1<<63 {
		return nil, overflow()
	}
	return int(x), nil
}

func runFloat(_ *Frame, a []any) (any, error) {
	switch v := a[0].(type) {
	case int:
		return float64(v), nil
	case schema.Decimal:
		return finite(v.Float())
	case string:
		x, err := strconv.ParseFloat(v, 64)
		if err != nil || len(v) > longestNumber || math.IsInf(x, 0) || math.IsNaN(x) {
			return nil, operandf("the text is no finite float")
		}
		return x, nil
	}
	return a[0], nil
}

func runDecimal(_ *Frame, a []any) (any, error) {
	switch v := a[0].(type) {
	case int:
		return schema.FromInt(v), nil
	case float64:
		return decimal(schema.ParseDecimal(strconv.FormatFloat(v, 'f', -1, 64)))
	case string:
		d, err := schema.ParseDecimal(v)
		if err != nil {
			return nil, operandf("the text is no decimal")
		}
		return d, nil
	}
	return a[0], nil
}

func runNow(f *Frame, _ []any) (any, error) { return f.now().UTC(), nil }

func runDuration(_ *Frame, a []any) (any, error) {
	d, err := schema.ParseDuration(a[0].(string))
	if err != nil {
		return nil, operandf("the text is no duration")
	}
	return d, nil
}

func runDate(_ *Frame, a []any) (any, error) {
	s, in := a[0].(string), time.UTC
	if len(s) > longestNumber {
		return nil, operandf("the text is no date")
	}
	if len(a) == 3 {
		var err error
		if in, err = zone.Find(a[2].(string)); err != nil {
			return nil, operandf("the time zone is not known")
		}
	}
	layouts := []string{time.DateOnly, time.TimeOnly, time.DateTime, time.RFC3339, time.RFC822, time.RFC850, time.RFC1123}
	if len(a) > 1 {
		layouts = []string{a[1].(string)}
		if len(layouts[0]) > longestLayout {
			return nil, operandf("the layout is longer than %d bytes", longestLayout)
		}
	}
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, s, in); err == nil {
			return calendarTime(t)
		}
	}
	return nil, operandf("the text is no date")
}

func runUUID(*Frame, []any) (any, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, operandf("the system's random source failed")
	}
	return id.String(), nil
}

const (
	alphabet      = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	longestRandom = 1024
)

// runRandom drops the bytes that would make some characters likelier than others.
func runRandom(f *Frame, a []any) (any, error) {
	n := a[0].(int)
	if n < 1 || n > longestRandom {
		return nil, operandf("the length of random is from 1 to %d", longestRandom)
	}
	if err := f.grow(n); err != nil {
		return nil, err
	}
	made, raw := make([]byte, 0, n), make([]byte, n+n/4+8)
	for len(made) < n {
		rand.Read(raw) // never fails (crypto/rand, since Go 1.24)
		for _, b := range raw {
			if int(b) < 256-256%len(alphabet) && len(made) < n {
				made = append(made, alphabet[int(b)%len(alphabet)])
			}
		}
	}
	return string(made), nil
}
