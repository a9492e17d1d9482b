package action

import (
	"errors"

	"cloudlet/engine/database"
)

// transaction is one that is begun when its first statement runs, so that what
// stands before it, such as a password's hash, is done before the lock is taken.
type transaction struct {
	db   *database.DB
	name string
	tx   *database.Tx
}

// InTransaction runs do so that all SQL of the named database commits together
// or not at all. A signal commits as success does; any other error rolls back.
// Inside a transaction of the same database it is a savepoint.
func (c *Call) InTransaction(name string, do func() (any, error)) (result any, err error) {
	if c.transaction != nil && c.transaction.name == name {
		return c.inSavepoint(do)
	}
	t := &transaction{db: c.Services.Database(name), name: name}
	outer := c.transaction
	c.transaction = t
	done := false
	defer func() {
		c.transaction = outer
		if !done && t.tx != nil { // a panic
			t.tx.Rollback()
		}
	}()
	result, err = do()
	done = true
	if t.tx == nil {
		return result, err
	}
	if err != nil && !Ends(err) {
		t.tx.Rollback()
		return nil, err
	}
	if e := t.tx.Commit(); e != nil {
		return nil, e
	}
	return result, err
}

func (c *Call) inSavepoint(do func() (any, error)) (any, error) {
	tx, err := c.Tx(c.transaction.name)
	if err != nil {
		return nil, err
	}
	point, err := tx.Savepoint()
	if err != nil {
		return nil, err
	}
	done := false
	defer func() {
		if !done {
			point.Rollback()
		}
	}()
	result, err := do()
	done = true
	if err != nil && !Ends(err) {
		// Where the database undid the whole transaction there is no savepoint to go
		// back to, and what it failed with says more than that.
		if e := point.Rollback(); e != nil && !errors.Is(e, database.ErrEnded) {
			return nil, e
		}
		return nil, err
	}
	if e := point.Commit(); e != nil {
		return nil, e
	}
	return result, err
}

// Tx is the transaction of the named database that the call is in, or nil.
func (c *Call) Tx(name string) (*database.Tx, error) {
	t := c.transaction
	if t == nil || t.name != name {
		return nil, nil
	}
	if t.tx == nil {
		// Who asks is known before the lock is taken: to read it would wait for the
		// very connection that is held then, where the database is in memory.
		c.Caller()
		tx, err := t.db.Begin(c.Context)
		if err != nil {
			return nil, err
		}
		t.tx = tx
	}
	return t.tx, nil
}

// Surrounding is the transaction that the call is in, of whichever database, or nil.
func (c *Call) Surrounding() (*database.Tx, error) {
	if c.transaction == nil {
		return nil, nil
	}
	return c.Tx(c.transaction.name)
}

// Begun is the transaction of the named database if a statement has begun it, else nil.
func (c *Call) Begun(name string) *database.Tx {
	if t := c.transaction; t != nil && t.name == name {
		return t.tx
	}
	return nil
}
