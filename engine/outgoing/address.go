package outgoing

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// longestURL is how many bytes an address may have.
const longestURL = 8 << 10

// ParseURL reads an address that may be asked: absolute, http or https, without a user and
// password. It fails with ErrInvalidURL, and with ErrRefused where the host is a number that is no
// address as RFC 3986 writes it: 2130706433, 0x7f.1 and 0177.0.0.1 are all 127.0.0.1 to some.
func ParseURL(text string) (*url.URL, error) {
	if len(text) > longestURL {
		return nil, ErrInvalidURL.Because("the address has more than %d bytes", longestURL)
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == '\\' || r == 0x7f }) {
		return nil, ErrInvalidURL.Because("the address has a space, a backslash or a control character")
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, ErrInvalidURL.Because("the address is no URL") // the error holds it
	}
	return u, check(u)
}

// check looks at an address, and puts its host into the one form that it is known by.
func check(u *url.URL) error {
	u.Scheme = strings.ToLower(u.Scheme)
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return ErrInvalidURL.Because("the address begins with neither http:// nor https://")
	case u.User != nil:
		return ErrInvalidURL.Because("the address holds a user or a password")
	case u.Opaque != "" || u.Hostname() == "":
		return ErrInvalidURL.Because("the address has no host")
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return ErrInvalidURL.Because("the address has a port that is none")
		}
	} else if strings.HasSuffix(u.Host, ":") {
		return ErrInvalidURL.Because("the address has an empty port")
	}
	host, err := canonical(u.Hostname())
	if err != nil {
		return err
	}
	if u.Fragment, u.RawFragment = "", ""; u.Port() != "" {
		u.Host = net.JoinHostPort(host, u.Port())
	} else if u.Host = host; strings.Contains(host, ":") {
		u.Host = "[" + host + "]"
	}
	return nil
}

// canonical is a host in lower case, by its xn-- form where it has characters beyond ASCII.
func canonical(host string) (string, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		if addr.Zone() != "" {
			return "", ErrRefused.Because("the address has a zone")
		}
		return addr.String(), nil
	}
	ascii, err := idna.Lookup.ToASCII(strings.TrimSuffix(host, "."))
	if err != nil || ascii == "" || len(ascii) > 253 {
		// Names with _ are in use, and only IDNA forbids them.
		if ascii = strings.ToLower(host); !named(ascii) {
			return "", ErrInvalidURL.Because("the address has a host that is no name")
		}
	}
	if !named(ascii) {
		return "", ErrInvalidURL.Because("the address has a host that is no name")
	}
	if numeric(ascii) {
		return "", ErrRefused.Because("the host is a number that is no address")
	}
	return ascii, nil
}

// named reports whether a text has only characters of a host's name.
func named(host string) bool {
	return host != "" && len(host) <= 253 && !strings.ContainsFunc(host, func(r rune) bool {
		return !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '-' || r == '.' || r == '_')
	})
}

// numeric reports whether a host ends in a number, as the WHATWG URL standard says it:
// then what looks it up may take it for an address.
func numeric(host string) bool {
	last := strings.TrimSuffix(host, ".")
	if at := strings.LastIndexByte(last, '.'); at >= 0 {
		last = last[at+1:]
	}
	if last == "" {
		return true
	}
	digits := strings.TrimLeft(last, "0123456789")
	return digits == "" || strings.HasPrefix(last, "0x") && strings.Trim(last[2:], "0123456789abcdef") == ""
}

// origin is who answers at an address: its scheme, host and port.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + net.JoinHostPort(u.Hostname(), port)
}

// CheckHost says what is wrong with a pattern of Permits, or "".
func CheckHost(pattern string) string {
	name := strings.TrimPrefix(pattern, "*.")
	if host, err := canonical(name); err != nil || host != name {
		return "is no name of a host in lower case, as in api.example.com or *.example.com"
	}
	return ""
}

// Permits reports whether a host is one of some: itself, or *.example.com for those below.
func Permits(patterns []string, host string) bool {
	for _, p := range patterns {
		if below, is := strings.CutPrefix(p, "*"); is && strings.HasSuffix(host, below) || p == host {
			return true
		}
	}
	return false
}
