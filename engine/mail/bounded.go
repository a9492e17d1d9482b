package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
)

// mostAnswers is how many bytes a server may send in one conversation, its certificates among them.
// What it says is lines of at most 512 bytes (RFC 5321, section 4.5.3.1.5), one or a few for each
// recipient; and whoever reads a line takes it however long it is.
const mostAnswers = 1 << 20

var errAnswers = errors.New("it answers without an end")

// bounded is a connection on which only so much comes.
type bounded struct {
	net.Conn
	left int
}

// Read fails with errAnswers once too much has come.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, errAnswers
	}
	n, err := b.Conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// connect dials, in TLS where config is not nil.
func connect(ctx context.Context, network, address string, config *tls.Config) (net.Conn, error) {
	inner, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	conn := net.Conn(&bounded{inner, mostAnswers})
	if config == nil {
		return conn, nil
	}
	encrypted := tls.Client(conn, config)
	if err := encrypted.HandshakeContext(ctx); err != nil {
		inner.Close()
		return nil, err
	}
	return encrypted, nil
}
