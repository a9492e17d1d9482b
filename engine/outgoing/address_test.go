package outgoing

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"cloudlet/engine/failure"
)

// addresses are texts with the address that each is, or the code of its failure.
var addresses = []struct{ text, want string }{
	{"https://api.example.com/a?b=c", "https://api.example.com/a?b=c"},
	{"HTTPS://API.Example.COM./", "https://api.example.com/"},
	{"http://127.0.0.1:8080/", "http://127.0.0.1:8080/"},
	{"http://[::1]/", "http://[::1]/"},
	{"http://[0:0:0:0:0:0:0:1]:80/", "http://[::1]:80/"},
	{"https://bücher.example/", "https://xn--bcher-kva.example/"},
	{"https://my_service.example/", "https://my_service.example/"},
	{"https://a.example/#part", "https://a.example/"},
	{"https://1a.example/", "https://1a.example/"},
	{"https://0xa.example.beef/", "https://0xa.example.beef/"},
	// Numbers that some take for 127.0.0.1.
	{"http://2130706433/", "address_refused"},
	{"http://0177.0.0.1/", "address_refused"},
	{"http://0x7f.0.0.1/", "address_refused"},
	{"http://0x7f000001/", "address_refused"},
	{"http://127.1/", "address_refused"},
	{"http://127.0.0.1./", "address_refused"},
	{"http://127.000.000.001/", "address_refused"},
	{"http://1.2.3.4.5/", "address_refused"},
	{"http://a.0x/", "address_refused"},
	{"http://127.0.0.1.09/", "address_refused"},
	{"http://[fe80::1%25eth0]/", "address_refused"},
	// Characters that IDNA makes digits of are canonical then, and dialled as what they are.
	{"http://１２７.０.０.１/", "address_refused"},
	{"http://①②⑦.0.0.1/", "address_refused"},
	{"ftp://a.example/", "invalid_url"},
	{"//a.example/", "invalid_url"},
	{"/a", "invalid_url"},
	{"", "invalid_url"},
	{"https://", "invalid_url"},
	{"https:a.example", "invalid_url"},
	{"https://:443/", "invalid_url"},
	{"https://a:b@a.example/", "invalid_url"},
	{"https://@a.example/", "invalid_url"},
	{"https://a.example:/", "invalid_url"},
	{"https://a.example:0/", "invalid_url"},
	{"https://a.example:65536/", "invalid_url"},
	{"https://a.example:443x/", "invalid_url"},
	{"https://a b.example/", "invalid_url"},
	{"https://a.example/ b", "invalid_url"},
	{"https://a.example\\@b.example/", "invalid_url"},
	{"https://a.example\n/", "invalid_url"},
	{"https://a.exa%2Fmple/", "invalid_url"},
	{"https://a,b.example/", "invalid_url"},
	{"https://" + strings.Repeat("a", longestURL), "invalid_url"},
	{"https://" + strings.Repeat("a.", 127) + "example/", "invalid_url"},
}

func TestParseURL(t *testing.T) {
	t.Parallel()
	for _, c := range addresses {
		u, err := ParseURL(c.text)
		got := ""
		var e *failure.Error
		if errors.As(err, &e) {
			got = e.Code
			if len(c.text) > 3 && strings.Contains(e.Reason, c.text) {
				t.Errorf("the reason holds the address: %s", e.Reason)
			}
		} else {
			got = u.String()
		}
		if got != c.want {
			t.Errorf("%.80q gives %s, want %s", c.text, got, c.want)
		}
	}
}

func FuzzParseURL(f *testing.F) {
	for _, seed := range []string{"https://a.example:8443/x?y#z", "http://[::ffff:127.0.0.1]/", "http://0x7f.1/", "https://ａ.example/"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := ParseURL(text)
		if err != nil {
			return
		}
		again, err := ParseURL(u.String())
		if err != nil || again.Host != u.Host || u.User != nil {
			t.Fatalf("%q is %q, and that is %v, %v", text, u, again, err)
		}
		if _, err := netip.ParseAddr(u.Hostname()); err != nil && numeric(u.Hostname()) {
			t.Fatalf("%q has the number %q as its host", text, u.Hostname())
		}
	})
}

func TestPermits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, host string
		want          bool
	}{
		{"a.example", "a.example", true},
		{"a.example", "b.a.example", false},
		{"*.a.example", "b.a.example", true},
		{"*.a.example", "c.b.a.example", true},
		{"*.a.example", "a.example", false},
		{"*.a.example", "ba.example", false},
		{"*.a.example", "a.example.evil", false},
	} {
		if got := Permits([]string{c.pattern}, c.host); got != c.want {
			t.Errorf("%s permits %s: %t", c.pattern, c.host, got)
		}
	}
}
