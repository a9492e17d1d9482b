package database

import (
	"context"
	"errors"
	"strings"
	"time"

	"cloudlet/engine/failure"
	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// The failures that callers tell apart with errors.Is; they compare by their code.
var (
	// ErrBusy: the database could not be had within five seconds.
	ErrBusy = &failure.Error{Code: "database_busy", Status: 503, RetryAfter: time.Second, Detail: "The database is busy."}
	// ErrUnexpectedType: a stored value is not of its column's declared type.
	ErrUnexpectedType = &failure.Error{Code: "unexpected_type", Status: 500, Detail: "A stored value is not of its column's type."}
	// ErrResultTooLarge: a result would take more than 64 MiB.
	ErrResultTooLarge = &failure.Error{Code: "result_too_large", Status: 500, Detail: "The result is too large."}
	// ErrExists: a unique or primary key is taken.
	ErrExists = &failure.Error{Code: "already_exists", Status: 409, Detail: "Such a row exists already."}
	// ErrReferenced: a foreign key would point nowhere.
	ErrReferenced = &failure.Error{Code: "still_referenced", Status: 409, Detail: "The row refers to, or is referred to by, another."}
	// ErrInvalidValue: NOT NULL, CHECK, a datatype or a trigger refused a value.
	ErrInvalidValue = &failure.Error{Code: "invalid_value", Status: 400, Detail: "A value is not one that the column takes."}
	// ErrFailed: the disk is full, the file is damaged, and whatever else is nobody's request's fault.
	ErrFailed = &failure.Error{Code: "database_failed", Status: 500, Detail: "The database failed."}
	// ErrClosed: the database was closed.
	ErrClosed = &failure.Error{Code: "database_closed", Status: 503, RetryAfter: time.Second, Detail: "The database is closed."}
	// ErrEnded: the transaction is over, by Commit, Rollback or because the database undid it.
	ErrEnded = &failure.Error{Code: "transaction_ended", Status: 500, Detail: "The transaction has ended."}
)

// translated is what the driver says into what may leave this package.
// An interrupted statement fails with its context's error.
func translated(ctx context.Context, err error) error {
	var ours *failure.Error
	var theirs *sqlite.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &ours), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case !errors.As(err, &theirs):
		return ErrFailed.CausedBy(err)
	}
	switch code := theirs.Code(); code & 0xff {
	case lib.SQLITE_CONSTRAINT:
		return constraint(code).CausedBy(err)
	case lib.SQLITE_MISMATCH, lib.SQLITE_TOOBIG:
		return ErrInvalidValue.CausedBy(err)
	case lib.SQLITE_ERROR:
		if strings.Contains(theirs.Error(), "pattern too complex") { // LongestPattern; there is no code of its own
			return ErrInvalidValue.CausedBy(err)
		}
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		return ErrBusy.CausedBy(err)
	case lib.SQLITE_INTERRUPT:
		if ctx != nil && ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return machine(theirs)
}

// machine is a failure of the machine: a full disk, a file that cannot be written. The log says
// which. All other words of the database may hold values, as "bad JSON path" does.
func machine(theirs *sqlite.Error) *failure.Error {
	failed := ErrFailed.CausedBy(theirs)
	switch theirs.Code() & 0xff {
	case lib.SQLITE_FULL, lib.SQLITE_IOERR, lib.SQLITE_READONLY, lib.SQLITE_CANTOPEN, lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB, lib.SQLITE_NOMEM, lib.SQLITE_PROTOCOL:
		return failed.Because("%v", theirs)
	}
	return failed
}

func constraint(code int) *failure.Error {
	switch code {
	case lib.SQLITE_CONSTRAINT_UNIQUE, lib.SQLITE_CONSTRAINT_PRIMARYKEY, lib.SQLITE_CONSTRAINT_ROWID:
		return ErrExists
	case lib.SQLITE_CONSTRAINT_FOREIGNKEY:
		return ErrReferenced
	default:
		return ErrInvalidValue
	}
}
