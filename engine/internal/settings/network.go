package settings

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"unicode"
)

// HTTP is how actions reach other services.
type HTTP struct {
	// Allow are the hosts with port that may be reached though they are private:
	// 10.1.2.3:8443, [fd00::1]:443, search.internal:9200. Names are in lower case.
	Allow []string
}

func networkKeys() []key {
	return []key{
		{name: "listen", doc: "The address to serve on: host:port.", shape: textShape, standard: fixed("127.0.0.1:8080"), single: takeListen},
		{name: "public_url", doc: "What links in mails begin with: https://api.example.com. The default is http:// and the listen address.", shape: textShape,
			standard: func(s *Settings, _ string) string { return urlOf(s.Listen) }, derived: "listen", single: takePublicURL},
		{name: "trusted_proxies", doc: "Addresses and networks of proxies; only from these is X-Forwarded-For believed.", shape: namesShape, list: takeProxies},
	}
}

func httpKeys() []key {
	return []key{
		{name: "allow", doc: "Private services that actions may reach, each a name or address with its port: [\"10.1.2.3:8443\"].", shape: namesShape, list: takeAllowed},
	}
}

func takeListen(s *Settings, _, text string) (any, error) {
	if _, _, err := net.SplitHostPort(text); err != nil {
		return nil, errors.New("must be host:port, as in 127.0.0.1:8080")
	}
	s.Listen = text
	return text, nil
}

func takePublicURL(s *Settings, _, text string) (any, error) {
	if _, ok := baseURL(text); !ok {
		return nil, errors.New("must be a URL that begins with http:// or https:// and has no query, fragment or password, as in https://api.example.com")
	}
	s.PublicURL = strings.TrimRight(text, "/")
	return s.PublicURL, nil
}

// urlOf is the URL of what listens at an address; what listens everywhere is found
// at localhost.
func urlOf(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if addr, e := netip.ParseAddr(host); err != nil || host == "" || e == nil && addr.IsUnspecified() {
		host = "localhost"
	}
	text := "http://" + net.JoinHostPort(host, port)
	if _, ok := baseURL(text); !ok {
		return "http://localhost"
	}
	return text
}

// takeProxies reads addresses and CIDR prefixes.
func takeProxies(s *Settings, _ string, items []string) ([]string, int, error) {
	prefixes, wrong, err := list(items, parseProxy)
	if err != nil {
		return nil, wrong, err
	}
	s.TrustedProxies = prefixes
	return items, 0, nil
}

func parseProxy(text string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(text)
	if addr, e := netip.ParseAddr(text); e == nil && addr.Zone() == "" {
		p, err = netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	if err != nil {
		return p, errors.New("holds addresses and networks, as in 10.0.0.7 or 10.0.0.0/8")
	}
	if p.Addr().Is4In6() {
		if p.Bits() < 96 {
			return p, errors.New("holds addresses and networks, as in 10.0.0.7 or 10.0.0.0/8")
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	switch {
	case p.Bits() == 0:
		return p, errors.New("cannot hold the whole internet: each client could choose the address that it seems to have")
	case p != p.Masked():
		return p, errors.New("holds networks by their first address, as in 10.0.0.0/8")
	}
	return p, nil
}

// takeAllowed reads hosts with port.
func takeAllowed(s *Settings, _ string, items []string) ([]string, int, error) {
	hosts, wrong, err := list(items, parseAllowed)
	if err != nil {
		return nil, wrong, err
	}
	s.HTTP.Allow = hosts
	return hosts, 0, nil
}

func parseAllowed(text string) (string, error) {
	host, port, err := net.SplitHostPort(text)
	// A transport asks for a name beyond ASCII by its xn-- form.
	if err != nil || !isHost(host) || !isPort(port) || strings.ContainsFunc(host, func(c rune) bool { return c > unicode.MaxASCII }) {
		return "", errors.New("holds names and addresses with a port, as in 10.1.2.3:8443")
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		return net.JoinHostPort(addr.Unmap().String(), port), nil
	}
	return net.JoinHostPort(strings.ToLower(strings.TrimSuffix(host, ".")), port), nil
}
