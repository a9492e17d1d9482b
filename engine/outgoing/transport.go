// Package outgoing asks other services, and trusts neither where it is sent nor what
// comes back: addresses are checked when they are dialled, answers are bounded, a host
// that fails is left alone for a while.
package outgoing

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

// Dialing says who is reached.
type Dialing struct {
	// Allow are the hosts with port that are reached though they are private, by name or address.
	Allow []string
	// Resolver looks names up; net.DefaultResolver where it is nil.
	Resolver *net.Resolver
}

const (
	dialTime = 10 * time.Second
	// headTime is how long a service may think before it answers.
	headTime = 60 * time.Second
	headSize = 64 << 10 // bytes of an answer's headers
)

// NewTransport carries requests to other services. The address is checked when it is
// dialled, after names were resolved and redirects followed: private, local and reserved
// networks are refused (RFC 6890), but for what Allow names. The environment's proxies are
// not used, since a proxy would dial in our place.
func NewTransport(d Dialing) *http.Transport {
	return &http.Transport{
		DialContext:            newGate(d).dial,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    dialTime,
		ResponseHeaderTimeout:  headTime,
		IdleConnTimeout:        90 * time.Second,
		MaxIdleConns:           100,
		MaxIdleConnsPerHost:    10,
		MaxResponseHeaderBytes: headSize,
	}
}

// errRefused is what a dial to a private address fails with.
var errRefused = errors.New("what is private is reached only where http.allow of cloudlet.yaml names it")

// gate decides which addresses may be dialled. It never changes.
type gate struct {
	guard    *ssrf.Guardian
	names    map[string]bool // host:port, dialled wherever the name leads
	hosts    map[netip.AddrPort]bool
	resolver *net.Resolver
}

func newGate(d Dialing) *gate {
	g := &gate{guard: ssrf.New(ssrf.WithAnyPort(), ssrf.WithNetworks("tcp4", "tcp6")), names: map[string]bool{}, hosts: map[netip.AddrPort]bool{}, resolver: d.Resolver}
	for _, a := range d.Allow {
		if at, err := netip.ParseAddrPort(a); err == nil {
			g.hosts[at] = true
		} else {
			g.names[a] = true
		}
	}
	return g
}

func (g *gate) dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: dialTime, KeepAlive: 30 * time.Second, Control: g.control, Resolver: g.resolver}
	if host, port, err := net.SplitHostPort(address); err == nil && g.names[net.JoinHostPort(strings.ToLower(strings.TrimSuffix(host, ".")), port)] {
		d.Control = nil
	}
	return d.DialContext(ctx, network, address)
}

// blocked are ports of protocols that would take a request for commands, as mail servers do:
// those of the Fetch standard, section 2.9.
var blocked = strings.Fields(`0 1 7 9 11 13 15 17 19 20 21 22 23 25 37 42 43 53 69 77 79 87 95 101 102 103 104 109 110 111 113 115 117 119 123
	135 137 139 143 161 179 389 427 465 512 513 514 515 526 530 531 532 540 548 554 556 563 587 601 636 989 990 993 995 1719 1720 1723 2049
	3659 4045 4190 5060 5061 6000 6566 6665 6666 6667 6668 6669 6679 6697 10080`)

// control is asked for each address before it is connected to.
func (g *gate) control(network, address string, c syscall.RawConn) error {
	if at, err := netip.ParseAddrPort(address); err == nil && g.hosts[netip.AddrPortFrom(at.Addr().Unmap(), at.Port())] {
		return nil
	}
	if _, port, err := net.SplitHostPort(address); err != nil || slices.Contains(blocked, port) {
		return fmt.Errorf("%w (the port %s is of another protocol)", errRefused, port)
	}
	if err := g.guard.Safe(network, address, c); err != nil {
		return fmt.Errorf("%w (%w)", errRefused, err)
	}
	return nil
}
