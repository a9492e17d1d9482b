package engine

import (
	"net"
	"net/http"
	"time"

	"code.dny.dev/ssrf"
)

// newTransport carries the requests of actions to other services. The address is
// checked when it is dialled, after names were resolved and redirects followed:
// private, local and reserved networks are refused (RFC 6890). The environment's
// proxies are not used, since a proxy would dial in our place.
func newTransport() *http.Transport {
	guard := ssrf.New(ssrf.WithAnyPort(), ssrf.WithNetworks("tcp4", "tcp6"))
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second, Control: guard.Safe}
	return &http.Transport{
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    10 * time.Second,
		ResponseHeaderTimeout:  30 * time.Second,
		IdleConnTimeout:        90 * time.Second,
		MaxIdleConns:           100,
		MaxIdleConnsPerHost:    10,
		MaxResponseHeaderBytes: 64 << 10,
	}
}
