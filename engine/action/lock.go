package action

import (
	"net/http"
	"slices"
)

// LockHeld is what a step fails with that waits for a lock which its own chain holds.
var LockHeld = Outcome{Status: http.StatusInternalServerError, Code: "lock_held", When: "the chain holds the lock already, and would wait for itself"}

// Locked runs do while nobody else in the process runs with the same key. It waits as long as
// the call's context lasts, and fails with its error, or as LockHeld.
func (c *Call) Locked(key string, do func() (any, error)) (any, error) {
	if slices.Contains(c.locked, key) {
		return nil, &Failure{Status: LockHeld.Status, Code: LockHeld.Code, Detail: "Something went wrong here. It has been logged.", Reason: "the chain waits for a lock that it holds itself"}
	}
	leave, err := c.Services.Locks.Enter(c.Context, key)
	if err != nil {
		return nil, err
	}
	defer leave()
	c.locked = append(slices.Clip(c.locked), key)
	defer func() { c.locked = c.locked[:len(c.locked)-1] }()
	return do()
}
