package action

import (
	"net"

	"cloudlet/engine/identity"
)

// Act is who runs the chain, from where, and in which transaction: what identity asks
// of whoever changes something. It begins the transaction where the call is inside one
// that has not begun, and fails as that and Who do.
func (c *Call) Act() (identity.Act, error) {
	caller, err := c.Who()
	if err != nil {
		return identity.Act{}, err
	}
	tx, err := c.Tx("main")
	if err != nil {
		return identity.Act{}, err
	}
	act := identity.Act{Tx: tx, Address: c.ClientAddress(), Trace: c.TraceID()}
	if caller != nil {
		act.By = caller.Name
	}
	return act, nil
}

// ClientAddress is the client's address without its port; that of this machine where a
// program calls.
func (x *Exchange) ClientAddress() string {
	if x.Request == nil {
		return "127.0.0.1"
	}
	host, _, err := net.SplitHostPort(x.Request.RemoteAddr)
	if err != nil {
		return x.Request.RemoteAddr
	}
	return host
}
