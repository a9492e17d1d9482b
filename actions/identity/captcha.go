package identity

import (
	"fmt"

	"cloudlet/engine/action"
	"cloudlet/engine/captcha"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// What a captcha may fail with.
var (
	captchaFailed      = action.Outcome{Status: 400, Code: captcha.ErrFailed.Code, When: "the captcha is not solved, has expired or was used, or the score is too low"}
	captchaUnavailable = action.Outcome{Status: 503, Code: captcha.ErrUnavailable.Code, When: "the service cannot be asked"}
	unwrittenUse       = []action.Outcome{
		{Status: 503, Code: "database_busy", When: "that the solution was used cannot be noted in time"},
		{Status: 500, Code: "database_failed", When: "that the solution was used cannot be noted"},
	}
)

// Captcha lets only clients go on that are no programs.
var Captcha = action.Define(action.Spec[captchaInputs, action.None]{
	Name: "captcha", Summary: "Goes on only for a client that has solved a captcha.", Main: "token",
	Doc: "`altcha` is a proof of work of our own: `captcha.challenge` gives the challenge, and the ALTCHA widget (version 1 or 2) solves it. " +
		"The others are services, each configured by its secret under `captcha` in cloudlet.yaml. A token is good once. " +
		"`threshold` is for reCAPTCHA 3, whose scores go from 0, a program, to 1, a person; 0.5 where it is left out. " +
		"Where the service cannot be asked, nobody passes.",
	Example:  "- captcha: {token: \"${args.captcha}\", provider: turnstile}\n",
	Failures: append([]action.Outcome{captchaFailed, captchaUnavailable}, unwrittenUse...),
	Prepare: func(l action.Load, in *captchaInputs) action.Result {
		refuseInTransaction(l, "captcha")
		l.Configured("captcha", in.Provider, "provider")
		if l.Fails(captchaFailed); in.Provider == captcha.Altcha {
			l.Fails(unwrittenUse...)
		} else {
			l.Fails(captchaUnavailable)
		}
		if !in.Threshold.Given() {
			return action.Effect
		}
		if in.Provider != captcha.Recaptcha {
			l.Problem(source.Problem{Span: l.At("threshold"), Code: "needs_recaptcha", Text: "threshold is for recaptcha alone: the others give no scores of this kind"})
		} else if t, known := in.Threshold.Constant(); known && !(t >= 0 && t <= 1) {
			l.Problem(source.Problem{Span: l.At("threshold"), Code: "out_of_range", Text: fmt.Sprintf("threshold is from 0 to 1, and not %v", t)})
		}
		return action.Effect
	},
	Run: func(c *action.Call, in *captchaInputs) (action.None, error) {
		token, err := in.Token.Value(c)
		if err != nil {
			return action.None{}, err
		}
		a := captcha.Answer{Provider: in.Provider, Token: token}
		threshold, given, err := in.Threshold.Optional(c)
		if err != nil {
			return action.None{}, err
		}
		if given {
			a.Threshold = &threshold
		}
		return action.None{}, c.Services.Captcha.Verify(c.Context, a)
	},
})

type captchaInputs struct {
	Token     action.Expr[string]  `doc:"What the captcha's widget put into the form." class:"secret"`
	Provider  string               `doc:"Whose captcha it is." enum:"altcha,recaptcha,turnstile,hcaptcha" default:"altcha"`
	Threshold action.Expr[float64] `doc:"The least score that passes, from 0 to 1; for recaptcha." optional:""`
}

// challengeType is a challenge as the ALTCHA widget reads it.
var challengeType = schema.ObjectOf(
	schema.Field{Name: "algorithm", Type: schema.StringType},
	schema.Field{Name: "challenge", Type: schema.StringType},
	schema.Field{Name: "maxnumber", Type: schema.IntType},
	schema.Field{Name: "salt", Type: schema.StringType},
	schema.Field{Name: "signature", Type: schema.StringType},
)

var challengeShape = schema.NewShape(challengeType.FieldNames()...)

// CaptchaChallenge gives work for the ALTCHA widget.
var CaptchaChallenge = action.Define(action.Spec[struct{}, any]{
	Name: "captcha.challenge", Summary: "Gives a challenge for the ALTCHA widget, a proof of work.",
	Doc: "The widget's `challengeurl` is the path of a public `get` with this action; its `name` is the argument that is given to " +
		"`captcha`. How much work it is and how long it can be solved says captcha.altcha in cloudlet.yaml.",
	Example: "- captcha.challenge:\n",
	Result:  challengeType,
	Prepare: func(l action.Load, _ *struct{}) action.Result {
		refuseInBranches(l, "captcha.challenge")
		return action.Gives(challengeType)
	},
	Run: func(c *action.Call, _ *struct{}) (any, error) {
		w, err := c.Services.Captcha.Challenge()
		if err != nil {
			return nil, err
		}
		c.Answer.Token = true // kept by a cache it would be solved by many, and good for one
		return challengeShape.New([]any{w.Algorithm, w.Challenge, w.MaxNumber, w.Salt, w.Signature}), nil
	},
})
