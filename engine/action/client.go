package action

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// ClientAddress is the client's address without its port; that of this machine where a
// program calls. Behind proxies that the app trusts it is the last address in
// X-Forwarded-For that is none of theirs.
func (x *Exchange) ClientAddress() string {
	if x.Request == nil {
		return "127.0.0.1"
	}
	host, _, err := net.SplitHostPort(x.Request.RemoteAddr)
	if err != nil {
		host = x.Request.RemoteAddr
	}
	if x.Services == nil {
		return host
	}
	x.doubt(host)
	return forwarded(host, x.Request.Header, x.Services.Proxies)
}

// doubt warns, once, where a proxy that is not trusted seems to stand in front: all clients
// are one then, and whoever guesses slows the logins of everybody.
func (x *Exchange) doubt(host string) {
	if x.Log == nil || len(x.Request.Header["X-Forwarded-For"]) == 0 || x.Services.doubted.Load() {
		return
	}
	addr, err := netip.ParseAddr(host)
	if err != nil || !addr.Unmap().IsLoopback() && !addr.Unmap().IsPrivate() || within(addr, x.Services.Proxies) {
		return // from elsewhere anybody may send the header
	}
	if !x.Services.doubted.Swap(true) {
		x.Log.Warn("requests come through a proxy that trusted_proxies in cloudlet.yaml does not name: all its clients count as one address", "proxy", host)
	}
}

// mostHops bounds how many addresses of X-Forwarded-For are looked at.
const mostHops = 32

// forwarded is the client of a request that came from host. Each proxy appends whom it
// was asked by, so the header is believed from its end on, as long as who said it is
// trusted: what stands before that is the client's own, and may be anything.
func forwarded(host string, header http.Header, trusted []netip.Prefix) string {
	addr, err := netip.ParseAddr(host)
	if err != nil || !within(addr, trusted) {
		return host
	}
	lines, client := header["X-Forwarded-For"], host
	hops := 0
	for i := len(lines) - 1; i >= 0; i-- {
		for rest, more := lines[i], true; more && hops < mostHops; hops++ {
			var hop string
			if at := strings.LastIndexByte(rest, ','); at >= 0 {
				rest, hop = rest[:at], rest[at+1:]
			} else {
				hop, more = rest, false
			}
			addr, ok := hopAddress(strings.TrimSpace(hop))
			if !ok {
				return client // nothing before it has an author who is known
			}
			if client = addr.String(); !within(addr, trusted) {
				return client
			}
		}
	}
	return client
}

// hopAddress reads an address as proxies write it: 192.0.2.1, 192.0.2.1:80,
// 2001:db8::1, [2001:db8::1], [2001:db8::1]:80.
func hopAddress(text string) (netip.Addr, bool) {
	if len(text) > len("[0000:0000:0000:0000:0000:ffff:255.255.255.255]:65535") {
		return netip.Addr{}, false
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		at, e := netip.ParseAddrPort(text)
		addr, err = at.Addr(), e
	}
	if err != nil && strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") {
		addr, err = netip.ParseAddr(text[1 : len(text)-1])
	}
	if err != nil || addr.Zone() != "" {
		return netip.Addr{}, false
	}
	return addr.Unmap(), true
}

// within reports whether an address is in one of some networks.
func within(addr netip.Addr, networks []netip.Prefix) bool {
	addr = addr.Unmap().WithZone("")
	for _, n := range networks {
		if n.Contains(addr) {
			return true
		}
	}
	return false
}
