package crypto

import (
	"context"
	"errors"

	"cloudlet/engine/action"
	"cloudlet/engine/failure"
	"cloudlet/engine/identity"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

var (
	tooBusy         = action.Outcome{Status: 429, Code: identity.ErrTooBusy.Code, When: "too many passwords are being computed already"}
	invalidPassword = action.Outcome{Status: 400, Code: "invalid_password", When: "the password is longer than 1024 bytes"}
	damagedHash     = action.Outcome{Status: 500, Code: "damaged_hash", When: "the stored hash is none, or asks for too much work"}
)

// refuseInTransaction keeps a computation of tens of milliseconds out of the time in which
// nobody else can write.
func refuseInTransaction(l action.Load, name string) {
	if l.Transaction() != "" {
		l.Problem(source.Problem{Span: l.At(""), Code: "not_in_transaction", Text: name + " takes long, and inside a transaction everybody who writes would wait for it", Hint: "put it ahead of the transaction"})
	}
}

// PasswordHash hashes a password with argon2id (RFC 9106).
var PasswordHash = action.Define(action.Spec[passwordHashInputs, string]{
	Name: "password.hash", Summary: "Hashes a password for keeping (argon2id).", Main: "password",
	Doc: "For passwords of things other than users, such as a shared folder: users are kept by `user.create`. It takes 19 MiB and tens of milliseconds on purpose; " +
		"no more than half of the cores compute at once.",
	Example:  "- password.hash: ${args.password}\n  as: kept\n",
	Failures: []action.Outcome{tooBusy, invalidPassword}, Result: schema.TokenType,
	Prepare: func(l action.Load, in *passwordHashInputs) action.Result {
		refuseInTransaction(l, "password.hash")
		return action.Gives(schema.TokenType)
	},
	Run: func(c *action.Call, in *passwordHashInputs) (string, error) {
		password, err := in.Password.Value(c)
		if err != nil {
			return "", err
		}
		return c.Services.Identity.Passwords().Hash(c.Context, password)
	},
})

type passwordHashInputs struct {
	Password action.Expr[string] `doc:"The password." class:"secret"`
}

// PasswordVerify compares a password with a hash.
var PasswordVerify = action.Define(action.Spec[passwordVerifyInputs, bool]{
	Name: "password.verify", Summary: "Tells whether a password is that of a hash.",
	Doc:      "Takes argon2id and bcrypt. A hash that is null is no password's, after the same time: so nobody learns what there is.",
	Example:  "- password.verify: {password: \"${args.password}\", hash: \"${film.title}\"}\n  as: right\n",
	Failures: []action.Outcome{tooBusy, damagedHash},
	Prepare: func(l action.Load, in *passwordVerifyInputs) action.Result {
		refuseInTransaction(l, "password.verify")
		return action.Gives(schema.BoolType)
	},
	Run: func(c *action.Call, in *passwordVerifyInputs) (bool, error) {
		password, err := in.Password.Value(c)
		if err != nil {
			return false, err
		}
		stored, _, err := in.Hash.Optional(c)
		if err != nil {
			return false, err
		}
		right, err := c.Services.Identity.Passwords().Matches(c.Context, password, stored)
		var known *failure.Error
		if err == nil || errors.As(err, &known) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return right, err
		}
		return false, &action.Failure{Status: 500, Code: damagedHash.Code, Detail: "Something went wrong here. It has been logged.", Cause: err}
	},
})

type passwordVerifyInputs struct {
	Password action.Expr[string] `doc:"The password to look at." class:"secret"`
	Hash     action.Expr[string] `doc:"The hash that is kept; null is none." class:"secret"`
}
