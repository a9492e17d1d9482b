package action

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

func TestClientAddress(t *testing.T) {
	t.Parallel()
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8"), netip.MustParsePrefix("fe80::/10")}
	for _, c := range []struct {
		name, remote string
		header       []string
		want         string
	}{
		{"without a header", "10.0.0.1:80", nil, "10.0.0.1"},
		{"of nobody trusted", "203.0.113.9:80", []string{"192.0.2.1"}, "203.0.113.9"},
		{"of a proxy", "10.0.0.1:80", []string{"192.0.2.1"}, "192.0.2.1"},
		{"of two proxies", "10.0.0.1:80", []string{"192.0.2.1, 10.0.0.2"}, "192.0.2.1"},
		{"what the client wrote is not read", "10.0.0.1:80", []string{"198.51.100.1, 192.0.2.1"}, "192.0.2.1"},
		{"the client calls itself a proxy", "10.0.0.1:80", []string{"198.51.100.1, 10.9.9.9, 192.0.2.1"}, "192.0.2.1"},
		{"the client is rubbish", "10.0.0.1:80", []string{"x'\"<>, 192.0.2.1, 10.0.0.2"}, "192.0.2.1"},
		{"a proxy says rubbish", "10.0.0.1:80", []string{"192.0.2.1, unknown, 10.0.0.2"}, "10.0.0.2"},
		{"nothing but rubbish", "10.0.0.1:80", []string{"unknown"}, "10.0.0.1"},
		{"an empty header", "10.0.0.1:80", []string{""}, "10.0.0.1"},
		{"empty parts", "10.0.0.1:80", []string{"192.0.2.1,,"}, "10.0.0.1"},
		{"several headers", "10.0.0.1:80", []string{"198.51.100.1", "192.0.2.1, 10.0.0.3", "10.0.0.2"}, "192.0.2.1"},
		{"nobody but proxies", "10.0.0.1:80", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"spaces", "10.0.0.1:80", []string{"\t192.0.2.1  ,  10.0.0.2 "}, "192.0.2.1"},
		{"with a port", "10.0.0.1:80", []string{"192.0.2.1:4711"}, "192.0.2.1"},
		{"IPv6", "[fd00::1]:80", []string{"2001:DB8::0:1"}, "2001:db8::1"},
		{"IPv6 in brackets", "[fd00::1]:80", []string{"[2001:db8::1]"}, "2001:db8::1"},
		{"IPv6 with a port", "[fd00::1]:80", []string{"[2001:db8::1]:443, fd00::2"}, "2001:db8::1"},
		{"IPv6 with a zone", "[fd00::1]:80", []string{"fe80::1%evil, fd00::2"}, "fd00::2"},
		{"a proxy with a zone", "[fe80::1%eth0]:80", []string{"2001:db8::1"}, "2001:db8::1"},
		{"a mapped proxy", "[::ffff:10.0.0.1]:80", []string{"::ffff:192.0.2.1"}, "192.0.2.1"},
		{"a mapped proxy in the header", "10.0.0.1:80", []string{"192.0.2.1, ::ffff:10.0.0.2"}, "192.0.2.1"},
		{"a long part", "10.0.0.1:80", []string{strings.Repeat("1", 1<<16)}, "10.0.0.1"},
		{"no address at all", "@", []string{"192.0.2.1"}, "@"},
		{"many proxies", "10.0.0.1:80", []string{"192.0.2.1" + strings.Repeat(", 10.0.0.2", 100)}, "10.0.0.2"},
	} {
		x := &Exchange{Services: &Services{Proxies: proxies}, Request: &http.Request{RemoteAddr: c.remote, Header: http.Header{"X-Forwarded-For": c.header}}}
		if got := x.ClientAddress(); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestNoProxies is not parallel: it counts allocations.
func TestNoProxies(t *testing.T) {
	x := &Exchange{Services: &Services{}, Request: &http.Request{RemoteAddr: "10.0.0.1:80", Header: http.Header{"X-Forwarded-For": {"192.0.2.1"}}}}
	if got := x.ClientAddress(); got != "10.0.0.1" {
		t.Errorf("without proxies: %q", got)
	}
	if n := testing.AllocsPerRun(100, func() { x.ClientAddress() }); n > 0 {
		t.Errorf("without proxies: %v allocations", n)
	}
	if got := (&Exchange{}).ClientAddress(); got != "127.0.0.1" {
		t.Errorf("a program: %q", got)
	}
}

// FuzzForwarded: whatever a client sends, its address is the one that the proxy saw.
func FuzzForwarded(f *testing.F) {
	f.Add("198.51.100.1, 10.0.0.9")
	f.Add("[::1]:1,\"x\", fe80::1%a")
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	f.Fuzz(func(t *testing.T, sent string) {
		for _, header := range [][]string{{sent + ", 192.0.2.1"}, {sent, "192.0.2.1"}, {sent, "192.0.2.1, 10.0.0.2"}} {
			if got := forwarded("10.0.0.1", http.Header{"X-Forwarded-For": header}, proxies); got != "192.0.2.1" {
				t.Errorf("%q gives %q", header, got)
			}
		}
		got := forwarded("10.0.0.1", http.Header{"X-Forwarded-For": {sent}}, proxies)
		if _, err := netip.ParseAddr(got); err != nil {
			t.Errorf("%q gives %q", sent, got)
		}
	})
}

// A proxy that is not trusted is said once, and one that cannot be told from a client never.
func TestUntrustedProxyIsSaid(t *testing.T) {
	t.Parallel()
	for remote, want := range map[string]int{"127.0.0.1:1": 1, "[::ffff:10.0.0.2]:1": 1, "[fd00::1]:1": 1, "203.0.113.9:1": 0, "10.9.0.1:1": 0} {
		var said bytes.Buffer
		services := &Services{Proxies: []netip.Prefix{netip.MustParsePrefix("10.9.0.0/16")}}
		for range 3 {
			x := &Exchange{Services: services, Log: slog.New(slog.NewTextHandler(&said, nil)),
				Request: &http.Request{RemoteAddr: remote, Header: http.Header{"X-Forwarded-For": {"192.0.2.1"}}}}
			x.ClientAddress()
		}
		if got := strings.Count(said.String(), "trusted_proxies"); got != want || strings.Contains(said.String(), "192.0.2.1") {
			t.Errorf("%s: said %d times, want %d\n%s", remote, got, want, said.String())
		}
	}
}
