package engine

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

// newTransport carries the requests of actions to other services. The address is
// checked when it is dialled, after names were resolved and redirects followed:
// private, local and reserved networks are refused (RFC 6890), but for what allow
// names, by name or address, with its port. The environment's proxies are not used,
// since a proxy would dial in our place.
func newTransport(allow []string) *http.Transport {
	return &http.Transport{
		DialContext:            newGate(allow).dial,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    10 * time.Second,
		ResponseHeaderTimeout:  30 * time.Second,
		IdleConnTimeout:        90 * time.Second,
		MaxIdleConns:           100,
		MaxIdleConnsPerHost:    10,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// gate decides which addresses may be dialled. It never changes.
type gate struct {
	guard *ssrf.Guardian
	names map[string]bool // host:port, dialled wherever the name leads
	hosts map[netip.AddrPort]bool
}

func newGate(allow []string) *gate {
	g := &gate{guard: ssrf.New(ssrf.WithAnyPort(), ssrf.WithNetworks("tcp4", "tcp6")), names: map[string]bool{}, hosts: map[netip.AddrPort]bool{}}
	for _, a := range allow {
		if at, err := netip.ParseAddrPort(a); err == nil {
			g.hosts[at] = true
		} else {
			g.names[a] = true
		}
	}
	return g
}

func (g *gate) dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second, Control: g.control}
	if host, port, err := net.SplitHostPort(address); err == nil && g.names[net.JoinHostPort(strings.ToLower(strings.TrimSuffix(host, ".")), port)] {
		d.Control = nil
	}
	return d.DialContext(ctx, network, address)
}

// control is asked for each address before it is connected to.
func (g *gate) control(network, address string, c syscall.RawConn) error {
	if at, err := netip.ParseAddrPort(address); err == nil && g.hosts[netip.AddrPortFrom(at.Addr().Unmap(), at.Port())] {
		return nil
	}
	if err := g.guard.Safe(network, address, c); err != nil {
		return fmt.Errorf("%w; what is private is reached where http.allow of cloudlet.yaml names it", err)
	}
	return nil
}

// carry makes the transport anew where another list of private services is allowed:
// no connection of the old list is used by the new generation.
func (e *Engine) carry(allow []string, before *generation) {
	if e.outgoing != nil && slices.Equal(e.allowed, allow) {
		return
	}
	if before != nil {
		before.old = append(before.old, idle{e.outgoing})
	}
	e.outgoing, e.allowed = newTransport(allow), allow
}

// idle closes the connections that a transport keeps for later.
type idle struct{ *http.Transport }

var _ io.Closer = idle{}

// Close implements io.Closer.
func (t idle) Close() error {
	t.CloseIdleConnections()
	return nil
}
