package crypto

import (
	"fmt"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

const (
	ownPurpose   = "action jwt" // of the key that is derived where none is given
	mostClaims   = 8 << 10      // bytes of a token
	longestToken = 10 * 365 * 24 * time.Hour
	mostLeeway   = 5 * time.Minute
)

// ruled are the claims that have an input of their own, or follow from one.
var ruled = []string{"iss", "aud", "exp", "nbf", "iat"}

var (
	invalidToken  = action.Outcome{Status: 401, Code: "invalid_token", When: "the token is not signed with the key, has expired, or is for somebody else"}
	reservedClaim = action.Outcome{Status: 500, Code: "reserved_claim", When: "the computed claims hold one that has an input of its own: iss, aud, exp, nbf or iat"}
	notSoLong     = action.Outcome{Status: 500, Code: "out_of_range", When: "the computed expires_in is none from one second to ten years"}
	claimsTooLong = action.Outcome{Status: 500, Code: "too_large", When: fmt.Sprintf("the token would be longer than %d KiB", mostClaims>>10)}
)

// JWTSign makes a signed token (RFC 7519).
var JWTSign = action.Define(action.Spec[jwtSignInputs, string]{
	Name: "jwt.sign", Summary: "Makes a signed token of some claims (JWT, RFC 7519).", Main: "claims",
	Doc: "For links and for other services: what lets users in is made by `authenticate`, and no token of this action is ever taken for a ticket. Without `key` it is signed for this app alone, " +
		"and `audience` has to say what the token is for. The claims iat, nbf, exp and jti are added. HS256, HS384 and HS512 take a key that both sides know, of at least 32, 48 and 64 bytes; " +
		"the others a private key as PEM.",
	Example:  "- jwt.sign: {claims: {sub: \"${args.email}\"}, audience: unsubscribe, expires_in: 30d}\n  as: token\n",
	Failures: []action.Outcome{keyRefused, reservedClaim, notSoLong, claimsTooLong}, Result: schema.TokenType,
	Prepare: prepareSign, Run: runSign,
})

type jwtSignInputs struct {
	Claims    action.Expr[action.Map]    `doc:"What the token says." class:"token" leak:"would stand readable in the token" optional:""`
	Audience  action.Expr[string]        `doc:"Whom or what it is for (aud)." optional:""`
	Issuer    action.Expr[string]        `doc:"Who makes it (iss)." optional:""`
	ExpiresIn action.Expr[time.Duration] `doc:"How long it is valid; 1h where nothing is said." optional:""`
	Key       action.Expr[string]        `doc:"The key; left out, one that is derived from the app's secret." class:"secret" optional:""`
	KeyID     action.Expr[string]        `name:"key_id" doc:"The name of the key (kid), for those who have several." optional:""`
	Algorithm string                     `doc:"How it is signed." enum:"HS256,HS384,HS512,RS256,PS256,ES256,ES384,EdDSA" default:"HS256"`
}

func prepareSign(l action.Load, in *jwtSignInputs) action.Result {
	checkKey(l, &in.Key, 1)
	ownKey(l, "jwt.sign", in.Key.Given(), in.Audience.Given(), in.Algorithm)
	for _, f := range in.Claims.Type().Fields {
		if slices.Contains(ruled, f.Name) {
			l.Problem(source.Problem{Span: l.At("claims"), Code: "reserved_claim", Text: fmt.Sprintf("the claim %q is none to choose", f.Name), Hint: "iss and aud are issuer and audience; exp, nbf and iat follow from expires_in"})
		}
	}
	if d, known := in.ExpiresIn.Constant(); known && in.ExpiresIn.Given() && (d < time.Second || d > longestToken) {
		l.Problem(source.Problem{Span: l.At("expires_in"), Code: "out_of_range", Text: "a token is valid for one second to ten years"})
	}
	return action.Gives(schema.TokenType)
}

// ownKey reports what does not go with the app's own key.
func ownKey(l action.Load, name string, key, audience bool, algorithm string) {
	switch {
	case key:
	case algorithm != "HS256":
		l.Problem(source.Problem{Span: l.At("algorithm"), Code: "conflict", Text: "the app's own key signs with HS256; another algorithm needs \"key\""})
	case !audience:
		l.Problem(source.Problem{Span: l.At(""), Code: "missing_input", Text: name + " needs \"audience\" where the app's own key is used", Hint: "say what the token is for, or one that is made for something else would do"})
	}
}

func runSign(c *action.Call, in *jwtSignInputs) (string, error) {
	claims, err := in.claims(c)
	if err != nil {
		return "", err
	}
	token := jwt.NewWithClaims(jwt.GetSigningMethod(in.Algorithm), claims)
	var key any
	if in.Key.Given() {
		keys, err := keysOf(c, &in.Key, &one)
		if err != nil {
			return "", err
		}
		if key, err = signingKey(in.Algorithm, keys[0]); err != nil {
			return "", err
		}
		if id, given, err := in.KeyID.Optional(c); err != nil {
			return "", err
		} else if given {
			token.Header["kid"] = id
		}
	} else {
		token.Header["kid"], key = c.Services.Keys.Derive(ownPurpose)
	}
	text, err := token.SignedString(key)
	if err != nil {
		return "", refused("the key is none of the algorithm: " + err.Error())
	}
	if len(text) > mostClaims {
		return "", &action.Failure{Status: 500, Code: claimsTooLong.Code, Detail: "Something went wrong here. It has been logged.", Reason: "the claims are too long for a token"}
	}
	return text, nil
}

// claims are those of the author with those that the engine adds.
func (in *jwtSignInputs) claims(c *action.Call) (encoded, error) {
	given, _, err := in.Claims.Optional(c)
	if err != nil {
		return encoded{}, err
	}
	names, values := []string{}, []any{}
	add := func(name string, v any) { names, values = append(names, name), append(values, v) }
	identified := false
	if given != nil {
		for name, v := range given.All() {
			if slices.Contains(ruled, name) {
				return encoded{}, &action.Failure{Status: 500, Code: reservedClaim.Code, Detail: "Something went wrong here. It has been logged.", Reason: "the claims hold " + name + ", which has an input of its own"}
			}
			identified = identified || name == "jti"
			add(name, v)
		}
	}
	valid, known, err := in.ExpiresIn.Optional(c)
	if err != nil {
		return encoded{}, err
	}
	if !known {
		valid = time.Hour
	}
	if valid < time.Second || valid > longestToken {
		return encoded{}, &action.Failure{Status: 500, Code: notSoLong.Code, Detail: "Something went wrong here. It has been logged.", Reason: "a token is valid for one second to ten years"}
	}
	for _, text := range []struct {
		name string
		in   *action.Expr[string]
	}{{"iss", &in.Issuer}, {"aud", &in.Audience}} {
		v, given, err := text.in.Optional(c)
		if err != nil {
			return encoded{}, err
		}
		if given {
			add(text.name, v)
		}
	}
	if !identified {
		id, err := uuid.NewRandom()
		if err != nil {
			return encoded{}, err
		}
		add("jti", id.String())
	}
	now := clock(c)()
	add("iat", int(now.Unix()))
	add("nbf", int(now.Unix()))
	add("exp", int(now.Add(valid).Unix()))
	return encoded{text: schema.AppendJSON(nil, schema.NewShape(names...).New(values))}, nil
}

// clock is what time it is in the app.
func clock(c *action.Call) func() time.Time {
	if c.Services.Clock != nil {
		return c.Services.Clock
	}
	return time.Now
}

// encoded are claims that are JSON already, in the language's own way.
type encoded struct {
	jwt.MapClaims
	text []byte
}

// MarshalJSON gives the claims as they are.
func (e encoded) MarshalJSON() ([]byte, error) { return e.text, nil }
