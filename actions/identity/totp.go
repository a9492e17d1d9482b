package identity

import (
	"cloudlet/engine/action"
	"cloudlet/engine/identity"
	"cloudlet/engine/language/schema"
)

// What all actions of the second factor can fail with.
var (
	invalidCode  = action.Outcome{Status: 401, Code: identity.ErrInvalidCode.Code, When: "the code is wrong, too old, or was used before"}
	notEnrolled  = action.Outcome{Status: 409, Code: identity.ErrNotEnrolled.Code, When: "the caller has no authenticator app"}
	codeFailures = append([]action.Outcome{
		unauthorized, invalidCode, tooManyFailures, loginRequired,
		{Status: 429, Code: identity.ErrTooBusy.Code, When: "too many tries wait for each other"},
	}, unreadUsers...)
)

// TOTPEnroll makes a secret for an authenticator app of the caller.
var TOTPEnroll = action.Define(action.Spec[totpEnrollInputs, any]{
	Name: "totp.enroll", Summary: "Makes a secret for an authenticator app of the caller: time-based codes of six digits (RFC 6238).",
	Writes: true,
	Doc: "The url is what the app reads as a QR code; the secret can be typed instead. Nothing changes for the caller before `totp.confirm` has " +
		"seen a code of the app; until then enrolling again replaces the secret. Who has an app already needs a `code` of it, or a recovery code.",
	Example:  "- totp.enroll:\n",
	Result:   enrollmentType,
	Failures: append([]action.Outcome{{Status: 401, Code: identity.ErrCodeRequired.Code, When: "the caller has an authenticator app, and no code was given"}}, codeFailures...),
	Prepare:  outsideTransaction[totpEnrollInputs]("totp.enroll", action.Gives(enrollmentType)),
	Run: func(c *action.Call, in *totpEnrollInputs) (any, error) {
		code, _, err := in.Code.Optional(c)
		if err != nil {
			return nil, err
		}
		caller, act, err := whoActs(c)
		if err != nil {
			return nil, err
		}
		e, err := c.Services.Identity.EnrollTOTP(c.Context, act, caller, code)
		if err != nil {
			return nil, err
		}
		return enrollmentShape.New([]any{e.Secret, e.URL}), nil
	},
})

type totpEnrollInputs struct {
	Code action.Expr[string] `doc:"Of the app that the caller has, or a recovery code; null where there is none." class:"secret" optional:""`
}

var (
	enrollmentType = schema.ObjectOf(
		schema.Field{Name: "secret", Type: schema.TokenType},
		schema.Field{Name: "url", Type: schema.TokenType},
	)
	enrollmentShape = schema.NewShape(enrollmentType.FieldNames()...)
	recoveryType    = schema.ObjectOf(schema.Field{Name: "recovery_codes", Type: schema.ListOf(schema.TokenType)})
	recoveryShape   = schema.NewShape(recoveryType.FieldNames()...)
)

// TOTPConfirm turns an enrolled authenticator app on.
var TOTPConfirm = action.Define(action.Spec[totpCodeInputs, any]{
	Name: "totp.confirm", Summary: "Turns the enrolled authenticator app of the caller on, and gives ten recovery codes.", Main: "code",
	Writes: true,
	Doc: "From then on `authenticate` needs a code. Each recovery code takes the place of one, once; they are kept as hashes and cannot be shown again. " +
		"The caller's other sessions end, which were opened without the app.",
	Example:  "- totp.confirm: ${args.code}\n",
	Result:   recoveryType,
	Failures: append([]action.Outcome{{Status: 409, Code: identity.ErrNotEnrolled.Code, When: "nothing has been enrolled"}}, codeFailures...),
	Prepare:  outsideTransaction[totpCodeInputs]("totp.confirm", action.Gives(recoveryType)),
	Run: func(c *action.Call, in *totpCodeInputs) (any, error) {
		code, caller, act, err := in.read(c)
		if err != nil {
			return nil, err
		}
		codes, err := c.Services.Identity.ConfirmTOTP(c.Context, act, caller, code)
		if err != nil {
			return nil, err
		}
		list := make([]any, len(codes))
		for i, code := range codes {
			list[i] = code
		}
		return recoveryShape.New([]any{list}), nil
	},
})

