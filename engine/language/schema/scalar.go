package schema

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"cloudlet/engine/language/source"
	"cloudlet/engine/language/zone"
	"github.com/google/uuid"
)

var (
	errDate     = errors.New("must be a date as YYYY-MM-DD")
	errTime     = errors.New("must be a time as HH:MM:SS")
	errDateTime = errors.New("must be a date and time such as 2026-01-31T12:00:00Z")
	errUUID     = errors.New("must be a UUID")
	errEmail    = errors.New("must be an email address")
	errURL      = errors.New("must be an absolute http or https URL")
	errTimezone = errors.New("must be a time zone such as Europe/Berlin")
)

// parseDate checks a calendar date (RFC 3339, full-date); its text is its canonical form.
func parseDate(text string) (string, error) {
	if _, err := time.Parse(time.DateOnly, text); err != nil || len(text) != len(time.DateOnly) {
		return "", errDate
	}
	return text, nil
}

// parseTime checks a time of day with up to nine places of a second. The canonical
// form has no zeros at the end of the fraction, so that texts order as times do.
func parseTime(text string) (string, error) {
	clock, fraction, found := strings.Cut(text, ".")
	if len(clock) != len(time.TimeOnly) || found && (fraction == "" || len(fraction) > 9) || countDigits(fraction) != len(fraction) {
		return "", errTime
	}
	if _, err := time.Parse(time.TimeOnly, clock); err != nil {
		return "", errTime
	}
	if found {
		text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
		if len(text) < len(clock) {
			text = clock // the zeros belonged to the seconds
		}
	}
	return text, nil
}

// parseDateTime reads RFC 3339. The time keeps its offset, as a fixed zone: Go would
// make it the machine's own where the offsets happen to agree. Package time lets an
// hour of one digit and a comma pass (go.dev/issue/54580), the standard does not.
func parseDateTime(text string) (time.Time, error) {
	var t time.Time
	if len(text) < len("2006-01-02T15:04:05Z") || len(text) > maxQuantity || text[13] != ':' || strings.Contains(text, ",") {
		return time.Time{}, errDateTime
	}
	if t.UnmarshalText([]byte(text)) != nil {
		return time.Time{}, errDateTime
	}
	if t.Location() == time.Local {
		_, offset := t.Zone()
		t = t.In(time.FixedZone("", offset))
	}
	return t, nil
}

// parseUUID takes the form with hyphens only (RFC 9562, section 4) and gives it in lower case.
func parseUUID(text string) (string, error) {
	if len(text) != 36 || uuid.Validate(text) != nil {
		return "", errUUID
	}
	return strings.ToLower(text), nil
}

// parseEmail takes an address as people write it: a dot-atom (RFC 5322, section
// 3.2.3; also beyond ASCII, RFC 6531), an @ and a host name. Quoted local parts,
// comments, display names and address literals are refused: what would a mailbox
// with them be but an attack on whoever parses it next.
func parseEmail(text string) (string, error) {
	at := strings.LastIndexByte(text, '@')
	if at < 1 || at > 64 || len(text) > 254 || !utf8.ValidString(text) || !isDotAtom(text[:at]) || !isHostName(text[at+1:]) {
		return "", errEmail
	}
	return text, nil
}

func isDotAtom(text string) bool {
	if text[0] == '.' || text[len(text)-1] == '.' || strings.Contains(text, "..") {
		return false
	}
	for _, r := range text {
		plain := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		if !plain && !strings.ContainsRune(".!#$%&'*+-/=?^_`{|}~", r) && (r < 0x80 || !unicode.IsLetter(r) && !unicode.IsDigit(r)) {
			return false
		}
	}
	return true
}

// isHostName checks a host name's labels (RFC 1123, section 2.1), letters of any script allowed.
func isHostName(text string) bool {
	for text != "" {
		label, rest, more := strings.Cut(text, ".")
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' || more && rest == "" {
			return false
		}
		for _, r := range label {
			if r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
				return false
			}
		}
		if !more {
			return true
		}
		text = rest
	}
	return false
}

// parseURL takes an absolute URL of the web (RFC 3986) with a host.
func parseURL(text string) (string, error) {
	if strings.ContainsAny(text, " \"<>\\^`{|}") || !utf8.ValidString(text) {
		return "", errURL
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return "", errURL
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n > 65535 {
			return "", errURL
		}
	}
	return text, nil
}

// longestTimezone is how many bytes a text may have that a name is suggested for.
const longestTimezone = 40

// unknownTimezone is a text that is no time zone. Looking for the name that was meant takes
// longer than all else that is done with a text.
type unknownTimezone string

func (u unknownTimezone) Error() string {
	if len(u) <= longestTimezone {
		if near := source.Nearest(string(u), zone.Names()); near != "" {
			return errTimezone.Error() + "; did you mean " + near + "?"
		}
	}
	return errTimezone.Error()
}

// parseTimezone takes a name of the IANA time zone database, exact in its letters.
func parseTimezone(text string) (string, error) {
	if _, err := zone.Find(text); err != nil {
		return "", unknownTimezone(text)
	}
	return text, nil
}
