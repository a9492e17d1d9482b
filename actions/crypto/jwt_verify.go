package crypto

import (
	"crypto/rsa"
	"encoding/base64"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"
	"cloudlet/engine/language/source"
)

// JWTVerify reads the claims of a signed token.
var JWTVerify = action.Define(action.Spec[jwtVerifyInputs, any]{
	Name: "jwt.verify", Summary: "Reads the claims of a signed token, if it is genuine and valid (JWT, RFC 7519 and RFC 8725).", Main: "token",
	Doc: "The file says the algorithm, never the token. A token needs `exp`; one with `aud` is refused unless `audience` is among it, and with `issuer` one of another. " +
		"HS256, HS384 and HS512 take the key that both sides know, the others a public key or certificate as PEM. Without `key` it reads what `jwt.sign` made without one.",
	Example:  "- jwt.verify: {token: \"${args.token}\", audience: unsubscribe}\n  as: claims\n",
	Failures: []action.Outcome{invalidToken, keyRefused}, Result: claimsType,
	Prepare: func(l action.Load, in *jwtVerifyInputs) action.Result {
		checkKey(l, &in.Key, 1)
		ownKey(l, "jwt.verify", in.Key.Given(), in.Audience.Given(), in.Algorithm)
		if in.Leeway < 0 || in.Leeway > mostLeeway {
			l.Problem(source.Problem{Span: l.At("leeway"), Code: "out_of_range", Text: "leeway is from 0s to 5m"})
		}
		return action.Gives(claimsType)
	},
	Run: runVerify,
})

type jwtVerifyInputs struct {
	Token        action.Expr[action.Text] `doc:"The token." class:"secret"`
	Audience     action.Expr[string]      `doc:"What has to be among its aud." optional:""`
	Issuer       action.Expr[string]      `doc:"What its iss has to be." optional:""`
	Key          action.Expr[string]      `doc:"The key; left out, the one of jwt.sign without a key." class:"secret" optional:""`
	PreviousKeys action.Expr[[]string]    `doc:"Keys that were used before it, and still hold." class:"secret" optional:""`
	Algorithm    string                   `doc:"How it has to be signed." enum:"HS256,HS384,HS512,RS256,PS256,ES256,ES384,EdDSA" default:"HS256"`
	Leeway       time.Duration            `doc:"How far the clocks of both sides may differ, up to 5m." default:"0s"`
}

var claimsType = &schema.Type{Kind: schema.ObjectK, Open: true, Fields: []schema.Field{
	{Name: "exp", Type: schema.AnyType},
	{Name: "sub", Type: schema.AnyType, Optional: true}, {Name: "iss", Type: schema.AnyType, Optional: true},
	{Name: "aud", Type: schema.AnyType, Optional: true}, {Name: "iat", Type: schema.AnyType, Optional: true},
	{Name: "nbf", Type: schema.AnyType, Optional: true}, {Name: "jti", Type: schema.AnyType, Optional: true},
}}

func runVerify(c *action.Call, in *jwtVerifyInputs) (any, error) {
	token, err := in.Token.Value(c)
	if err != nil {
		return nil, err
	}
	audience, _, err := in.Audience.Optional(c)
	if err != nil {
		return nil, err
	}
	issuer, _, err := in.Issuer.Optional(c)
	if err != nil {
		return nil, err
	}
	options := []jwt.ParserOption{jwt.WithValidMethods([]string{in.Algorithm}), jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithStrictDecoding(),
		jwt.WithLeeway(in.Leeway), jwt.WithTimeFunc(clock(c))}
	if in.Issuer.Given() {
		options = append(options, jwt.WithIssuer(issuer))
	}
	if in.Audience.Given() {
		options = append(options, jwt.WithAudience(audience))
	}
	if in.Issuer.Given() && issuer == "" || in.Audience.Given() && audience == "" { // the library would not look
		return nil, notValid("an issuer or audience to compare with is empty")
	}
	parser := jwt.NewParser(options...)
	if !in.Key.Given() {
		return claimsOf(parser, string(token), in.Audience.Given(), func(t *jwt.Token) (any, error) {
			id, _ := t.Header["kid"].(string)
			if key, ok := c.Services.Keys.DeriveOf(id, ownPurpose); ok {
				return key, nil
			}
			return nil, jwt.ErrTokenUnverifiable
		})
	}
	keys, err := keysOf(c, &in.Key, &in.PreviousKeys)
	if err != nil {
		return nil, err
	}
	var claims any
	for _, text := range keys[:min(len(keys), mostKeys)] {
		key, e := verifyingKey(in.Algorithm, text)
		if e != nil {
			return nil, e
		}
		if claims, err = claimsOf(parser, string(token), in.Audience.Given(), func(*jwt.Token) (any, error) { return key, nil }); err == nil {
			break
		}
	}
	return claims, err
}

