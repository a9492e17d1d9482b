package schema

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

func number64(n int64) *int64 { return &n }
func length(n int) *int       { return &n }

func TestFromText(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("", 2*3600)
	for _, c := range []struct {
		kind Kind
		text string
		want any
	}{
		{String, "", ""}, {String, "äöü", "äöü"}, {Bool, "true", true}, {Bool, "false", false},
		{Int, "7", 7}, {Int, "-9223372036854775808", -9223372036854775808}, {Int, "007", 7},
		{Float, "1.5", 1.5}, {Float, "7", 7.0}, {Float, "-1e3", -1000.0}, {DecimalK, "9.90", decimalOf(t, "9.90")},
		{Date, "2024-02-29", "2024-02-29"}, {Time, "23:59:59", "23:59:59"}, {Time, "10:00:00.100", "10:00:00.1"}, {Time, "10:00:00.000", "10:00:00"},
		{DateTime, "2026-01-31T10:00:00.5+02:00", time.Date(2026, 1, 31, 10, 0, 0, 5e8, zone)},
		{Duration, "1d2h", 26 * time.Hour}, {UUID, "6BA7B810-9DAD-11D1-80B4-00C04FD430C8", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"},
		{Email, "a.b+c@example.com", "a.b+c@example.com"}, {Email, "jörg@bücher.example", "jörg@bücher.example"}, {Email, "root@localhost", "root@localhost"},
		{URL, "https://example.com:8443/a?b=c#d", "https://example.com:8443/a?b=c#d"}, {URL, "HTTP://[::1]/", "HTTP://[::1]/"},
		{Timezone, "Europe/Berlin", "Europe/Berlin"}, {Timezone, "UTC", "UTC"}, {Timezone, "America/Argentina/ComodRivadavia", "America/Argentina/ComodRivadavia"},
		{Bytes, "YQ==", []byte("a")}, {JSON, ` {"a":[1,2.5,null]} `, NewObject("a", []any{1, 2.5, nil})}, {JSON, "null", nil}, {JSON, `"x"`, "x"},
		{List, "x", []any{"x"}},
	} {
		typ := &Type{Kind: c.kind}
		if c.kind == List {
			typ.Elem = StringType
		}
		got, err := typ.FromText(c.text)
		if err != nil || !Equal(got, c.want) {
			t.Errorf("%v from %q: %v, %v; want %v", c.kind, c.text, got, err, c.want)
		}
	}
}

func TestFromTextRefuses(t *testing.T) {
	t.Parallel()
	for message, cases := range map[string]map[Kind][]string{
		"must be true or false":                                {Bool: {"", "True", "1", "yes", "on"}},
		"must be an integer":                                   {Int: {"", "x", "1.0", "1e3", "+1", "0x1", "1_0", " 1", "٣"}},
		"must be an integer of 64 bits":                        {Int: {"9223372036854775808", "-9223372036854775809"}},
		"must be a number":                                     {Float: {"", "NaN", "inf", "-Inf", "0x1p3", ".5", "1.", "1_0"}},
		"is too large":                                         {Float: {"1e309", "-1e999999999"}, JSON: {"1e400"}},
		"must be a decimal number":                             {DecimalK: {"", "x", "1,5"}},
		"must be a date as YYYY-MM-DD":                         {Date: {"", "2023-02-29", "2023-2-9", "2023-13-01", "20230101", "2023-01-01T00:00:00Z", "02023-01-01"}},
		"must be a time as HH:MM:SS":                           {Time: {"", "24:00:00", "10:00", "1:00:00", "10:00:60", "10:00:00.", "10:00:00.1234567890", "10:00:00.x", "10:00:00,5", "10:00:00Z"}},
		"must be a date and time such as 2026-01-31T12:00:00Z": {DateTime: {"", "2026-01-31", "2026-01-31 10:00:00Z", "2026-01-31T10:00:00", "2026-01-31T1:00:00Z", "2026-01-31T10:00:00,5Z", "2026-02-30T10:00:00Z", "2026-01-31T10:00:00+25:00"}},
		"must be a duration such as 1h30m":                     {Duration: {"", "5", "1x"}},
		"must be a UUID":                                       {UUID: {"", "6ba7b8109dad11d180b400c04fd430c8", "{6ba7b810-9dad-11d1-80b4-00c04fd430c8}", "urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8", "6ba7b810-9dad-11d1-80b4-00c04fd430cx", "6ba7b810x9dad-11d1-80b4-00c04fd430c8"}},
		"must be an email address": {Email: {"", "a", "@b", "a@", "a@b@c", "A <a@b.c>", "<a@b.c>", `"a b"@c.d`, ".a@b.c", "a.@b.c", "a..b@c.d", "a b@c.d", "a@b..c", "a@b.", "a@-b.c", "a@b-.c", "a@b_c.d", "a@[127.0.0.1]", "a(x)@b.c", "a\x00@b.c",
			"a@b\n.c", strings.Repeat("a", 65) + "@b.c", "a@" + strings.Repeat("a.", 130) + "b", "a@" + strings.Repeat("a", 64) + ".b"}},
		"must be an absolute http or https URL":                                 {URL: {"", "example.com", "/a", "//a/b", "ftp://a", "javascript:alert(1)", "http://", "http:///a", "http://:80/", "http://a:99999/", "http://a b/", "http://a/b c", "http://a/\x00", "http://a/<b>", "http:a", "http://%zz/"}},
		"must be a time zone such as Europe/Berlin":                             {Timezone: {"", "Local", "../../etc/passwd", "/etc/localtime", "Europe/", "Berlin", "+02:00", strings.Repeat("Europe/Berlin ", 9)}},
		"must be a time zone such as Europe/Berlin; did you mean Europe/Paris?": {Timezone: {"europe/paris", "Europe/Pariss", " Europe/Paris", "Europe/Paris\x00"}},
		"must be base64":                                 {Bytes: {"a", "YQ", "Y Q="}},
		"must be valid JSON":                             {JSON: {"", "{", "x", "1 2", `{"a":1,"a":2}`, strings.Repeat("[", 65) + strings.Repeat("]", 65)}},
		"must be an object as JSON":                      {ObjectK: {"", "{", "x"}},
		"must be an object":                              {ObjectK: {"[]", "7"}},
		"must be a file":                                 {File: {"", "x"}},
		"must be null":                                   {Null: {"", "null"}},
		"must be valid UTF-8":                            {String: {"\xff"}, Email: {"\xff@b.c"}, JSON: {"\"\xff\""}, Int: {"\xff"}},
		"a is not known":                                 {ObjectK: {`{"a":1}`}},
		"[0] must be a list as JSON":                     {List: {"[1"}},
		"[0][0] must be an integer":                      {List: {`["x"]`}},
		"must be a decimal number of at most 100 digits": {DecimalK: {"1e100"}},
		"must be a duration of at most 290 years":        {Duration: {"16000w"}},
		"is too large to be kept exactly":                {JSON: {"9223372036854775809", "-9007199254740993000000000000001"}},
	} {
		for kind, texts := range cases {
			typ := &Type{Kind: kind}
			if kind == List {
				typ.Elem = ListOf(IntType)
			}
			for _, text := range texts {
				if v, err := typ.FromText(text); err == nil || err.Error() != message {
					t.Errorf("%v from %q: %v, %v; want %q", kind, text, v, err, message)
				}
			}
		}
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	many := make([]any, 25)
	for i := range many {
		many[i] = i
	}
	shown := "must be one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, …"
	for _, c := range []struct {
		kind      Kind
		limits    Limits
		good, bad string
		message   string
	}{
		{Int, Limits{Min: 3}, "3", "2", "must be at least 3"},
		{Int, Limits{Max: 3}, "3", "4", "must be at most 3"},
		{Float, Limits{Min: 0.5}, "0.5", "0.49", "must be at least 0.5"},
		{Float, Limits{Max: 3}, "3", "3.01", "must be at most 3"},
		{DecimalK, Limits{Min: FromInt(1)}, "1.00", "0.99", "must be at least 1"},
		{Date, Limits{Min: "2024-01-01"}, "2024-01-01", "2023-12-31", "must be at least 2024-01-01"},
		{Time, Limits{Max: "12:00:00"}, "12:00:00", "12:00:00.1", "must be at most 12:00:00"},
		{DateTime, Limits{Max: time.Unix(0, 0).UTC()}, "1970-01-01T01:00:00+01:00", "1970-01-01T00:00:01Z", "must be at most 1970-01-01T00:00:00Z"},
		{Duration, Limits{Min: time.Minute}, "1m", "59s", "must be at least 1m0s"},
		{String, Limits{MinLength: length(2)}, "äö", "ä", "must have at least 2 characters"},
		{String, Limits{MaxLength: length(1)}, "ä", "ab", "must have at most 1 character"},
		{String, Limits{Pattern: regexp.MustCompile("^[0-9]{5}$")}, "12345", "1234", "must match ^[0-9]{5}$"},
		{String, Limits{Enum: []any{"guest", "editor"}}, "editor", "root", "must be one of guest, editor"},
		{Int, Limits{Enum: many}, "24", "25", shown},
		{List, Limits{MinItems: length(2)}, "", "x", "must have at least 2 items"},
		{List, Limits{MaxItems: length(0), MaxSize: number64(1)}, "", "x", "must have at most 0 items"},
	} {
		typ := &Type{Kind: c.kind, Limits: &c.limits, Elem: StringType}
		if c.kind != List {
			if v, err := typ.FromText(c.good); err != nil {
				t.Errorf("%v %q: %v, %v", c.kind, c.good, v, err)
			}
		}
		if v, err := typ.FromText(c.bad); err == nil || err.Error() != c.message {
			t.Errorf("%v %q: %v, %v; want %q", c.kind, c.bad, v, err, c.message)
		}
	}
	both := &Type{Kind: String, Limits: &Limits{MinLength: length(3), Pattern: regexp.MustCompile("^a")}}
	var faults []Fault
	if both.ReadText("b", "x", &faults); len(faults) != 2 {
		t.Error("both broken limits are to be reported:", faults)
	}
}

func TestSecretsAreNotNamed(t *testing.T) {
	t.Parallel()
	typ := &Type{Kind: String, Class: Secret, Limits: &Limits{Enum: []any{"hunter2"}}}
	if _, err := typ.FromText("hunter3"); err == nil || strings.Contains(err.Error(), "hunter") {
		t.Error(err)
	}
}

// A time must print the same wherever the engine runs, and after adding half a year too.
func TestDateTimeKeepsItsOffset(t *testing.T) {
	local := time.Local
	defer func() { time.Local = local }()
	time.Local = time.FixedZone("here", 7200)
	v, err := DateTimeType.FromText("2026-01-31T10:00:00+02:00")
	if err != nil || v.(time.Time).Location() == time.Local || Text(v) != "2026-01-31T10:00:00+02:00" {
		t.Error(v, err)
	}
}
