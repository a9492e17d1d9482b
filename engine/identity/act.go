package identity

import (
	"context"

	"cloudlet/engine/audit"
	"cloudlet/engine/database"
	"cloudlet/engine/language/schema"
)

// Act is who does something, from where, and in which transaction: what the audit log
// notes of every change. Its zero value is nobody, in a transaction of the change's own.
type Act struct {
	Tx      *database.Tx // of the main database; nil: one of its own
	By      string       // the user; "" where nobody is known, ByCommandLine
	Address string       // the client's, without port; may be ""
	Trace   string       // the trace id of the request; may be ""
	// Caller is By with the roles that were shown, where a request brought them: see protect.
	Caller *Caller
}

// ByCommandLine acts on the command line. No user has a name with a colon.
const ByCommandLine = "system:cli"

// change runs f in a transaction: in that of the act, where there is one, as a whole or
// not at all. After its commit every caller is read again.
func (s *Service) change(ctx context.Context, act Act, f func(tx *database.Tx) error) error {
	return s.within(ctx, act, func() { s.epoch.Add(1) }, f)
}

// within is change that has something else done once it is committed.
func (s *Service) within(ctx context.Context, act Act, then func(), f func(tx *database.Tx) error) error {
	if act.Tx == nil {
		err := s.db.Write(ctx, f)
		then() // after a failure too: it may have come after the commit
		return err
	}
	point, err := act.Tx.Savepoint()
	if err != nil {
		return err
	}
	defer point.Rollback()
	act.Tx.AfterCommit(then)
	if err := f(act.Tx); err != nil {
		return err
	}
	return point.Commit()
}

// changeUser is change for one user, whose tickets alone are looked at again:
// ErrNoSuchUser where there is none.
func (s *Service) changeUser(ctx context.Context, act Act, name string, f func(tx *database.Tx, u *userState) error) error {
	if CheckUserName(name) != nil {
		return noSuchUser(name)
	}
	return s.within(ctx, act, func() { s.touched.touch(name) }, func(tx *database.Tx) error {
		u, err := findUser(ctx, tx, name)
		if err != nil {
			return err
		}
		if u == nil {
			return noSuchUser(name)
		}
		return f(tx, u)
	})
}

// record writes a row of the audit log: what was done to whom, and pairs of names and
// values that say more.
func (s *Service) record(ctx context.Context, tx *database.Tx, act Act, event, subject string, fields ...any) error {
	return s.audit.Append(ctx, tx, act.Entry(event, subject, fields...))
}

// Entry is a row of the audit log: what who acts did to whom, and pairs of names and
// values that say more.
func (act Act) Entry(event, subject string, fields ...any) audit.Entry {
	e := audit.Entry{Event: event, Actor: act.By, Subject: subject, Address: act.Address, Trace: act.Trace}
	if act.Caller != nil && act.Caller.Impersonator != "" {
		fields = append(fields, "impersonator", act.Caller.Impersonator)
	}
	if act.Caller != nil && act.Caller.APIKey != "" {
		fields = append(fields, "api_key", act.Caller.APIKey)
	}
	if len(fields) > 0 {
		e.Fields = schema.NewObject(fields...)
	}
	return e
}

// querier is where something is read: in the act's transaction, or outside of any.
func (s *Service) querier(act Act) querier {
	if act.Tx != nil {
		return act.Tx
	}
	return s.db
}

// list is a list of texts as a value of the language.
func list(texts []string) []any {
	l := make([]any, len(texts))
	for i, t := range texts {
		l[i] = t
	}
	return l
}