func notValid(reason string) error {
	return &action.Failure{Status: invalidToken.Status, Code: invalidToken.Code, Detail: "The token is not valid.", Reason: reason}
}

// claimsOf verifies a token and reads its claims as strictly as any JSON.
func claimsOf(parser *jwt.Parser, token string, aimed bool, key jwt.Keyfunc) (any, error) {
	if len(token) > mostClaims || strings.ContainsAny(token, "\r\n=") {
		return nil, notValid("it is no token, or too long")
	}
	claims := jwt.MapClaims{}
	t, err := parser.ParseWithClaims(token, claims, key)
	if err != nil {
		return nil, notValid(err.Error())
	}
	if _, critical := t.Header["crit"]; critical { // RFC 7515, section 4.1.11
		return nil, notValid("it asks for extensions that are not known")
	}
	if _, has := claims["aud"]; has && !aimed { // RFC 7519, section 4.1.3
		return nil, notValid("it is for an audience, and the step says none")
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		return nil, notValid(err.Error())
	}
	v, err := schema.DecodeAny(payload)
	if err != nil {
		return nil, notValid(err.Error())
	}
	return v, nil
}

// secretSize is how long a shared key has to be (RFC 7518, section 3.2), 0 for others.
var secretSize = map[string]int{"HS256": 32, "HS384": 48, "HS512": 64}

const leastRSA = 2048 // bits, RFC 7518 section 3.3

func sharedKey(algorithm, text string) (any, error) {
	if strings.Contains(text, "-----BEGIN") {
		return nil, refused("a PEM key is none that both sides share")
	}
	if len(text) < secretSize[algorithm] {
		return nil, refused("the key is too short for " + algorithm)
	}
	return []byte(text), nil
}

func signingKey(algorithm, text string) (key any, err error) {
	switch algorithm[:2] {
	case "HS":
		return sharedKey(algorithm, text)
	case "RS", "PS":
		var k *rsa.PrivateKey
		if k, err = jwt.ParseRSAPrivateKeyFromPEM([]byte(text)); err == nil && k.N.BitLen() < leastRSA {
			err = jwt.ErrInvalidKey
		}
		key = k
	case "ES":
		key, err = jwt.ParseECPrivateKeyFromPEM([]byte(text))
	default:
		key, err = jwt.ParseEdPrivateKeyFromPEM([]byte(text))
	}
	if err != nil {
		return nil, refused("the key is no private key of " + algorithm)
	}
	return key, nil
}

func verifyingKey(algorithm, text string) (key any, err error) {
	switch algorithm[:2] {
	case "HS":
		return sharedKey(algorithm, text)
	case "RS", "PS":
		var k *rsa.PublicKey
		if k, err = jwt.ParseRSAPublicKeyFromPEM([]byte(text)); err == nil && k.N.BitLen() < leastRSA {
			err = jwt.ErrInvalidKey
		}
		key = k
	case "ES":
		key, err = jwt.ParseECPublicKeyFromPEM([]byte(text))
	default:
		key, err = jwt.ParseEdPublicKeyFromPEM([]byte(text))
	}
	if err != nil {
		return nil, refused("the key is no public key of " + algorithm)
	}
	return key, nil
}