// TOTPVerify takes a code of the caller ahead of something that matters.
var TOTPVerify = action.Define(action.Spec[totpCodeInputs, action.None]{
	Name: "totp.verify", Summary: "Goes on only with a code of the caller's authenticator app, or a recovery code.", Main: "code",
	Doc:      "For what a ticket alone should not be enough for. No code is taken twice, also not one that the caller has just logged in with.",
	Example:  "- totp.verify: ${args.code}\n",
	Failures: append([]action.Outcome{notEnrolled}, codeFailures...),
	Prepare:  outsideTransaction[totpCodeInputs]("totp.verify", action.Effect),
	Run: func(c *action.Call, in *totpCodeInputs) (action.None, error) {
		code, caller, act, err := in.read(c)
		if err != nil {
			return action.None{}, err
		}
		return action.None{}, c.Services.Identity.VerifyTOTP(c.Context, act, caller, code)
	},
})

// TOTPDisable takes the caller's authenticator app away.
var TOTPDisable = action.Define(action.Spec[totpCodeInputs, action.None]{
	Name: "totp.disable", Summary: "Takes the caller's authenticator app and recovery codes away: a login needs no code any more.", Main: "code",
	Writes:   true,
	Doc:      "The caller's other sessions end.",
	Example:  "- totp.disable: ${args.code}\n",
	Failures: append([]action.Outcome{notEnrolled}, codeFailures...),
	Prepare:  outsideTransaction[totpCodeInputs]("totp.disable", action.Effect),
	Run: func(c *action.Call, in *totpCodeInputs) (action.None, error) {
		code, caller, act, err := in.read(c)
		if err != nil {
			return action.None{}, err
		}
		return action.None{}, c.Services.Identity.DisableTOTP(c.Context, act, caller, code)
	},
})

// TOTPReset takes away the authenticator app of somebody who has lost it.
var TOTPReset = action.Define(action.Spec[totpResetInputs, action.None]{
	Name: "totp.reset", Summary: "Takes away the authenticator app of a user who has lost it, without a code: for administrators.", Main: "username",
	Writes:   true,
	Doc:      "The user's tickets end. Nobody resets the own one: that is `totp.disable`. " + rootRule,
	Example:  "- totp.reset: ${args.username}\n",
	Failures: fails(noSuchUser, notEnrolled, onlyRoot, loginRequired),
	Run: func(c *action.Call, in *totpResetInputs) (action.None, error) {
		name, err := in.Username.Value(c)
		if err != nil {
			return action.None{}, err
		}
		act, err := c.Act()
		if err != nil {
			return action.None{}, err
		}
		return action.None{}, c.Services.Identity.ResetTOTP(c.Context, act, name)
	},
})

type totpResetInputs struct {
	Username action.Expr[string] `doc:"The user's name."`
}

type totpCodeInputs struct {
	Code action.Expr[string] `doc:"Of the caller's authenticator app; spaces do not matter." class:"secret"`
}

func (in *totpCodeInputs) read(c *action.Call) (code string, caller *identity.Caller, act identity.Act, err error) {
	if code, err = in.Code.Value(c); err != nil {
		return "", nil, act, err
	}
	caller, act, err = whoActs(c)
	return code, caller, act, err
}

// whoActs is the caller, and the call as the audit log is told of it. It fails with noCaller.
func whoActs(c *action.Call) (*identity.Caller, identity.Act, error) {
	caller, err := c.Who()
	switch {
	case err != nil:
		return nil, identity.Act{}, err
	case caller == nil:
		return nil, identity.Act{}, noCaller()
	}
	act, err := c.Act()
	return caller, act, err
}

// outsideTransaction prepares what takes effect at once: a failed try counts whatever
// becomes of a transaction.
func outsideTransaction[In any](name string, r action.Result) func(l action.Load, in *In) action.Result {
	return func(l action.Load, _ *In) action.Result {
		refuseInTransaction(l, name)
		return r
	}
}
