package database

import (
	"context"
	"errors"
	"strings"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// Error is a failure of a statement as a client may see it. Its text never holds
// the database's words; those are in Cause, for the log.
type Error struct {
	Code   string // stable, snake_case: "already_exists"
	Status int    // of HTTP
	Detail string // a sentence without a full stop
	Cause  error  // nil where the engine itself found it
}

// Error is the code with the sentence.
func (e *Error) Error() string { return e.Code + ": " + e.Detail }

// Unwrap is the cause, in the database's words.
func (e *Error) Unwrap() error { return e.Cause }

// Reason is the cause where it is of the machine: a full disk, a file that cannot be
// written. It is for the log. All other words of the database may hold values, as
// "bad JSON path" does: for them it is "".
func (e *Error) Reason() string {
	var theirs *sqlite.Error
	if !errors.As(e.Cause, &theirs) {
		return ""
	}
	switch theirs.Code() & 0xff {
	case lib.SQLITE_FULL, lib.SQLITE_IOERR, lib.SQLITE_READONLY, lib.SQLITE_CANTOPEN, lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB, lib.SQLITE_NOMEM, lib.SQLITE_PROTOCOL:
		return theirs.Error()
	}
	return ""
}

// Is makes errors of one code equal to errors.Is: errors.Is(err, database.ErrBusy).
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// The failures that callers tell apart with errors.Is; they compare by their code.
var (
	// ErrBusy: the database could not be had within five seconds.
	ErrBusy = &Error{Code: "database_busy", Status: 503, Detail: "The database is busy."}
	// ErrUnexpectedType: a stored value is not of its column's declared type.
	ErrUnexpectedType = &Error{Code: "unexpected_type", Status: 500, Detail: "A stored value is not of its column's type."}
	// ErrResultTooLarge: a result would take more than 64 MiB.
	ErrResultTooLarge = &Error{Code: "result_too_large", Status: 500, Detail: "The result is too large."}
	// ErrExists: a unique or primary key is taken.
	ErrExists = &Error{Code: "already_exists", Status: 409, Detail: "Such a row exists already."}
	// ErrReferenced: a foreign key would point nowhere.
	ErrReferenced = &Error{Code: "still_referenced", Status: 409, Detail: "The row refers to, or is referred to by, another."}
	// ErrInvalidValue: NOT NULL, CHECK, a datatype or a trigger refused a value.
	ErrInvalidValue = &Error{Code: "invalid_value", Status: 400, Detail: "A value is not one that the column takes."}
	// ErrFailed: the disk is full, the file is damaged, and whatever else is nobody's request's fault.
	ErrFailed = &Error{Code: "database_failed", Status: 500, Detail: "The database failed."}
	// ErrClosed: the database was closed.
	ErrClosed = &Error{Code: "database_closed", Status: 503, Detail: "The database is closed."}
	// ErrEnded: the transaction is over, by Commit, Rollback or because the database undid it.
	ErrEnded = &Error{Code: "transaction_ended", Status: 500, Detail: "The transaction has ended."}
)

// because is a copy of e with a cause.
func (e *Error) because(cause error) *Error {
	c := *e
	c.Cause = cause
	return &c
}

// failure translates what the driver says into what may leave this package.
// An interrupted statement fails with its context's error.
func failure(ctx context.Context, err error) error {
	var ours *Error
	var theirs *sqlite.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &ours), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case !errors.As(err, &theirs):
		return ErrFailed.because(err)
	}
	switch code := theirs.Code(); code & 0xff {
	case lib.SQLITE_CONSTRAINT:
		return constraint(code).because(err)
	case lib.SQLITE_MISMATCH, lib.SQLITE_TOOBIG:
		return ErrInvalidValue.because(err)
	case lib.SQLITE_ERROR:
		if strings.Contains(theirs.Error(), "pattern too complex") { // LongestPattern; there is no code of its own
			return ErrInvalidValue.because(err)
		}
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		return ErrBusy.because(err)
	case lib.SQLITE_INTERRUPT:
		if ctx != nil && ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return ErrFailed.because(err)
}

func constraint(code int) *Error {
	switch code {
	case lib.SQLITE_CONSTRAINT_UNIQUE, lib.SQLITE_CONSTRAINT_PRIMARYKEY, lib.SQLITE_CONSTRAINT_ROWID:
		return ErrExists
	case lib.SQLITE_CONSTRAINT_FOREIGNKEY:
		return ErrReferenced
	default:
		return ErrInvalidValue
	}
}
