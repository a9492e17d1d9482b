package action

import "cloudlet/engine/identity"

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
