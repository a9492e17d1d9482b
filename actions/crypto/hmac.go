package crypto

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/hex"

	"cloudlet/engine/action"
	"cloudlet/engine/language/schema"
)

// HMACSign signs a text with a shared key (RFC 2104).
var HMACSign = action.Define(action.Spec[hmacSignInputs, string]{
	Name: "hmac.sign", Summary: "Signs a text with a key that both sides know (HMAC).",
	Doc:      "Whoever knows the key can tell with `hmac.verify` that the text is as it was. The signature is a token.",
	Example:  "- hmac.sign: {input: \"${args.email}\", key: \"${secrets.corp}\"}\n  as: signature\n",
	Failures: []action.Outcome{keyRefused}, Result: schema.TokenType,
	Prepare: func(l action.Load, in *hmacSignInputs) action.Result {
		checkKey(l, &in.Key, 1)
		return action.Gives(schema.TokenType)
	},
	Run: func(c *action.Call, in *hmacSignInputs) (string, error) {
		text, err := in.Input.Value(c)
		if err != nil {
			return "", err
		}
		keys, err := keysOf(c, &in.Key, &one)
		if err != nil {
			return "", err
		}
		sum := sign(in.Algorithm, keys[0], string(text))
		if in.Encoding == "base64" {
			return base64.StdEncoding.EncodeToString(sum), nil
		}
		return hex.EncodeToString(sum), nil
	},
})

type hmacSignInputs struct {
	Input     action.Expr[action.Text] `doc:"What is signed, as UTF-8." class:"secret"`
	Key       action.Expr[string]      `doc:"The key: at least 16 characters that nobody can guess are advisable." class:"secret"`
	Algorithm string                   `doc:"The hash function." enum:"sha256,sha384,sha512" default:"sha256"`
	Encoding  string                   `doc:"How the signature is written." enum:"hex,base64" default:"hex"`
}

func sign(algorithm, key, text string) []byte {
	h := hmac.New(functions[algorithm], []byte(key))
	h.Write([]byte(text))
	return h.Sum(nil)
}

// HMACVerify tells whether a signature is right.
var HMACVerify = action.Define(action.Spec[hmacVerifyInputs, bool]{
	Name: "hmac.verify", Summary: "Tells whether a signature of hmac.sign is right.",
	Doc:      "It takes the same time for every wrong signature of the right length. A signature that cannot be read is wrong.",
	Example:  "- hmac.verify: {input: \"${args.email}\", key: \"${secrets.corp}\", signature: \"${args.signature}\"}\n  as: genuine\n",
	Failures: []action.Outcome{keyRefused},
	Prepare: func(l action.Load, in *hmacVerifyInputs) action.Result {
		checkKey(l, &in.Key, 1)
		return action.Gives(schema.BoolType)
	},
	Run: func(c *action.Call, in *hmacVerifyInputs) (bool, error) {
		text, err := in.Input.Value(c)
		if err != nil {
			return false, err
		}
		signature, _, err := in.Signature.Optional(c)
		if err != nil {
			return false, err
		}
		keys, err := keysOf(c, &in.Key, &in.PreviousKeys)
		if err != nil {
			return false, err
		}
		given, err := hex.DecodeString(string(signature))
		if in.Encoding == "base64" {
			given, err = base64.StdEncoding.Strict().DecodeString(string(signature))
		}
		right := false
		for _, key := range keys {
			right = hmac.Equal(given, sign(in.Algorithm, key, string(text))) || right
		}
		return err == nil && right, nil
	},
})

type hmacVerifyInputs struct {
	Input        action.Expr[action.Text] `doc:"What was signed, as UTF-8." class:"secret"`
	Signature    action.Expr[action.Text] `doc:"The signature to look at." class:"secret"`
	Key          action.Expr[string]      `doc:"The key." class:"secret"`
	PreviousKeys action.Expr[[]string]    `doc:"Keys that were used before it, and still hold." class:"secret" optional:""`
	Algorithm    string                   `doc:"The hash function." enum:"sha256,sha384,sha512" default:"sha256"`
	Encoding     string                   `doc:"How the signature is written." enum:"hex,base64" default:"hex"`
}
