package action

import "cloudlet/engine/identity"

// Act is who runs the chain, from where, and in which transaction: what identity asks
// of whoever changes something. It begins the transaction where the call is inside one
// that has not begun, and fails as that and Who do.
func (c *Call) Act() (identity.Act, error) {
	act, err := c.Prelude()
	if err == nil && act.Tx == nil {
		act.Tx, err = c.Tx("main")
	}
	return act, err
}

// Prelude is Act that begins no transaction: for what only reads, and for what is
// computed before the lock is taken. It is in the transaction that has begun already.
func (c *Call) Prelude() (identity.Act, error) {
	caller, err := c.Who()
	if err != nil {
		return identity.Act{}, err
	}
	act := identity.Act{Tx: c.Begun("main"), Address: c.ClientAddress(), Trace: c.TraceID(), Caller: caller}
	if caller != nil {
		act.By = caller.Name
	}
	return act, nil
}
