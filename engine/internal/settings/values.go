package settings

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"cloudlet/engine/language/schema"
)

// The functions here read values that several keys have. Their errors continue the
// name of a key, and never hold the value, which may be a secret.

// choice is a single value that is one of some.
func choice(at func(*Settings) *string, why string, values ...string) func(*Settings, string, string) (any, error) {
	return func(s *Settings, _, text string) (any, error) {
		if !slices.Contains(values, text) {
			return nil, errors.New(why)
		}
		*at(s) = text
		return text, nil
	}
}

// count is a whole number within bounds.
func count(at func(*Settings) *int, least, most int) func(*Settings, string, string) (any, error) {
	return func(s *Settings, _, text string) (any, error) {
		n, err := strconv.Atoi(text)
		if err != nil || n < least || n > most {
			return nil, fmt.Errorf("must be a whole number from %d to %d", least, most)
		}
		*at(s) = n
		return n, nil
	}
}

// duration is a time within bounds; words are those of the error.
func duration(at func(*Settings) *time.Duration, least, most time.Duration, words string) func(*Settings, string, string) (any, error) {
	return func(s *Settings, _, text string) (any, error) {
		d, err := schema.ParseDuration(text)
		if err != nil || d < least || d > most {
			return nil, errors.New("must be a duration " + words)
		}
		*at(s) = d
		return text, nil
	}
}

// line is a text on one line, as a name or password is.
func line(at func(*Settings) *string) func(*Settings, string, string) (any, error) {
	return func(s *Settings, _, text string) (any, error) {
		if err := checkLine(text); err != nil {
			return nil, err
		}
		*at(s) = text
		return text, nil
	}
}

const longestLine = 4096

func checkLine(text string) error {
	if text == "" || len(text) > longestLine || strings.ContainsFunc(text, unicode.IsControl) {
		return fmt.Errorf("must have 1 to %d characters, without line breaks", longestLine)
	}
	return nil
}

// list reads every item of a list.
func list[T any](items []string, parse func(string) (T, error)) (values []T, wrong int, err error) {
	for i, item := range items {
		v, err := parse(item)
		if err != nil {
			return nil, i, err
		}
		values = append(values, v)
	}
	return values, 0, nil
}

// baseURL is a URL with nothing but scheme, host, port and path.
func baseURL(text string) (*url.URL, bool) {
	u, err := url.Parse(text)
	if err != nil || len(text) > 2000 || u.Scheme != "http" && u.Scheme != "https" || u.Opaque != "" || !isHost(u.Hostname()) ||
		u.User != nil || strings.ContainsAny(text, "?#\\ \t") {
		return nil, false
	}
	if port := u.Port(); port != "" && !isPort(port) || strings.HasSuffix(u.Host, ":") {
		return nil, false
	}
	return u, true
}

// hostPattern is a name in DNS, or one of a machine or container, which may have
// an underscore. A letter beyond ASCII is one of an internationalized name.
var hostPattern = regexp.MustCompile(`^[\pL\pN_]([\pL\pN_-]*[\pL\pN_])?(\.[\pL\pN_]([\pL\pN_-]*[\pL\pN_])?)*\.?$`)

// isHost reports whether a text is an address, or can be the name of a host.
func isHost(text string) bool {
	if len(text) > 253 {
		return false
	}
	if addr, err := netip.ParseAddr(text); err == nil {
		return addr.Zone() == ""
	}
	// What looks like a number is an address that some resolvers know, and we do not.
	last := text[strings.LastIndexByte(strings.TrimSuffix(text, "."), '.')+1:]
	return hostPattern.MatchString(text) && strings.Trim(last, "0123456789.") != ""
}

func isPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && n > 0
}

// isLoopback reports whether a host is this machine.
func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback() || strings.EqualFold(host, "localhost")
}
